"""Delivering what is due: whatever happens outside, a delivery ends once or stays planned."""

import itertools
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest

from diffuse.domain.control import EVERYTHING
from diffuse.domain.delivery import LEASE, RETRY_FOR, Ending, State
from diffuse.domain.message import ACKNOWLEDGE_URL, GIVEN_NAME, NAME, PIXEL_URL, Outgoing, Wording, link_slot
from diffuse.errors import TransientFailure
from diffuse.ports import Journal, Turn
from diffuse.services.deliver import Deliver
from diffuse.testing import MemoryChannel, MemoryJournals
from tests.unit.services.given import DAY, EARLY, LATE, MONDAY, Office, campaign, key_point, person, wordings

MINUTE = timedelta(minutes=1)
FEW = 24
"""Messages of a batch here: many batches take no longer than one."""


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diffuse.services.deliver.BATCH", FEW)
    monkeypatch.setattr("diffuse.services.deliver.REST", FEW // 3)


def office_at_work(*people: str) -> Office:
    """An office on whose Monday afternoon a message is due for everybody."""
    office = Office(*(person(name) for name in people or ("ana",)))
    office.launch(campaign())
    office.plan.run()
    office.clock.set(LATE)
    return office


def states(office: Office) -> dict[str, str]:
    return {row.employee: row.state for row in office.rows()}


def test_what_is_due_is_sent_once_and_holds_everything_that_the_channel_needs() -> None:
    office = office_at_work("ana")
    row = office.row()
    assert office.deliver.run().ended == {State.SENT: 1}
    assert office.deliver.run().total == 0
    (sent,) = office.channel.accepted
    assert (sent.delivery, sent.attempt, sent.email, sent.name) == (1, 1, "ana@universite.example", "Ana Roy")
    assert (sent.reply_to_name, sent.reply_to_email) == ("Ana Roy", "ana.roy@universite.example")
    assert (sent.list_id, sent.list_name) == ("social-media.universite.example", "Médias sociaux")
    assert sent.message_id == row.message_id
    assert sent.date == row.due_at.replace(microsecond=0)
    assert sent.baked == wordings(campaign())[Wording("pause", "legal", "fr")]
    assert set(sent.values) == {NAME, GIVEN_NAME, ACKNOWLEDGE_URL, PIXEL_URL, link_slot(0)}
    assert (sent.values[NAME], sent.values[GIVEN_NAME]) == ("Ana Roy", "Ana")
    for slot, purpose in ((ACKNOWLEDGE_URL, "acknowledge"), (PIXEL_URL, "open"), (link_slot(0), "click")):
        assert sent.values[slot] == office.signer.address(purpose, 1)
    assert (office.row().state, office.row().sent_at) == (State.SENT, LATE)


def test_nothing_is_sent_before_it_is_due_or_after_its_window() -> None:
    office = Office(person("ana"))
    office.launch(campaign())
    office.plan.run()
    office.deliver.run()
    office.clock.set(LATE + 2 * timedelta(hours=1))
    office.deliver.run()
    assert office.channel.accepted == []


def test_more_than_one_batch_is_delivered_in_one_run() -> None:
    people = [f"e{number:04}" for number in range(FEW + 5)]
    office = office_at_work(*people)
    assert office.deliver.run().ended == {State.SENT: FEW + 5}
    assert sorted(message.email.partition("@")[0] for message in office.channel.accepted) == people


def test_a_mail_server_that_is_down_leaves_everything_planned_and_the_run_says_so() -> None:
    office = office_at_work("ana", "zoe")
    office.channel.down = "the mail server 127.0.0.1:25 does not answer"
    report = office.deliver.run()
    assert report.trouble == "the mail server 127.0.0.1:25 does not answer"
    assert report.ended == {State.PLANNED: 2}
    assert {(row.state, row.reason, row.attempts) for row in office.rows()} == {
        (State.PLANNED, "the mail server 127.0.0.1:25 does not answer", 1)
    }
    office.channel.down = ""
    assert office.deliver.run().total == 0  # the server rests for a minute
    office.clock.advance(2 * MINUTE)
    assert office.deliver.run().ended == {State.SENT: 2}
    assert {(row.reason, row.attempts) for row in office.rows()} == {("", 2)}


def test_a_mail_server_that_is_down_all_day_costs_a_day_and_no_message() -> None:
    office = office_at_work("ana")
    office.channel.down = "down"
    office.clock.set(EARLY)
    office.day()
    office.beat.run()
    assert office.row().due_on == MONDAY + DAY
    office.channel.down = ""
    office.clock.set(LATE + DAY)
    office.beat.run()
    assert len(office.channel.accepted) == 1
    assert (office.row().state, office.row().reason) == (State.SENT, "")


class Instead:
    """A channel that does something else with each batch."""

    lease = LEASE

    def __init__(self, send: Callable[[Sequence[Outgoing], Turn, Journal], Mapping[str, str]]) -> None:
        self.send = send

    def close(self) -> None:
        raise NotImplementedError


def other_worker(
    office: Office, send: Callable[[Sequence[Outgoing], Turn, Journal], Mapping[str, str]]
) -> Deliver:
    deliver = office.worker("w2")
    deliver._channel = Instead(send)
    return deliver


def test_a_server_that_leaves_halfway_leaves_only_the_rest_planned() -> None:
    office = office_at_work("ana", "max", "zoe")

    def send(batch: Sequence[Outgoing], turn: Turn, journal: Journal) -> Mapping[str, str]:
        office.channel.send(batch[:1], turn, journal)
        return {"": "421 closing"}

    report = other_worker(office, send).run()
    assert (report.trouble, report.ended) == ("421 closing", {State.SENT: 1, State.PLANNED: 2})
    assert sorted((row.state, row.reason) for row in office.rows()) == [
        (State.PLANNED, "421 closing"),
        (State.PLANNED, "421 closing"),
        (State.SENT, ""),
    ]


def test_a_permanent_failure_ends_alone() -> None:
    office = office_at_work("ana", "zoe")
    office.channel.replies["ana@universite.example"] = State.FAILED
    report = office.deliver.run()
    assert (report.trouble, report.ended) == ("", {State.FAILED: 1, State.SENT: 1})
    ana, _ = office.rows()
    assert (ana.state, ana.reason, ana.sent_at) == (State.FAILED, "scripted: failed", None)
    office.clock.advance(timedelta(minutes=20))
    office.beat.run()
    assert states(office) == {"ana": State.FAILED, "zoe": State.SENT}
    assert len(office.channel.accepted) == 1


def test_a_message_that_is_refused_for_now_is_tried_again_and_the_others_are_sent() -> None:
    office = office_at_work("ana", "zoe")
    office.channel.replies["ana@universite.example"] = State.PLANNED
    assert office.deliver.run().ended == {State.PLANNED: 1, State.SENT: 1}
    assert LATE + MINUTE <= office.rows()[0].due_at <= LATE + 1.5 * MINUTE
    office.channel.replies.clear()
    office.clock.advance(1.5 * MINUTE)
    assert office.deliver.run().ended == {State.SENT: 1}


def test_a_message_that_is_refused_for_a_day_is_given_up() -> None:
    office = office_at_work("ana")
    office.channel.replies["ana@universite.example"] = State.PLANNED
    office.deliver.run()
    office.clock.set(EARLY + DAY)
    office.beat.run()
    office.clock.set(LATE + RETRY_FOR)
    assert office.deliver.run().ended == {State.FAILED: 1}
    assert office.row().reason.startswith("given up after 24 hours: scripted: planned")


def test_a_message_of_unknown_fate_is_not_sent_again() -> None:
    office = office_at_work("ana")
    office.channel.replies["ana@universite.example"] = State.UNKNOWN
    assert office.deliver.run().ended == {State.UNKNOWN: 1}
    office.channel.replies.clear()
    office.clock.advance(timedelta(minutes=20))
    office.beat.run()
    assert office.channel.accepted == []
    assert office.row().state == State.UNKNOWN


def test_a_wording_that_is_not_kept_fails_alone_and_says_so() -> None:
    office = Office(person("ana"), person("zoe", language="en"))
    one = campaign(key_point("pause"))
    kept = {key: baked for key, baked in wordings(one).items() if key.language == "fr"}
    office.publications.publish(one, kept, EARLY)
    office.plan.run()
    office.clock.set(LATE)
    assert office.deliver.run().ended == {State.FAILED: 1, State.SENT: 1}
    _, zoe = office.rows()
    assert (zoe.employee, zoe.state) == ("zoe", State.FAILED)
    assert "pause/legal/en" in zoe.reason
    assert "the database does not hold" in zoe.reason


def test_somebody_enrolled_while_a_run_goes_on_is_known_to_the_next_batch() -> None:
    office = office_at_work("ana")

    def send(batch: Sequence[Outgoing], turn: Turn, journal: Journal) -> Mapping[str, str]:
        if not any(who.id == "new" for who in office.directory.employees()):
            office.directory.save([person("ana"), person("new")])
            office.clock.set(EARLY)
            office.plan.run()
            office.clock.set(LATE)
        return office.channel.send(batch, turn, journal)

    assert other_worker(office, send).run().ended == {State.SENT: 2}
    assert states(office) == {"ana": State.SENT, "new": State.SENT}


@pytest.mark.parametrize("ends", [State.SENT, State.FAILED])
def test_a_worker_that_lost_its_lease_sends_nothing_and_counts_nothing(ends: State) -> None:
    office = office_at_work("ana")
    office.channel.replies["ana@universite.example"] = ends
    slow = [True]

    def send(batch: Sequence[Outgoing], turn: Turn, journal: Journal) -> Mapping[str, str]:
        if slow:
            slow.clear()
            office.clock.advance(LEASE)
            assert office.ledger.recover(office.clock.now()) == (len(batch), 0)
        return office.channel.send(batch, turn, journal)

    assert other_worker(office, send).run().ended == {ends: 1}
    assert office.row().attempts == 2
    assert len(office.channel.accepted) == (ends is State.SENT)


def test_an_answer_that_comes_too_late_to_an_attempt_that_is_not_ours_any_more_is_not_counted() -> None:
    office = office_at_work("ana")

    def send(batch: Sequence[Outgoing], turn: Turn, journal: Journal) -> Mapping[str, str]:
        office.clock.advance(LEASE)
        office.ledger.recover(office.clock.now())
        assert office.worker("w3").run().ended == {State.SENT: 1}
        ended = [
            Ending(delivery=one.delivery, attempt=one.attempt, state=State.FAILED, reply="550 no")
            for one in batch
        ]
        assert turn(ended, [one.delivery for one in batch]) == frozenset()
        return {}

    assert other_worker(office, send).run().total == 0
    assert (office.row().state, office.row().attempts) == (State.SENT, 2)


def test_a_whole_batch_whose_lease_was_lost_is_not_counted_when_the_server_is_down() -> None:
    office = office_at_work("ana")

    def send(batch: Sequence[Outgoing], turn: Turn, journal: Journal) -> Mapping[str, str]:
        office.clock.advance(LEASE)
        office.ledger.recover(office.clock.now())
        return {"": "hung up"}

    report = other_worker(office, send).run()
    assert (report.trouble, report.total) == ("hung up", 0)
    assert office.row().state == State.PLANNED


def test_a_worker_that_is_to_stop_gives_back_what_it_has_not_sent() -> None:
    office = office_at_work("ana", "zoe")
    stop = threading.Event()
    deliver = office.worker("w2", stop=stop)

    def send(batch: Sequence[Outgoing], turn: Turn, journal: Journal) -> Mapping[str, str]:
        office.channel.send(batch[:1], turn, journal)
        stop.set()
        assert turn((), [batch[1].delivery]) == frozenset()
        return {}

    deliver._channel = Instead(send)
    assert deliver.run().ended == {State.SENT: 1}
    assert sorted(states(office).values()) == [State.PLANNED, State.SENT]
    assert deliver.run().total == 0


def test_a_run_while_another_one_of_the_process_is_at_work_ends_at_once() -> None:
    office = office_at_work("ana")

    def send(batch: Sequence[Outgoing], turn: Turn, journal: Journal) -> Mapping[str, str]:
        assert deliver.run().total == 0
        return office.channel.send(batch, turn, journal)

    deliver = other_worker(office, send)
    assert deliver.run().ended == {State.SENT: 1}


def test_whatever_did_not_go_well_is_logged_with_its_delivery(caplog: pytest.LogCaptureFixture) -> None:
    office = office_at_work("ana", "zoe")
    office.channel.replies["ana@universite.example"] = State.FAILED
    with caplog.at_level(logging.INFO, "diffuse.deliver"):
        office.deliver.run()
    (record,) = caplog.records
    about = (record.__dict__["delivery"], record.__dict__["attempt"], record.__dict__["state"])
    assert (record.getMessage(), about) == ("scripted: failed", (1, 1, "failed"))


class ClockChanger(MemoryChannel):
    """A channel while whose first batch is under way somebody sets the clock."""

    def send(self, batch: Sequence[Outgoing], turn: Turn, journal: Journal) -> Mapping[str, str]:
        troubles = super().send(batch, turn, journal)
        self.clock.set(LATE + 15 * MINUTE)
        return troubles


def test_a_clock_that_jumps_in_the_middle_of_a_run_stops_it_before_the_next_batch() -> None:
    office = office_at_work(*(f"e{number:04}" for number in range(FEW + 5)))
    office.channel = ClockChanger(office.clock)
    worker = office.worker("w2", seconds=partial(next, itertools.count(step=2.0)))
    assert worker.run().ended == {State.SENT: FEW}
    assert [one.campaign for one in office.control.stops()] == [EVERYTHING]


class Watched(MemoryJournals):
    """Journals that tell when the second batch begins, and which ones an error has ended."""

    def __init__(self) -> None:
        self.second = threading.Event()
        self.tokens: list[str] = []
        self.kept: list[str] = []

    @contextmanager
    def begin(self, token: str) -> Iterator[Journal]:
        self.tokens.append(token)
        if len(self.tokens) == 2:
            self.second.set()
        try:
            with super().begin(token) as journal:
                yield journal
        except BaseException:
            self.kept.append(token)
            raise


class Patient(MemoryChannel):
    """A channel that ends its first batch only when the next one is claimed, and then does something."""

    def __init__(self, office: Office, journals: Watched, then: Callable[[], None]) -> None:
        super().__init__(office.clock)
        self.journals, self.then = journals, then

    def send(self, batch: Sequence[Outgoing], turn: Turn, journal: Journal) -> Mapping[str, str]:
        troubles = super().send(batch, turn, journal)
        assert self.journals.second.wait(20)
        self.then()
        return troubles


def run_with_two_batches(
    then: Callable[[], None], stop: threading.Event | None = None
) -> tuple[Office, Watched]:
    """Let a worker with two batches run; something happens when the second one is claimed."""
    office, journals = office_at_work(*(f"e{number:04}" for number in range(2 * FEW))), Watched()
    office.channel = Patient(office, journals, then)
    office.worker("w2", stop, journals=journals).run()
    return office, journals


def test_the_next_batch_is_claimed_before_the_last_one_is_over() -> None:
    office, journals = run_with_two_batches(lambda: None)
    assert Counter(states(office).values()) == {"sent": 2 * FEW}
    assert (len(journals.tokens), journals.kept) == (3, [])


def test_a_batch_that_was_claimed_ahead_is_given_back_when_the_worker_is_told_to_stop() -> None:
    stop = threading.Event()
    office, journals = run_with_two_batches(stop.set, stop)
    assert Counter(states(office).values()) == {"sent": FEW, "planned": FEW}
    assert (len(journals.tokens), journals.kept) == (2, [])


def test_the_journal_of_a_batch_that_was_claimed_ahead_stays_when_the_database_goes_away() -> None:
    office, journals = office_at_work(*(f"e{number:04}" for number in range(2 * FEW))), Watched()

    def away() -> None:
        raise TransientFailure("the database is away")

    office.channel = Patient(office, journals, away)
    with pytest.raises(TransientFailure):
        office.worker("w2", journals=journals).run()
    assert sorted(journals.kept) == journals.tokens == ["w2.1", "w2.2"]
