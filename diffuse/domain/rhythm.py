"""Which messages a schedule asks for on a day, and how much it wants each: columns in, columns out."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffuse.domain.period import Days
from diffuse.domain.schedule import Schedule
from diffuse.domain.signals import gain
from diffuse.domain.standing import Standing

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Reals = NDArray[np.float64]

FRESH_AGAIN = 7.0
"""Days after which a key point that was just sent is worth half its gain again (an assumption: notes on
repeated reminders say only that close repeats are ignored)."""

URGENT = 0.8
"""A deadline presses once the messages that are still needed fill this share of what may still be sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidates:
    """What a schedule asks for, one row a pair.

    Attributes:
        due: whether the schedule asks for a message of this pair.
        score: how much it wants it; of an employee's pairs the highest goes first.
        step: the step that the message would have.
    """

    due: Flags
    score: Reals
    step: Numbers


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What a schedule knows besides the standing, one row a pair, or one value for all.

    Attributes:
        today: the employee's local day.
        enters: the day on which the key point may first go to the employee.
        away: days of absence since the last message; waits are longer by as much.
        horizon: days over which knowledge counts.
        attend: the probability that a message is noticed.
        strength: how much a noticed message teaches, 1 for a successful retrieval.
        who, what: numbers of the employee and the key point from which chance is drawn.
    """

    today: Days
    enters: Days
    away: Numbers | int = 0
    horizon: Reals | float = 365.0
    attend: Reals | float = 0.5
    strength: Reals | float = 0.6
    who: NDArray[np.uint32] | int = 0
    what: NDArray[np.uint32] | int = 0


def candidates(schedule: Schedule, standing: Standing, around: Circumstances) -> Candidates:
    """Return what a schedule asks for on each employee's day.

    A pair whose last message was not reached asks again after ``resend_unopened_after``; the ladder gives up
    after ``max_resends``, the other policies wait twice as long each time from then on.
    """
    first = standing.step < 0
    again = ~first & np.isnat(standing.reached)
    step = np.where(again, standing.step, standing.step + 1)
    asks = ~standing.waiting & (~first | (around.enters <= around.today))
    if schedule.retire_after:
        asks &= standing.streak < schedule.retire_after
    asks[again] &= _again(schedule, standing, around, np.flatnonzero(again))
    rows = np.flatnonzero(asks)
    decide = {"fixed": _fixed, "fsrs": _fsrs, "budgeted": _budgeted}[schedule.policy]
    due = np.zeros(len(step), dtype=np.bool_)
    score = np.zeros(len(step))
    due[rows], score[rows] = decide(schedule, standing, around, rows)
    return Candidates(due=due, score=score, step=step)


def _of(value: Any, rows: Numbers) -> Any:  # noqa: ANN401 -- a column, or one value for all
    """Return some rows of a column; one value for all stays what it is."""
    return value[rows] if isinstance(value, np.ndarray) and value.ndim else value


def _again(schedule: Schedule, standing: Standing, around: Circumstances, rows: Numbers) -> Flags:
    """Tell which pairs that nobody opened have waited for long enough to be sent again."""
    beyond = standing.tries[rows] - 1 - schedule.max_resends
    waited = (_of(around.today, rows) - standing.sent[rows]).astype(np.int64) - _of(around.away, rows)
    wait = (schedule.resend_unopened_after.after_each(standing.sent[rows]) - standing.sent[rows]).astype(
        np.int64
    )
    if schedule.policy == "fixed":
        ready: Flags = (beyond < 0) & (waited >= wait)
        return ready
    longest = np.maximum(wait, round(schedule.maximum_interval.about))
    patient: Flags = waited >= np.minimum(wait << np.clip(beyond + 1, 0, 16), longest)
    return patient


def _fixed(
    schedule: Schedule, standing: Standing, around: Circumstances, rows: Numbers
) -> tuple[Flags, Reals]:
    """Climb the ladder; who has waited for longest goes first."""
    again = (standing.step[rows] >= 0) & np.isnat(standing.reached[rows])
    origin = np.where(standing.step[rows] < 0, _of(around.enters, rows), standing.reached[rows])
    day = np.where(
        again,
        schedule.resend_unopened_after.after_each(standing.sent[rows]),
        schedule.rung(standing.step[rows] + 1, origin),
    )
    late = (_of(around.today, rows) - day).astype(np.int64) - _of(around.away, rows)
    due = ~np.isnat(day) & (late >= 0)
    return due, np.where(due, late + 1.0, 0.0)


def _fsrs(
    schedule: Schedule, standing: Standing, around: Circumstances, rows: Numbers
) -> tuple[Flags, Reals]:
    """Return a key point once recall is down to ``desired_retention``, the least remembered first."""
    model, memory = schedule.fsrs, standing.memory.at(rows)
    today = np.asarray(_of(around.today, rows)).astype("datetime64[D]").astype(np.float64)
    known = ~np.isnan(memory.stability)
    wait = model.wait(memory, _of(around.who, rows), _of(around.what, rows), standing.step[rows] + 1)
    again = (standing.step[rows] >= 0) & np.isnat(standing.reached[rows])
    due = ~known | again | (today >= np.ceil(memory.exposed) + wait + _of(around.away, rows))
    recall = model.retrievability(today - memory.exposed, memory.stability)
    return due, np.where(known, 1.0 - recall, 1.0)


def _budgeted(
    schedule: Schedule, standing: Standing, around: Circumstances, rows: Numbers
) -> tuple[Flags, Reals]:
    """Send what buys at least ``min_gain_days`` of knowledge; what buys most goes first.

    A key point that was sent a few days ago is worth less, and one that has waited for ``maximum_interval``
    is due whatever it buys.
    """
    today = np.asarray(_of(around.today, rows)).astype("datetime64[D]")
    bought = gain(
        schedule.fsrs,
        standing.memory.at(rows),
        today.astype(np.int64),
        horizon=_of(around.horizon, rows),
        strength=_of(around.strength, rows),
        attend=_of(around.attend, rows),
    )
    since = (today - standing.sent[rows]).astype(np.float64)
    since[np.isnat(standing.sent[rows])] = np.inf
    score = bought * (1.0 - 0.5 ** (since / FRESH_AGAIN))
    due = score >= schedule.min_gain_days
    overdue = ~np.isnat(standing.reached[rows]) & (
        schedule.maximum_interval.after_each(standing.reached[rows]) + _of(around.away, rows) <= today
    )
    return due | overdue, np.where(overdue, np.maximum(score, schedule.min_gain_days), score)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """How much a deadline asks of every employee.

    Attributes:
        attempts: messages after which ``reach`` of the employees have acknowledged a key point.
        rate: the share of messages to which somebody reacts.
        slots: messages that may still be sent to an employee until then, one row an employee.
    """

    attempts: int
    rate: float
    slots: Reals


def attempts(reach: float, rate: float) -> int:
    """Return how many messages are needed so that a share ``reach`` reacts to one, when each has ``rate``.

    From 1 - (1 - rate)ⁿ ≥ reach; a rate is taken to be at least 1 in 20 and at most 95 in 100.
    """
    rate = min(max(rate, 0.05), 0.95)
    return math.ceil(math.log(1 - reach) / math.log(1 - rate) - 1e-9)


def expected(attempts: ArrayLike, rate: float) -> Reals:
    """Return how many messages go out on average when the first reaction ends them, and ``attempts`` at most.

    Σᵢ₌₀ⁿ⁻¹ (1 - rate)ⁱ = (1 - (1 - rate)ⁿ) / rate.
    """
    rate = min(max(rate, 0.05), 0.95)
    count: Reals = (1 - (1 - rate) ** np.asarray(attempts, dtype=np.float64)) / rate
    return count


def pressing(standing: Standing, employee: Numbers, owed: Flags, deadline: Deadline) -> Flags:
    """Tell which owed pairs a deadline makes urgent.

    They are those of employees for whom the messages still expected, at least one for each owed pair, fill
    most of those that may still be sent.
    """
    left = expected(np.maximum(deadline.attempts - standing.messages, 1), deadline.rate) * owed
    needed = np.bincount(employee, weights=left, minlength=len(deadline.slots))
    urgent: Flags = owed & (needed >= URGENT * deadline.slots)[employee]
    return urgent


def exhausted(standing: Standing, employee: Numbers, owed: Flags, deadline: Deadline) -> Flags:
    """Tell for each employee whether the attempts for something that they owe have run out."""
    out = owed & ~standing.waiting & (standing.messages >= deadline.attempts)
    return np.bincount(employee[out], minlength=len(deadline.slots)) > 0
