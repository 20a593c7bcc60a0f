"""Sizes of groups that overlap: which of them may be told, so that no sum of them counts a handful of people.

Audiences overlap. Whoever knows how many belong to one, and how many to another that lies within it, knows
how many belong to the first one only. A size is told as long as whatever can be added and subtracted from it
and from those told before counts nobody, or enough people.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.disclosure import SMALLEST

Group: TypeAlias = "frozenset[str]"
_Sums: TypeAlias = "NDArray[np.float64]"
"""A row for each size that is told, a column for each set of people whom no group cuts in two."""

_NOTHING = 1e-9


def untold(groups: Iterable[Group], smallest: int = SMALLEST) -> set[Group]:
    """Return the groups whose sizes stay hidden; those that come first are told first."""
    known = [group for group in dict.fromkeys(groups) if group]
    rows, weights = _cut(known)
    told, hidden = rows[:0], set()
    for group, row in zip(known, rows, strict=True):
        more = np.vstack((told, row))
        if np.linalg.matrix_rank(more) == len(told):
            continue  # it follows from the others anyway
        if _tells(more, weights, smallest):
            hidden.add(group)
        else:
            told = more
    return hidden


def _cut(groups: Sequence[Group]) -> tuple[_Sums, NDArray[np.int64]]:
    """Return of which pieces each group consists, as ones and zeros, and how many people each piece has."""
    where: dict[str, int] = {}
    for place, group in enumerate(groups):
        for who in group:
            where[who] = where.get(who, 0) | 1 << place
    pieces = sorted(Counter(where.values()).items())
    rows = [[float(piece >> place & 1) for piece, _ in pieces] for place in range(len(groups))]
    return np.array(rows).reshape(len(groups), len(pieces)), np.array(
        [number for _, number in pieces], dtype=np.int64
    )


def _tells(sums: _Sums, weights: NDArray[np.int64], smallest: int) -> bool:
    """Tell whether some sum of independent sizes may count fewer than ``smallest`` people, and somebody.

    Pieces that stand in the same proportion in all sums stand in each, or in none. So a sum of too few people
    holds no piece that has enough of them together with such others: only sums without these are looked at,
    until none is left, or nothing but small pieces is.
    """
    while len(sums):
        heavy = _heavy(sums, weights, smallest)
        if not heavy.any():
            return True
        sums = _without(sums, heavy)
    return False


def _heavy(sums: _Sums, weights: NDArray[np.int64], smallest: int) -> NDArray[np.bool_]:
    """Tell of each piece that stands in a sum whether it has enough people, with those that go along."""
    together: dict[tuple[float, ...], list[int]] = {}
    for place, column in enumerate(sums.T):
        first = next((value for value in column if abs(value) > _NOTHING), None)
        if first is not None:
            together.setdefault(tuple(np.round(column / first, 6) + 0.0), []).append(place)
    heavy = np.zeros(len(weights), dtype=np.bool_)
    for places in together.values():
        heavy[places] = weights[places].sum() >= smallest
    return heavy


def _without(sums: _Sums, pieces: NDArray[np.bool_]) -> _Sums:
    """Return independent sums, out of which all others without some pieces can be made."""
    left, strength, _ = np.linalg.svd(sums[:, pieces], full_matrices=True)
    rank = int((strength > _NOTHING).sum())
    found: _Sums = left[:, rank:].T @ sums
    found[:, pieces] = 0.0
    return found
