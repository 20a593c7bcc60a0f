"""Duties that pass on: who stands in for whom, from when to when, and what keeps a duty from being safe."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.domain.people import Absence, Employee
from diffuse.domain.succession import (
    GONE,
    LEFT,
    NOBODY,
    UNASKED,
    Duty,
    Handover,
    People,
    gap,
    handovers,
    merged,
    renewed,
    standing_in,
)
from diffuse.errors import AuthoringError

NOW = datetime(2027, 3, 10, 15, tzinfo=UTC)
TODAY = date(2027, 3, 10)
DUTY = Duty(role="crisis-cell", duty="Answer the press", holder="ana", substitute="bob")
DAYS = st.dates(date(2027, 1, 1), date(2027, 3, 31))


def employee(name: str, ends: date | None = None, time_zone: str = "America/Toronto") -> Employee:
    return Employee(
        id=name, name=name.title(), email=f"{name}@universite.example", ends=ends, time_zone=time_zone
    )


def away(name: str, starts: int, ends: int) -> Absence:
    """An absence, in days from today."""
    return Absence(employee=name, starts=TODAY + timedelta(days=starts), ends=TODAY + timedelta(days=ends))


def people(*absences: Absence, left: date | None = None) -> People:
    known = {"ana": employee("ana", ends=left), "bob": employee("bob"), "eve": employee("eve")}
    return People(employees=known, absences=absences, now=NOW)


@st.composite
def absences(draw: st.DrawFn) -> Absence:
    starts = draw(DAYS)
    return Absence(
        employee=draw(st.sampled_from(["ana", "bob"])),
        starts=starts,
        ends=starts + timedelta(days=draw(st.integers(0, 30))),
    )


def days(found: "tuple[Absence, ...] | list[Absence]") -> set[tuple[str, date]]:
    return {
        (one.employee, one.starts + timedelta(days=n))
        for one in found
        for n in range((one.ends - one.starts).days + 1)
    }


def test_a_duty_is_its_holders_while_they_are_there() -> None:
    assert list(handovers([DUTY], people(away("ana", 1, 5), away("ana", -9, -1)))) == []


@pytest.mark.parametrize(("starts", "ends"), [(-3, 4), (0, 0), (0, 9), (-9, 0)])
def test_a_duty_is_the_substitutes_from_the_first_day_of_an_absence_to_the_last(
    starts: int, ends: int
) -> None:
    (passed,) = handovers([DUTY], people(away("ana", starts, ends)))
    assert passed == Handover(
        holder="ana",
        substitute="bob",
        duties=(DUTY,),
        starts=TODAY + timedelta(days=starts),
        ends=TODAY + timedelta(days=ends),
    )


def test_all_duties_that_pass_from_one_to_another_are_one_handover() -> None:
    more = Duty(role="author", duty="Write", holder="ana", substitute="bob")
    (both,) = handovers([DUTY, more], people(away("ana", 0, 4)))
    (alone,) = handovers([DUTY], people(away("ana", 0, 4)))
    assert both.words == "Answer the press; Write"
    assert both.key != alone.key


def test_who_has_left_hands_over_for_good() -> None:
    (passed,) = handovers([DUTY], people(left=TODAY - timedelta(days=1)))
    assert (passed.starts, passed.ends) == (TODAY, None)


def test_an_absence_begins_on_the_holders_own_day() -> None:
    known = {"ana": employee("ana", time_zone="Pacific/Auckland"), "bob": employee("bob")}
    late = People(employees=known, absences=[away("ana", 1, 1)], now=NOW)
    assert [one.starts for one in handovers([DUTY], late)] == [TODAY + timedelta(days=1)]


def test_nobody_acts_when_both_are_away_or_nobody_is_named() -> None:
    alone = Duty(role="crisis-cell", duty="Answer the press", holder="ana")
    assert list(handovers([DUTY], people(away("ana", 0, 2), away("bob", 0, 0)))) == []
    assert list(handovers([alone], people(away("ana", 0, 2)))) == []


def test_a_prolonged_absence_is_one_handover_and_a_second_absence_another() -> None:
    keys = [next(handovers([DUTY], people(away("ana", *span)))).key for span in ((-2, 1), (-2, 8), (-1, 8))]
    assert keys[0] == keys[1] != keys[2]


def test_a_named_substitute_learns_the_role_before_it_is_needed() -> None:
    more = Duty(role="community-manager", duty="Moderate", holder="eve", substitute="bob")
    alone = Duty(role="author", duty="Write", holder="eve")
    assert standing_in([DUTY, more, alone]) == {"bob": {"crisis-cell", "community-manager"}}


def test_what_keeps_a_duty_from_being_safe_is_said() -> None:
    alone = Duty(role="crisis-cell", duty="Answer the press", holder="ana")
    strange = Duty(role="crisis-cell", duty="Answer the press", holder="ana", substitute="zoe")
    assert gap(alone, people(), 3, 0) == NOBODY
    assert gap(strange, people(), 3, 0) == GONE
    later = people(away("ana", 5, 9), away("bob", 1, 6))
    assert gap(DUTY, later, 3, 0) == "holder and substitute are both away from 2027-03-15 to 2027-03-16"
    assert gap(DUTY, people(left=TODAY - timedelta(days=1)), 3, 0) == LEFT
    assert gap(DUTY, people(away("bob", 0, 1)), 3, 0) == ""
    assert gap(DUTY, people(), 0, 0) == UNASKED
    assert gap(DUTY, people(), 3, 2) == "the substitute has not acknowledged 2 of the role's 3 key points"
    assert gap(DUTY, people(), 3, 0) == ""


def test_nobody_stands_in_for_themselves_and_a_duty_has_words() -> None:
    with pytest.raises(AuthoringError) as refused:
        Duty(role="crisis-cell", duty="", holder="ana", substitute="ana")
    assert [problem.path for problem in refused.value.problems] == [("duty",), ("substitute",)]


def test_an_absence_may_end_on_the_last_day_there_is() -> None:
    forever = Absence(employee="ana", starts=TODAY, ends=date.max)
    assert merged([forever, away("ana", 3, 4)]) == (forever,)


@given(st.lists(absences(), max_size=8))
def test_joined_absences_cover_the_same_days_and_never_touch(found: list[Absence]) -> None:
    joined = merged(found)
    assert days(joined) == days(found)
    for one, other in pairwise(joined):
        assert one.employee < other.employee or other.starts > one.ends + timedelta(days=1)


@given(st.lists(absences(), max_size=6), st.lists(absences(), max_size=6), DAYS)
def test_a_new_list_leaves_the_past_and_replaces_what_is_to_come(
    kept: list[Absence], listed: list[Absence], today: date
) -> None:
    after = days(renewed(merged(kept), listed, {"ana": today, "bob": today}))
    assert {one for one in after if one[1] >= today} == {one for one in days(listed) if one[1] >= today}
    assert {one for one in days(kept) if one[1] < today} <= after
