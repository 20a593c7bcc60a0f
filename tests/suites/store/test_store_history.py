"""What the planner reads from the ledger, on each database."""

from datetime import timedelta

import numpy as np
import pytest

from diffuse.domain.delivery import State, Touchpoint
from diffuse.domain.events import Event, Kind
from diffuse.domain.planning import History
from diffuse.domain.schedule import NEVER
from tests.suites.store.given import NOW, TODAY, Store, touchpoint

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def people(store: Store) -> None:
    store.with_people("ana", "bob")


def on(day: int, **changes: object) -> Touchpoint:
    """A touchpoint so many days from now."""
    later = day * DAY
    return touchpoint(due_on=TODAY + later, due_at=NOW + later, not_after=NOW + later + DAY / 4, **changes)


def facts(history: History) -> list[tuple[object, ...]]:
    columns = (history.touch, history.step, history.tries, history.sent, history.reached, history.waiting)
    values = zip(*(column.tolist() for column in columns), strict=True)
    return [
        pair + row
        for pair, row in zip(zip(history.employee, history.key_point, strict=True), values, strict=True)
    ]


def test_nothing_planned_is_an_empty_history(store: Store) -> None:
    history = store.ledger.history("social-media")
    assert facts(history) == []
    assert [str(column.dtype) for column in (history.sent, history.touch, history.waiting)] == [
        "datetime64[D]",
        "int64",
        "bool",
    ]


def test_a_planned_message_waits(store: Store) -> None:
    store.plan(on(0))
    assert facts(store.ledger.history("social-media")) == [("ana", "disclose", 0, 0, 1, TODAY, None, True)]


@pytest.mark.parametrize(
    ("state", "waits"), [(State.SENT, False), (State.FAILED, False), (State.UNKNOWN, False)]
)
def test_a_message_that_has_left_waits_no_longer(store: Store, state: State, waits: bool) -> None:
    store.plan(on(0))
    claimed = store.sending()
    assert facts(store.ledger.history("social-media"))[0][-1] is True
    store.finish(claimed, state)
    assert facts(store.ledger.history("social-media")) == [("ana", "disclose", 0, 0, 1, TODAY, None, waits)]


def test_tries_count_the_messages_of_the_last_step(store: Store) -> None:
    for day, step in enumerate((0, 1, 1, 1)):
        store.plan(on(day, touch=day, step=step))
        store.sent(NOW + day * DAY)
    history = store.ledger.history("social-media")
    assert facts(history) == [("ana", "disclose", 3, 1, 3, TODAY + 3 * DAY, None, False)]


def test_a_cancelled_message_counts_only_for_the_touch(store: Store) -> None:
    store.plan(on(0))
    store.sent()
    store.plan(on(1, touch=1))
    store.ledger.cancel(["ana"], "a pause")
    store.plan(on(2, touch=2))
    assert facts(store.ledger.history("social-media")) == [
        ("ana", "disclose", 2, 0, 2, TODAY + 2 * DAY, None, True)
    ]
    store.ledger.cancel(["ana"], "a pause")
    assert facts(store.ledger.history("social-media")) == [("ana", "disclose", 2, 0, 1, TODAY, None, False)]


def test_a_pair_with_only_cancelled_messages_keeps_its_touch(store: Store) -> None:
    store.plan(on(0), on(1, touch=1))
    store.ledger.cancel(["ana"], "a pause")
    history = store.ledger.history("social-media")
    assert facts(history) == [("ana", "disclose", 1, -1, 0, None, None, False)]
    assert np.isnat(history.sent).all()
    assert history.sent.dtype == np.array([NEVER]).dtype


def test_reached_is_the_day_on_which_the_last_message_was_reached_first(store: Store) -> None:
    store.plan(on(0))
    claimed = store.sent()
    for late in (2, 3):
        store.hits.record(
            Event(delivery=claimed.id, kind=Kind.OPENED, at=NOW + late * DAY), TODAY + late * DAY
        )
    assert facts(store.ledger.history("social-media"))[0][-2] == TODAY + 2 * DAY
    store.plan(on(4, touch=1, step=1))
    assert facts(store.ledger.history("social-media"))[0][-2] is None


def test_a_first_copy_that_is_opened_late_counts_for_its_step_and_not_for_the_next_one(store: Store) -> None:
    for day, step in enumerate((0, 0, 1)):
        store.plan(on(day, touch=day, step=step))
        store.sent(NOW + day * DAY)
        if day == 1:
            store.hits.record(Event(delivery=1, kind=Kind.OPENED, at=NOW + DAY), TODAY + DAY)
            assert facts(store.ledger.history("social-media")) == [
                ("ana", "disclose", 1, 0, 2, TODAY + DAY, TODAY + DAY, False)
            ]
    assert facts(store.ledger.history("social-media")) == [
        ("ana", "disclose", 2, 1, 1, TODAY + 2 * DAY, None, False)
    ]


def test_a_copy_that_has_not_left_is_cancelled_when_the_one_before_is_opened_after_all(store: Store) -> None:
    store.plan(on(0))
    first = store.sent()
    store.plan(on(4, touch=1), on(4, touch=0, key_point="other"))
    store.hits.record(Event(delivery=first.id, kind=Kind.OPENED, at=NOW + 3 * DAY), TODAY + 3 * DAY)
    copy, other = (store.row(number) for number in (2, 3))
    assert (copy["state"], copy["reason"]) == ("cancelled", "an earlier copy was opened in the meantime")
    assert other["state"] == "planned"
    assert facts(store.ledger.history("social-media"))[0] == (
        *("ana", "disclose", 1, 0, 1),
        *(TODAY, TODAY + 3 * DAY, False),
    )


def test_pairs_come_by_employee_and_key_point_of_that_campaign_alone(store: Store) -> None:
    store.plan(on(0, employee="bob"), on(0, key_point="pause"), on(0), on(0, campaign="ai", touch=5))
    history = store.ledger.history("social-media")
    pairs = list(zip(history.employee, history.key_point, strict=True))
    assert pairs == [("ana", "disclose"), ("ana", "pause"), ("bob", "disclose")]
    assert store.ledger.history("ai").touch.tolist() == [5]


def test_the_load_counts_what_left_or_may_still_leave_over_all_campaigns(store: Store) -> None:
    ends = {0: State.SENT, 1: State.UNKNOWN, 2: State.FAILED}
    for touch, state in ends.items():
        store.plan(on(touch, touch=touch))
        store.finish(store.sending(NOW + touch * DAY), state)
    store.plan(on(3, touch=3, employee="bob"))
    store.ledger.cancel(["bob"], "a pause")
    store.plan(on(4, touch=4, campaign="ai"))
    load = store.ledger.load(TODAY)
    assert sorted(zip(load.employee, load.day.tolist(), strict=True)) == [
        ("ana", TODAY),
        ("ana", TODAY + DAY),
        ("ana", TODAY + 4 * DAY),
    ]
    assert store.ledger.load(TODAY + DAY).day.tolist() == [TODAY + DAY, TODAY + 4 * DAY]
    assert store.ledger.load(TODAY + 9 * DAY).day.dtype == "M8[D]"
