"""An installation of diffuse: a folder, settings, and the programs that run there as their users run them."""

import asyncio
import json
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from aiosmtpd.smtp import SMTP, Envelope, Session

from diffuse.adapters.clock import SystemClock
from diffuse.demo.receiver import Receiver
from tests.servers import free_port

PROGRAMS = Path(sys.executable).parent
PATIENCE = 60.0
"""Seconds; nothing takes that long, but a busy machine is no failure."""

INHERITED = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""What a program needs of our own environment; coverage's variables are handed on too."""


class Slow(Receiver):
    """A receiver that keeps a message, and lets the sender wait before it says so."""

    def __init__(self, latency: float, **options: Any) -> None:  # noqa: ANN401 -- those of Receiver
        super().__init__(**options)
        self._latency = latency

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        await asyncio.sleep(self._latency)
        return answer


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command that has ended said."""

    status: int
    out: str
    err: str


@dataclass(kw_only=True)
class Running:
    """A program that runs, and what it has said so far."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        """Everything on standard output and standard error, so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait until something is true; fail when the program ends, or when it takes too long."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, f"it ended before {what or 'that'}:\n{self.said}"
            assert time.monotonic() < deadline, (
                f"no {what or 'such thing'} within {PATIENCE:g} s:\n{self.said}"
            )
            time.sleep(0.03)

    def says(self, words: str) -> None:
        """Wait until the log holds these words."""
        self.until(lambda: words in self.said, repr(words))

    def end(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal and wait; return the exit status and how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(PATIENCE), time.monotonic() - began


@dataclass(kw_only=True)
class Installation:
    """A working folder, its settings and other variables of the environment.

    Settings have the names of ``diffuse.toml``; one that is None is not given.
    """

    folder: Path
    settings: dict[str, object] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of a program."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in INHERITED or name.startswith("COVERAGE_")
        }
        given = {
            f"DIFFUSE_{name.upper()}": str(value)
            for name, value in self.settings.items()
            if value is not None
        }
        return {**kept, **self.variables, **given}

    @property
    def address(self) -> str:
        """Where the tracking service answers."""
        return str(self.settings["base_url"])

    def run(self, *words: object, status: int = 0) -> Said:
        """Run ``diffuse`` to its end and check its exit status."""
        done = subprocess.run(
            [PROGRAMS / "diffuse", *map(str, words)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        said = Said(status=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())
        assert said.status == status, f"diffuse {' '.join(map(str, words))}: {said}"
        assert "Traceback" not in said.out + said.err
        return said

    def passes(self, by: timedelta) -> None:
        """Let time pass since everything was sent: nobody reads in the second in which a message comes."""
        moving = "SELECT COUNT(*) FROM delivery WHERE state IN ('claimed', 'sending')"
        with closing(sqlite3.connect(self.folder / "diffuse.db", timeout=30)) as database, database:
            until = time.monotonic() + PATIENCE
            while database.execute(moving).fetchone() != (0,) and time.monotonic() < until:
                time.sleep(0.05)
            database.execute("UPDATE delivery SET sent_at = sent_at - ?", (by // timedelta(microseconds=1),))

    def refused(self, *words: object, status: int = 1) -> str:
        """Run ``diffuse``, which must refuse; return its one text, without its last newline."""
        said = self.run(*words, status=status)
        assert said.out == ""
        return said.err.removesuffix("\n")

    @contextmanager
    def start(self, program: str, *words: object) -> Iterator[Running]:
        """Start a program that stays; at the end of the block it and its children are gone."""
        log = self.folder / f"{program}-{secrets.token_hex(4)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [PROGRAMS / program, *map(str, words)],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        try:
            yield Running(process=process, log=log)
        finally:
            _end(process)

    @contextmanager
    def up(self, command: str = "up") -> Iterator[Running]:
        """Run ``diffuse up``, or ``diffuse serve``, until its tracking service answers."""
        with self.start("diffuse", command) as running:
            running.until(self._answers, "tracking service")
            yield running

    def receiver(self, *, latency: float = 0.0, kind: type[Slow] = Slow) -> Receiver:
        """Return the mail server that the settings name; it takes so many seconds for each message."""
        return kind(
            latency,
            maildir=self.maildir,
            journal=self.journal,
            clock=SystemClock(),
            port=int(str(self.settings["smtp_port"])),
        )

    @property
    def maildir(self) -> Path:
        """Where the receiver keeps mail."""
        return self.folder / "maildir"

    @property
    def journal(self) -> Path:
        """Where the receiver writes what it kept."""
        return self.folder / "receiver.jsonl"

    @property
    def received(self) -> int:
        """The number of messages that the receiver has kept."""
        return self.journal.read_bytes().count(b"\n") if self.journal.exists() else 0

    def kept(self) -> Counter[str]:
        """Count what each address received, by the receiver's own journal."""
        lines = self.journal.read_text(encoding="utf-8").splitlines()
        return Counter(json.loads(line)["rcpt"] for line in lines)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/health/live").status_code == 200
        except httpx.TransportError:
            return False


def installation(folder: Path) -> Installation:
    """Make an installation on SQLite, without Redis, with ports that nobody uses."""
    port = free_port()
    return Installation(
        folder=folder,
        settings={
            "base_url": f"http://127.0.0.1:{port}",
            "listen_port": port,
            "secret": secrets.token_hex(32),
            "sender": "Service des communications <communications@universite.example>",
            "smtp_port": free_port(),
            "smtp_security": "none",
            "poll_seconds": 0.5,
        },
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program's whole group: politely, then at once."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
