"""The attention budget: whom we may write to, which campaign goes first, and why the others wait."""

from collections.abc import Sequence
from datetime import date, time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.domain.attention import Attention, EasyDays, QuietHours, Taken, Wishes, allow, words
from diffuse.domain.population import code
from diffuse.domain.window import SendWindow
from tests.unit.domain.given import refusal

TODAY = np.datetime64("2027-01-13", "D")
"""A Wednesday."""


def taken(*days: tuple[int, int]) -> Taken:
    """Messages, each as an employee's row and so many days before today."""
    rows = np.array(days, dtype=np.int64).reshape(-1, 2)
    return Taken(
        employee=rows[:, 0],
        campaign=np.full(len(rows), -1),
        day=TODAY - rows[:, 1],
        counts=np.ones(len(rows), dtype=np.bool_),
    )


def wishes(*employees: int, rank: int = 0, priority: int = 5, budget: int = 3, last: int = 0) -> Wishes:
    n = len(employees)
    return Wishes(
        employee=np.array(employees, dtype=np.int64),
        rank=np.full(n, rank),
        urgent=np.full(n, rank >= 2),
        absent=np.zeros(n, dtype=np.bool_),
        served_last=np.full(n, TODAY - last),
        priority=priority,
        budget=budget,
        easy_days=EasyDays(),
    )


def rulings(
    *of: Wishes, load: Taken | None = None, people: int = 2, rules: Attention | None = None
) -> list[list[str]]:
    """What is said to each wish; nothing where it may go."""
    rules = rules or Attention()
    days = np.full(people, TODAY)
    codes = np.array([code(f"e{n}") for n in range(people)], dtype=np.uint32)
    names = [f"campaign-{n}" for n in range(len(of))]
    said = allow(of, days, codes, load or taken(), rules)
    return [
        [words(one, names, wish, rules) for one in ruling.tolist()]
        for wish, ruling in zip(of, said, strict=True)
    ]


def test_what_nothing_speaks_against_goes() -> None:
    assert rulings(wishes(0, 1)) == [["", ""]]
    assert rulings(wishes()) == [[]]


def test_nobody_gets_a_second_message_on_a_day_unless_the_organisation_allows_it() -> None:
    assert rulings(wishes(0, 1), load=taken((0, 0))) == [["1 message on that day already", ""]]
    assert rulings(wishes(0), load=taken((0, 0)), rules=Attention(max_per_day=2)) == [[""]]


def test_a_full_week_blocks_the_campaign_whose_budget_is_used_up_and_no_other() -> None:
    load = taken((0, 1), (0, 6))
    assert rulings(wishes(0, budget=2), load=load) == [["2 messages in seven days already"]]
    assert rulings(wishes(0, budget=3), load=load) == [[""]]
    assert rulings(wishes(0, budget=2), load=taken((0, 1), (0, 7))) == [[""]]


def test_days_between_two_messages_are_kept() -> None:
    rules = Attention(min_gap_days=3)
    assert rulings(wishes(0), load=taken((0, 2)), rules=rules) == [["fewer than 3 days from another message"]]
    assert rulings(wishes(0), load=taken((0, -2)), rules=rules)[0] != [""]
    assert rulings(wishes(0), load=taken((0, 3)), rules=rules) == [[""]]


def test_the_more_urgent_campaign_goes_then_the_higher_priority_then_the_one_not_heard_of_for_longest() -> (
    None
):
    assert rulings(wishes(0, priority=9), wishes(0, rank=2)) == [["campaign-1 goes first"], [""]]
    assert rulings(wishes(0), wishes(0, priority=6)) == [["campaign-1 goes first"], [""]]
    assert rulings(wishes(0, last=3), wishes(0, last=4)) == [["campaign-1 goes first"], [""]]
    assert rulings(wishes(0), wishes(0)) == [[""], ["campaign-0 goes first"]]


def test_two_campaigns_share_a_day_that_holds_two_messages_and_never_more_than_the_week() -> None:
    rules = Attention(max_per_day=2)
    assert rulings(wishes(0), wishes(0), rules=rules) == [[""], [""]]
    assert rulings(wishes(0), wishes(0), rules=rules, load=taken((0, 1), (0, 2)))[1] == [
        "campaign-0 goes first"
    ]


def test_on_an_easy_day_half_of_the_people_are_spared_and_another_half_next_time() -> None:
    crowd = 400
    spared = []
    for week in range(3):
        rules = Attention(easy_days=EasyDays(wednesday="reduced"))
        days = np.full(crowd, TODAY + 7 * week)
        codes = np.array([code(f"e{n}") for n in range(crowd)], dtype=np.uint32)
        spared.append(allow([wishes(*range(crowd))], days, codes, taken(), rules)[0] > 0)
    assert all(0.4 < one.mean() < 0.6 for one in spared)
    assert (spared[0] != spared[1]).mean() > 0.3
    none = Attention(easy_days=EasyDays(wednesday="minimum"))
    assert rulings(wishes(0), rules=none) == [["an easy day, on which less is sent"]]
    assert rulings(wishes(0, rank=2), rules=none) == [[""]]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Attention(max_per_day=0), "max_per_day: 0; expected 1 to 3"),
        (lambda: Attention(min_gap_days=9), "min_gap_days: 9; expected 1 to 7"),
        (lambda: Attention(working_days=()), "working_days: no day; expected at least one weekday"),
        (lambda: EasyDays(friday="easy"), "friday: 'easy'; expected one of normal, reduced, minimum"),
        (
            lambda: QuietHours(begins=time(12), ends=time(13)),
            (
                "begins: quiet hours from 12:00 to 13:00; "
                "expected hours that begin in the evening and end the next morning"
            ),
        ),
    ],
)
def test_rules_under_which_nothing_makes_sense_are_refused(make: object, text: str) -> None:
    assert refusal(make) == text  # type: ignore[arg-type]


def test_quiet_hours_and_working_days_cut_a_campaigns_window() -> None:
    window = SendWindow(days=("monday", "saturday"), opens=time(6), closes=time(20))
    rules = Attention(
        working_days=("monday", "tuesday"), quiet_hours=QuietHours(begins=time(18), ends=time(8))
    )
    assert rules.window(window) == SendWindow(days=("monday",), opens=time(8), closes=time(18))
    assert rules.window(SendWindow(days=("saturday",))) is None
    assert rules.window(SendWindow(opens=time(18), closes=time(22))) is None


def test_an_easy_day_has_its_kind() -> None:
    assert EasyDays(friday="reduced").kind(date(2027, 1, 15)) == "reduced"
    assert EasyDays(friday="reduced").kind(date(2027, 1, 14)) == "normal"


PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8)), max_size=14)


@given(
    st.lists(
        st.tuples(st.sets(st.integers(0, 3)), st.integers(1, 5), st.integers(1, 9)), min_size=1, max_size=4
    ),
    PAIRS,
    st.integers(1, 3),
    st.integers(1, 4),
)
def test_no_cap_is_ever_exceeded(
    campaigns: Sequence[tuple[set[int], int, int]], load: list[tuple[int, int]], per_day: int, gap: int
) -> None:
    rules = Attention(max_per_day=per_day, min_gap_days=gap)
    of = [wishes(*sorted(who), budget=budget, priority=first) for who, budget, first in campaigns]
    said = rulings(*of, load=taken(*load), people=4, rules=rules)
    for employee in range(4):
        mine = [age for who, age in load if who == employee]
        goes = [
            one.budget
            for one, verdicts in zip(of, said, strict=True)
            for who, verdict in zip(one.employee.tolist(), verdicts, strict=True)
            if who == employee and not verdict
        ]
        if goes:
            assert mine.count(0) + len(goes) <= per_day
            assert sum(age < 7 for age in mine) + len(goes) <= max(goes)
            assert all(age == 0 or age >= gap for age in mine)
