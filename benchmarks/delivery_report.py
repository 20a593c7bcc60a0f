"""What the benchmark of delivery tells: rows of figures, and limits with how far each one is away."""

import os
import platform
import sqlite3
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

HEAD = ("sender", "message", "receiver", "messages/s", "each run", "× smtp-source", "CPU s/1000", "peak MiB")
NOT_MEASURED = "not measured"


@dataclass(kw_only=True)
class Line:
    """One sender at one receiver; a run holds seconds, messages, and perhaps CPU seconds and memory."""

    sender: str
    receiver: str
    message: str
    runs: list[dict[str, float]] = field(default_factory=list)

    @property
    def rates(self) -> list[float]:
        """Messages a second of each run."""
        return [run["messages"] / run["seconds"] for run in self.runs]

    @property
    def rate(self) -> float:
        """The middle one."""
        return statistics.median(self.rates) if self.runs else float("nan")

    def beside(self, other: "Line") -> float:
        """Return the middle ratio of runs of the same round, so that what slows both does not count."""
        pairs = zip(self.rates, other.rates, strict=False)
        ratios = [mine / theirs for mine, theirs in pairs]
        return statistics.median(ratios) if ratios else float("nan")

    def cells(self, physical: "Line | None") -> tuple[str, ...]:
        """Write the row of the table."""
        if not self.runs:
            return (self.sender, self.message, self.receiver, NOT_MEASURED, "", "", "", "")
        cpu = [run["cpu"] / run["messages"] * 1000 for run in self.runs if "cpu" in run]
        peaks = [run["peak"] for run in self.runs if "peak" in run]
        return (
            self.sender,
            self.message,
            self.receiver,
            f"{self.rate:,.0f}",
            " ".join(f"{rate:.0f}" for rate in self.rates) if len(self.runs) > 1 else "",
            f"{self.beside(physical):.3f}" if physical and physical.runs else "",
            f"{statistics.median(cpu):.3f}" if cpu else "",
            f"{max(peaks):.0f}" if peaks else "",
        )


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A figure to reach: at least ``limit``, or at most."""

    what: str
    found: float
    limit: float
    at_most: bool = False
    unit: str = ""

    def cells(self) -> tuple[str, ...]:
        """Write the row of the table; the ratio says how often the limit fits in what was found."""
        if self.found != self.found:
            return (self.what, NOT_MEASURED, self._limit, "", "")
        holds = self.found <= self.limit if self.at_most else self.found >= self.limit
        ratio = f"{self.found / self.limit:.2f}"
        return (self.what, f"{self.found:.3g}{self.unit}", self._limit, ratio, "holds" if holds else "MISSED")

    @property
    def _limit(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.limit:g}{self.unit}"


PAGE = """\
# How fast messages leave

Messages a second from claim to record: filled for one employee, its links signed, over SMTP, written
down with fence and journal. `smtp-source` is postfix's own tester, which sends one text again and again
and writes nothing down; the naive design lays each message out anew, opens a connection for it and
commits it; the conventional one keeps one connection and commits in batches.

Made by `{command}`.

{notes}
"""
LIMIT_HEAD = ("limit", "found", "limit is", "found / limit", "")


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lay a table out for a terminal."""
    every = [head, *rows]
    widths = [max(len(row[place]) for row in every) for place in range(len(head))]
    for row in every:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def marked_down(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lay a table out in Markdown."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def page(
    command: str, notes: Sequence[str], tables: Sequence[tuple[str, Sequence[str], Sequence[Sequence[str]]]]
) -> str:
    """Write everything as a page."""
    lines = [PAGE.format(command=command, notes="\n".join(f"- {note}" for note in notes))]
    for title, head, body in tables:
        lines += [f"## {title}", "", *marked_down(head, body), ""]
    return "\n".join(lines)


def machine() -> str:
    """Say what the figures come from."""
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"{platform.python_implementation()} {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
