"""Ladders: when a key point returns, and when it rests."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffuse.domain.memory import WEIGHTS
from diffuse.domain.period import NEVER, Period
from diffuse.domain.rhythm import Circumstances, candidates
from diffuse.domain.schedule import Schedule
from diffuse.domain.standing import Standing
from tests.unit.domain.given import refusal

LADDER = Schedule(
    intervals=(Period(), Period(days=3), Period(days=10), Period(months=1), Period(months=3)),
    introduce_every=Period(days=3),
    resend_unopened_after=Period(days=4),
    max_resends=2,
)


SPAN = 1600
"""Days that are looked at; longer than any ladder here."""


def one(**columns: Any) -> dict[str, Any]:  # noqa: ANN401 -- any column
    """A single pair that entered on the first Monday of 2027."""
    values: dict[str, Any] = {
        "enters": "2027-01-04",
        "step": -1,
        "tries": 0,
        "sent": NEVER,
        "reached": NEVER,
        "waiting": False,
    }
    return values | columns


def due(pair: dict[str, Any], schedule: Schedule = LADDER, away: int = 0) -> tuple[str, int]:
    """The first day on which a pair asks for a message, and its step."""
    begins = np.datetime64(pair["enters"], "D")
    standing = Standing.fresh(SPAN)
    for name in ("step", "tries", "sent", "reached", "waiting"):
        getattr(standing, name)[:] = pair[name]
    around = Circumstances(today=begins + np.arange(SPAN), enters=np.full(SPAN, begins), away=away)
    asked = candidates(schedule, standing, around)
    days = np.flatnonzero(asked.due)
    assert asked.due[days[0] :].all() if len(days) else True
    return str(around.today[days[0]] if len(days) else NEVER), int(asked.step[0])


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"intervals": ()}, "intervals: no interval; expected at least one, such as '0 days'"),
        (
            {"intervals": (Period(), Period(months=1), Period(days=30))},
            "intervals[2]: 30 days after 1 month; expected intervals that never shrink",
        ),
        ({"resend_unopened_after": Period()}, "resend_unopened_after: no wait; expected at least '1 day'"),
        ({"max_resends": -1}, "max_resends: -1; expected 0 or more"),
        (
            {"policy": "budgetted"},
            "policy: 'budgetted'; expected one of fixed, fsrs, budgeted; did you mean 'budgeted'?",
        ),
        (
            {"desired_retention": 1.0},
            "desired_retention: 1; expected a probability between 0 and 1, such as 0.8",
        ),
        ({"weights": (1.0,)}, "weights: 1 weights; expected 21, or none"),
        ({"weights": (200.0, *WEIGHTS[1:])}, "weights[0]: 200; expected a number from 0.001 to 100"),
        ({"learning_steps": (Period(),)}, "learning_steps[0]: 0 days; expected at least '1 day'"),
    ],
)
def test_a_ladder_that_cannot_be_climbed_is_refused(changes: dict[str, Any], text: str) -> None:
    assert refusal(lambda: Schedule(**changes)) == text


def test_the_first_message_waits_for_the_first_interval_after_the_entry() -> None:
    assert due(one()) == ("2027-01-04", 0)
    assert due(one(), Schedule(intervals=(Period(days=2),))) == ("2027-01-06", 0)


def test_a_step_waits_from_the_day_on_which_the_one_before_was_reached() -> None:
    assert due(one(step=0, tries=1, sent="2027-01-04", reached="2027-01-08")) == ("2027-01-11", 1)
    assert due(one(step=1, tries=3, sent="2027-01-11", reached="2027-01-12")) == ("2027-01-22", 2)


def test_months_on_the_ladder_keep_the_day_or_take_the_last_one() -> None:
    assert due(one(step=2, tries=1, sent="2027-01-29", reached="2027-01-31")) == ("2027-02-28", 3)
    assert due(one(step=3, tries=1, sent="2027-11-29", reached="2027-11-30")) == ("2028-02-29", 4)


def test_an_unopened_message_returns_at_the_same_step_and_never_advances() -> None:
    assert due(one(step=0, tries=1, sent="2027-01-05")) == ("2027-01-09", 0)
    assert due(one(step=3, tries=2, sent="2027-01-05")) == ("2027-01-09", 3)


@pytest.mark.parametrize("max_resends", [0, 1, 2, 5])
def test_a_step_is_sent_again_at_most_so_often_and_then_rests(max_resends: int) -> None:
    schedule = Schedule(max_resends=max_resends)
    for tries in range(1, max_resends + 1):
        assert due(one(step=1, tries=tries, sent="2027-01-05"), schedule) == ("2027-01-09", 1)
    assert due(one(step=1, tries=max_resends + 1, sent="2027-01-05"), schedule) == ("NaT", 1)


def test_a_key_point_that_rests_goes_on_when_it_is_reached_after_all() -> None:
    assert due(one(step=1, tries=3, sent="2027-01-05", reached="2027-06-01")) == ("2027-06-11", 2)


def test_nothing_is_due_while_a_message_waits() -> None:
    assert due(one(waiting=True))[0] == "NaT"
    assert due(one(step=1, tries=1, sent="2027-01-05", waiting=True))[0] == "NaT"
    assert due(one(step=1, tries=1, sent="2027-01-05", reached="2027-01-05", waiting=True))[0] == "NaT"


def test_the_top_of_the_ladder_is_the_end() -> None:
    assert due(one(step=4, tries=1, sent="2027-01-05", reached="2027-01-05")) == ("NaT", 5)
    assert due(one(step=4, tries=1, sent="2027-01-05")) == ("2027-01-09", 4)


def test_key_points_enter_one_after_the_other() -> None:
    start = np.array(["2027-01-04", "2027-01-04", "2027-02-01", "NaT"], dtype="datetime64[D]")
    position = np.array([0, 2, 1, 1])
    assert [str(day) for day in LADDER.enters(start, position)] == [
        "2027-01-04",
        "2027-01-10",
        "2027-02-04",
        "NaT",
    ]
    monthly = Schedule(introduce_every=Period(months=1))
    assert [str(day) for day in monthly.enters(start, position)][:2] == ["2027-01-04", "2027-03-04"]
    assert (start == np.array(["2027-01-04", "2027-01-04", "2027-02-01", "NaT"], dtype="M8[D]"))[:3].all()


def test_late_key_points_enter_even_when_their_wait_could_not_be_written() -> None:
    start = np.array(["2027-01-04"], dtype="datetime64[D]")
    slow = Schedule(introduce_every=Period(days=9000))
    assert (slow.enters(start, np.array([2])) - start).astype(int).tolist() == [18_000]


def test_an_absence_makes_every_wait_longer_by_its_days() -> None:
    assert due(one(step=0, tries=1, sent="2027-01-04", reached="2027-01-08"), away=5) == ("2027-01-16", 1)
    assert due(one(step=0, tries=1, sent="2027-01-05"), away=5) == ("2027-01-14", 0)


def test_the_other_policies_wait_twice_as_long_each_time_instead_of_giving_up() -> None:
    for policy in ("fsrs", "budgeted"):
        patient = Schedule(
            policy=policy, resend_unopened_after=Period(days=4), max_resends=1, min_gain_days=0
        )
        days = [due(one(step=0, tries=tries, sent="2027-01-05"), patient)[0] for tries in (1, 2, 3, 4)]
        assert days == ["2027-01-09", "2027-01-13", "2027-01-21", "2027-02-06"]


PERIODS = st.builds(Period, days=st.integers(0, 40)) | st.builds(Period, months=st.integers(0, 6))
LADDERS = st.lists(PERIODS, min_size=1, max_size=6).map(
    lambda periods: Schedule(intervals=tuple(sorted(periods, key=lambda period: period.about)))
)


@settings(max_examples=40)
@given(
    LADDERS,
    st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    st.lists(st.integers(0, 20), min_size=6, max_size=6),
)
def test_along_a_climb_due_days_never_shrink_and_each_step_comes_once(
    schedule: Schedule, enters: date, delays: list[int]
) -> None:
    pair, before = one(enters=enters), np.datetime64(enters, "D")
    steps = []
    for delay in delays:
        day, step = due(pair, schedule)
        if day == "NaT":
            break
        assert np.datetime64(day) >= before
        steps.append(step)
        before = np.datetime64(day, "D") + np.timedelta64(delay, "D")
        pair = one(enters=enters, step=step, tries=1, sent=day, reached=before)
    assert steps == list(range(len(schedule.intervals)))
