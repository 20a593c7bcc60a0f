"""From what came back to memory: how much a message that was opened, confirmed or answered is taken to teach.

A message that nobody opened teaches nothing and makes nobody forget: it is no failed retrieval. What machines
open is no signal either. All weights are assumptions: no study gives them for messages at work, and
``Signals`` lets an organisation set its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffuse.domain.memory import LEAST_STABILITY, Fsrs, Grade, Memory, in_order
from diffuse.domain.policy import refuse
from diffuse.errors import Problem

Reals = NDArray[np.float64]
Numbers = NDArray[np.int64]

FIRST_SHARE = 0.4
"""The part of the first stability of a retrieval that any first exposure gives, however weak."""


class Signal(IntEnum):
    """What came back, from the weakest to the strongest."""

    OPENED = 0
    ACKNOWLEDGED = 1
    RIGHT = 2
    WRONG = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Signals:
    """What is assumed about signals; each is a probability or a share, from 0 to 1.

    Attributes:
        opened_weight: what reading an opened message teaches, as a share of a successful retrieval.
        acknowledged_weight: what reading and confirming it teaches, likewise.
        feedback_weight: what reading the right answer after a wrong one teaches, likewise.
        attention_prior: how often a message is read, before anything is known of it.
        open_sensitivity: how often a message that is read shows as opened; image blocking hides the others.
        false_open: how often one that nobody read shows as opened, because a program fetched its image.
        slip: how often somebody who knows the answer misses it.
    """

    opened_weight: float = 0.35
    acknowledged_weight: float = 0.6
    feedback_weight: float = 0.35
    attention_prior: float = 0.5
    open_sensitivity: float = 0.85
    false_open: float = 0.1
    slip: float = 0.05

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with these assumptions alone."""
        for one in fields(self):
            value = getattr(self, one.name)
            if not 0 <= value <= 1:
                yield Problem(path=(one.name,), found=f"{value:g}", expected="a share from 0 to 1")

    def attention(self, signal: ArrayLike, prior: ArrayLike | None = None) -> Reals:
        """Return the probability that somebody read the message, given what came back, by Bayes.

        Args:
            signal: what came back.
            prior: how often this employee reads a message; ``attention_prior`` when not known.
        """
        known = self.attention_prior if prior is None else np.asarray(prior, dtype=np.float64)
        read = known * self.open_sensitivity
        opened = read / np.maximum(read + (1 - known) * self.false_open, np.finfo(float).tiny)
        return np.where(np.asarray(signal) == Signal.OPENED, opened, 1.0)


def absorb(  # noqa: PLR0913 -- one signal and what is assumed about it
    fsrs: Fsrs,
    memory: Memory,
    day: ArrayLike,
    signal: ArrayLike,
    *,
    choices: ArrayLike = 2,
    signals: Signals | None = None,
    attention: ArrayLike | None = None,
) -> Memory:
    """Return memories after one signal each.

    Opening and confirming are restudies of a part of the strength of a retrieval; an answer is a retrieval,
    corrected for guessing: who answers right among c choices knew it with the probability
    q = R / (R + (1 - R)/c), by Bayes, and S* = q·S_good + (1 - q)·S_relearned. The whole is then weighed with
    the probability a that somebody was attending: S' = a·S* + (1 - a)·S and R' = a + (1 - a)·R, and the last
    exposure is dated so that the curve of S' passes through R' today. This is an expectation of the states of
    FSRS-6, kept in its two numbers; with a = 1 it is that state, and with a = 0 nothing changes.

    Args:
        fsrs: the memory model.
        memory: before the signals, one row for each.
        day: days since 1970.
        signal: what came back.
        choices: answers that the question offered.
        signals: the assumptions.
        attention: the probability that somebody was attending; by default that which the signal tells.

    Raises:
        ValueError: when a day lies before the last exposure.
    """
    assumed = signals or Signals()
    shape = memory.stability.shape
    today = np.broadcast_to(np.asarray(day, dtype=np.float64), shape)
    kind = np.broadcast_to(np.asarray(signal, dtype=np.int64), shape)
    offered = np.broadcast_to(np.asarray(choices, dtype=np.float64), shape)
    a = np.broadcast_to(assumed.attention(kind) if attention is None else np.asarray(attention), shape)
    in_order(today, memory, "signals")
    known = ~np.isnan(memory.stability)
    recall = fsrs.retrievability(today - memory.exposed, memory.stability)
    stability, difficulty = _first(fsrs, assumed, kind, offered)
    rows = np.flatnonzero(known)
    stability[rows], difficulty[rows] = _later(
        fsrs, assumed, memory.at(rows), recall[rows], kind[rows], offered[rows]
    )
    return _weigh(fsrs, memory, today, (stability, difficulty, recall), kind, a)


def _first(fsrs: Fsrs, assumed: Signals, kind: Numbers, choices: Reals) -> tuple[Reals, Reals]:
    """Return the state after a first exposure, each of its own strength.

    S0 = w2·(0.4 + 0.6·strength): an assumption, between nothing and the first Good of FSRS-6. A right answer
    at the first encounter is as strong as it is unlikely to be a guess.
    """
    weight = np.choose(
        kind,
        [
            assumed.opened_weight,
            assumed.acknowledged_weight,
            1.0 - 1.0 / np.maximum(choices, 1.0),
            assumed.feedback_weight,
        ],
    )
    stability = fsrs.weights[2] * (FIRST_SHARE + (1 - FIRST_SHARE) * weight)
    grade = np.where(kind == Signal.WRONG, Grade.AGAIN, Grade.GOOD)
    return stability, fsrs.first(grade)[1]


def _later(  # noqa: PLR0913, PLR0917 -- columns
    fsrs: Fsrs, assumed: Signals, memory: Memory, recall: Reals, kind: Numbers, choices: Reals
) -> tuple[Reals, Reals]:
    """Return the state after a further exposure, as if it had been attended to."""
    s, d = memory.stability, memory.difficulty
    good = fsrs.recalled(s, d, recall)
    stability = s + np.where(kind == Signal.OPENED, assumed.opened_weight, assumed.acknowledged_weight) * (
        good - s
    )
    right = np.flatnonzero(kind == Signal.RIGHT)
    if len(right):
        knew = (1 - assumed.slip) * recall[right]
        q = knew / np.maximum(
            knew + (1 - recall[right]) / np.maximum(choices[right], 1), np.finfo(float).tiny
        )
        again = _relearned(fsrs, assumed, s[right], d[right], recall[right])
        stability[right] = q * good[right] + (1 - q) * again
    wrong = np.flatnonzero(kind == Signal.WRONG)
    if len(wrong):
        stability[wrong] = _relearned(fsrs, assumed, s[wrong], d[wrong], recall[wrong])
    grade = np.where(kind == Signal.WRONG, Grade.AGAIN, Grade.GOOD)
    return stability, fsrs.harder(d, grade)


def _relearned(fsrs: Fsrs, assumed: Signals, s: Reals, d: Reals, recall: Reals) -> Reals:
    """Return the stability after a failed retrieval and the feedback that followed on the same page."""
    lapsed = fsrs.lapsed(s, d, recall)
    return lapsed + assumed.feedback_weight * (fsrs.same_day(lapsed, Grade.GOOD) - lapsed)


def _weigh(  # noqa: PLR0913, PLR0917 -- columns
    fsrs: Fsrs,
    memory: Memory,
    today: Reals,
    attended: tuple[Reals, Reals, Reals],
    kind: Numbers,
    a: Reals,
) -> Memory:
    """Mix what attending would have made of a memory with what it was."""
    stability, difficulty, recall = attended
    before = np.where(np.isnan(memory.stability), stability, memory.stability)
    mixed = np.maximum(a * stability + (1 - a) * before, LEAST_STABILITY)
    hard = np.where(np.isnan(memory.difficulty), difficulty, memory.difficulty)
    now = a + (1 - a) * recall
    back = np.where(a == 1.0, 0.0, fsrs.elapsed(np.maximum(now, 1e-6), mixed))
    grade = np.where(kind == Signal.WRONG, Grade.AGAIN, Grade.GOOD)
    step, relearning = fsrs.advance(memory, grade)
    after = Memory(
        stability=mixed,
        difficulty=a * difficulty + (1 - a) * hard,
        exposed=today - back,
        step=np.where(a > 0, step, memory.step),
        relearning=np.where(a > 0, relearning, memory.relearning),
    )
    unread = np.flatnonzero(a == 0.0)
    after.put(unread, memory.at(unread))
    return after


def gain(  # noqa: PLR0913 -- columns
    fsrs: Fsrs, memory: Memory, day: ArrayLike, *, horizon: ArrayLike, strength: ArrayLike, attend: ArrayLike
) -> Reals:
    """Return the knowledge-days that a message of today is expected to buy until the horizon.

    attend · [∫₀ᴴ R(u; S*, 0) du - ∫₀ᴴ R(u; S, elapsed) du], the marginal gain in average recall over a span
    that Hunziker and others maximise ("Teaching Multiple Concepts to a Forgetful Learner", NeurIPS 2019),
    with bounds for the greedy choice. S* is the stability after a restudy; the second integral is 0 for what
    was never met.

    Args:
        fsrs: the memory model.
        memory: one row for each message.
        day: today, in days since 1970.
        horizon: days over which knowledge counts.
        strength: what a message that is read teaches, as a share of a successful retrieval.
        attend: the probability that it is read.
    """
    shape = memory.stability.shape
    span = np.broadcast_to(np.asarray(horizon, dtype=np.float64), shape)
    weight = np.broadcast_to(np.asarray(strength, dtype=np.float64), shape)
    new = fsrs.weights[2] * (FIRST_SHARE + (1 - FIRST_SHARE) * weight)
    rows = np.flatnonzero(~np.isnan(memory.stability))
    s = memory.stability[rows]
    elapsed = np.maximum(
        np.broadcast_to(np.asarray(day, dtype=np.float64), shape)[rows] - memory.exposed[rows], 0
    )
    base = 1 + fsrs.factor * elapsed / s
    recall = base**fsrs.decay
    after = new.copy()
    after[rows] = s + weight[rows] * (fsrs.recalled(s, memory.difficulty[rows], recall) - s)
    bought = fsrs.knowledge(after, 0.0, span)
    power = 1 + fsrs.decay
    later = (base + fsrs.factor * span[rows] / s) ** power - base * recall
    bought[rows] -= s / (fsrs.factor * power) * later
    # Where a message teaches almost nothing, rounding may leave less than nothing.
    return np.maximum(bought, 0.0) * np.asarray(attend, dtype=np.float64)
