"""Delivering what is due: whatever happens outside, a delivery ends once or stays planned."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest

from diffuse.domain.delivery import LEASE, Outcome, State
from diffuse.domain.message import ACKNOWLEDGE_URL, GIVEN_NAME, NAME, PIXEL_URL, Outgoing, Wording, link_slot
from diffuse.errors import TransientFailure
from diffuse.services.deliver import BATCH
from tests.unit.services.given import DAY, EARLY, LATE, MONDAY, Office, campaign, key_point, person, wordings

MINUTE = timedelta(minutes=1)


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
    people = [f"e{number:03}" for number in range(BATCH + 5)]
    office = office_at_work(*people)
    assert office.deliver.run().ended == {State.SENT: BATCH + 5}
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
    assert {row.due_at for row in office.rows()} == {LATE + MINUTE}
    office.channel.down = ""
    assert office.deliver.run().total == 0
    office.clock.advance(MINUTE)
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


class Breaking:
    """A channel that hangs up after so many messages."""

    def __init__(self, office: Office, after: int) -> None:
        self.office = office
        self.after = after

    def send(self, batch: Sequence[Outgoing], fence: Callable[[int], bool]) -> Iterator[Outcome]:
        yield from self.office.channel.send(batch[: self.after], fence)
        raise TransientFailure("hung up", reply="421 closing")

    def close(self) -> None:
        raise NotImplementedError


def test_a_connection_that_breaks_halfway_leaves_only_the_rest_planned() -> None:
    office = office_at_work("ana", "max", "zoe")
    deliver = office.worker("w2")
    deliver._channel = Breaking(office, after=1)
    report = deliver.run()
    assert (report.trouble, report.ended) == ("hung up", {State.SENT: 1, State.PLANNED: 2})
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
    office.channel.replies.clear()
    office.clock.advance(MINUTE)
    assert office.deliver.run().ended == {State.SENT: 1}


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

    class Enrolling(Breaking):
        def send(self, batch: Sequence[Outgoing], fence: Callable[[int], bool]) -> Iterator[Outcome]:
            yield from self.office.channel.send(batch, fence)
            if not any(who.id == "new" for who in self.office.directory.employees()):
                self.office.directory.save([person("ana"), person("new")])
                self.office.clock.set(EARLY)
                self.office.plan.run()
                self.office.clock.set(LATE)

    deliver = office.worker("w2")
    deliver._channel = Enrolling(office, after=0)
    assert deliver.run().ended == {State.SENT: 2}
    assert states(office) == {"ana": State.SENT, "new": State.SENT}


class Slow(Breaking):
    """A channel that takes longer than a lease at first; another worker settles that meanwhile."""

    def send(self, batch: Sequence[Outgoing], fence: Callable[[int], bool]) -> Iterator[Outcome]:
        if self.after:
            self.after -= 1
            self.office.clock.advance(LEASE)
            assert self.office.ledger.recover(self.office.clock.now()) == (len(batch), 0)
        yield from self.office.channel.send(batch, fence)


@pytest.mark.parametrize("ends", [State.SENT, State.FAILED])
def test_a_worker_that_lost_its_lease_sends_nothing_and_counts_nothing(ends: State) -> None:
    office = office_at_work("ana")
    office.channel.replies["ana@universite.example"] = ends
    deliver = office.worker("w2")
    deliver._channel = Slow(office, after=1)
    assert deliver.run().ended == {ends: 1}
    assert office.row().attempts == 2
    assert len(office.channel.accepted) == (ends is State.SENT)


def test_an_answer_that_comes_too_late_to_an_attempt_that_is_not_ours_any_more_is_not_counted() -> None:
    office = office_at_work("ana")

    class Late(Breaking):
        def send(self, batch: Sequence[Outgoing], fence: Callable[[int], bool]) -> Iterator[Outcome]:
            self.office.clock.advance(LEASE)
            self.office.worker("w3")._ledger.recover(self.office.clock.now())
            assert self.office.worker("w3").run().ended == {State.SENT: 1}
            for message in batch:
                yield Outcome(
                    delivery=message.delivery,
                    attempt=message.attempt,
                    state=State.FAILED,
                    at=self.office.clock.now(),
                )

    deliver = office.worker("w2")
    deliver._channel = Late(office, after=0)
    assert deliver.run().total == 0
    assert (office.row().state, office.row().attempts) == (State.SENT, 2)


def test_a_whole_batch_whose_lease_was_lost_is_not_counted_when_the_server_is_down() -> None:
    office = office_at_work("ana")

    class Hanging(Breaking):
        def send(self, batch: Sequence[Outgoing], fence: Callable[[int], bool]) -> Iterator[Outcome]:
            self.office.clock.advance(LEASE)
            self.office.ledger.recover(self.office.clock.now())
            raise TransientFailure("hung up")

    deliver = office.worker("w2")
    deliver._channel = Hanging(office, after=0)
    report = deliver.run()
    assert (report.trouble, report.total) == ("hung up", 0)
    assert office.row().state == State.PLANNED
