"""Mail beside the intranet: which audiences get it at all, and when it is only a fall-back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from diffuse.domain.attention import Taken
from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import State
from diffuse.domain.desk import Rules, Running
from diffuse.domain.pending import Pending
from diffuse.domain.people import Audience, Employee
from diffuse.domain.period import Period
from diffuse.domain.planning import DROPPED, Plan, plan, teaching
from diffuse.domain.population import Population
from diffuse.domain.schedule import Schedule, Targets
from diffuse.domain.standing import Standing, fold
from tests.unit.domain.given import MONDAY, employee, key_point, policy
from tests.unit.domain.given import campaign as plain
from tests.unit.domain.simulation import message_id
from tests.unit.domain.test_standing import log

DAY = timedelta(days=1)
EARLY = datetime(2027, 1, 11, 6, tzinfo=UTC)
"""One in the morning in Quebec, on the first Monday."""

FIVE_DAYS = {"channels": ("wordpress", "email"), "fall_back_after": Period(days=5)}
NOTHING = Taken(
    employee=np.array([], dtype=np.int64),
    campaign=np.array([], dtype=np.int64),
    day=np.array([], dtype="datetime64[D]"),
    counts=np.array([], dtype=np.bool_),
)


def campaign(*points: Any, **changes: Any) -> Campaign:  # noqa: ANN401 -- any field
    some = tuple(key_point(one) if isinstance(one, str) else one for one in points or ("a",))
    return plain(**{"policies": (policy(key_points=some),)} | changes)


def planned(
    one: Campaign,
    day: int,
    *events: dict[str, int],
    people: tuple[Employee, ...] = (),
    posted: dict[str, date] | None = None,
    **more: Any,  # noqa: ANN401 -- any field of Running
) -> Plan:
    """Plan a day, counted from the first Monday; events are those of ``log``, from the Monday before."""
    population = Population.of(people or (employee(),))
    fresh = Standing.fresh(len(population) * len(one.repeated))
    standing = fold(fresh, log(*events), teaching(one))
    running = Running(
        publication=1, campaign=one, holidays=(), standing=standing, posted=posted or {}, **more
    )
    return plan(EARLY + day * DAY, population, [running], NOTHING, Rules(), message_id)


def mailed(one: Campaign, day: int, *events: dict[str, int], **more: Any) -> list[str]:  # noqa: ANN401
    return [new.key_point for new in planned(one, day, *events, **more).new if new.state is State.PLANNED]


def first_day(one: Campaign, *events: dict[str, int], **more: Any) -> int:  # noqa: ANN401
    return next(day for day in range(60) if mailed(one, day, *events, **more))


# --- channels by audience


def test_only_audiences_with_mail_among_their_channels_get_it() -> None:
    board = Audience(id="board", roles=("board",), channels=("teams",))
    one = campaign(key_point("x", audience="board"), "a", audiences=(board,), channels=("email",))
    assert mailed(one, 0, people=(employee(roles=("board",)),)) == ["a"]
    other = campaign(
        key_point("x", audience="board"),
        "a",
        audiences=(replace(board, channels=("email",)),),
        channels=("teams",),
    )
    assert mailed(other, 0, people=(employee(roles=("board",)),)) == ["x"]
    assert mailed(other, 0) == []


def test_a_campaign_without_mail_plans_nothing_and_reminds_no_manager() -> None:
    targets = Targets(acknowledged_by=MONDAY + 2 * DAY, escalate="manager")
    one = campaign(channels=("wordpress",), targets=targets)
    for day in range(40):
        found = planned(one, day)
        assert (found.new, found.reminders) == ([], [])


def test_what_is_planned_for_an_audience_that_gets_no_mail_any_more_is_dropped() -> None:
    pending = replace(
        Pending.none(),
        id=np.array([7]),
        employee=np.array([0]),
        key_point=["a"],
        point=np.array([0]),
        touch=np.array([0]),
        held=np.array([False]),
        not_after=np.array([2**62]),
        due_on=np.array([MONDAY], dtype="datetime64[D]"),
        wanted_on=np.array([MONDAY], dtype="datetime64[D]"),
        reason=[""],
        occasion=[""],
    )
    (change,) = planned(campaign(channels=("wordpress",)), 0, pending=pending).changes
    assert (change.id, change.state, change.reason) == (7, State.CANCELLED, DROPPED)


@pytest.mark.parametrize("channels", [("email", "wordpress"), ("wordpress", "email")])
def test_without_a_fall_back_mail_goes_out_as_if_it_were_alone(channels: tuple[str, ...]) -> None:
    assert first_day(campaign(channels=channels)) == first_day(campaign()) == 0


def test_mail_before_a_platform_that_is_the_fall_back_does_not_wait() -> None:
    assert first_day(campaign(channels=("email", "wordpress"), fall_back_after=Period(days=5))) == 0


# --- mail as the fall-back


def test_mail_waits_for_so_long_after_the_day_on_which_its_key_point_was_wanted() -> None:
    one = campaign("a", "b", **FIVE_DAYS | {"fall_back_after": Period(days=7)})
    assert [mailed(one, day) for day in (6, 7)] == [[], ["a"]]
    assert mailed(one, 9, {"employee": 0, "point": 0, "due": 14}) == []
    assert mailed(one, 10, {"employee": 0, "point": 0, "due": 14}) == ["b"]


def test_mail_waits_after_the_day_on_which_the_post_came() -> None:
    one = campaign(**FIVE_DAYS)
    assert first_day(one, posted={"a": MONDAY + 3 * DAY}) == 8
    assert mailed(one, 20, posted={"a": MONDAY + 20 * DAY}) == []


@pytest.mark.parametrize("policy", ["fixed", "fsrs", "budgeted"])
def test_the_first_interval_is_not_waited_for_twice(policy: str) -> None:
    schedule = Schedule(policy=policy, intervals=(Period(days=2), Period(days=9)))
    wanted = 2 if policy == "fixed" else 0
    one = campaign(**FIVE_DAYS | {"schedule": schedule, "fall_back_after": Period(days=7)})
    assert first_day(one) == wanted + 7


@pytest.mark.parametrize("policy", ["fixed", "fsrs", "budgeted"])
def test_not_even_a_deadline_brings_a_fall_back_forward(policy: str) -> None:
    targets = Targets(acknowledged_by=MONDAY + 9 * DAY)
    one = campaign(
        **FIVE_DAYS
        | {"targets": targets, "schedule": Schedule(policy=policy), "fall_back_after": Period(days=7)}
    )
    assert first_day(one) == 7


@pytest.mark.parametrize("policy", ["fixed", "fsrs", "budgeted"])
def test_whoever_has_seen_the_post_early_gets_no_mail_before_the_others(policy: str) -> None:
    one = campaign(**FIVE_DAYS | {"schedule": Schedule(policy=policy), "fall_back_after": Period(days=7)})
    seen = {"touch": 0, "step": 0, "due": 7, "opened": 7, "posted": 1}
    assert all(mailed(one, day, seen) == [] for day in range(7))
    assert any(mailed(one, day, seen) == ["a"] for day in range(7, 60))


def test_whoever_has_acknowledged_is_never_mailed_and_the_others_are() -> None:
    one, people = campaign(**FIVE_DAYS), (employee("ana"), employee("bob"))
    given = {"touch": 0, "due": 7, "opened": 7, "acknowledged": 8, "posted": 1}
    for day in range(60):
        new = planned(one, day, given, people=people).new
        assert {each.employee for each in new} <= {"bob"}
    assert first_day(one, given, people=people) == 7


def test_what_asks_for_no_acknowledgement_is_not_mailed_to_whoever_has_met_it() -> None:
    one = campaign(key_point("a", acknowledge=False), **FIVE_DAYS)
    seen = {"touch": 0, "due": 7, "opened": 7, "posted": 1}
    assert all(mailed(one, day, seen) == [] for day in range(60))
    assert first_day(one) == 7  # the fifth day is a Saturday


def test_a_text_that_has_changed_since_it_was_acknowledged_is_mailed_after_the_new_post() -> None:
    one = campaign(**FIVE_DAYS)
    old = {"touch": 0, "due": 7, "acknowledged": 8, "posted": 1, "stale": 1}
    assert first_day(one, old, posted={"a": MONDAY + 21 * DAY}) == 28  # the 26th is a Saturday


def test_a_new_employee_is_mailed_from_their_first_day_on_as_the_post_stands_already() -> None:
    new = employee(starts=MONDAY + 21 * DAY)
    assert first_day(campaign(**FIVE_DAYS), people=(new,)) == 21


def test_each_audience_falls_back_by_its_own_channels() -> None:
    board = Audience(id="board", roles=("board",), channels=("email", "teams"))
    one = campaign(key_point("x", audience="board"), "a", audiences=(board,), **FIVE_DAYS)
    member = (employee(roles=("board",)),)
    assert mailed(one, 0, people=member) == ["x"]
    sent = {"employee": 0, "point": 0, "due": 12, "opened": 12}
    later = [mailed(one, day, sent, people=member) for day in range(8)]
    assert [day for day, points in enumerate(later) if "a" in points] == [7]
