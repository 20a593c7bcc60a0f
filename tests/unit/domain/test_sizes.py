"""No sum of the sizes that are told counts a handful of people."""

from collections.abc import Iterator, Sequence
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from diffuse.domain.sizes import untold

SOME = 5
EVERYBODY = frozenset(f"e{number:02}" for number in range(30))
FEW = frozenset(f"e{number:02}" for number in range(3))


def of(begin: int, end: int) -> frozenset[str]:
    return frozenset(f"e{number:02}" for number in range(begin, end))


def test_a_group_of_four_is_not_told_and_nobody_at_all_is_no_group() -> None:
    assert untold([of(0, 4), frozenset(), of(4, 9)]) == {of(0, 4)}


def test_all_but_three_are_not_told_beside_all() -> None:
    assert untold([EVERYBODY, EVERYBODY - FEW]) == {EVERYBODY - FEW}


def test_what_is_told_first_decides() -> None:
    assert untold([EVERYBODY - FEW, EVERYBODY]) == {EVERYBODY}


def test_departments_that_cover_all_but_three_are_not_all_told() -> None:
    assert untold([EVERYBODY, of(3, 12), of(12, 21), of(21, 30)]) == {of(21, 30)}


def test_the_union_of_two_audiences_tells_whom_they_share() -> None:
    one, other = of(0, 15), of(12, 30)
    assert untold([one, other]) == set()
    assert untold([one, other, one | other]) == {one | other}


def test_a_size_that_follows_from_others_is_told() -> None:
    assert untold([EVERYBODY, of(0, 12), of(12, 30)]) == set()


def test_two_small_crowds_in_two_languages_are_told_where_nobody_can_split_them() -> None:
    french = of(0, 3) | of(6, 9) | of(12, 25)
    groups = [EVERYBODY, of(0, 6), of(6, 12), french, EVERYBODY - french]
    assert untold(groups) == set()
    assert untold([*groups, french & of(0, 6)]) == {french & of(0, 6)}


def test_the_smallest_group_may_be_chosen() -> None:
    assert untold([EVERYBODY, EVERYBODY - FEW], 3) == set()
    assert untold([EVERYBODY, EVERYBODY - FEW], 4) == {EVERYBODY - FEW}


GROUPS = st.lists(
    st.sets(st.sampled_from(sorted(of(0, 16))), min_size=1, max_size=16).map(frozenset), max_size=4
)


def sums(groups: Sequence[frozenset[str]]) -> Iterator[set[str]]:
    """Yield whom every sum counts that somebody makes out of some sizes, each taken up to twice."""
    for factors in product((-2, -1, 0, 1, 2), repeat=len(groups)):
        counts = {
            who: sum(factor for factor, group in zip(factors, groups, strict=True) if who in group)
            for who in of(0, 16)
        }
        yield {who for who, count in counts.items() if count}


@settings(max_examples=300)
@given(groups=GROUPS)
def test_nothing_that_can_be_computed_counts_a_handful(groups: list[frozenset[str]]) -> None:
    hidden = untold(groups, SOME)
    told = [group for group in dict.fromkeys(groups) if group not in hidden]
    assert not [found for found in sums(told) if 0 < len(found) < SOME]


@given(groups=GROUPS)
def test_the_first_size_is_told_unless_it_is_small_itself(groups: list[frozenset[str]]) -> None:
    hidden = untold(groups, SOME)
    assert not groups or (groups[0] in hidden) == (len(groups[0]) < SOME)
