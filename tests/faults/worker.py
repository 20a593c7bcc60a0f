"""A worker for the proofs: what ``diffuse up`` runs, without the tracking service, and mutants of it.

Run as ``python -m tests.faults.worker``; settings come from the environment. ``FAULTS_MUTANT`` breaks one of
its promises on purpose, ``FAULTS_CLOCK`` puts its own clock wrong by so many seconds.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

from diffuse.actors import Poll, Rounds, open_worker
from diffuse.adapters import clock, smtp_batch
from diffuse.adapters.dot_journal import DotJournal
from diffuse.adapters.smtp import SmtpChannel
from diffuse.adapters.sql import ledger
from diffuse.domain.delivery import Ending
from diffuse.domain.message import Outgoing
from diffuse.ports import Journal
from diffuse.settings import Settings


def no_fence() -> None:
    """Let every final dot follow, whatever the database says: what was claimed once is sent."""
    real = smtp_batch.Batch.__init__

    def begin(
        self: smtp_batch.Batch,
        channel: SmtpChannel,
        batch: Sequence[Outgoing],
        turn: Callable[[Sequence[Ending], Sequence[int]], Collection[int]],
        journal: Journal,
    ) -> None:
        def told(ended: Sequence[Ending], wanted: Sequence[int]) -> Collection[int]:
            turn(ended, wanted)
            return wanted

        real(self, channel, batch, told, journal)

    smtp_batch.Batch.__init__ = begin  # type: ignore[method-assign, assignment]


def journal_after_the_dot() -> None:
    """Note the dots only once they have left, and not at once."""
    late: list[tuple[DotJournal, list[tuple[int, int]]]] = []
    note, listen = DotJournal.dots, smtp_batch.Batch._listen

    def dots(self: DotJournal, deliveries: Sequence[tuple[int, int]]) -> None:
        late.append((self, list(deliveries)))

    def then(self: smtp_batch.Batch, *, wait: bool) -> None:
        if late:
            threading.Event().wait(0.9)
        while late:
            note(*late.pop())
        listen(self, wait=wait)

    DotJournal.dots = dots  # type: ignore[method-assign]
    smtp_batch.Batch._listen = then  # type: ignore[method-assign]


def no_attempt() -> None:
    """Write down how attempts ended without looking at whose the deliveries are by now."""
    begin = ledger._END.index("    AND COALESCE(delivery.lease_token")
    end = ledger._END.index("RETURNING")
    broken = ledger._END[:begin] + "    AND :token = :token\n" + ledger._END[end:]
    ledger._END = broken.replace("delivery.attempt = ended.attempt", "1 = 1")


def no_journal() -> None:
    """Forget what was sent: nothing is noted before a dot."""
    DotJournal.dots = lambda self, deliveries: None  # type: ignore[method-assign]


MUTANTS: dict[str, Callable[[], None]] = {
    "": lambda: None,
    "no fence": no_fence,
    "journal after the dot": journal_after_the_dot,
    "no attempt": no_attempt,
    "no journal": no_journal,
}


def main() -> None:
    """Work until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    MUTANTS[os.environ.get("FAULTS_MUTANT", "")]()
    wrong = timedelta(seconds=float(os.environ.get("FAULTS_CLOCK", "0")))
    clock.SystemClock.now = lambda self: datetime.now(UTC) + wrong  # type: ignore[method-assign]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    settings = Settings.load()
    app = open_worker(settings, stop)
    poll = Poll(Rounds(app.beat), settings.poll_seconds, stop)
    poll.start()
    logging.getLogger("faults").info("ready")
    while not stop.wait(0.2):
        pass
    poll.stop()
    app.close()


if __name__ == "__main__":
    main()
