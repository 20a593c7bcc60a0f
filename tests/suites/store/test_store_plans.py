"""The port of planners on each database: chunks, what is read for a plan, and recording it."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy.exc import IntegrityError

from diffuse.adapters.sql.chunks import LEASE
from diffuse.adapters.sql.plans import SqlPlans
from diffuse.domain.delivery import Change, State, Turn
from diffuse.domain.events import Event, Kind
from diffuse.domain.messages import STATES, Messages
from diffuse.domain.pending import Occasion
from diffuse.domain.population import NEVER_YET, Population, bucket, micros
from diffuse.domain.standing import Standing
from diffuse.ports import Chunk, Kept, LeaseLost
from tests.suites.store.given import CLOSES, MINUTE, NOW, TODAY, Store, person, together, touchpoint

DAY = timedelta(days=1)
EVER = date(1, 1, 1)


@pytest.fixture(autouse=True)
def people(store: Store) -> None:
    store.with_people("ana", "bob", "cyd")


def seen(store: Store, cut: date = EVER) -> Messages:
    held = store.hold()
    population = store.plans.population(held, {})
    messages = store.plans.messages(held, population, {"social-media": cut}, TODAY + 2 * DAY)
    store.record(held=held)
    return messages


def test_planning_again_adds_nothing(store: Store) -> None:
    store.plan(touchpoint(), touchpoint(employee="bob"))
    again = [touchpoint(due_at=NOW + MINUTE), touchpoint(employee="cyd"), touchpoint(employee="bob")]
    assert store.record(*again).added == 1
    assert store.ledger.counts() == {"social-media": {"planned": 3}}
    assert store.row(1)["due_at"] == NOW


def test_a_delivery_for_nobody_is_refused_and_nothing_is_recorded(store: Store) -> None:
    with pytest.raises(IntegrityError):
        store.record(touchpoint(), touchpoint(employee="nobody"))
    assert store.ledger.counts() == {}


def test_a_delivery_keeps_its_bucket_its_day_and_why_it_is_held(store: Store) -> None:
    store.plan(touchpoint(state=State.HELD, reason="the employee is away", wanted_on=TODAY - DAY))
    row = store.row(1)
    assert (row["state"], row["reason"], row["wanted_on"]) == ("held", "the employee is away", TODAY - DAY)
    assert (row["bucket"], row["delayed_by"]) == (bucket("ana"), "")


def test_what_is_held_is_planned_for_its_day_and_what_has_left_stays_as_it_is(store: Store) -> None:
    store.plan(touchpoint(), touchpoint(employee="bob", state=State.HELD, reason="away"))
    store.sent()
    turn = Turn(
        publication=1,
        variant="advice",
        language="fr",
        due_on=TODAY + DAY,
        due_at=NOW + DAY,
        not_after=CLOSES + DAY,
    )
    changes = [Change(id=n, state=State.PLANNED, delayed_by="away", turn=turn) for n in (1, 2)]
    assert store.record(changes=changes).changed == {State.PLANNED: 1}
    row = store.row(2)
    assert (row["state"], row["reason"], row["delayed_by"]) == ("planned", "", "away")
    assert (row["due_on"], row["due_at"], row["not_after"]) == (TODAY + DAY, NOW + DAY, CLOSES + DAY)
    assert store.row(1)["due_on"] == TODAY


def test_what_is_pending_is_cancelled_with_its_reason(store: Store) -> None:
    store.plan(touchpoint(), touchpoint(employee="bob"), touchpoint(employee="cyd", state=State.HELD))
    store.claim()
    changes = [Change(id=n, state=State.CANCELLED, reason="left") for n in (1, 2, 3, 99)]
    assert store.record(changes=changes).changed == {State.CANCELLED: 2}
    assert store.ledger.counts() == {"social-media": {"cancelled": 2, "claimed": 1}}


def test_a_plan_is_made_from_every_message_and_what_came_back(store: Store) -> None:
    store.plan(touchpoint(), touchpoint(employee="bob", state=State.HELD, reason="away"))
    store.sent()
    store.hits.record(Event(delivery=1, kind=Kind.CLICKED, at=NOW + MINUTE), TODAY)
    store.hits.record(Event(delivery=1, kind=Kind.OPENED, at=NOW + 2 * MINUTE), TODAY)
    store.hits.record(Event(delivery=1, kind=Kind.ANSWERED, at=NOW + 2 * MINUTE, detail="1:right"), TODAY)
    messages = seen(store)
    order = np.argsort(messages.employee)  # a database gives rows in whatever order it has them
    assert messages.employee[order].tolist() == [0, 1]
    assert [STATES[number] for number in messages.state[order]] == [State.SENT, State.HELD]
    assert messages.opened[order].tolist() == [micros(NOW + MINUTE), NEVER_YET]
    assert messages.right[order].tolist() == [True, False]
    assert [messages.reason[place] for place in order.tolist()] == ["", "away"]


def test_from_a_day_on_only_what_is_new_pending_or_heard_of_is_read(store: Store) -> None:
    old = TODAY - 30 * DAY
    for place, name in enumerate(("ana", "bob", "cyd")):
        store.plan(touchpoint(employee=name, due_on=old, due_at=NOW - MINUTE))
        if place < 2:
            store.sent()
    store.plan(touchpoint(touch=1))
    assert sorted(seen(store).id.tolist()) == [1, 2, 3, 4]
    assert sorted(seen(store, TODAY - 3 * DAY).id.tolist()) == [3, 4]
    store.hits.record(Event(delivery=2, kind=Kind.OPENED, at=NOW + MINUTE), TODAY)
    assert sorted(seen(store, TODAY - 3 * DAY).id.tolist()) == [2, 3, 4]


def test_a_standing_is_kept_and_read_again_to_the_last_bit(store: Store) -> None:
    standing = Standing.fresh(6)
    standing.memory.stability[:2] = [np.pi, np.nan]
    standing.sent[0] = np.datetime64("2026-09-01")
    kept = Kept(digest="d", cut=TODAY, employees=("ana", "bob"), standing=standing)
    held = store.hold()
    store.record(standings={"social-media": kept}, held=held)
    store.record(standings={"social-media": kept})
    back = store.plans.kept(held, "social-media")
    assert back is not None
    assert (back.digest, back.cut, list(back.employees)) == ("d", TODAY, ["ana", "bob"])
    assert back.standing.memory.stability[0] == np.pi
    assert back.standing.sent.tolist()[0] == date(2026, 9, 1)
    assert back.standing.touch.dtype == np.int64
    assert store.plans.kept(held, "another") is None


def test_employees_come_with_the_roles_that_they_have_for_others(store: Store) -> None:
    store.directory.save([person("ana", roles=("author",)), person("zoe", ends=TODAY)])
    held = store.hold()
    population = store.plans.population(held, {"bob": {"crisis-cell"}})
    assert list(population.ids) == ["ana", "bob", "cyd", "zoe"]
    assert population.roles == [("author",), (), (), ()]
    assert population.acting == [(), ("crisis-cell",), (), ()]
    assert population.ends.tolist() == [None, None, None, TODAY]
    assert isinstance(population, Population)


def occasions(store: Store) -> list[Occasion]:
    held = store.hold()
    found = store.plans.occasions(held)
    store.record(held=held)
    return list(found)


HANDOVER = Occasion(
    key="handover:1", campaign="social-media", kind="handover", employee="bob", about="ana", since=TODAY
)


def test_an_occasion_is_kept_once_and_is_done_when_its_message_has_left(store: Store) -> None:
    for _ in range(2):
        store.plans.ask([HANDOVER, replace(HANDOVER, key="handover:2", about="cyd")])
    assert [(each.key, each.touch) for each in occasions(store)] == [("handover:1", 0), ("handover:2", 0)]
    store.plan(touchpoint(employee="bob", occasion="handover:1"))
    assert len(occasions(store)) == 2  # it is checked again until it leaves
    store.sent()
    assert [(each.key, each.touch) for each in occasions(store)] == [("handover:2", 1)]


def test_an_occasion_that_is_not_asked_for_any_more_is_over_until_it_is_asked_for_again(store: Store) -> None:
    store.plans.ask([HANDOVER, replace(HANDOVER, key="reminder:1", kind="reminder")])
    store.plans.ask([], only="handover")
    holds = {each.key: each.holds_on(TODAY) for each in occasions(store)}
    assert holds == {"handover:1": False, "reminder:1": True}
    longer = replace(HANDOVER, until=TODAY + 9 * DAY)
    store.plans.ask([longer], only="handover")
    assert longer in occasions(store)


# --- chunks ---------------------------------------------------------------------------------------


def test_a_chunk_is_planned_once_until_its_day_comes_or_something_changes(store: Store) -> None:
    store.record()
    assert store.plans.claim(NOW + MINUTE, "w") is None
    assert isinstance(store.plans.claim(NOW + DAY, "w"), Chunk)
    store.directory.save([person("dan")])
    assert store.plans.claim(NOW + DAY + MINUTE, "w") is None  # somebody holds it
    assert isinstance(store.plans.claim(NOW + DAY + LEASE, "w"), Chunk)


def test_what_changes_while_a_chunk_is_planned_has_it_planned_again(store: Store) -> None:
    held = store.hold()
    store.directory.save([person("dan")])
    store.record(held=held)
    assert isinstance(store.plans.claim(NOW + MINUTE, "w"), Chunk)


def test_a_planner_that_lost_its_chunk_records_nothing(store: Store) -> None:
    slow = store.hold("slow")
    quick = store.plans.claim(NOW + LEASE, "quick")
    assert quick is not None
    with pytest.raises(LeaseLost):
        store.record(touchpoint(), held=slow)
    assert store.ledger.counts() == {}


def test_planners_at_once_take_different_chunks_which_hold_everybody_once(store: Store) -> None:
    store.directory.save([person(f"p{number}") for number in range(60)])
    plans = SqlPlans(store.engine, size=10)
    plans.lay_out(NOW)

    def work(place: int) -> list[str]:
        mine: list[str] = []
        while held := plans.claim(NOW, f"w{place}"):
            mine += plans.population(held, {}).ids
        return mine

    counted = Counter(name for names in together(4, work) for name in names)
    assert len(counted) == 63
    assert set(counted.values()) == {1}


def test_planners_at_once_cut_once_and_take_nothing_from_each_other(store: Store) -> None:
    for size in (1000, 2, 1000, 2):
        plans = SqlPlans(store.engine, size=size)

        def work(place: int, plans: SqlPlans = plans) -> Chunk | None:
            plans.lay_out(NOW)
            return plans.claim(NOW, f"w{place}")

        taken = [one for one in together(4, work) if one]
        assert len(taken) == len({one.first for one in taken}) == (2 if size == 2 else 1)


def test_another_number_of_employees_asks_for_another_cut(store: Store) -> None:
    plans = SqlPlans(store.engine, size=2)
    plans.lay_out(NOW)
    held = []
    while one := plans.claim(NOW, "w"):
        held.append((one.first, one.last))
    assert held == [(0, 32767), (32768, 65535)]
    SqlPlans(store.engine).lay_out(NOW)
    assert plans.claim(NOW, "w") == Chunk(first=0, last=65535, revision=1, token="w")


def test_instants_are_given_with_their_zone(store: Store) -> None:
    with pytest.raises(TypeError):
        store.record(touchpoint(due_at=datetime(2026, 9, 14, 9)))  # noqa: DTZ001 -- the point of the test
    assert store.ledger.counts() == {}
