"""What a worker does around the beat: it stops between two messages, and tells a trouble once."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker

from diffuse.actors import Poll, Polling, Rounds
from diffuse.domain.delivery import State
from diffuse.errors import TransientFailure
from diffuse.services.beat import Beat, Round
from diffuse.services.deliver import Delivered
from diffuse.services.plan import Planned

NOW = datetime(2026, 3, 9, 14, 0, tzinfo=UTC)
QUIET = Round(planned=Planned(), delivered=Delivered(), recovered=0, unknown=0)


class Scripted(Beat):
    """A beat whose rounds are given: what each one returns, or raises."""

    def __init__(self, *rounds: Round | Exception, after: Callable[[], None] = lambda: None) -> None:
        self.rounds, self.after = list(rounds), after

    def somebody_died(self) -> bool:
        return False

    def run(self) -> Round:
        done = self.rounds.pop(0)
        if not self.rounds:
            self.after()
        if isinstance(done, Exception):
            raise done
        return done


def down(text: str = "the mail server is down") -> Round:
    return Round(
        planned=Planned(), delivered=Delivered(ended={State.PLANNED: 2}, trouble=text), recovered=0, unknown=0
    )


def sent(number: int) -> Round:
    return Round(
        planned=Planned(added=number), delivered=Delivered(ended={State.SENT: number}), recovered=0, unknown=0
    )


def told(caplog: pytest.LogCaptureFixture, *rounds: Round | Exception) -> list[tuple[str, str]]:
    """Let the rounds pass; return the level and the words of every line of the log."""
    with caplog.at_level(logging.INFO, "diffuse"):
        beats = Rounds(Scripted(*rounds))
        for _ in rounds:
            beats.run()
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_a_trouble_of_the_channel_is_told_when_it_begins_and_when_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines = told(caplog, down(), QUIET, down(), sent(3), down())
    assert [line for line in lines if "server" in line[1]] == [
        ("WARNING", "the mail server is down; deliveries stay planned"),
        ("INFO", "this is over: the mail server is down; deliveries stay planned"),
        ("WARNING", "the mail server is down; deliveries stay planned"),
    ]


def test_another_trouble_is_told_although_the_first_one_lasts(caplog: pytest.LogCaptureFixture) -> None:
    lines = told(caplog, down("no connection"), down("no credentials"), down("no credentials"))
    assert [words.partition(";")[0] for level, words in lines if level == "WARNING"] == [
        "no connection",
        "no credentials",
    ]


def test_a_database_that_is_away_is_told_once_and_the_next_rounds_come(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = TransientFailure("the database does not answer")
    assert told(caplog, away, away, QUIET) == [
        ("WARNING", "the database does not answer"),
        ("INFO", "this is over: the database does not answer"),
    ]


def test_a_fault_of_diffuse_itself_ends_one_round_and_not_the_worker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (first, *rest) = told(caplog, KeyError("surprise"), sent(1))
    assert first[0] == "ERROR"
    assert caplog.records[0].exc_info is not None
    assert [words for _, words in rest] == ["plan: 1 added", "delivered: 1 sent"]


def test_deliveries_that_became_unknown_are_told(caplog: pytest.LogCaptureFixture) -> None:
    lines = told(caplog, Round(planned=Planned(), delivered=Delivered(), recovered=0, unknown=2))
    assert lines == [("WARNING", "2 deliveries of a worker that died may or may not have been sent: unknown")]


def test_a_poll_beats_at_once_and_then_steadily_until_it_is_stopped() -> None:
    third = threading.Event()
    poll = Poll(Rounds(Scripted(QUIET, QUIET, QUIET, after=third.set)), 0.001, stop := threading.Event())
    poll.start()
    assert third.wait(10)
    poll.stop()
    assert stop.is_set()


def test_a_poll_that_never_began_can_be_stopped() -> None:
    Poll(Rounds(Scripted()), 10, threading.Event()).stop()


def test_a_poll_beats_at_once_when_another_process_died_at_work() -> None:
    stop = threading.Event()

    class Bereaved(Scripted):
        def somebody_died(self) -> bool:
            return True

    Poll(Rounds(Bereaved(QUIET, QUIET, after=stop.set)), 3600, stop).start()
    assert stop.wait(10)


def polling(
    monkeypatch: pytest.MonkeyPatch, last: float, closed: list[str]
) -> tuple[Polling, threading.Event]:
    """What polls beside a dramatiq worker, and an event that stands for the end of the process."""
    left = threading.Event()
    monkeypatch.setattr("diffuse.actors.LAST", last)
    monkeypatch.setattr("diffuse.actors.os._exit", lambda _: left.set())
    monkeypatch.setattr("diffuse.actors.logging.shutdown", lambda: None)
    poll = Poll(Rounds(Scripted()), 10, threading.Event())
    return Polling(poll, lambda: closed.append("closed")), left


def test_a_worker_that_is_held_up_when_it_is_to_end_ends_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = StubBroker()
    closed: list[str] = []
    one, left = polling(monkeypatch, 0.01, closed)
    one.before_worker_shutdown(broker, dramatiq.Worker(broker))
    assert left.wait(10)
    assert closed == []


def test_a_worker_that_ends_in_time_closes_what_it_used(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = StubBroker()
    closed: list[str] = []
    one, left = polling(monkeypatch, 0.2, closed)
    one.before_worker_shutdown(broker, dramatiq.Worker(broker))
    one.after_worker_shutdown(broker, dramatiq.Worker(broker))
    assert not left.wait(0.5)
    assert closed == ["closed"]
