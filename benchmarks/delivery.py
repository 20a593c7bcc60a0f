"""How fast messages leave, end to end, beside the wire itself and beside other ways to send them.

Run it as ``python benchmarks/delivery.py [--database URL] [--only PART …] [--markdown FILE]``; the default is
SQLite in a temporary folder. Messages are those of the shipped campaign, or one with fifteen links; each is
filled for one employee, its links signed; diffuse records it with fence and journal. All senders run in turn,
against the same receivers.
Postfix's smtp-source and smtp-sink are the physical limit: apt-get install postfix. ``--database`` names an
empty PostgreSQL database for diffuse and the first two designs; django-post_office stays on SQLite.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import delivery_receivers as receivers
from delivery_database import CAMPAIGN, LINKS, MOST, copy
from delivery_report import HEAD, LIMIT_HEAD, Limit, Line, aligned, machine, page

HERE = Path(__file__).parent
PARTS = ("speed", "latency", "memory", "ledger")
DELAYS = (0.0, 0.005, 0.05)
MESSAGES, SLICE, SECONDS = 20_000, 400, 15.0
USUAL = 8
"""Connections of a worker that nobody has set otherwise; beside smtp-source it has as many as that."""

NAIVE, CONVENTIONAL, OFFICE = "naive", "conventional", "django-post_office"
MESSAGE = {"shipped": CAMPAIGN, "links": LINKS}
SIZES = (10_000, 1_000_000)
EMPLOYEES = 10_000
ROWS = (10_000, 100_000, 1_000_000, 5_000_000)
FEW = {NAIVE: 150, CONVENTIONAL: 1_000, OFFICE: 1_500}
"""Messages of slow senders in a run."""


def alone(script: str, *arguments: object, python: str = sys.executable) -> dict[str, float]:
    """Run a script of ours in a process of its own; return what it found."""
    command = [python, str(HERE / script), *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603 -- our own program
    found: dict[str, float] = json.loads(done.stdout)
    return found


class Bench:
    """The databases, the receivers and the senders."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        """Prepare nothing yet."""
        self.database, self.connections, self.rounds = options.database, options.connections, options.rounds
        self.folder, self.office = folder, ""
        self.message, self.sizes = "shipped", dict[str, int]()
        self.lines: list[Line] = []
        self.limits: list[Limit] = []
        self.physical: dict[str, Line] = {}
        self.notes: list[str] = []

    # --- what senders need -------------------------------------------------------------------------------

    def fresh(self, deliveries: int, employees: int = MOST) -> str:
        """Return the address of a database in which so many messages are due, to so many people at most."""
        given = ("--deliveries", deliveries, "--employees", employees, "--campaign", MESSAGE[self.message])
        if self.database:
            self._worker("fill", self.database, *given)
            return str(self.database)
        prepared = self.folder / f"{self.message}-{deliveries}-{min(deliveries, employees)}.db"
        if not prepared.exists():
            self._worker("fill", f"sqlite:///{prepared}", *given)
        return copy(prepared, "copy.db")

    def _worker(self, part: str, database: str, *arguments: object) -> dict[str, float]:
        given = ("--database", database, "--folder", self.folder, *arguments)
        return alone("delivery_worker.py", part, *given)

    def diffuse(
        self, port: int, deliveries: int = MESSAGES, seconds: float = 600.0, connections: int = 0
    ) -> dict[str, float]:
        """Let a worker send what is due, for so many seconds at most."""
        given = ("--port", port, "--connections", connections or self.connections, "--seconds", seconds)
        return self._worker("send", self.fresh(deliveries), *given)

    def peer(self, name: str, port: int, messages: int) -> dict[str, float]:
        """Let another design send so many messages."""
        given = ("--database", self.fresh(MESSAGES), "--messages", messages)
        given += ("--campaign", MESSAGE[self.message])
        if name != OFFICE:
            return alone("peers.py", name, *given, "--port", port)
        file = self.folder / f"{messages}.json"
        alone("peers.py", "export", *given, "--file", file)
        for old in self.folder.glob("office.db*"):
            old.unlink()
        return alone("peers_post_office.py", file, self.folder / "office.db", port, python=self.office)

    def measure_size(self) -> None:
        """Weigh the messages on the wire."""
        said: dict[str, int] = {}
        with receivers.receiver(0.0, said) as port:
            self.diffuse(port, seconds=1.0)
        self.sizes[self.message] = round(said["bytes"] / said["messages"])

    def install_office(self) -> None:
        """Put django-post_office into a virtual environment that goes with the folder."""
        there = self.folder / "office"
        commands = (
            [sys.executable, "-m", "venv", str(there)],
            [str(there / "bin" / "python"), "-m", "pip", "install", "-qq", "django-post_office"],
        )
        try:
            for command in commands:
                subprocess.run(command, check=True, capture_output=True)  # noqa: S603 -- as above
        except (OSError, subprocess.CalledProcessError):
            self.notes.append(f"{OFFICE} could not be installed from PyPI")
            return
        self.office = str(there / "bin" / "python")
        found = subprocess.run(  # noqa: S603 -- as above
            [self.office, "-m", "pip", "list", "--format=freeze"], check=True, capture_output=True, text=True
        ).stdout
        names = ("django-post_office", "Django")
        self.notes += [line.replace("==", " ") for line in found.splitlines() if line.split("==")[0] in names]

    @contextmanager
    def quick(self) -> Iterator[int]:
        """Run the quickest receiver that there is."""
        with receivers.sink() if receivers.program("smtp-sink") else receivers.receiver(0.0) as port:
            yield port

    # --- what is measured --------------------------------------------------------------------------------

    def line(self, sender: str, receiver: str) -> Line:
        """Begin a line of the table."""
        self.lines.append(Line(sender=sender, receiver=receiver, message=self.message))
        return self.lines[-1]

    def speed(self) -> None:
        """Compare all senders, round by round, message by message."""
        for self.message in MESSAGE:
            self.measure_size()
            self._speed()
        self.message = "shipped"

    def _speed(self) -> None:
        postfix = bool(receivers.program("smtp-sink") and receivers.program("smtp-source"))
        where = "smtp-sink" if postfix else "own, 0 ms"
        source, diffuse = self.line("smtp-source", where), self.line("diffuse", where)
        others = {name: self.line(name, where) for name in (OFFICE, CONVENTIONAL, NAIVE)}
        self.physical[self.message] = source
        for _ in range(self.rounds):
            with self.quick() as port:
                if postfix:
                    source.runs.append(receivers.source(port, MESSAGES, self.sizes[self.message]))
                diffuse.runs.append(self.diffuse(port))
                for name, line in others.items():
                    if name != OFFICE or self.office:
                        line.runs.append(self.peer(name, port, FEW[name]))
        self._limit(f"{self.message}: smtp-source", diffuse.beside(source), 0.5, unit="×")
        self._limit(f"{self.message}: the naive design", diffuse.beside(others[NAIVE]), 60, unit="×")
        self._limit(
            f"{self.message}: the conventional design", diffuse.beside(others[CONVENTIONAL]), 20, unit="×"
        )

    def latency(self) -> None:
        """Compare with what a receiver that takes its time lets through over the usual connections."""
        self.measure_size()
        for delay in DELAYS:
            where = f"own, {delay * 1000:g} ms"
            bare, diffuse = self.line("bare client", where), self.line("diffuse", where)
            others = {name: self.line(name, where) for name in (OFFICE, CONVENTIONAL) if delay}
            messages = int(USUAL * SECONDS / delay) if delay else MESSAGES
            with receivers.receiver(delay) as port:
                for _ in range(self.rounds if delay == DELAYS[1] else 1):
                    given = ("send", port, USUAL, messages, self.sizes[self.message])
                    bare.runs.append(alone("delivery_receivers.py", *given))
                    # To the end where that takes seconds: what is given back on the way counts for nothing.
                    seconds = SECONDS if delay > DELAYS[1] else 600.0
                    diffuse.runs.append(self.diffuse(port, seconds=seconds, connections=USUAL))
                for name, line in others.items():
                    if name != OFFICE or self.office:
                        line.runs.append(self.peer(name, port, SLICE))
            if delay == DELAYS[1]:
                self._limit("what a 5 ms receiver lets through", diffuse.beside(bare), 0.9, unit="×")

    def memory(self) -> None:
        """Measure the worker's memory beside few and many deliveries."""
        peaks = []
        for deliveries in SIZES:
            line = self.line(f"diffuse, {deliveries:,} due", "own, 0 ms")
            with receivers.receiver(0.0) as port:
                line.runs.append(self.diffuse(port, deliveries, seconds=SECONDS))
            peaks.append(line.runs[0]["peak"])
        self._limit("memory of a worker", max(peaks), 150, at_most=True, unit=" MiB")
        self._limit("memory at 1 M / at 10 k deliveries", peaks[-1] / peaks[0], 1.1, at_most=True, unit="×")

    def ledger(self) -> None:
        """Measure claiming and marking beside few and many rows."""
        costs = [self._marked(rows) for rows in ROWS]
        self._limit(
            "claim and mark, dearest / cheapest size", max(costs) / min(costs), 1.2, at_most=True, unit="×"
        )

    def _marked(self, rows: int) -> float:
        """Claim and mark the last message of each employee; return the microseconds for each."""
        found = self._worker("ledger", self.fresh(rows, EMPLOYEES))
        if rows > MESSAGES:
            for one in self.folder.glob(f"*-{rows}-*.db"):
                one.unlink()
        self.notes.append(
            f"claim and mark beside {rows:,} rows, of which {EMPLOYEES:,} are due:"
            f" {found['quickest']:.1f} µs each in the quickest batch, {found['wall']:.1f} in the median one,"
            f" {found['cpu']:.1f} µs CPU"
        )
        return found["quickest"]

    def _limit(self, what: str, found: float, limit: float, *, at_most: bool = False, unit: str = "") -> None:
        self.limits.append(Limit(what=what, found=found, limit=limit, at_most=at_most, unit=unit))
        print(*self.limits[-1].cells(), sep=", ", flush=True)


def main() -> None:
    """Print a table, and each limit beside what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default="")
    parser.add_argument("--connections", type=int, default=receivers.SESSIONS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="diffuse-bench-") as folder:
        bench = Bench(options, Path(folder))
        if {"speed", "latency"} & set(options.only):
            bench.install_office()
        for part in options.only:
            getattr(bench, part)()
    rows = [line.cells(bench.physical.get(line.message)) for line in bench.lines]
    limits = [limit.cells() for limit in bench.limits]
    database = "PostgreSQL" if options.database else "SQLite file"
    sizes = (f"{name}: {size:,} bytes" for name, size in bench.sizes.items())
    connections = f"{bench.connections} connections of the worker ({USUAL} to receivers of our own)"
    notes = [f"{machine()}; {database}; {connections}", *sizes, *bench.notes]
    if not (receivers.program("smtp-sink") and receivers.program("smtp-source")):
        notes.append(receivers.POSTFIX)
    tables = [("Delivery, end to end", HEAD, rows), ("Limits", LIMIT_HEAD, limits)]
    for title, head, body in tables:
        print(f"\n{title}", *aligned(head, body), sep="\n")
    print("", *notes, sep="\n")
    if options.markdown:
        words = sys.argv[1:]
        at = words.index("--markdown")
        command = " ".join(["python benchmarks/delivery.py", *words[:at], *words[at + 2 :]])
        options.markdown.write_text(page(command, notes, tables), encoding="utf-8")


if __name__ == "__main__":
    main()
