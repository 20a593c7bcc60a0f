"""The world of the proofs, and the table at their end."""

import os
import platform
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.faults.scenarios import FULL, SCENARIOS, SLICE, Finding, World

FINDINGS: dict[int, Finding] = {}
COMMAND = "make test-faults"
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


def table() -> list[str]:
    """Write what was found as a table in Markdown."""
    lines = ["| # | fault | may come of it | came of it | |", "|---|---|---|---|---|"]
    for number, found in sorted(FINDINGS.items()):
        fault, expected, _ = SCENARIOS[number]
        lines.append(f"| {number} | {fault} | {expected} | {found.figure} | {'✓' if found.holds else '✗'} |")
    return lines


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, and write it to the file that ``FAULTS_TABLE`` names."""
    if not FINDINGS:
        return
    size = os.environ.get("FAULTS", "") or "slice"
    seed = os.environ.get("FAULTS_SEED", "2027")
    terminalreporter.write_line("")
    for line in table():
        terminalreporter.write_line(line)
    if target := os.environ.get("FAULTS_TABLE"):
        command = f"{'FAULTS=full ' if size == 'full' else ''}FAULTS_SEED={seed} {COMMAND}"
        page = PAGE.format(command=command, machine=machine(), table="\n".join(table()))
        Path(target).write_text(page, encoding="utf-8")


def machine() -> str:
    """Say what the figures come from."""
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
