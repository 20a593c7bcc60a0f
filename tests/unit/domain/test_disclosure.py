"""Nothing is told of fewer than a handful of people, however much is added and subtracted."""

from collections.abc import Collection, Hashable, Iterator, Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffuse.domain.disclosure import (
    Branch,
    Hidden,
    hidden_by_channel,
    hidden_in_branches,
    hidden_parts,
    is_small,
)

SOME = 5
Rows = dict[Hashable, set[str]]


def crowd(number: int, letter: str = "e") -> set[str]:
    return {f"{letter}{one}" for one in range(number)}


def test_a_group_of_four_is_small_and_nobody_at_all_is_no_group() -> None:
    assert [is_small(crowd(number)) for number in (0, 1, 4, 5)] == [False, True, True, False]


def test_a_table_without_small_groups_is_shown_whole() -> None:
    assert hidden_parts({"a": crowd(5), "b": crowd(9, "f"), "c": set()}) == {}


def test_a_second_group_is_hidden_with_a_small_one_or_the_total_would_tell_it() -> None:
    rows = {"small": crowd(4), "large": crowd(40, "f"), "middle": crowd(20, "g"), "none": set[str]()}
    assert hidden_parts(rows) == {"small": Hidden.SMALL, "middle": Hidden.COMPLEMENT}


def test_two_small_groups_of_the_same_people_do_not_hide_one_another() -> None:
    rows = {"w1": crowd(3), "w2": crowd(3), "w3": crowd(9)}
    assert hidden_parts(rows) == {"w1": Hidden.SMALL, "w2": Hidden.SMALL, "w3": Hidden.COMPLEMENT}


def test_two_small_groups_of_different_people_hide_one_another() -> None:
    rows = {"a": crowd(3), "b": crowd(3, "f"), "c": crowd(9, "g")}
    assert set(hidden_parts(rows)) == {"a", "b"}


def test_everything_is_hidden_where_there_are_four_people_in_all() -> None:
    assert set(hidden_parts({"a": crowd(3), "b": crowd(4), "c": set()})) == {"a", "b"}


def test_a_small_policy_is_not_found_from_its_key_points_nor_from_those_of_another() -> None:
    rows: Rows = {
        "small": crowd(3), "large": crowd(40), "s1": crowd(3), "l1": crowd(40), "l2": crowd(20),
    }  # fmt: skip
    branches = [Branch(("small",), ("s1",)), Branch(("large",), ("l1", "l2"))]
    assert hidden_in_branches(rows, branches) == {
        "small": Hidden.SMALL,
        "s1": Hidden.SMALL,
        "large": Hidden.COMPLEMENT,
        "l2": Hidden.COMPLEMENT,
    }


@pytest.mark.parametrize("smallest", [2, 5, 10])
def test_the_smallest_group_may_be_chosen(smallest: int) -> None:
    rows = {"a": crowd(smallest - 1), "b": crowd(smallest, "f"), "c": crowd(30, "g")}
    assert hidden_parts(rows, smallest) == {"a": Hidden.SMALL, "b": Hidden.COMPLEMENT}


def test_what_is_hidden_anyway_is_covered_as_a_small_row_is() -> None:
    rows = {"a": set[str](), "b": crowd(9), "c": crowd(20, "f")}
    assert hidden_parts(rows, SOME, ("a",)) == {"a": Hidden.OTHER, "b": Hidden.COMPLEMENT}
    assert hidden_parts(rows, SOME, ("c",)) == {"c": Hidden.OTHER}


def test_a_post_that_three_people_met_is_not_found_from_all_messages_less_the_mailed_ones() -> None:
    rows: Rows = {
        "mailed": crowd(40), "m1": crowd(40), "m2": crowd(20), "posted": crowd(3), "p1": crowd(3),
    }  # fmt: skip
    mail, post = Branch(("mailed",), ("m1", "m2")), Branch(("posted",), ("p1",))
    assert hidden_by_channel(rows, ((mail,), (post,)), SOME) == {"posted", "p1", "mailed", "m2"}


def test_within_a_channel_a_small_row_is_not_found_from_the_others() -> None:
    rows: Rows = {
        "mailed": crowd(40), "m1": crowd(3), "m2": crowd(40),
        "posted": crowd(30), "p1": crowd(9), "p2": crowd(3), "p3": crowd(30),
    }  # fmt: skip
    mail, post = Branch(("mailed",), ("m1", "m2")), Branch(("posted",), ("p1", "p2", "p3"))
    hidden = hidden_by_channel(rows, ((mail,), (post,)), SOME)
    assert hidden == {"m1", "m2", "p1", "p2"}


PEOPLE = st.sets(st.sampled_from(sorted(crowd(14))), max_size=14)


@given(rows=st.dictionaries(st.integers(0, 6), PEOPLE, min_size=1))
def test_what_is_missing_in_a_total_is_never_a_small_group(rows: dict[int, set[str]]) -> None:
    hidden = hidden_parts(rows, SOME)
    everybody = set[str]().union(*rows.values())
    missing = set[str]().union(*(rows[row] for row in hidden))
    assert all(row in hidden for row, people in rows.items() if is_small(people, SOME))
    assert not is_small(missing, SOME) or is_small(everybody, SOME)


@st.composite
def surveys(draw: st.DrawFn, most: int = 3) -> tuple[Rows, list[Branch]]:
    """Draw messages to people, and count them by version and by key point; ``most`` of each at most."""
    rows: Rows = {}
    branches = []
    for policy in range(draw(st.integers(1, most))):
        versions, points = draw(st.integers(1, 2)), draw(st.integers(1, most))
        tops: list[Hashable] = [("version", policy, number) for number in range(versions)]
        leaves: list[Hashable] = [("point", policy, number) for number in range(points)]
        rows |= {row: set() for row in (*tops, *leaves)}
        for top, leaf in product(tops, leaves):
            people = draw(PEOPLE)
            rows[top] |= people
            rows[leaf] |= people
        branches.append(Branch(tuple(tops), tuple(leaves)))
    return rows, branches


def equations(branches: Sequence[Branch]) -> list[dict[Hashable, int]]:
    """Write down what anybody knows: all versions give the total, and each policy is the sum of both cuts."""
    total = {top: 1 for branch in branches for top in branch.tops}
    both = [{**dict.fromkeys(one.leaves, 1), **dict.fromkeys(one.tops, -1)} for one in branches]
    return [total, *both]


def sums(known: list[dict[Hashable, int]], hidden: Collection[Hashable]) -> Iterator[set[Hashable]]:
    """Yield the hidden rows of every sum that an attacker can compute out of these equations."""
    for signs in product((-1, 0, 1), repeat=len(known)):
        joined: dict[Hashable, int] = {}
        for sign, equation in zip(signs, known, strict=True):
            for row, factor in equation.items():
                joined[row] = joined.get(row, 0) + sign * factor
        left = {row: factor for row, factor in joined.items() if factor and row in hidden}
        if left and all(factor > 0 for factor in left.values()):
            yield set(left)


@settings(max_examples=300)
@given(survey=surveys())
def test_no_sum_of_equations_tells_of_a_small_group(survey: tuple[Rows, list[Branch]]) -> None:
    rows, branches = survey
    everybody = set[str]().union(*rows.values())
    hidden = hidden_in_branches(rows, branches, SOME)
    assert all(row in hidden for row, people in rows.items() if is_small(people, SOME))
    if is_small(everybody, SOME):
        assert set(hidden) == {row for row, people in rows.items() if people}
        return
    for found in sums(equations(branches), hidden):
        assert not is_small(set[str]().union(*(rows[row] for row in found)), SOME), found


@given(survey=surveys())
def test_what_is_hidden_does_not_hang_on_the_order_in_which_rows_come(
    survey: tuple[Rows, list[Branch]],
) -> None:
    rows, branches = survey
    again = dict(reversed(rows.items()))
    assert hidden_in_branches(again, branches, SOME) == hidden_in_branches(rows, branches, SOME)


@st.composite
def channels(draw: st.DrawFn) -> tuple[Rows, list[list[Branch]]]:
    """Draw messages to people over two channels, and count them by version and by key point on each."""
    rows: Rows = {}
    found = []
    for channel in ("email", "wordpress"):
        own, branches = draw(surveys(most=2))
        rows |= {(channel, row): people for row, people in own.items()}
        found.append(
            [
                Branch(tuple((channel, row) for row in one.tops), tuple((channel, row) for row in one.leaves))
                for one in branches
            ]
        )
    return rows, found


@settings(max_examples=100)
@given(drawn=channels())
def test_no_sum_over_channels_tells_of_a_small_group(drawn: tuple[Rows, list[list[Branch]]]) -> None:
    rows, each = drawn
    everything = [branch for branches in each for branch in branches]
    hidden = hidden_by_channel(rows, each, SOME)
    assert all(row in hidden for row, people in rows.items() if is_small(people, SOME))
    if is_small(set[str]().union(*rows.values()), SOME):
        assert hidden == {row for row, people in rows.items() if people}
        return
    known = equations(everything)
    carried = [
        set[str]().union(*(rows[top] for branch in branches for top in branch.tops)) for branches in each
    ]
    if not any(is_small(people, SOME) for people in carried):
        # How much each channel carries may be known from elsewhere, as long as none carries for a handful.
        known += [equations(branches)[0] for branches in each]
    for found in sums(known, hidden):
        assert not is_small(set[str]().union(*(rows[row] for row in found)), SOME), found
