"""How people may really remember: three models of memory under which a rhythm is tried.

None of them is the planner's: each has its own law of forgetting, and every employee and every key point
their own numbers. All agree, before that noise, on what one reading leaves after a week and after a quarter
(the half-life, which has one number only, after a month); they differ in what repetition and spacing do.
Columns are flat: pair = employee × key points + key point. Days are numbers since 1970.
"""

import math
from collections.abc import Callable
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffuse.domain.memory import LEAST_STABILITY, Fsrs, Grade, chance

Reals = NDArray[np.float64]
Numbers = NDArray[np.int64]

MODEL = Fsrs(fuzz=False)
FIRST_SHARE = 0.4
"""What any first exposure leaves, however weak, as a share of a first successful retrieval."""

READING = 0.35
CONFIRMING = 0.6
"""What reading, and reading and confirming, teach, as shares of a successful retrieval."""

WEEK, MONTH, QUARTER = 7.0, 30.0, 90.0
"""Delays at which the models agree on a first reading, in days."""

PERSON, POINT = 0.4, 0.3
"""Standard deviations of the logarithm of the speed at which an employee, and a key point, is forgotten."""

_PACE, _HARD, _SHARE = 1 << 20, 2 << 20, 3 << 20


class Exposure(IntEnum):
    """What a message that was noticed came to."""

    READ = 0
    CONFIRMED = 1
    RECALLED = 2
    FAILED = 3


STRENGTH = np.array([READING, CONFIRMING, 1.0, READING])
"""The share of a successful retrieval that each exposure is worth; a failed one is read with its answer."""


class Truth(Protocol):
    """What every pair really remembers; it changes in place."""

    def recall(self, day: float, pairs: Numbers | None = None) -> Reals:
        """Return the probability of recall of some pairs, or of all; 0 for what was never met."""

    def expose(self, pairs: Numbers, day: float, exposure: Numbers) -> None:
        """Let each of some pairs, none twice, meet its key point."""


def normal(seed: int, who: ArrayLike, what: ArrayLike) -> Reals:
    """Return a standard normal number for each row (Box and Muller 1958), the same for the same three."""
    radius = np.sqrt(-2 * np.log1p(-chance(who, what, 2 * seed)))
    return np.asarray(radius * np.cos(2 * np.pi * chance(who, what, 2 * seed + 1)))


def first_reading(days: float) -> float:
    """Return what one reading leaves after some days: FSRS-6 at a part of its first stability."""
    return float(MODEL.retrievability(days, MODEL.weights[2] * (FIRST_SHARE + (1 - FIRST_SHARE) * READING)))


def _odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


class FsrsTruth:
    """FSRS-6, each pair in its own time: a person who forgets twice as fast lives through two days in one.

    Reading and confirming are worth from half to one and a half times what the planner takes them for.
    """

    def __init__(self, employees: int, points: int, seed: int) -> None:
        """Take the size of the columns and the seed of the personal numbers."""
        who, what = np.divmod(np.arange(employees * points), points)
        self.pace = np.exp(PERSON * normal(seed, who, _PACE) + POINT * normal(seed, _PACE, what))
        self.share = 0.5 + chance(who, _SHARE, seed)
        self.ease = normal(seed, _HARD, what)
        self.stability = np.full(len(who), np.nan)
        self.difficulty = np.full(len(who), np.nan)
        self.met = np.full(len(who), np.nan)

    def recall(self, day: float, pairs: Numbers | None = None) -> Reals:
        """Return (1 + factor·t/S)^decay, with t in the pair's own days."""
        rows = slice(None) if pairs is None else pairs
        own = (day - self.met[rows]) * self.pace[rows]
        return MODEL.retrievability(own, self.stability[rows])

    def expose(self, pairs: Numbers, day: float, exposure: Numbers) -> None:
        """Apply FSRS-6: a part of a success, a success, or a lapse whose answer is read."""
        known = ~np.isnan(self.stability[pairs])
        restudy = np.isin(exposure, (Exposure.READ, Exposure.CONFIRMED))
        weight = np.minimum(STRENGTH[exposure] * np.where(restudy, self.share[pairs], 1.0), 1.0)
        stability = MODEL.weights[2] * (FIRST_SHARE + (1 - FIRST_SHARE) * weight)
        grade = np.where(exposure == Exposure.FAILED, Grade.AGAIN, Grade.GOOD)
        difficulty = np.clip(MODEL.first(grade)[1] + self.ease[pairs], 1.0, 10.0)
        old, rows = np.flatnonzero(known), pairs[known]
        recall = self.recall(day, rows)
        s, d = self.stability[rows], self.difficulty[rows]
        after = s + weight[old] * (MODEL.recalled(s, d, recall) - s)
        lapsed = MODEL.lapsed(s, d, recall)
        read = lapsed + READING * (MODEL.same_day(lapsed, Grade.GOOD) - lapsed)
        stability[old] = np.where(exposure[old] == Exposure.FAILED, read, after)
        difficulty[old] = MODEL.harder(d, grade[old])
        self.stability[pairs] = np.maximum(stability, LEAST_STABILITY)
        self.difficulty[pairs] = difficulty
        self.met[pairs] = day


class SpacingTruth:
    """ACT-R with decay that depends on spacing (Pavlik and Anderson, Cognitive Science 29, 2005).

    Activation m = ln Σ wⱼ·tⱼ^-dⱼ over exposures, each with the decay dⱼ = a + c·e^m that the activation of
    its day gave it: what is repeated while it is still fresh fades faster. Recall = 1 / (1 + e^((τ - m)/s)).
    a and c are the published ones, time runs at the published 0.025 of a second between sessions; τ and s are
    set by a first reading's recall after a week and after a quarter.
    """

    LEAST = 0.177
    """a: the decay of a first exposure."""
    SPACING = 0.217
    """c: how much freshness adds to the decay."""
    DAY = 86_400 * 0.025
    """Units of time in a day between sessions."""
    PERSON_DECAY, POINT_LEVEL = 0.15, 0.2
    """Deviations: of the logarithm of an employee's a, and of a key point's τ."""

    def __init__(self, employees: int, points: int, seed: int) -> None:
        """Take the size of the columns and the seed of the personal numbers."""
        who, what = np.divmod(np.arange(employees * points), points)
        week, quarter = _odds(first_reading(WEEK)), _odds(first_reading(QUARTER))
        self.noise = self.LEAST * math.log(QUARTER / WEEK) / (week - quarter)
        trace = math.log(FIRST_SHARE + (1 - FIRST_SHARE) * READING)
        level = trace - self.LEAST * math.log(WEEK * self.DAY) - self.noise * week
        self.level = level + self.POINT_LEVEL * normal(seed, _PACE, what)
        self.least = self.LEAST * np.exp(self.PERSON_DECAY * normal(seed, who, _PACE))
        self.count = 0
        self.pair = np.zeros(1024, dtype=np.int64)
        self.met, self.decay, self.weight = np.zeros(1024), np.zeros(1024), np.zeros(1024)

    def _strength(self, day: float, pairs: Numbers | None = None) -> Reals:
        """Return e^m = Σ wⱼ·tⱼ^-dⱼ of some pairs, or of all."""
        n = len(self.level)
        wanted = slice(0, self.count)
        place = self.pair[wanted]
        size = n
        if pairs is not None:
            slot = np.full(n, -1)
            slot[pairs] = np.arange(len(pairs))
            mine = np.flatnonzero(slot[place] >= 0)
            wanted, place, size = mine, slot[place[mine]], len(pairs)  # type: ignore[assignment]
        age = np.maximum(day - self.met[wanted], 1.0) * self.DAY
        trace = self.weight[wanted] * age ** -self.decay[wanted]
        return np.bincount(place, weights=trace, minlength=size).astype(np.float64)

    def recall(self, day: float, pairs: Numbers | None = None) -> Reals:
        """Return 1 / (1 + e^((τ - m)/s)); an exposure counts as a day old on its own day."""
        strength = self._strength(day, pairs)
        level = self.level if pairs is None else self.level[pairs]
        met = strength > 0
        recall = np.zeros(len(strength))
        recall[met] = 1 / (1 + np.exp((level[met] - np.log(strength[met])) / self.noise))
        return recall

    def expose(self, pairs: Numbers, day: float, exposure: Numbers) -> None:
        """Lay one more trace, which fades the faster the fresher the memory is."""
        decay = self.least[pairs] + self.SPACING * self._strength(day, pairs)
        weight = FIRST_SHARE + (1 - FIRST_SHARE) * STRENGTH[exposure]
        end = self.count + len(pairs)
        while end > len(self.pair):
            self.pair, self.met, self.decay, self.weight = (
                np.concatenate([one, np.zeros_like(one)])
                for one in (self.pair, self.met, self.decay, self.weight)
            )
        here = slice(self.count, end)
        self.pair[here], self.met[here], self.decay[here], self.weight[here] = pairs, day, decay, weight
        self.count = end


class HalfLifeTruth:
    """Exponential forgetting: recall = 2^(-t/h); a success doubles the half-life, whatever its spacing.

    The simplest law in use (half-life regression: Settles and Meeder 2016). Reading lengthens h by its share;
    a failed retrieval halves it, but not below the first one.
    """

    def __init__(self, employees: int, points: int, seed: int) -> None:
        """Take the size of the columns and the seed of the personal numbers."""
        who, what = np.divmod(np.arange(employees * points), points)
        first = MONTH * math.log(2) / -math.log(first_reading(MONTH))
        self.first = first * np.exp(PERSON * normal(seed, who, _PACE) + POINT * normal(seed, _PACE, what))
        self.half = np.full(len(who), np.nan)
        self.met = np.full(len(who), np.nan)

    def recall(self, day: float, pairs: Numbers | None = None) -> Reals:
        """Return 2^(-t/h)."""
        rows = slice(None) if pairs is None else pairs
        left = np.exp2((self.met[rows] - day) / self.half[rows])
        return np.where(np.isnan(left), 0.0, left)

    def expose(self, pairs: Numbers, day: float, exposure: Numbers) -> None:
        """Lengthen the half-life by the exposure's share, or halve it."""
        strength, first, before = STRENGTH[exposure], self.first[pairs], self.half[pairs]
        share = FIRST_SHARE + (1 - FIRST_SHARE) * strength
        new = first * share / (FIRST_SHARE + (1 - FIRST_SHARE) * READING)
        failed = exposure == Exposure.FAILED
        after = np.where(failed, np.maximum(before / 2, first), before * (1 + strength))
        self.half[pairs] = np.where(np.isnan(before), new, after)
        self.met[pairs] = day


TRUTHS: dict[str, Callable[[int, int, int], Truth]] = {
    "fsrs-shaped": FsrsTruth,
    "spacing": SpacingTruth,
    "half-life": HalfLifeTruth,
}
"""Every truth by its name."""
