"""What a proof needs: a database full of due messages, a sink, workers to kill, and the truth afterwards."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Engine, insert, text

from diffuse.adapters import baked_json, definitions
from diffuse.adapters.sql import tables
from diffuse.adapters.sql.engine import connect, reading, writing
from diffuse.adapters.sql.migrate import upgrade
from diffuse.adapters.sql.publications import SqlPublications
from diffuse.domain.campaign import Campaign
from diffuse.domain.language import ByLanguage
from diffuse.domain.message import ACKNOWLEDGE_URL, NAME, Baked, Excerpt, Slot, Wording
from diffuse.domain.policy import KeyPoint, Policy, Text, Variant
from diffuse.domain.population import bucket

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 240.0
"""Seconds after which a proof that does not come to its end has failed."""


class Failed(Exception):
    """A proof did not come to its end; the text says how far it came."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What the sink accepted, beside what the database says.

    Attributes:
        states: deliveries by state.
        accepted: messages in the sink's journal.
        duplicates: messages beyond the first of each Message-ID.
        differing: Message-IDs that were accepted with different bytes.
        lost: deliveries said to be sent that the sink never accepted.
        failed_accepted: deliveries said to have failed that it accepted.
        unknown_delivered: those of unknown fate that it accepted.
        conserved: whether as many deliveries are there as were ever planned.
    """

    states: Mapping[str, int]
    accepted: int
    duplicates: int
    differing: int
    lost: int
    failed_accepted: int
    unknown_delivered: int
    conserved: bool

    @property
    def unknown(self) -> int:
        """Deliveries of unknown fate."""
        return self.states.get("unknown", 0)

    @property
    def delivered_share(self) -> float:
        """The share of those of unknown fate that were truly delivered; 1 when there are none."""
        return self.unknown_delivered / self.unknown if self.unknown else 1.0

    def honest(self) -> bool:
        """Tell whether nothing came twice, nothing is missing, and no state lies."""
        return not (self.duplicates or self.lost or self.failed_accepted) and self.conserved

    def __str__(self) -> str:
        states = ", ".join(f"{number} {state}" for state, number in sorted(self.states.items()))
        return (
            f"{states}; {self.duplicates} dup, {self.lost} lost, {self.failed_accepted} failed but accepted, "
            f"{self.unknown_delivered} of {self.unknown} unknown delivered"
        )


def campaign(**changes: Any) -> Campaign:  # noqa: ANN401 -- any field
    """Return a campaign that plans nothing by itself for years."""
    wording = Variant(register="advice", texts=ByLanguage(fr=Text(subject="Un rappel", body="À retenir.")))
    point = KeyPoint(id="pause", says=ByLanguage(fr="À retenir."), variants=(wording,))
    policy = Policy(id="conduct", title=ByLanguage(fr="Conduite"), version="1", key_points=(point,))
    plain: dict[str, Any] = {
        "id": "proof",
        "title": ByLanguage(fr="Preuve"),
        "owner": "Ana Roy <ana.roy@universite.example>",
        "starts": datetime.now(UTC).date() + timedelta(days=4000),
        "policies": (policy,),
    }
    return Campaign(**(plain | changes))


BAKED = Baked(
    language="fr",
    subject=("Un rappel",),
    html=(
        "<p>Bonjour ",
        Slot(NAME),
        "</p>\n<p>" + "À retenir. " * 300 + "</p><a href='",
        Slot(ACKNOWLEDGE_URL),
        "'>",
    ),
    text=("Bonjour ", Slot(NAME), "\n", Slot(ACKNOWLEDGE_URL), "\n"),
    links=(),
    excerpt=Excerpt(subject="Un rappel", body="", action=""),
)


_WAITING_FOR_WORKERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"
)


@dataclass
class Process:
    """A process that a proof may kill."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def ready(self) -> bool:
        """Tell whether it is at work."""
        return "ready" in self.said

    def kill(self) -> None:
        """End it without a word."""
        self.popen.kill()
        self.popen.wait()

    def end(self, patience: float = 40.0) -> float:
        """Ask it to end; return the seconds that it took."""
        began = time.monotonic()
        self.popen.terminate()
        self.popen.wait(patience)
        return time.monotonic() - began

    def signal(self, number: int) -> None:
        self.popen.send_signal(number)


@dataclass
class Rig:
    """One proof's world, in a folder of its own."""

    folder: Path
    url: str
    settings: dict[str, object] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    sinks: list[Process] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.engine: Engine = connect(self.url)
        upgrade(self.engine)
        self.settings = {
            "base_url": "https://diffuse.universite.example",
            "secret": "s" * 32,
            "sender": "Communications <communications@universite.example>",
            "database_url": self.url,
            "journal": str(self.folder / "journal"),
            "smtp_security": "none",
            "smtp_host": "127.0.0.1",
            "poll_seconds": 0.3,
            "smtp_timeout": 5,
            "smtp_dot_timeout": 5,
            **self.settings,
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in (*self.processes, *self.sinks):
            if process.popen.poll() is None:
                process.signal(signal.SIGCONT)
                process.kill()
        self.engine.dispose()
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- the database ------------------------------------------------------------------------------------

    def fill(self, number: int, first: int = 0, **changes: Any) -> None:  # noqa: ANN401 -- any field
        """Put in so many employees, and a message that is due for each."""
        publications = SqlPublications(
            self.engine,
            campaigns=(definitions.dump, definitions.load),
            wordings=(baked_json.dump, baked_json.load),
        )
        now = datetime.now(UTC)
        one = campaign(**changes)
        published = publications.publish(one, {Wording("pause", "advice", "fr"): BAKED}, now)
        people, due = [], []
        for place in range(first, first + number):
            name = f"e{place:06}"
            share = bucket(name)
            people.append(
                {"id": name, "name": f"Zoë Roy {place}", "email": f"{name}@universite.example",
                 "language": "fr", "time_zone": "America/Toronto", "manager": "", "department": "",
                 "bucket": share}
            )  # fmt: skip
            due.append(
                {"campaign": one.id, "key_point": "pause", "touch": 0, "employee": name, "bucket": share,
                 "channel": "email", "step": 0, "publication": published.id, "variant": "advice",
                 "language": "fr", "message_id": f"<{one.id}.{name}@universite.example>",
                 "state": "planned", "reason": "", "due_on": now.date(), "wanted_on": now.date(),
                 "due_at": now - timedelta(minutes=1), "not_after": now + timedelta(hours=20),
                 "created_at": now, "attempt": 0, "reply": "", "answer": "", "delayed_by": "",
                 "occasion": "", "about": "", "duty": ""}
            )  # fmt: skip
        with writing(self.engine) as connection:
            connection.execute(insert(tables.employee), people)
            connection.execute(insert(tables.delivery), due)
            connection.execute(insert(tables.tally).values(at=now, added=number))

    def states(self) -> dict[str, int]:
        """Count deliveries by state."""
        with reading(self.engine) as connection:
            rows = connection.execute(text("SELECT state, count(*) FROM delivery GROUP BY state"))
            return {state: count for state, count in rows}  # noqa: C416 -- rows are no pairs to mypy

    def open(self) -> int:
        """Count deliveries that may still leave."""
        states = self.states()
        return sum(states.get(state, 0) for state in ("planned", "claimed", "sending"))

    def execute(self, statement: str) -> int:
        """Change something behind everybody's back."""
        with writing(self.engine) as connection:
            return connection.execute(text(statement)).rowcount

    def leases_run_out(self, whose: Process | None = None) -> None:
        """Let the time pass for which claims and fences hold, those of one worker or all."""
        mine = f" AND lease_token LIKE '%:{whose.popen.pid}:%'" if whose else ""
        self._age("lease_until = 1", f"state IN ('claimed', 'sending'){mine}")

    def put_to_sleep(self, worker: Process) -> None:
        """Stop a worker between two transactions: one that sleeps in the middle of one holds its locks."""

        def outside() -> bool:
            worker.signal(signal.SIGSTOP)
            time.sleep(0.02)
            if self.engine.dialect.name != "postgresql" or not self._in_transaction():
                return True
            worker.signal(signal.SIGCONT)
            return False

        until(outside, "moment between two transactions", worker, every=0.01)

    def _in_transaction(self) -> int:
        """Count the transactions that wait for their worker."""
        with reading(self.engine) as connection:
            return int(connection.execute(_WAITING_FOR_WORKERS).scalar_one())

    def waits_are_over(self) -> None:
        """Let the time pass for which messages and servers rest."""
        self._age("due_at = created_at", "state = 'planned' AND attempt > 0")
        self.execute("UPDATE lane SET until = 1 WHERE until > 1")

    def _age(self, change: str, which: str) -> None:
        """Change deliveries, but not those that a worker that was stopped in a transaction has locked."""
        lock = " FOR UPDATE SKIP LOCKED" if self.engine.dialect.name == "postgresql" else ""
        some = f"SELECT id FROM delivery WHERE {which}{lock}"  # noqa: S608 -- words of ours
        self.execute(f"UPDATE delivery SET {change} WHERE id IN ({some})")  # noqa: S608 -- as above

    # --- processes ---------------------------------------------------------------------------------------

    def sink(self, **options: object) -> Process:
        """Start the mail server, at the same port as before."""
        folder = self.folder / "sink"
        folder.mkdir(exist_ok=True)
        (folder / "ready").unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.faults.sink", str(folder), json.dumps(options)]
        process = self._start(command, "sink", dict(os.environ))
        self.sinks.append(process)
        until((folder / "ready").exists, "a sink", process)
        self.settings.setdefault("smtp_port", (folder / "port").read_text())
        return process

    def sink_options(self, **options: object) -> None:
        """Let the sink behave otherwise from now on."""
        (self.folder / "sink" / "options").write_text(json.dumps(options))
        self.sinks[-1].signal(signal.SIGHUP)

    def worker(self, *before: str, mutant: str = "", clock: float = 0, **settings: Any) -> Process:  # noqa: ANN401 -- any setting
        """Start a worker, under another program if there is one to start it."""
        return self.start([*before, sys.executable, "-m", "tests.faults.worker"], mutant, clock, **settings)

    def start(self, command: list[str], mutant: str = "", clock: float = 0, **settings: object) -> Process:
        """Start a program with the proof's settings."""
        given = {f"DIFFUSE_{name.upper()}": str(value) for name, value in (self.settings | settings).items()}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DIFFUSE_")}
        extra = {"FAULTS_MUTANT": mutant, "FAULTS_CLOCK": str(clock)}
        process = self._start(command, "worker", kept | given | extra)
        self.processes.append(process)
        return process

    def _start(self, command: list[str], name: str, environment: dict[str, str]) -> Process:
        log = self.folder / f"{name}.{len(self.processes) + len(self.sinks)}.log"
        with log.open("wb") as output:
            popen = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        return Process(popen, log)

    def finish(self, *, resting: bool = True, patience: float = PATIENCE) -> None:
        """Wait until nothing is left to send; let waits pass in no time if ``resting``."""

        def over() -> bool:
            if resting:
                self.waits_are_over()
            return self.open() == 0

        until(over, "end", patience=patience, every=0.3, said=lambda: str(self.states()))

    # --- the truth ---------------------------------------------------------------------------------------

    def accepted(self) -> list[dict[str, str]]:
        """Return what the sink accepted."""
        journal = self.folder / "sink" / "accepted"
        lines = journal.read_bytes().split(b"\n")[:-1] if journal.exists() else []
        return [json.loads(line) for line in lines]

    def truth(self) -> Truth:
        """Compare what the sink accepted with what the database says."""
        digests: dict[str, list[str]] = {}
        for line in self.accepted():
            digests.setdefault(line["message_id"], []).append(line["digest"])
        with reading(self.engine) as connection:
            rows = connection.execute(text("SELECT message_id, state FROM delivery")).all()
            planned = connection.execute(text("SELECT sum(added) FROM tally")).scalar_one()
        by_state: dict[str, Counter[bool]] = {}
        for message_id, state in rows:
            by_state.setdefault(state, Counter())[message_id in digests] += 1
        return Truth(
            states={state: counts.total() for state, counts in by_state.items()},
            accepted=sum(map(len, digests.values())),
            duplicates=sum(len(one) - 1 for one in digests.values()),
            differing=sum(len(set(one)) > 1 for one in digests.values()),
            lost=by_state.get("sent", Counter())[False],
            failed_accepted=by_state.get("failed", Counter())[True],
            unknown_delivered=by_state.get("unknown", Counter())[True],
            conserved=int(planned) == len(rows),
        )


def until(
    condition: Callable[[], object],
    what: str,
    process: Process | None = None,
    *,
    patience: float = 60.0,
    every: float = 0.03,
    said: Callable[[], str] = lambda: "",
) -> float:
    """Wait until something is true; return the seconds that it took.

    Raises:
        Failed: when it takes too long, or the process ends.
    """
    began = time.monotonic()
    while not condition():
        if process is not None and process.popen.poll() is not None:
            raise Failed(
                f"no {what}: the process ended with {process.popen.returncode}: {process.said[-2000:]}"
            )
        if time.monotonic() - began > patience:
            raise Failed(f"no {what} within {patience:g} s; {said()}")
        time.sleep(every)
    return time.monotonic() - began


@contextmanager
def rig(folder: Path, url: str = "", **settings: object) -> Iterator[Rig]:
    """Give a proof its world; on SQLite unless another database is named."""
    folder.mkdir(parents=True, exist_ok=True)
    with Rig(folder, url or f"sqlite:///{folder / 'diffuse.db'}", dict(settings)) as one:
        yield one
