"""Lengths of time as people write them."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.domain.period import LONGEST, Period
from diffuse.errors import AuthoringError
from tests.unit.domain.given import refusal

DATES = st.dates(date(1990, 1, 1), date(2100, 12, 31))
WRITTEN = st.builds(
    lambda amount, unit: f"{amount} {unit}",
    st.integers(0, LONGEST // 12),
    st.sampled_from(["days", "weeks", "months", "years"]),
)


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("0 days", Period()),
        ("1 day", Period(days=1)),
        (" 2 days ", Period(days=2)),
        ("3 weeks", Period(days=21)),
        ("1 week", Period(days=7)),
        ("6 months", Period(months=6)),
        ("2 years", Period(months=24)),
    ],
)
def test_a_length_is_read_as_people_write_it(text: str, period: Period) -> None:
    assert Period.parse(text) == period


@pytest.mark.parametrize(
    "text",
    ["", "2", "2d", "1.5 days", "-1 days", "two days", "2  days", "2 days ago", "10000 days", "٢ days"],
)
def test_anything_else_is_refused(text: str) -> None:
    assert refusal(lambda: Period.parse(text)) == (
        f"{text!r} is not a length of time; expected a length such as '2 days', '3 weeks' or '6 months'"
    )


@pytest.mark.parametrize("text", ["9999 weeks", "9999 years"])
def test_a_length_that_could_not_be_written_again_is_refused(text: str) -> None:
    assert (
        refusal(lambda: Period.parse(text)) == f"{text!r} is too long; expected at most 9999 days or months"
    )


@pytest.mark.parametrize("changes", [{"days": LONGEST + 1}, {"months": LONGEST + 1}, {"days": 10**19}])
def test_a_length_from_python_is_bounded_like_a_written_one(changes: dict[str, int]) -> None:
    text = refusal(lambda: Period(**changes))
    assert text.endswith("is too long; expected at most 9999 days or months")
    assert Period.parse(str(Period(days=LONGEST))) == Period(days=LONGEST)


def test_negative_lengths_are_refused() -> None:
    assert refusal(lambda: Period(days=-1)).startswith("a negative length (-1 days, 0 months); expected")
    assert refusal(lambda: Period(months=-2)).startswith("a negative length (0 days, -2 months); expected")


def test_a_length_of_months_and_days_is_refused_because_nothing_writes_it() -> None:
    assert refusal(lambda: Period(days=3, months=1)).startswith("a length of 1 months and 3 days; expected")


@given(WRITTEN)
def test_what_is_written_is_read_back_equal(text: str) -> None:
    period = Period.parse(text)
    assert Period.parse(str(period)) == period


def test_one_is_singular() -> None:
    assert [str(Period(days=n)) for n in (0, 1, 2)] == ["0 days", "1 day", "2 days"]
    assert [str(Period(months=n)) for n in (1, 2)] == ["1 month", "2 months"]


@pytest.mark.parametrize(
    ("day", "months", "after"),
    [
        (date(2027, 1, 15), 1, date(2027, 2, 15)),
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2027, 2, 28), 1, date(2027, 3, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2027, 12, 31), 1, date(2028, 1, 31)),
    ],
)
def test_months_keep_the_day_or_take_the_last_one(day: date, months: int, after: date) -> None:
    assert Period(months=months).after(day) == after


@given(DATES, st.integers(0, 9999))
def test_days_are_counted_one_by_one(day: date, days: int) -> None:
    assert Period(days=days).after(day) == day + timedelta(days=days)


@given(DATES, st.integers(1, 1200))
def test_months_later_is_that_month_and_no_later_day(day: date, months: int) -> None:
    after = Period(months=months).after(day)
    assert (after.year * 12 + after.month) - (day.year * 12 + day.month) == months
    assert after.day == day.day or (after.day < day.day and (after + timedelta(days=1)).day == 1)


@given(DATES, DATES, st.integers(0, 60))
def test_the_order_of_days_survives(one: date, other: date, months: int) -> None:
    first, last = sorted((one, other))
    assert Period(months=months).after(first) <= Period(months=months).after(last)


@pytest.mark.parametrize("period", [Period(days=3), Period(months=3)])
def test_no_day_stays_no_day(period: Period) -> None:
    moved = period.after_each(np.array(["NaT", "2027-01-31"], dtype="datetime64[D]"))
    assert np.isnat(moved).tolist() == [True, False]
    assert moved.dtype == "datetime64[D]"


def test_lengths_compare_by_about_how_many_days_they_are() -> None:
    assert Period(days=30).about < Period(months=1).about < Period(days=31).about


def test_a_period_is_frozen() -> None:
    with pytest.raises(AttributeError):
        Period(days=1).days = 2  # type: ignore[misc]
    assert isinstance(AuthoringError.of("x"), Exception)
