"""Messages of unknown fate on each database: sent again as they were, held, settled, never called failed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest

from diffuse.adapters.sql.control import SqlControl
from diffuse.domain import planning
from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import MAX_RESENDS, Change, State, Touchpoint, Turn, judged
from diffuse.domain.delivery import Ending as Answer
from diffuse.domain.desk import Rules, Running
from diffuse.domain.events import Event, Kind
from diffuse.domain.period import Period
from diffuse.domain.schedule import Schedule
from diffuse.domain.standing import Standing, fold
from tests.suites.store.given import CLOSES, MINUTE, NOW, TODAY, Store, campaign, touchpoint

DAY = timedelta(days=1)
EVER = date(1, 1, 1)
NAME = "social-media"
SOON = Schedule(introduce_every=Period(days=30), resend_unopened_after=Period(days=2))
TOMORROW = Turn(
    publication=1,
    variant="legal",
    language="en",
    due_on=TODAY + DAY,
    due_at=NOW + DAY,
    not_after=CLOSES + DAY,
)


@pytest.fixture(autouse=True)
def people(store: Store) -> None:
    store.with_people("ana")


def lost(store: Store) -> None:
    """Send the employee's only message, and lose the answer."""
    store.plan(touchpoint())
    assert store.finish(store.sending(), State.UNKNOWN, reply="connection lost")


def planned_next(store: Store, one: Campaign, days: int) -> Sequence[Touchpoint]:
    """Return what a campaign would plan some days later; nothing is recorded."""
    now, held = NOW + days * DAY, store.hold()
    population = store.plans.population(held, {})
    messages = store.plans.messages(held, population, {NAME: EVER}, now.date() + 2 * DAY)
    store.record(held=held)
    teaching = planning.teaching(one)
    fresh = Standing.fresh(len(population) * len(one.repeated))
    running = Running(
        publication=1,
        campaign=one,
        holidays=(),
        standing=fold(fresh, messages.log(one, population), teaching),
        pending=messages.pending(one),
    )
    plan = planning.plan(
        now, population, [running], messages.taken([one], now), Rules(), lambda *key: f"<{key}@x>"
    )
    return plan.new


def again(store: Store, on_unknown: str, days: int = 2) -> list[tuple[str, int]]:
    one = replace(campaign(), schedule=SOON, on_unknown=on_unknown)
    return [(point.key_point, point.touch) for point in planned_next(store, one, days)]


def settle(store: Store, state: State) -> None:
    assert SqlControl(store.engine).settle([1], state, "ana", NOW + MINUTE).done == 1


# --- resend --------------------------------------------------------------------------------------


def test_a_copy_keeps_its_message_id_its_date_and_its_text_on_whichever_day_it_leaves(store: Store) -> None:
    lost(store)
    first = store.row(1)
    assert store.ledger.resend(NOW + MINUTE, [NAME]) == 1
    store.record(changes=[Change(id=1, state=State.PLANNED, delayed_by="late", turn=TOMORROW)])
    copy = store.sending(NOW + DAY)
    assert (copy.attempt, copy.ambiguous) == (2, 1)
    assert (copy.message_id, copy.dated_at) == (first["message_id"], NOW)
    assert (copy.publication, copy.variant, copy.language) == (1, "advice", "fr")
    row = store.row(1)
    assert (row["due_on"], row["not_after"]) == (TODAY + DAY, CLOSES + DAY)


def test_what_was_never_of_unknown_fate_takes_the_text_of_its_new_day(store: Store) -> None:
    store.plan(touchpoint())
    store.record(changes=[Change(id=1, state=State.PLANNED, delayed_by="late", turn=TOMORROW)])
    claimed = store.claim(NOW + DAY)
    assert (claimed.variant, claimed.language, claimed.ambiguous) == ("legal", "en", 0)


def test_what_was_settled_as_lost_may_take_another_text(store: Store) -> None:
    lost(store)
    settle(store, State.PLANNED)
    store.record(changes=[Change(id=1, state=State.PLANNED, delayed_by="late", turn=TOMORROW)])
    claimed = store.claim(NOW + DAY)
    assert (claimed.variant, claimed.ambiguous) == ("legal", 0)


@pytest.mark.parametrize("kind", [Kind.OPENED, Kind.CLICKED])
@pytest.mark.parametrize("held", [False, True])
def test_a_copy_is_spared_and_called_sent_once_something_comes_back(
    store: Store, kind: Kind, held: bool
) -> None:
    lost(store)
    store.ledger.resend(NOW + MINUTE, [NAME])
    if held:
        store.record(changes=[Change(id=1, state=State.HELD, reason="away")])
    store.hits.record(Event(delivery=1, kind=kind, at=NOW + 2 * MINUTE), TODAY)
    row = store.row(1)
    assert (row["state"], row["sent_at"], row["reached_on"]) == ("sent", NOW, TODAY)
    assert store.ledger.claim(NOW + 3 * MINUTE, token="w2", limit=9) == ()


def test_the_next_copy_in_another_wording_is_still_cancelled(store: Store) -> None:
    store.plan(touchpoint())
    store.sent()
    store.plan(touchpoint(touch=1, due_at=NOW + DAY, not_after=CLOSES + DAY))
    store.hits.record(Event(delivery=1, kind=Kind.OPENED, at=NOW + MINUTE), TODAY)
    assert [store.row(number)["state"] for number in (1, 2)] == ["sent", "cancelled"]


# --- an ambiguous history ------------------------------------------------------------------------

ENDINGS = (State.FAILED, State.PLANNED, State.UNKNOWN)


@pytest.mark.parametrize("history", [one for one in product(ENDINGS, repeat=3) if State.UNKNOWN in one])
def test_no_history_with_an_unknown_attempt_ends_in_failed(store: Store, history: Sequence[State]) -> None:
    store.plan(touchpoint(not_after=CLOSES + 9 * DAY))
    unknown = False
    for number, state in enumerate(history):
        now = NOW + number * 2 * DAY
        store.ledger.resend(now, [NAME])
        if store.row(1)["state"] != State.PLANNED:
            break
        claimed = store.sending(now)
        answer = Answer(delivery=1, attempt=claimed.attempt, state=state, reply="so it ended")
        store.ledger.turn(now, claimed.token, ended=[judged(claimed, answer, now)], wanted=(), lease=DAY)
        unknown |= state is State.UNKNOWN
        assert (store.row(1)["state"] == State.FAILED) <= (not unknown)
    assert store.row(1)["state"] == (State.UNKNOWN if unknown else State.FAILED)


def test_what_is_given_up_after_an_unknown_attempt_stays_unknown_with_the_reason(store: Store) -> None:
    lost(store)
    store.ledger.resend(NOW, [NAME])
    copy = store.sending()
    late = NOW + 25 * MINUTE * 60
    answer = Answer(delivery=1, attempt=2, state=State.PLANNED, reply="450 busy")
    store.ledger.turn(late, copy.token, ended=[judged(copy, answer, late)], wanted=(), lease=DAY)
    row = store.row(1)
    assert (row["state"], row["reason"]) == ("unknown", "given up after 24 hours: 450 busy")


@pytest.mark.parametrize("state", [State.CANCELLED, State.EXPIRED])
def test_a_copy_that_a_plan_ends_is_not_said_never_to_have_left(store: Store, state: State) -> None:
    lost(store)
    store.ledger.resend(NOW + MINUTE, [NAME])
    store.record(changes=[Change(id=1, state=state, reason="over")])
    row = store.row(1)
    assert (row["state"], row["reason"]) == ("unknown", "over")


def test_copies_that_plans_end_do_not_come_back_for_ever(store: Store) -> None:
    lost(store)
    for _ in range(MAX_RESENDS):
        assert store.ledger.resend(NOW + MINUTE, [NAME]) == 1
        store.record(changes=[Change(id=1, state=State.EXPIRED, reason="over")])
    assert store.ledger.resend(NOW + MINUTE, [NAME]) == 0
    assert store.row(1)["state"] == "unknown"


# --- hold ----------------------------------------------------------------------------------------


def test_only_a_campaign_that_goes_on_plans_more_of_what_is_unknown(store: Store) -> None:
    lost(store)
    assert again(store, "next_step", days=1) == []
    assert again(store, "next_step") == [("disclose", 1)]
    assert again(store, "hold", days=21) == again(store, "resend", days=20) == []


def test_a_campaign_that_waits_goes_on_with_other_key_points(store: Store) -> None:
    lost(store)
    assert again(store, "hold", days=36) == [("pause", 0)]


def test_a_campaign_that_waits_goes_on_once_it_is_settled_as_sent(store: Store) -> None:
    lost(store)
    settle(store, State.SENT)
    assert again(store, "hold") == [("disclose", 1)]


def test_what_is_settled_as_lost_leaves_again_and_nothing_else(store: Store) -> None:
    lost(store)
    settle(store, State.PLANNED)
    assert again(store, "hold") == []
    copy = store.claim(NOW + 2 * MINUTE)
    assert (copy.id, copy.attempt, copy.ambiguous) == (1, 2, 0)


def test_what_comes_back_settles_it_too(store: Store) -> None:
    lost(store)
    store.hits.record(Event(delivery=1, kind=Kind.CLICKED, at=NOW + DAY), TODAY + DAY)
    assert store.row(1)["state"] == "sent"
    assert ("disclose", 1) not in again(store, "hold", days=3)
