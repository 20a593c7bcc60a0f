"""Send windows: weekdays, hours in the employee's own zone, and days on which clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from diffuse.domain.window import WEEKDAYS, SendWindow, instant
from tests.unit.domain.given import campaign, refusal

NEVER_OPEN = "which is never open; expected an hour after 'opens' on the same day"
TORONTO, PARIS, LORD_HOWE = map(ZoneInfo, ("America/Toronto", "Europe/Paris", "Australia/Lord_Howe"))
CHANGES = {
    TORONTO: (date(2027, 3, 14), date(2027, 11, 7)),
    PARIS: (date(2027, 3, 28), date(2027, 10, 31)),
    LORD_HOWE: (date(2027, 10, 3), date(2027, 4, 4)),
}
"""For each zone the day on which an hour is skipped, and the one on which an hour comes twice."""

ZONES = st.sampled_from([*CHANGES, ZoneInfo("UTC"), ZoneInfo("Asia/Kathmandu"), ZoneInfo("Pacific/Apia")])
DAYS = st.dates(date(2011, 1, 1), date(2037, 12, 31)) | st.sampled_from(
    [day for days in CHANGES.values() for day in days] + [date(2011, 12, 30)]
)
NIGHT = st.times(max_value=time(4))
WINDOWS = (
    st.tuples(st.times() | NIGHT, st.times() | NIGHT)
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: SendWindow(opens=min(pair), closes=max(pair)))
)


def at(text: str, zone: ZoneInfo) -> datetime:
    """Read a local time that is written with its offset, and check that the zone agrees."""
    there = datetime.fromisoformat(text)
    assert there.astimezone(zone).isoformat() == text
    return there.astimezone(UTC)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"days": ()}, "days: no day; expected at least one weekday"),
        (
            {"days": ("monday", "Tuesday")},
            f"days[1]: 'Tuesday'; expected one of {', '.join(WEEKDAYS)}; did you mean 'tuesday'?",
        ),
        ({"days": ("lundi",)}, f"days[0]: 'lundi'; expected one of {', '.join(WEEKDAYS)}"),
        (
            {"opens": time(17), "closes": time(9)},
            f"closes: a window from 17:00 to 09:00, {NEVER_OPEN}",
        ),
        (
            {"opens": time(9), "closes": time(9)},
            f"closes: a window from 09:00 to 09:00, {NEVER_OPEN}",
        ),
    ],
)
def test_a_window_that_never_opens_is_refused(changes: dict[str, Any], text: str) -> None:
    assert refusal(lambda: SendWindow(**changes)) == text


def test_it_opens_on_its_weekdays_except_on_holidays() -> None:
    window = SendWindow(days=("monday", "friday"))
    week = [date(2027, 1, day) for day in range(11, 18)]
    assert [window.sends_on(day) for day in week] == [True, False, False, False, True, False, False]
    assert not window.sends_on(week[0], {week[0]})


def test_the_next_open_day_may_be_the_day_itself() -> None:
    window = SendWindow()
    friday, monday = date(2027, 12, 24), date(2027, 12, 27)
    assert window.next_day(friday) == friday
    assert window.next_day(friday, {friday}) == monday
    assert window.next_day(friday, {friday, monday}) == date(2027, 12, 28)


def test_a_year_without_an_open_day_is_refused() -> None:
    mondays = {date(2027, 1, 4) + timedelta(weeks=week) for week in range(60)}
    text = refusal(lambda: SendWindow(days=("monday",)).next_day(date(2027, 1, 4), mondays))
    assert text == "days: no open day within a year; expected fewer holidays"


def test_hours_are_those_of_the_employees_zone() -> None:
    opens, closes = SendWindow().hours(date(2027, 1, 11), TORONTO)
    assert (opens, closes) == (
        at("2027-01-11T09:00:00-05:00", TORONTO),
        at("2027-01-11T17:00:00-05:00", TORONTO),
    )
    assert SendWindow().hours(date(2027, 7, 12), TORONTO)[0] == at("2027-07-12T09:00:00-04:00", TORONTO)


@pytest.mark.parametrize(
    ("zone", "skipped", "first"),
    [
        (TORONTO, time(2, 30), "2027-03-14T03:00:00-04:00"),
        (TORONTO, time(2, 0), "2027-03-14T03:00:00-04:00"),
        (TORONTO, time(2, 0, 0, 1), "2027-03-14T03:00:00-04:00"),
        (TORONTO, time(2, 0, 0, 150_000), "2027-03-14T03:00:00-04:00"),
        (PARIS, time(2, 59, 59), "2027-03-28T03:00:00+02:00"),
        (LORD_HOWE, time(2, 15), "2027-10-03T02:30:00+11:00"),
        (LORD_HOWE, time(2, 29, 59, 999_999), "2027-10-03T02:30:00+11:00"),
    ],
)
def test_an_hour_that_clocks_skip_is_the_first_instant_after_the_gap(
    zone: ZoneInfo, skipped: time, first: str
) -> None:
    assert instant(CHANGES[zone][0], skipped, zone) == at(first, zone)
    assert instant(CHANGES[zone][0], skipped.replace(fold=1), zone) == at(first, zone)


def test_a_window_that_opens_inside_the_gap_opens_when_the_gap_ends() -> None:
    hours = SendWindow(opens=time(2, 30), closes=time(5)).hours(CHANGES[TORONTO][0], TORONTO)
    assert hours == (at("2027-03-14T03:00:00-04:00", TORONTO), at("2027-03-14T05:00:00-04:00", TORONTO))


def test_a_window_that_closes_inside_the_gap_closes_when_the_gap_begins() -> None:
    hours = SendWindow(opens=time(1), closes=time(2, 30)).hours(CHANGES[TORONTO][0], TORONTO)
    assert hours[1] == at("2027-03-14T03:00:00-04:00", TORONTO)
    assert hours[1] - hours[0] == timedelta(hours=1)


def test_a_window_inside_the_gap_does_not_open_that_day() -> None:
    opens, closes = SendWindow(opens=time(2, 10), closes=time(2, 50)).hours(CHANGES[TORONTO][0], TORONTO)
    assert opens == closes


@pytest.mark.parametrize(
    ("zone", "twice", "first", "second"),
    [
        (TORONTO, time(1, 30), "2027-11-07T01:30:00-04:00", "2027-11-07T01:30:00-05:00"),
        (PARIS, time(2, 0), "2027-10-31T02:00:00+02:00", "2027-10-31T02:00:00+01:00"),
        (LORD_HOWE, time(1, 45), "2027-04-04T01:45:00+11:00", "2027-04-04T01:45:00+10:30"),
    ],
)
def test_an_hour_that_comes_twice_is_the_first_one_unless_the_second_is_meant(
    zone: ZoneInfo, twice: time, first: str, second: str
) -> None:
    day = CHANGES[zone][1]
    assert instant(day, twice, zone) == at(first, zone)
    assert instant(day, twice.replace(fold=1), zone) == at(second, zone)


@pytest.mark.parametrize(
    ("opens", "closes", "hours"),
    [
        (time(0, 30), time(1, 30), ("2027-11-07T00:30:00-04:00", "2027-11-07T01:30:00-04:00")),
        (time(1, 30), time(2, 30), ("2027-11-07T01:30:00-05:00", "2027-11-07T02:30:00-05:00")),
        (time(1, 10), time(1, 50), ("2027-11-07T01:10:00-04:00", "2027-11-07T01:50:00-04:00")),
        (time(0, 30), time(2, 30), ("2027-11-07T00:30:00-04:00", "2027-11-07T02:30:00-05:00")),
    ],
)
def test_a_window_over_the_hour_that_comes_twice_is_never_open_outside_its_hours(
    opens: time, closes: time, hours: tuple[str, str]
) -> None:
    first, last = SendWindow(opens=opens, closes=closes).hours(CHANGES[TORONTO][1], TORONTO)
    assert (first, last) == (at(hours[0], TORONTO), at(hours[1], TORONTO))


@given(WINDOWS, DAYS, ZONES, st.floats(0, 1, exclude_max=True))
def test_every_instant_of_a_window_lies_within_its_local_hours(
    window: SendWindow, day: date, zone: ZoneInfo, share: float
) -> None:
    opens, closes = window.hours(day, zone)
    assert opens <= closes
    assume(opens < closes)
    local = min(opens + (closes - opens) * share, closes - timedelta(microseconds=1)).astimezone(zone)
    assert local.date() == day
    assert window.opens <= local.time() < window.closes


@given(DAYS, st.times(), ZONES)
def test_a_local_hour_that_exists_is_met_to_the_microsecond(day: date, hour: time, zone: ZoneInfo) -> None:
    there = instant(day, hour, zone)
    local = there.astimezone(zone)
    assert there.utcoffset() == timedelta()
    assert (local.date(), local.time()) >= (day, hour)
    if (local.date(), local.time()) > (day, hour):
        just_before = (there - timedelta(microseconds=1)).astimezone(zone)
        assert just_before.utcoffset() != local.utcoffset()


def test_the_window_of_a_campaign_is_that_of_office_hours_unless_said_otherwise() -> None:
    assert campaign().send_window == SendWindow(days=WEEKDAYS[:5], opens=time(9), closes=time(17))
