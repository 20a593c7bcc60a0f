"""Which rows of grouped reports stay hidden, so that nothing is told of fewer than a handful of people.

A row is a group: the people whom it counts. Rows of fewer than ``smallest`` are hidden (0 people are none),
and as many others as it takes so that whoever adds and subtracts what is shown learns nothing but sums over
groups of at least ``smallest`` different people. All totals are taken for known.
"""

from collections.abc import Collection, Hashable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, TypeVar

SMALLEST = 5
"""How many people a group has at least of which anything is shown, unless an installation asks for more."""

LEAST = 2
"""No installation may ask for less: a group of one is a person."""

Row = TypeVar("Row", bound=Hashable)
People: TypeAlias = AbstractSet[str]


class Hidden(StrEnum):
    """Why a row is hidden: it is small itself, a small one could be computed from it, or another reason."""

    SMALL = "small"
    COMPLEMENT = "complement"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Branch:
    """A policy on a channel: its versions and its key points count the same messages, cut in two ways.

    Attributes:
        tops: the rows of its versions.
        leaves: the rows of its key points.
    """

    tops: tuple[Hashable, ...]
    leaves: tuple[Hashable, ...]


def is_small(people: Collection[str], smallest: int = SMALLEST) -> bool:
    """Tell whether a group has too few people; nobody at all is no group."""
    return 0 < len(people) < smallest


def hidden_parts(
    rows: Mapping[Row, People], smallest: int = SMALLEST, also: Collection[Row] = ()
) -> dict[Row, Hidden]:
    """Return which rows to hide of a table whose rows add up to a total that is known, such as weeks.

    ``also`` names rows that are hidden anyway.
    """
    hidden = _hidden(rows, smallest, also)
    _cover(hidden, rows, tuple(rows), smallest)
    return hidden


def hidden_in_branches(
    rows: Mapping[Hashable, People],
    branches: Collection[Branch],
    smallest: int = SMALLEST,
    also: Collection[Hashable] = (),
) -> dict[Hashable, Hidden]:
    """Return which rows to hide of two tables: all tops add up to a known total, and each branch twice.

    Whoever adds tables up learns, of each branch with hidden tops, the sum of these or of its hidden leaves,
    and all such sums together only: every choice must count ``smallest`` people. ``also`` names rows that are
    hidden anyway.
    """
    hidden = _hidden(rows, smallest, also)
    before = -1
    while len(hidden) > before:
        before = len(hidden)
        for branch in branches:
            _cover_branch(hidden, rows, branch, smallest)
        _cover_together(hidden, rows, branches, smallest)
    return hidden


def hidden_by_channel(
    rows: Mapping[Hashable, People],
    channels: Collection[Collection[Branch]],
    smallest: int = SMALLEST,
    also: Collection[Hashable] = (),
) -> set[Hashable]:
    """Return which rows to hide where the branches of each channel add up to a known total, and all do.

    The total of all channels stands in other tables; less what is shown of one channel it tells the others.
    """
    everything = tuple(branch for branches in channels for branch in branches)
    hidden, before = set(also), -1
    while len(hidden) > before:
        before = len(hidden)
        for branches in (everything, *channels):
            own = {row: rows[row] for one in branches for row in (*one.tops, *one.leaves)}
            hidden |= hidden_in_branches(own, branches, smallest, hidden).keys()
    return hidden


def _hidden(rows: Mapping[Row, People], smallest: int, also: Collection[Row]) -> dict[Row, Hidden]:
    """Return what is hidden for its own sake."""
    return {
        row: Hidden.SMALL if is_small(people, smallest) else Hidden.OTHER
        for row, people in rows.items()
        if row in also or is_small(people, smallest)
    }


def _cover(
    hidden: dict[Row, Hidden], rows: Mapping[Row, People], parts: Collection[Row], smallest: int
) -> None:
    """Hide the smallest groups of some parts until the hidden ones count enough people together."""
    if not any(row in hidden for row in parts):
        return
    for row in _known(hidden, rows, parts):
        if len(_people(hidden, rows, parts)) >= smallest:
            return
        hidden[row] = Hidden.COMPLEMENT


def _cover_branch(
    hidden: dict[Hashable, Hidden], rows: Mapping[Hashable, People], branch: Branch, smallest: int
) -> None:
    """Cover what one branch tells by itself: the side of it that is shown whole gives the other's sum."""
    above = any(row in hidden for row in branch.tops)
    below = any(row in hidden for row in branch.leaves)
    if above != below:
        _cover(hidden, rows, branch.tops if above else branch.leaves, smallest)


def _cover_together(
    hidden: dict[Hashable, Hidden],
    rows: Mapping[Hashable, People],
    branches: Collection[Branch],
    smallest: int,
) -> None:
    """Cover the sum over all branches that hide on both sides, whichever side of each is taken."""
    while len(_in_both(hidden, rows, branches)) < smallest and any(
        _hides_both(hidden, one) for one in branches
    ):
        grown = next(_growing(hidden, rows, branches), None)
        if grown is None:
            return
        hidden[grown] = Hidden.COMPLEMENT


def _growing(
    hidden: Mapping[Hashable, Hidden], rows: Mapping[Hashable, People], branches: Collection[Branch]
) -> Iterator[Hashable]:
    """Yield rows that may be hidden next: of branches that hide already, else of others."""
    begun = [one for one in branches if _hides_both(hidden, one)]
    half = [
        one for one in branches if one not in begun and any(r in hidden for r in (*one.tops, *one.leaves))
    ]
    rest = [one for one in branches if one not in begun and one not in half]
    for some in (begun, half, rest):
        sides = [side for one in some for side in (one.tops, one.leaves)]
        lacking = sorted(sides, key=lambda side: sum(row in hidden for row in side))
        for side in lacking:
            yield from _known(hidden, rows, side)


def _hides_both(hidden: Mapping[Hashable, Hidden], branch: Branch) -> bool:
    return any(row in hidden for row in branch.tops) and any(row in hidden for row in branch.leaves)


def _in_both(
    hidden: Mapping[Hashable, Hidden], rows: Mapping[Hashable, People], branches: Collection[Branch]
) -> People:
    """Return those whom a sum counts in any case: who stands on both hidden sides of a branch."""
    return {
        who for one in branches for who in _people(hidden, rows, one.tops) & _people(hidden, rows, one.leaves)
    }


def _people(hidden: Collection[Row], rows: Mapping[Row, People], parts: Collection[Row]) -> set[str]:
    return {who for row in parts if row in hidden for who in rows[row]}


def _known(hidden: Collection[Row], rows: Mapping[Row, People], parts: Collection[Row]) -> list[Row]:
    """Return the rows that are shown and count anybody, the smallest groups first, in a fixed order."""
    shown = [row for row in parts if row not in hidden and rows[row]]
    return sorted(shown, key=lambda row: (len(rows[row]), str(row)))
