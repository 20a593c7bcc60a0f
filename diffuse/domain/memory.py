"""What an employee is taken to remember: FSRS-6, on columns.

The formulas are those of FSRS-6 as published by open-spaced-repetition (21 weights; the algorithm's own pages
and the package ``fsrs``, with which the tests compare every number). Days are local calendar days of the
employee, given by the caller as numbers since 1970; nothing here knows a clock or draws chance.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffuse.domain.policy import refuse
from diffuse.errors import Problem

Reals = NDArray[np.float64]
Numbers = NDArray[np.int64]

WEIGHTS = (
    0.212, 1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194, 0.001, 1.8722, 0.1666, 0.796,
    1.4835, 0.0614, 0.2629, 1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542,
)  # fmt: skip
"""The published weights of FSRS-6."""

LOWER = (
    0.001, 0.001, 0.001, 0.001, 1.0, 0.001, 0.001, 0.001, 0.0, 0.0, 0.001,
    0.001, 0.001, 0.001, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.1,
)  # fmt: skip
UPPER = (
    100.0, 100.0, 100.0, 100.0, 10.0, 4.0, 4.0, 0.75, 4.5, 0.8, 3.5,
    5.0, 0.25, 0.9, 4.0, 1.0, 6.0, 2.0, 2.0, 0.8, 0.8,
)  # fmt: skip
"""The bounds of each weight, both included, as published."""

LEAST_STABILITY = 0.001
REVIEW = -1
"""The step of a memory that has left its learning steps."""

FIRST_FUZZED = 2.5
FUZZ = ((2.5, 7.0, 0.15), (7.0, 20.0, 0.1), (20.0, np.inf, 0.05))
"""From, to, and how much of an interval between them it may vary, in days."""


class Grade(IntEnum):
    """How a retrieval went."""

    AGAIN = 1
    HARD = 2
    GOOD = 3
    EASY = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """What is remembered of n things, as columns.

    Attributes:
        stability: days after which recall has fallen to 0.9; NaN for what was never met.
        difficulty: 1 to 10; NaN likewise.
        exposed: the day, since 1970, from which forgetting counts: that of the last exposure, or an earlier
            one, with a fraction, where the exposure was partial; NaN likewise.
        step: the learning or relearning step from 0; ``REVIEW`` beyond.
        relearning: whether the step is one of relearning.
    """

    stability: Reals
    difficulty: Reals
    exposed: Reals
    step: Numbers
    relearning: NDArray[np.bool_]

    @classmethod
    def fresh(cls, n: int) -> "Memory":
        """Things that were never met."""
        return cls(
            stability=np.full(n, np.nan),
            difficulty=np.full(n, np.nan),
            exposed=np.full(n, np.nan),
            step=np.zeros(n, dtype=np.int64),
            relearning=np.zeros(n, dtype=np.bool_),
        )

    def __len__(self) -> int:
        """Count the things."""
        return len(self.stability)

    def at(self, rows: Any) -> "Memory":  # noqa: ANN401 -- whatever indexes a column
        """Return some rows."""
        return Memory(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})

    def put(self, rows: Any, other: "Memory") -> None:  # noqa: ANN401 -- as above
        """Write rows in place."""
        for one in fields(self):
            getattr(self, one.name)[rows] = getattr(other, one.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fsrs:
    """The memory model, and when something returns.

    Attributes:
        weights: the 21 weights.
        desired_retention: the probability of recall at which something returns, between 0 and 1.
        maximum_interval: days; no interval is longer, fuzz included.
        learning_steps: days to wait after the first exposures, until something is learned.
        relearning_steps: days to wait after a failed retrieval.
        fuzz: whether intervals vary a little.
    """

    weights: tuple[float, ...] = WEIGHTS
    desired_retention: float = 0.8
    maximum_interval: int = 36_500
    learning_steps: tuple[int, ...] = ()
    relearning_steps: tuple[int, ...] = ()
    fuzz: bool = True

    def __post_init__(self) -> None:
        """Refuse weights and options with which nothing can be reckoned."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with this model alone."""
        if len(self.weights) != len(WEIGHTS):
            yield Problem(
                path=("weights",), found=f"{len(self.weights)} weights", expected=f"{len(WEIGHTS)}, or none"
            )
        for place, (weight, low, high) in enumerate(zip(self.weights, LOWER, UPPER, strict=False)):
            if not low <= weight <= high:
                yield Problem(
                    path=("weights", place),
                    found=f"{weight:g}",
                    expected=f"a number from {low:g} to {high:g}",
                )
        if not 0 < self.desired_retention < 1:
            yield Problem(
                path=("desired_retention",),
                found=f"{self.desired_retention:g}",
                expected="a probability between 0 and 1, such as 0.8",
            )
        if self.maximum_interval < 1:
            yield Problem(path=("maximum_interval",), found="less than a day", expected="at least '1 day'")
        for name in ("learning_steps", "relearning_steps"):
            for place, step in enumerate(getattr(self, name)):
                if step < 1:
                    yield Problem(path=(name, place), found=f"{step} days", expected="at least '1 day'")
                elif step > max(self.maximum_interval, 1):
                    yield Problem(
                        path=(name, place),
                        found=f"{step} days",
                        expected=f"no more than maximum_interval, {self.maximum_interval} days",
                    )

    @property
    def decay(self) -> float:
        """The exponent of the forgetting curve, negative."""
        return -self.weights[20]

    @property
    def factor(self) -> float:
        """The factor of the forgetting curve, chosen so that R(S, S) = 0.9."""
        return float(0.9 ** (1 / self.decay) - 1)

    def retrievability(self, elapsed: ArrayLike, stability: ArrayLike) -> Reals:
        """Return R(t, S) = (1 + factor·t/S)^decay; 0 for what was never met (NaN)."""
        t, s = np.asarray(elapsed, dtype=np.float64), np.asarray(stability, dtype=np.float64)
        recall: Reals = (1 + self.factor * np.maximum(t, 0.0) / s) ** self.decay
        return np.where(np.isnan(s), 0.0, recall)

    def interval(self, stability: ArrayLike, desired_retention: float | None = None) -> Numbers:
        """Return the whole days after which recall has fallen to ``desired_retention``, 1 to the maximum.

        A half is rounded to the even day, as Python rounds. The stability must not be NaN.
        """
        target = desired_retention or self.desired_retention
        days = np.asarray(stability, dtype=np.float64) / self.factor * (target ** (1 / self.decay) - 1)
        whole: Numbers = np.clip(np.rint(days), 1, self.maximum_interval).astype(np.int64)
        return whole

    def elapsed(self, recall: ArrayLike, stability: ArrayLike) -> Reals:
        """Return the days after which recall has fallen to a given value: the inverse of R."""
        ratio = np.asarray(recall, dtype=np.float64) ** (1 / self.decay) - 1
        return np.asarray(stability, dtype=np.float64) / self.factor * ratio

    def knowledge(self, stability: ArrayLike, start: ArrayLike, stop: ArrayLike) -> Reals:
        """Return ∫R dt from ``start`` to ``stop`` days after the exposure, in knowledge-days; NaN stays NaN.

        ∫R = S / (factor·(1 + decay)) · [(1 + factor·t/S)^(1 + decay)].
        """
        s = np.asarray(stability, dtype=np.float64)
        begin, end = np.asarray(start, dtype=np.float64), np.asarray(stop, dtype=np.float64)
        power = 1 + self.decay
        area = (1 + self.factor * end / s) ** power - (1 + self.factor * begin / s) ** power
        days: Reals = s / (self.factor * power) * area
        return days

    # --- one exposure --------------------------------------------------------------------------------

    def first(self, grade: ArrayLike) -> tuple[Reals, Reals]:
        """Return stability and difficulty after the first exposure, by its grade."""
        place = np.asarray(grade, dtype=np.int64) - 1
        stability = np.maximum(self.weights[:4], LEAST_STABILITY)
        difficulty = np.clip([self._difficulty(one) for one in Grade], 1, 10)
        return stability[place], difficulty[place]

    def _difficulty(self, grade: Grade) -> float:
        """Return the first difficulty, which may lie beyond 1 to 10."""
        return self.weights[4] - math.exp(self.weights[5] * (grade - 1)) + 1

    def harder(self, difficulty: Reals, grade: ArrayLike) -> Reals:
        """Return the difficulty after a grade: damped towards 10, and drawn back to that of Easy."""
        w = self.weights
        change = -w[6] * (np.asarray(grade, dtype=np.float64) - 3)
        moved = difficulty + (10 - difficulty) * change / 9
        after: Reals = np.clip(w[7] * self._difficulty(Grade.EASY) + (1 - w[7]) * moved, 1, 10)
        return after

    def recalled(self, stability: Reals, difficulty: Reals, recall: Reals) -> Reals:
        """Return the stability after a successful retrieval (Good) at a probability of recall."""
        w = self.weights
        growth = np.exp(w[8]) * (11 - difficulty) * stability ** -w[9] * np.expm1(w[10] * (1 - recall))
        after: Reals = stability * (1 + growth)
        return after

    def lapsed(self, stability: Reals, difficulty: Reals, recall: Reals) -> Reals:
        """Return the stability after a failed retrieval (Again)."""
        w = self.weights
        long = w[11] * difficulty ** -w[12] * ((stability + 1) ** w[13] - 1) * np.exp(w[14] * (1 - recall))
        after: Reals = np.minimum(long, stability / np.exp(w[17] * w[18]))
        return after

    def same_day(self, stability: Reals, grade: ArrayLike) -> Reals:
        """Return the stability after one more exposure on the same day."""
        w, g = self.weights, np.asarray(grade, dtype=np.float64)
        growth = np.exp(w[17] * (g - 3 + w[18])) * stability ** -w[19]
        return stability * np.where(g >= Grade.HARD, np.maximum(growth, 1.0), growth)

    def next_state(
        self, stability: ArrayLike, difficulty: ArrayLike, elapsed: ArrayLike, grade: ArrayLike
    ) -> tuple[Reals, Reals]:
        """Return stability and difficulty after an exposure, of one row or of many.

        Args:
            stability, difficulty: before it; NaN where there was none yet.
            elapsed: days since the last one; less than 1 is the same day.
            grade: how it went.
        """
        shape = np.broadcast(stability, difficulty, elapsed, grade).shape
        before, hard, days = (
            np.broadcast_to(np.asarray(one, dtype=np.float64), shape).reshape(-1)
            for one in (stability, difficulty, elapsed)
        )
        grades = np.broadcast_to(np.asarray(grade, dtype=np.int64), shape).reshape(-1)
        after, harder = self._next(before, hard, days, grades)
        return after.reshape(shape), harder.reshape(shape)

    def _next(
        self, stability: Reals, difficulty: Reals, elapsed: Reals, grade: Numbers
    ) -> tuple[Reals, Reals]:
        """Reckon each formula on its own rows only."""
        new, harder = self.first(grade)
        known = ~np.isnan(stability)
        if not known.any():
            return new, harder
        soon = known & (elapsed < 1)
        lapse = known & ~soon & (grade == Grade.AGAIN)
        passed = known & ~soon & ~lapse
        new[soon] = self.same_day(stability[soon], grade[soon])
        for rows, change in ((lapse, self.lapsed), (passed, self.recalled)):
            s, d = stability[rows], difficulty[rows]
            new[rows] = change(s, d, (1 + self.factor * elapsed[rows] / s) ** self.decay)
        for level, bonus in ((Grade.HARD, self.weights[15]), (Grade.EASY, self.weights[16])):
            rows = passed & (grade == level)
            new[rows] = stability[rows] + (new[rows] - stability[rows]) * bonus
        harder[known] = self.harder(difficulty[known], grade[known])
        return np.maximum(new, LEAST_STABILITY), harder

    def review(self, memory: Memory, day: ArrayLike, grade: ArrayLike) -> Memory:
        """Return the memory after a retrieval on a day, one for each row.

        Raises:
            ValueError: when a day lies before the last exposure, for reviews come in their order, or when a
                grade is none.
        """
        days = np.broadcast_to(np.asarray(day, dtype=np.float64), memory.stability.shape)
        grades = np.broadcast_to(np.asarray(grade, dtype=np.int64), memory.stability.shape)
        in_order(days, memory, "reviews")
        strange = np.count_nonzero((grades < Grade.AGAIN) | (grades > Grade.EASY))
        if strange:
            raise ValueError(f"{strange} grades are none; give 1 (Again), 2 (Hard), 3 (Good) or 4 (Easy)")
        elapsed = np.where(np.isnan(memory.exposed), 0.0, days - memory.exposed)
        stability, difficulty = self.next_state(memory.stability, memory.difficulty, elapsed, grades)
        step, relearning = self.advance(memory, grades)
        return Memory(
            stability=stability, difficulty=difficulty, exposed=days.copy(), step=step, relearning=relearning
        )

    # --- when it returns -----------------------------------------------------------------------------

    def advance(self, memory: Memory, grade: ArrayLike) -> tuple[Numbers, NDArray[np.bool_]]:
        """Return the step after a grade, and whether it is one of relearning.

        Again begins anew, Hard stays, Good goes on and Easy leaves the steps; a lapse begins relearning.
        """
        grades = np.broadcast_to(np.asarray(grade, dtype=np.int64), memory.step.shape)
        inside = memory.step != REVIEW
        count = np.where(memory.relearning, len(self.relearning_steps), len(self.learning_steps))
        step = memory.step + (grades == Grade.GOOD)
        step = np.where(grades == Grade.AGAIN, 0, step)
        # A memory may come from a schedule with more steps than there are now.
        leaves = (grades == Grade.EASY) | (step >= count)
        lapse = ~inside & (grades == Grade.AGAIN) & (len(self.relearning_steps) > 0)
        after = np.where(inside & ~leaves, step, REVIEW)
        return np.where(lapse, 0, after), lapse | (memory.relearning & inside & ~leaves)

    def wait(
        self,
        memory: Memory,
        who: ArrayLike = 0,
        what: ArrayLike = 0,
        repetition: ArrayLike = 0,
        grade: ArrayLike = Grade.GOOD,
    ) -> Numbers:
        """Return the days from the last exposure to the next, given the step that the last grade led to.

        Args:
            memory: the memory after the exposure; 0 days where there was none.
            who, what, repetition: numbers of the employee, the thing and the repetition, for the fuzz.
            grade: the last grade; Hard on the first step waits for longer.
        """
        known = ~np.isnan(memory.stability)
        days = np.zeros(len(memory), dtype=np.int64)
        long = np.flatnonzero(known & (memory.step == REVIEW))
        days[long] = self.interval(memory.stability[long])
        if self.fuzz:
            codes = (np.broadcast_to(one, days.shape)[long] for one in (who, what, repetition))
            days[long] = self.fuzzed(days[long], *codes)
        for relearning, steps in ((False, self.learning_steps), (True, self.relearning_steps)):
            for number, length in enumerate(steps):
                here = known & (memory.step == number) & (memory.relearning == relearning)
                hard = _hard(steps) if number == 0 else length
                days[here] = np.where(np.broadcast_to(grade, here.shape)[here] == Grade.HARD, hard, length)
        return days

    def fuzzed(
        self,
        interval: ArrayLike,
        who: ArrayLike,
        what: ArrayLike,
        repetition: ArrayLike,
        *,
        elapsed: ArrayLike = 0,
    ) -> Numbers:
        """Return intervals varied a little, each day of the range equally likely, none above the maximum.

        The same employee, thing and repetition always give the same interval. The range is the published one;
        where the interval is longer than ``elapsed``, the wait before it, every day of the range is.
        """
        days = np.asarray(interval, dtype=np.int64)
        real = days.astype(np.float64)
        delta = 1.0 + sum(share * np.maximum(np.minimum(real, to) - begin, 0.0) for begin, to, share in FUZZ)
        past = np.asarray(elapsed, dtype=np.float64)
        low = np.maximum(np.maximum(2, np.rint(real - delta)), np.where(real > past, np.floor(past) + 1, 0))
        high = np.minimum(np.rint(real + delta), self.maximum_interval)
        low = np.minimum(low, high)
        drawn = low + np.floor(chance(who, what, repetition) * (high - low + 1))
        return np.where(real < FIRST_FUZZED, days, drawn.astype(np.int64))


def in_order(day: Reals, memory: Memory, what: str) -> None:
    """Refuse days before the last exposure with a ValueError that counts them.

    A partial exposure leaves a date that lies before its day, so that it hides the days between.
    """
    early = np.count_nonzero(day < memory.exposed)
    if early:
        raise ValueError(f"{early} {what} lie before the last exposure; give them in their order")


def _hard(steps: tuple[int, ...]) -> int:
    """Return the wait after Hard on the first step: half as long again, or between the first two.

    A half day is waited for to its end.
    """
    return math.ceil(steps[0] * 1.5 if len(steps) == 1 else (steps[0] + steps[1]) / 2)


def chance(who: ArrayLike, what: ArrayLike, repetition: ArrayLike) -> Reals:
    """Return a number in [0, 1) for each row: always the same for the same three numbers.

    The finalizer of SplitMix64 (Steele, Lea and Flood 2014) over the three.
    """
    golden = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        mixed = np.asarray(who, dtype=np.uint64) * golden
        for part in (what, repetition):
            mixed = _mix(mixed + np.asarray(part, dtype=np.uint64) * golden + golden)
    return (mixed >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
