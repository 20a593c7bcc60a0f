"""The world of the proofs, and the table at their end."""

import os
import platform
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.faults.scenarios import FULL, SCENARIOS, SLICE, Finding, World

COMMAND = "make test-faults"
HEAD = ("| # | fault | may come of it | came of it | |", "|---|---|---|---|---|")
PAGE = """\
# What comes of twenty faults

Real workers are killed, frozen and cut off in the middle of real messages. What counts is what the mail
server wrote down before it said 250; it is compared with what the database says afterwards. `dup` are
messages that it accepted twice, `lost` those that the database calls sent and it never accepted,
`unknown` those whose fate the database says it does not know. Besides, workers that break one promise
each must be found out by the same means ([tests/faults](../tests/faults)).

Made by `{command}` on {machine}.
What is drawn at random comes from the seed; when exactly a kill strikes does not.

{table}
"""


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[World]:
    """Start the servers that scenarios share."""
    full = os.environ.get("FAULTS", "") == "full"
    seed = int(os.environ.get("FAULTS_SEED", "2027"))
    with servers.postgresql_cluster() as cluster:
        yield World(
            folder=tmp_path_factory.mktemp("faults"),
            cluster=cluster,
            redis_url=redis_url,
            size=FULL if full else SLICE,
            seed=seed,
        )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, and write it to the file that ``FAULTS_TABLE`` names."""
    reports = (one for each in terminalreporter.stats.values() for one in each)
    found = dict(one for report in reports for one in getattr(report, "user_properties", ()))
    if not found:
        return
    lines = [*HEAD, *(found[number] for number in sorted(found, key=int))]
    terminalreporter.write_line("")
    for line in lines:
        terminalreporter.write_line(line)
    full = "FAULTS=full " if os.environ.get("FAULTS", "") == "full" else ""
    if target := os.environ.get("FAULTS_TABLE"):
        command = f"{full}FAULTS_SEED={os.environ.get('FAULTS_SEED', '2027')} {COMMAND}"
        page = PAGE.format(command=command, machine=machine(), table="\n".join(lines))
        Path(target).write_text(page, encoding="utf-8")


def row(number: int, found: Finding) -> str:
    """Write what was found as a row in Markdown."""
    fault, expected, _ = SCENARIOS[number]
    return f"| {number} | {fault} | {expected} | {found.figure} | {'✓' if found.holds else '✗'} |"


def machine() -> str:
    """Say what the figures come from."""
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
