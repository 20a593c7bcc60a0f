"""The attention budget: whom we may write to, and which message goes first."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from diffuse.domain.attention import choose


def chosen(
    candidates: list[tuple[int, int, int, int]], today: list[bool], recent: list[int]
) -> NDArray[np.int64]:
    """Choose among candidates: employee, day since which it is due, rank, budget."""
    rows = np.array(candidates, dtype=np.int64).reshape(-1, 4)
    return choose(
        employee=rows[:, 0],
        due=np.datetime64("2027-01-04", "D") + rows[:, 1].astype("timedelta64[D]"),
        order=rows[:, 2],
        budget=rows[:, 3],
        today=np.array(today, dtype=np.bool_),
        recent=np.array(recent, dtype=np.int64),
    )


def test_what_has_been_due_for_longest_goes_first() -> None:
    assert chosen([(0, 5, 0, 3), (0, 2, 1, 3), (0, 9, 2, 3)], [False], [0]).tolist() == [1]


def test_on_the_same_day_the_lower_rank_goes_first() -> None:
    assert chosen([(0, 2, 7, 3), (0, 2, 1, 3), (0, 2, 3, 3)], [False], [0]).tolist() == [1]


def test_nobody_gets_a_second_message_on_a_day() -> None:
    assert chosen([(0, 2, 0, 3), (1, 2, 0, 3)], [True, False], [0, 0]).tolist() == [1]


def test_a_full_week_blocks_the_campaign_whose_budget_is_used_up_and_no_other() -> None:
    assert chosen([(0, 1, 0, 2), (0, 2, 0, 3)], [False], [2]).tolist() == [1]
    assert chosen([(0, 1, 0, 2), (0, 2, 0, 3)], [False], [3]).tolist() == []


def test_nothing_to_choose_from_is_nothing() -> None:
    assert chosen([], [], []).tolist() == []


EMPLOYEES = 4
CANDIDATES = st.lists(
    st.tuples(st.integers(0, EMPLOYEES - 1), st.integers(0, 5), st.integers(0, 3), st.integers(1, 7)),
    max_size=25,
)
FLAGS = st.lists(st.booleans(), min_size=EMPLOYEES, max_size=EMPLOYEES)
COUNTS = st.lists(st.integers(0, 7), min_size=EMPLOYEES, max_size=EMPLOYEES)


@given(CANDIDATES, FLAGS, COUNTS)
def test_each_employee_gets_the_longest_due_of_what_is_allowed_and_nothing_else(
    candidates: list[tuple[int, int, int, int]], today: list[bool], recent: list[int]
) -> None:
    places = chosen(candidates, today, recent).tolist()
    picked = {candidates[place][0]: candidates[place] for place in places}
    assert len(picked) == len(places)
    for employee in range(EMPLOYEES):
        allowed = [
            one
            for one in candidates
            if one[0] == employee and not today[employee] and recent[employee] < one[3]
        ]
        assert (employee in picked) == bool(allowed)
        if allowed:
            assert picked[employee][1:3] == min(one[1:3] for one in allowed)
            assert recent[employee] < picked[employee][3]
