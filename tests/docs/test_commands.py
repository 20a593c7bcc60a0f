"""Every command and option is written about, and every command that is written can be typed."""

import re
import shlex
from itertools import pairwise

import click
import pytest

from diffuse.cli import main
from tests.docs.pages import GUIDE, OPERATING, README, ROOT, SETTINGS, blocks, code, text

PAGES = text(README, GUIDE, SETTINGS, OPERATING)
OPTIONS = [
    (name, option)
    for name, command in [("", main), *main.commands.items()]
    for parameter in command.params
    if isinstance(parameter, click.Option)
    for option in parameter.opts
]
TYPED = sorted(
    {
        line.removeprefix("$ ").partition("  #")[0].strip()
        for page in (README, OPERATING)
        for block in blocks(page, "console")
        for line in block.splitlines()
        if line.startswith("$ diffuse")
    }
    | {each for each in code(PAGES) if each.startswith("diffuse ") and "…" not in each and "FILE" not in each}
)


@pytest.mark.parametrize("name", main.commands)
def test_every_command_is_written_about(name: str) -> None:
    assert re.search(rf"\bdiffuse {name}\b", PAGES)


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_every_option_is_written_about(command: str, option: str) -> None:
    assert re.search(rf"(?<![\w-]){option}(?![\w-])", PAGES), f"diffuse {command} {option}"


@pytest.mark.parametrize("line", TYPED)
def test_every_command_that_is_written_can_be_typed(line: str) -> None:
    _, *arguments = shlex.split(line.partition(" > ")[0])
    command = main.commands[arguments.pop(0)] if arguments[0] in main.commands else main
    command.make_parser(click.Context(command)).parse_args(arguments)


def test_every_make_target_that_is_written_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", text(ROOT / "Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:`|\$ )make ([a-z]+)", PAGES)) <= targets


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in [README, *ROOT.glob("docs/**/*.md"), ROOT / "campaigns" / "README.md"]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text(page)):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_every_heading_that_the_guide_points_to_exists() -> None:
    lines = [line for before, line in pairwise(text(GUIDE).splitlines()) if not before]
    headings = {_anchor(line) for line in lines if line.startswith("#")}
    assert set(re.findall(r"\]\(#([^)]+)\)", text(GUIDE))) <= headings


def _anchor(heading: str) -> str:
    """Return the name that a heading gets on a page: letters, digits and hyphens."""
    return re.sub(r"[^\w -]", "", heading.lstrip("# ").lower()).replace(" ", "-")
