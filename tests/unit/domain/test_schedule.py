"""Ladders: when a key point returns, and when it rests."""

import itertools
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.domain.schedule import NEVER, Schedule, Progress
from diffuse.domain.period import Period
from tests.unit.domain.given import refusal

LADDER = Schedule(
    intervals=(Period(), Period(days=3), Period(days=10), Period(months=1), Period(months=3)),
    introduce_every=Period(days=3),
    resend_unopened_after=Period(days=4),
    max_resends=2,
)


def one(**columns: Any) -> Progress:  # noqa: ANN401 -- any column
    """The progress of a single pair that entered on the first Monday of 2027."""
    values: dict[str, Any] = {
        "enters": "2027-01-04",
        "step": -1,
        "tries": 0,
        "sent": NEVER,
        "reached": NEVER,
        "waiting": False,
    }
    kinds = {"step": np.int64, "tries": np.int64, "waiting": np.bool_}
    return Progress(
        **{
            name: np.array([value], dtype=kinds.get(name, "datetime64[D]"))
            for name, value in (values | columns).items()
        }
    )


def due(progress: Progress, schedule: Schedule = LADDER) -> tuple[str, int]:
    days, steps = schedule.next(progress)
    return str(days[0]), int(steps[0])


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


def test_no_pairs_have_nothing_due() -> None:
    days, steps = LADDER.next(Progress.fresh(np.array([], dtype="datetime64[D]")))
    assert (len(days), len(steps)) == (0, 0)


def test_pairs_do_not_influence_each_other() -> None:
    columns = [
        one(),
        one(step=0, tries=1, sent="2027-01-05", reached="2027-01-06"),
        one(step=2, tries=1, sent="2027-01-05"),
        one(waiting=True),
    ]
    together = Progress(
        **{
            name: np.concatenate([getattr(row, name) for row in columns])
            for name in Progress.__dataclass_fields__
        }
    )
    days, steps = LADDER.next(together)
    assert [(str(day), int(step)) for day, step in zip(days, steps, strict=True)] == [
        due(row) for row in columns
    ]


PERIODS = st.builds(Period, days=st.integers(0, 40)) | st.builds(Period, months=st.integers(0, 6))
LADDERS = st.lists(PERIODS, min_size=1, max_size=6).map(
    lambda periods: Schedule(intervals=tuple(sorted(periods, key=lambda period: period.about)))
)


@given(
    LADDERS,
    st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    st.lists(st.integers(0, 20), min_size=6, max_size=6),
)
def test_along_a_climb_due_days_never_shrink_and_each_step_comes_once(
    schedule: Schedule, enters: date, delays: list[int]
) -> None:
    progress, before, steps = one(enters=enters), np.datetime64(enters, "D"), []
    for delay in delays:
        days, step = schedule.next(progress)
        if np.isnat(days[0]):
            break
        assert days[0] >= before
        steps.append(int(step[0]))
        before = days[0] + np.timedelta64(delay, "D")
        progress = one(enters=enters, step=step[0], tries=1, sent=days[0], reached=before)
    assert steps == list(range(len(schedule.intervals)))


@given(LADDERS, st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 4))
def test_waits_grow_along_a_climb_without_delay(schedule: Schedule, enters: date, step: int) -> None:
    waits = []
    for number in range(step, len(schedule.intervals) - 1):
        days, _ = schedule.next(one(step=number, tries=1, sent=enters, reached=enters))
        waits.append(days[0] - np.datetime64(enters, "D"))
    # A month has 28 days at least and 31 at most; the ladder is ordered by its mean length.
    assert all(later + np.timedelta64(3, "D") >= earlier for earlier, later in itertools.pairwise(waits))
