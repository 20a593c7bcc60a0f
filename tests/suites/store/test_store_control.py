"""The control port on each database: what stands still, and what operators decide about deliveries."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from diffuse.adapters.sql import control as module
from diffuse.adapters.sql.control import SqlControl
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.tables import chunk, delivery
from diffuse.domain.control import EVERYTHING, Standstill, Stop
from diffuse.domain.delivery import LEASE, State
from diffuse.ports import Settled
from tests.suites.store.given import CLOSES, MINUTE, NOW, Store, campaign, touchpoint

ESSAI = "social-media"
OTHER = "other"
NAMES = ("ana", "bob", "cyd")
LATER = NOW + LEASE + MINUTE
PLANNED = {"state": "planned", "reason": ""}


@pytest.fixture(autouse=True)
def people(store: Store) -> None:
    store.with_people(*NAMES)
    store.publications.publish(campaign(OTHER), {}, NOW)


@pytest.fixture
def control(store: Store) -> SqlControl:
    return SqlControl(store.engine)


@pytest.fixture
def planned(store: Store) -> Store:
    """Three deliveries of one campaign, one of another."""
    store.plan(*(touchpoint(employee=name) for name in NAMES))
    store.plan(touchpoint(campaign=OTHER, publication=2))
    return store


def states(store: Store, campaign: str = ESSAI) -> list[str]:
    statement = select(delivery.c.state).where(delivery.c.campaign == campaign).order_by(delivery.c.id)
    with reading(store.engine) as connection:
        return list(connection.scalars(statement))


def revision(store: Store) -> int:
    with reading(store.engine) as connection:
        return int(connection.scalars(select(chunk.c.revision)).one())


def claimed(store: Store) -> list[str]:
    return [one.campaign for one in store.ledger.claim(NOW, token="w9", limit=9)]


def unknown(store: Store, *names: str) -> None:
    """Let deliveries come to an end that nobody knows."""
    store.plan(*(touchpoint(employee=name) for name in names))
    for _ in names:
        assert store.finish(store.sending(), State.UNKNOWN, reply="no answer")


# --- a campaign that stands still -----------------------------------------------------------------------


def test_a_paused_campaign_is_held_with_the_reason_and_others_go_on(
    planned: Store, control: SqlControl
) -> None:
    assert control.pause(ESSAI, "wrong link", NOW) == 3
    assert control.stops() == (Stop(campaign=ESSAI, state=Standstill.PAUSED, reason="wrong link", since=NOW),)
    assert states(planned) == ["held"] * 3
    assert planned.row(1)["reason"] == "paused by an operator: wrong link"
    assert claimed(planned) == [OTHER]


def test_a_pause_without_a_reason_is_one_all_the_same(planned: Store, control: SqlControl) -> None:
    control.pause(ESSAI, "", NOW)
    assert planned.row(1)["reason"] == "paused by an operator"
    assert control.resume(ESSAI, NOW) == 3


def test_a_resumed_campaign_goes_on_and_is_planned_anew(planned: Store, control: SqlControl) -> None:
    control.pause(ESSAI, "", NOW)
    before = revision(planned)
    assert control.resume(ESSAI, NOW) == 3
    assert (control.stops(), revision(planned)) == ((), before + 1)
    assert {name: planned.row(1)[name] for name in PLANNED} == PLANNED
    assert sorted(claimed(planned)) == [OTHER, ESSAI, ESSAI, ESSAI]


def test_what_the_planner_holds_is_held_when_the_pause_is_over(store: Store, control: SqlControl) -> None:
    store.plan(touchpoint(state=State.HELD, reason="the employee is away"), touchpoint(employee="bob"))
    assert control.pause(ESSAI, "", NOW) == 1
    assert control.resume(ESSAI, NOW) == 1
    assert [store.row(number)["state"] for number in (1, 2)] == ["held", "planned"]
    assert store.row(1)["reason"] == "the employee is away"


def test_what_a_worker_has_in_hand_is_not_touched_by_a_pause(planned: Store, control: SqlControl) -> None:
    in_hand = planned.claim()
    assert control.pause(ESSAI, "", NOW) == 2
    assert planned.finish(in_hand, State.PLANNED, reply="421 later")
    assert control.enforce(NOW) == 1
    assert states(planned) == ["held"] * 3


def test_a_stop_is_enforced_only_while_it_is_young(planned: Store, control: SqlControl) -> None:
    control.pause(ESSAI, "", NOW)
    with writing(planned.engine) as connection:
        connection.execute(update(delivery).values(state=State.PLANNED))
    assert control.enforce(NOW + timedelta(hours=2)) == 0
    assert claimed(planned) == [OTHER]
    assert control.enforce(NOW + timedelta(minutes=59)) == 3


def test_a_second_pause_keeps_the_first_reason(planned: Store, control: SqlControl) -> None:
    control.pause(ESSAI, "first", NOW)
    assert control.pause(ESSAI, "second", LATER) == 0
    assert [(one.reason, one.since) for one in control.stops()] == [("first", NOW)]


def test_a_cancelled_campaign_keeps_what_has_left_and_cancels_the_rest(
    store: Store, control: SqlControl
) -> None:
    store.plan(touchpoint())
    store.sent()
    store.plan(
        touchpoint(employee="bob"),
        touchpoint(employee="cyd", state=State.HELD, reason="the employee is away"),
    )
    control.pause(ESSAI, "wait", NOW)
    assert control.cancel(ESSAI, "over", LATER) == 2
    assert states(store) == ["sent", "cancelled", "cancelled"]
    assert store.row(2)["reason"] == "cancelled by an operator: over"
    assert [(one.state, one.since) for one in control.stops()] == [(Standstill.CANCELLED, LATER)]


def test_a_cancelled_campaign_is_neither_paused_nor_resumed(planned: Store, control: SqlControl) -> None:
    control.cancel(ESSAI, "", NOW)
    assert (control.pause(ESSAI, "", NOW), control.resume(ESSAI, NOW)) == (0, 0)
    assert [one.state for one in control.stops()] == [Standstill.CANCELLED]


def test_a_lifted_cancellation_leaves_nothing_behind_that_would_be_sent(
    planned: Store, control: SqlControl
) -> None:
    in_hand = planned.claim()
    control.cancel(ESSAI, "", NOW)
    assert planned.finish(in_hand, State.PLANNED, reply="421 later")
    before = revision(planned)
    assert control.lift(ESSAI, LATER)
    assert (states(planned), control.stops(), revision(planned)) == (["cancelled"] * 3, (), before + 1)
    assert not control.lift(ESSAI, LATER)


def test_a_pause_is_not_lifted_by_another_launch(planned: Store, control: SqlControl) -> None:
    control.pause(ESSAI, "", NOW)
    assert not control.lift(ESSAI, NOW)
    assert [one.state for one in control.stops()] == [Standstill.PAUSED]


def test_more_than_one_lot_is_changed_whole(
    planned: Store, control: SqlControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOT", 1)
    monkeypatch.setattr(module, "FOUND", 2)
    assert control.pause(ESSAI, "", NOW) == 3
    assert states(planned) == ["held"] * 3
    assert control.resume(ESSAI, NOW) == 3
    assert control.cancel(ESSAI, "", NOW) == 3


# --- everything stands still ----------------------------------------------------------------------------


def test_while_everything_is_halted_nothing_is_claimed_until_it_is_confirmed(
    planned: Store, control: SqlControl
) -> None:
    control.halt("the clock has jumped", NOW)
    control.halt("another reason", LATER)
    stop = Stop(campaign=EVERYTHING, state=Standstill.HALTED, reason="the clock has jumped", since=NOW)
    assert control.stops() == (stop,)
    assert claimed(planned) == []
    before = revision(planned)
    assert control.confirm(LATER) == stop
    assert (control.confirm(LATER), revision(planned)) == (None, before + 1)
    assert len(claimed(planned)) == 4


def test_a_halt_changes_no_delivery_and_is_not_enforced_on_any(planned: Store, control: SqlControl) -> None:
    control.halt("", NOW)
    assert control.enforce(NOW) == 0
    assert states(planned) == ["planned"] * 3


# --- single deliveries ----------------------------------------------------------------------------------


def test_deliveries_are_listed_by_state_and_campaign(planned: Store, control: SqlControl) -> None:
    found = control.waiting(State.PLANNED, limit=9)
    assert [(one.id, one.campaign, one.employee) for one in found] == [
        (1, ESSAI, "ana"),
        (2, ESSAI, "bob"),
        (3, ESSAI, "cyd"),
        (4, OTHER, "ana"),
    ]
    assert [one.id for one in control.waiting(State.PLANNED, OTHER, limit=9)] == [4]
    assert [one.id for one in control.waiting(State.PLANNED, limit=2)] == [1, 2]
    assert control.waiting(State.UNKNOWN, limit=9) == ()


def test_a_listed_delivery_says_what_happened_to_it(store: Store, control: SqlControl) -> None:
    unknown(store, "ana")
    (one,) = control.waiting(State.UNKNOWN, limit=9)
    assert (one.state, one.reason, one.attempt, one.since) == (State.UNKNOWN, "no answer", 1, NOW)
    assert (one.key_point, one.due_at) == ("disclose", NOW)


def test_what_was_accepted_is_sent_since_its_dot_and_the_log_names_who_said_so(
    store: Store, control: SqlControl
) -> None:
    unknown(store, "ana")
    assert control.settle([1], State.SENT, "ana.roy", LATER) == Settled(done=1, others={})
    row = store.row(1)
    assert (row["state"], row["sent_at"], row["reason"]) == (
        "sent",
        NOW,
        "ana.roy says that it was accepted",
    )
    assert store.attempts()[-1] == (1, "sent", "ana.roy says that it was accepted")


def test_what_was_lost_is_due_at_once_with_a_date_of_its_own(store: Store, control: SqlControl) -> None:
    unknown(store, "ana")
    later = NOW + timedelta(hours=2)
    assert control.settle([1], State.PLANNED, "ana.roy", later) == Settled(done=1, others={})
    row = store.row(1)
    assert (row["state"], row["due_at"], row["dated_at"], row["ambiguous"]) == ("planned", later, None, 0)
    assert store.attempts()[-1][1] == "planned"
    again = store.claim(later)
    assert (again.attempt, again.dated_at, again.ambiguous) == (2, later, 0)
    assert store.fence(again, later)
    assert store.finish(again, State.FAILED, reply="550 no")
    assert store.row(1)["state"] == "failed"


def test_only_what_is_unknown_is_settled_and_the_rest_is_counted(store: Store, control: SqlControl) -> None:
    unknown(store, "ana")
    store.plan(touchpoint(employee="bob"))
    store.sent()
    store.plan(touchpoint(employee="cyd"))
    done = control.settle([1, 2, 3, 77], State.SENT, "x", NOW)
    assert done == Settled(done=1, others={State.SENT: 1, State.PLANNED: 1}, missing=(77,))
    assert states(store) == ["sent", "sent", "planned"]
    assert control.settle([1], State.PLANNED, "x", NOW) == Settled(done=0, others={State.SENT: 1})


def test_nothing_of_a_cancelled_campaign_is_planned_again_but_what_arrived_is_sent(
    store: Store, control: SqlControl
) -> None:
    unknown(store, "ana", "bob")
    control.cancel(ESSAI, "", NOW)
    assert control.settle([1], State.PLANNED, "x", NOW) == Settled(done=0, others={State.UNKNOWN: 1})
    assert control.settle([2], State.SENT, "x", NOW).done == 1


def test_a_retry_plans_what_failed_and_only_that(store: Store, control: SqlControl) -> None:
    store.plan(*(touchpoint(employee=name) for name in NAMES))
    store.plan(touchpoint(campaign=OTHER, publication=2, employee="bob"))
    for number in (1, 2, 4):
        held = store.claim()
        assert store.finish(held, State.FAILED if number != 2 else State.PLANNED, retry_at=CLOSES)
    before = states(store), states(store, OTHER)
    assert before == (["failed", "planned", "failed"], ["planned"])
    later = NOW + timedelta(hours=30)
    assert control.retry(ESSAI, "ana.roy", later) == 2
    assert states(store) == ["planned"] * 3
    assert store.row(1)["due_at"] == later
    assert store.row(1)["reason"] == "ana.roy asks for another attempt"
    assert store.row(1)["dated_at"] is None
    assert store.attempts()[-1] == (1, "planned", "ana.roy asks for another attempt")
    assert control.retry(ESSAI, "ana.roy", later) == 0


def test_nothing_of_a_cancelled_campaign_is_tried_again(store: Store, control: SqlControl) -> None:
    store.plan(touchpoint())
    assert store.finish(store.claim(), State.FAILED)
    control.cancel(ESSAI, "", NOW)
    assert control.retry(ESSAI, "x", NOW) == 0


def test_what_may_have_arrived_once_is_of_unknown_fate_when_its_campaign_is_cancelled(
    store: Store, control: SqlControl
) -> None:
    store.plan(touchpoint())
    store.finish(store.sending(), State.UNKNOWN, reply="connection lost")
    assert store.ledger.resend(NOW, [ESSAI]) == 1
    assert control.cancel(ESSAI, "", NOW) == 1
    assert store.row(1)["state"] == "unknown"
