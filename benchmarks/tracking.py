"""How many hits a second the tracking service answers, each one durable before its answer.

Run it as ``python benchmarks/tracking.py [--database URL] [--rounds N] [--markdown FILE]``; the default is
SQLite in a temporary folder, and ``--database`` an empty PostgreSQL database. So many browsers keep a
connection open each, and ask for the images of messages that were sent, every image once; all servers run in
turn, each in a process of its own. nginx is the physical limit, which keeps nothing: apt-get install nginx.
"""

import argparse
import json
import random
import shutil
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from socket import create_server
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from delivery_database import copy, fill, settings
from delivery_report import LIMIT_HEAD, Limit, aligned, machine, marked_down
from sqlalchemy import Engine, Table, func, select, text
from tracking_client import CONNECTIONS

from diffuse.adapters.signer import KeyedSigner
from diffuse.adapters.sql import tables
from diffuse.adapters.sql.engine import connect, reading, writing
from diffuse.domain.delivery import State

HERE = Path(__file__).parent
SENT, SECONDS = 60_000, 6.0
DIFFUSE, WITHOUT, EACH, NGINX = "diffuse", "without", "each", "nginx"
WORDS = {
    DIFFUSE: "diffuse",
    WITHOUT: "the same server, no database",
    EACH: "one insert and full sync per hit",
    NGINX: "nginx, empty_gif",
}
HEAD = ("server", "hits/s", "each round", "middle ms", "99 % ms", "× no database", "× nginx")
PAGE = """\
# How fast hits are answered

Images of messages, asked for over {connections} connections that stay open, each image once; diffuse answers
a hit once it is durable (full sync), with all that have come meanwhile in one transaction. Verdicts on what
comes at once are written when nobody waits any longer: the notes say how long that took.

Made by `{command}`.

{notes}
"""
NGINX_CONFIGURATION = """\
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 512; }}
http {{
    access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder}; keepalive_requests 1000000;
    server {{ listen 127.0.0.1:{port}; location / {{ empty_gif; }} }}
}}
"""


class Lost(Exception):
    """Raised when a hit was answered and is not there; speed is worth nothing then."""


class Bench:
    """The databases, the servers and their figures."""

    def __init__(self, database: str, folder: Path) -> None:
        """Prepare nothing yet."""
        self.database, self.folder = database, folder
        self.runs: dict[str, list[dict[str, float]]] = {name: [] for name in WORDS}
        self.notes: list[str] = []
        self.paths = folder / "paths"

    def prepare(self) -> None:
        """Let messages have been sent, each with a link of its own to its image."""
        database = self.database or f"sqlite:///{self.folder / 'sent.db'}"
        fill(database, self.folder, 2 * SENT, SENT)
        given = settings(database, self.folder)
        signer = KeyedSigner(
            given.secret.get_secret_value(), given.base_url, given.sender_email.rpartition("@")[2]
        )
        engine = connect(database)
        with writing(engine) as connection:
            # What is planned besides is the next step of the rhythm, as in the middle of any campaign.
            connection.execute(text("UPDATE delivery SET step = 1 WHERE state = 'planned'"))
        row = tables.delivery.c
        with reading(engine) as connection:
            ids = list(connection.scalars(select(row.id).where(row.state == State.SENT).order_by(row.id)))
        engine.dispose()
        random.Random(1).shuffle(ids)
        paths = (signer.address("open", number).removeprefix(given.base_url) for number in ids)
        self.paths.write_text("\n".join(paths), encoding="ascii")

    def fresh(self) -> str:
        """Return the address of a database to which nothing has come back."""
        if not self.database:
            return copy(self.folder / "sent.db", "copy.db")
        engine = connect(self.database)
        clean = ", ".join(f"{name} = 0" for name in tables.COUNTED)
        with writing(engine) as connection:
            connection.execute(text("TRUNCATE hit, judgement, event, unjudged CASCADE"))
            connection.execute(
                text(
                    f"UPDATE delivery SET {clean}, opened_at = NULL, reached_on = NULL"  # noqa: S608 -- ours
                    " WHERE opened_at IS NOT NULL OR raw_opens > 0"
                )
            )
        engine.dispose()
        return self.database

    @contextmanager
    def server(self, kind: str, database: str) -> Iterator[int]:
        """Run a server in a process of its own; yield its port."""
        given = [kind, "--database", database, "--folder", str(self.folder)]
        command = [sys.executable, str(HERE / "tracking_server.py"), *given]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 -- ours
            try:
                assert process.stdout is not None  # noqa: S101 -- as the pipe was asked for
                yield int(process.stdout.readline())
            finally:
                process.send_signal(signal.SIGTERM)

    @contextmanager
    def nginx(self) -> Iterator[int]:
        """Run nginx; yield its port."""
        with create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        there = self.folder / "nginx.conf"
        there.write_text(NGINX_CONFIGURATION.format(folder=self.folder, port=port), encoding="utf-8")
        command = [_nginx(), "-c", str(there), "-e", str(self.folder / "nginx.log")]
        with subprocess.Popen(command) as process:  # noqa: S603 -- ours
            try:
                sleep(0.5)
                yield port
            finally:
                process.terminate()

    def ask(self, port: int, *more: str) -> dict[str, float]:
        """Let browsers ask, in a process of their own."""
        given = ["--port", str(port), "--paths", str(self.paths), "--seconds", str(SECONDS), *more]
        command = [sys.executable, str(HERE / "tracking_client.py"), *given]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603 -- our own program
        found: dict[str, float] = json.loads(done.stdout)
        return found

    def round(self) -> None:
        """Measure each server once."""
        for kind in (WITHOUT, DIFFUSE, EACH):
            database = self.fresh()
            with self.server(kind, database) as port:
                found = self.ask(port)
                self.runs[kind].append(found)
                if kind == DIFFUSE:
                    self._judged(database, found)
            if kind != WITHOUT:
                self._all_there(database, found)
        if _nginx():
            with self.nginx() as port:
                self.runs[NGINX].append(self.ask(port, "--again"))

    def _judged(self, database: str, found: dict[str, float]) -> None:
        """Wait until every hit has its verdict; note how long that took."""
        began, engine = perf_counter(), connect(database)
        while self._count(engine, tables.unjudged):
            sleep(0.2)
        took = perf_counter() - began
        engine.dispose()
        self.notes.append(
            f"round {len(self.runs[DIFFUSE])}: {found['all']:,.0f} hits, judged {took:.1f} s after the last"
        )

    def _all_there(self, database: str, found: dict[str, float]) -> None:
        engine = connect(database)
        kept = self._count(engine, tables.hit)
        engine.dispose()
        if kept != found["all"]:
            raise Lost(f"{found['all']:.0f} hits were answered, and {kept} are there")

    @staticmethod
    def _count(engine: Engine, table: Table) -> int:
        with reading(engine) as connection:
            return connection.scalar(select(func.count()).select_from(table)) or 0

    def rate(self, kind: str) -> list[float]:
        """Return the hits a second of each round."""
        return [run["answers"] / run["seconds"] for run in self.runs[kind]]

    def beside(self, kind: str, other: str) -> float:
        """Return the middle ratio of two servers in the same round."""
        pairs = zip(self.rate(kind), self.rate(other), strict=False)
        ratios = [mine / theirs for mine, theirs in pairs]
        return statistics.median(ratios) if ratios else float("nan")

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Write the rows of the table."""
        for kind, words in WORDS.items():
            rates = self.rate(kind)
            if not rates:
                yield (words, "not measured", *[""] * (len(HEAD) - 2))
                continue
            yield (
                words,
                f"{statistics.median(rates):,.0f}",
                " ".join(f"{rate:.0f}" for rate in rates),
                f"{statistics.median(run['middle'] for run in self.runs[kind]):.1f}",
                f"{statistics.median(run['p99'] for run in self.runs[kind]):.1f}",
                f"{self.beside(kind, WITHOUT):.2f}",
                f"{self.beside(kind, NGINX):.3f}" if self.runs[NGINX] else "",
            )

    def limits(self) -> Sequence[Limit]:
        """Compare with what is to be reached."""
        p99 = statistics.median(run["p99"] for run in self.runs[DIFFUSE])
        return (
            Limit(what=WORDS[WITHOUT], found=self.beside(DIFFUSE, WITHOUT), limit=0.5, unit="×"),
            Limit(what=WORDS[EACH], found=self.beside(DIFFUSE, EACH), limit=3, unit="×"),
            Limit(what="99 % of the answers within", found=p99, limit=100, at_most=True, unit=" ms"),
        )


def _nginx() -> str:
    return shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin") or ""


def main() -> None:
    """Print a table, and each limit beside what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default="")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="diffuse-bench-") as folder:
        bench = Bench(options.database, Path(folder))
        bench.prepare()
        for _ in range(options.rounds):
            bench.round()
    database = "PostgreSQL" if options.database else "SQLite file"
    notes = [f"{machine()}; {database}; {CONNECTIONS} connections", *bench.notes]
    if not _nginx():
        notes.append("nginx is not here: apt-get install nginx")
    found = (
        ("Answers", HEAD, list(bench.rows())),
        ("Limits", LIMIT_HEAD, [limit.cells() for limit in bench.limits()]),
    )
    for title, head, body in found:
        print(f"\n{title}", *aligned(head, body), sep="\n")
    print("", *notes, sep="\n")
    if options.markdown:
        lines = [
            PAGE.format(
                connections=CONNECTIONS,
                command="python benchmarks/tracking.py",
                notes="\n".join(f"- {note}" for note in notes),
            )
        ]
        for title, head, body in found:
            lines += [f"## {title}", "", *marked_down(head, body), ""]
        options.markdown.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
