"""The units of systemd in the documentation agree with what workers do."""

from configparser import ConfigParser
from pathlib import PurePosixPath

from diffuse.actors import LAST, PATIENCE
from tests.acceptance.installation import PROGRAMS
from tests.docs.pages import OPERATING, blocks

UNITS = blocks(OPERATING, "ini")


def unit() -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign, assignment]
    parser.read_string(next(block for block in UNITS if "[Unit]" in block))
    return parser


def test_a_worker_has_the_time_to_end_before_systemd_kills_it() -> None:
    service = unit()["Service"]
    assert service["KillMode"] == "mixed"
    assert float(service["TimeoutStopSec"]) > max(LAST, PATIENCE) + 10


def test_every_program_that_a_unit_starts_is_installed() -> None:
    commands = [line for block in UNITS for line in block.splitlines() if line.startswith("ExecStart=")]
    programs = {PurePosixPath(command.removeprefix("ExecStart=").split()[0]).name for command in commands}
    assert programs == {"diffuse", "dramatiq"}
    assert all((PROGRAMS / program).exists() for program in programs)
