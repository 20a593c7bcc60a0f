"""Where every pair of an employee and a key point stands: a fold over the log of messages and what came back.

The fold may begin anew from a standing that was kept: folding up to a day, and then from that day on, gives
the same as folding everything.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.memory import Fsrs, Memory
from diffuse.domain.period import NEVER, Days
from diffuse.domain.signals import Signal, Signals, absorb

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

EVER = np.datetime64("0001-01-01", "D")
"""Before every message."""

FOR_EVER = np.datetime64("9999-12-31", "D")
"""After every message."""

_NUMBERS = 1 << 20
"""More messages than one pair ever gets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Log:
    """Messages of one campaign and what came back, as columns: one row a message, in any order.

    Attributes:
        employee, point: the row of the employee, the place of the key point among the repeated ones.
        touch, step: as in ``Touchpoint``.
        gone: True for a message that never left and never will.
        pending: True for one that may still leave.
        due_on: the local day on which it was, or is, to be sent.
        opened, acknowledged, answered: the local days on which it came back so for the first time; NaT.
        right: True where the first answer was right.
        wording: a number for the register in which it was written.
        stale: True for one whose text is older than a material change of its key point.
        posted: True for a post that the employee met; it counts as a step that was reached, and not as a
            message that was sent.
    """

    employee: Numbers
    point: Numbers
    touch: Numbers
    step: Numbers
    gone: Flags
    pending: Flags
    due_on: Days
    opened: Days
    acknowledged: Days
    answered: Days
    right: Flags
    wording: Numbers
    stale: Flags
    posted: Flags

    def __len__(self) -> int:
        """Count the messages."""
        return len(self.employee)

    @property
    def reached(self) -> Days:
        """The first local day on which anything came back."""
        first: Days = np.fmin(np.fmin(self.opened, self.acknowledged), self.answered)
        return first

    @property
    def turn(self) -> Numbers:
        """Where each message stands in time: by its day, and by its number on one day.

        A post may be met while a message with a lower number waits.
        """
        return self.due_on.astype(np.int64) * _NUMBERS + self.touch

    def rows(self, rows: Numbers | Flags) -> "Log":
        """Return some of the messages."""
        return Log(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where n pairs stand, as columns; pair = row of the employee × key points + place.

    Attributes:
        touch: the next message's number, however the others ended.
        step: the step of the last message that counts, -1 for none.
        tries: how many messages had that step.
        messages, back: how many messages left, and from how many of them anything came back.
        sent, reached: local days of the last message, and of the first answer to its step; NaT.
        streak: right answers in a row.
        acknowledged: whether any message of the pair that is not stale was acknowledged.
        waiting: whether a message of the pair may still leave.
        renewed: whether a message with the text in force counts.
        anew: whether the pair began again, because a text was acknowledged that has changed since.
        wording: the number of the last message's register, -1 for none.
        memory: what the employee is taken to remember.
    """

    touch: Numbers
    step: Numbers
    tries: Numbers
    messages: Numbers
    back: Numbers
    sent: Days
    reached: Days
    streak: Numbers
    acknowledged: Flags
    waiting: Flags
    renewed: Flags
    anew: Flags
    wording: Numbers
    memory: Memory

    @classmethod
    def fresh(cls, n: int) -> "Standing":
        """Pairs that have had no message."""
        zeros = np.zeros(n, dtype=np.int64)
        return cls(
            touch=zeros,
            step=np.full(n, -1),
            tries=zeros.copy(),
            messages=zeros.copy(),
            back=zeros.copy(),
            sent=np.full(n, NEVER),
            reached=np.full(n, NEVER),
            streak=zeros.copy(),
            acknowledged=np.zeros(n, dtype=np.bool_),
            waiting=np.zeros(n, dtype=np.bool_),
            renewed=np.zeros(n, dtype=np.bool_),
            anew=np.zeros(n, dtype=np.bool_),
            wording=np.full(n, -1),
            memory=Memory.fresh(n),
        )

    def copy(self) -> "Standing":
        """Return columns of their own."""
        return self.at(np.arange(len(self.touch)))

    def put(self, pairs: Numbers, other: "Standing") -> None:
        """Write some of the pairs in place."""
        for one in fields(self):
            if one.name != "memory":
                getattr(self, one.name)[pairs] = getattr(other, one.name)
        self.memory.put(pairs, other.memory)

    def at(self, pairs: Numbers) -> "Standing":
        """Return some of the pairs."""
        plain = {one.name: getattr(self, one.name)[pairs] for one in fields(self) if one.name != "memory"}
        return Standing(**plain, memory=self.memory.at(pairs))


@dataclass(frozen=True, kw_only=True, slots=True)
class Teaching:
    """What a fold must know of a campaign: its memory model, and what each key point asks.

    ``choices`` counts the answers of each key point's question; 0 where it has none.
    """

    fsrs: Fsrs
    signals: Signals
    choices: Numbers


def fold(
    standing: Standing,
    log: Log,
    teaching: Teaching,
    begins: np.datetime64 = EVER,
    ends: np.datetime64 = FOR_EVER,
) -> Standing:
    """Return where pairs stand after what the log says of the days from ``begins`` until before ``ends``.

    Args:
        standing: where they stood before; it is left as it is.
        log: messages of these days, and earlier ones to which something came back since.
        teaching: the campaign's memory model.
        begins, ends: the days that count; ``standing`` holds all days before.
    """
    after = standing.copy()
    if not len(log):
        return after
    pair = log.employee * len(teaching.choices) + log.point
    inside = (log.due_on < ends) | log.pending
    np.maximum.at(after.touch, pair[inside], log.touch[inside] + 1)
    moot = np.zeros(len(log), dtype=np.bool_)
    if log.stale.any():
        moot, counts = _begin_again(after, log, pair, begins, ends)
        log, pair, moot = log.rows(counts), pair[counts], moot[counts]
    _climb(after, log, pair, moot, begins, ends)
    _learn(after, log, pair, teaching, begins, ends)
    return after


def _counting(log: Log, begins: np.datetime64, ends: np.datetime64) -> tuple[Flags, Flags]:
    """Tell which messages count before ``ends``, and which of them did not before ``begins``."""
    inside = (log.due_on < ends) | log.pending
    counts = inside & ~log.gone & ~(log.pending & (ends != FOR_EVER))
    return counts, counts & ((log.due_on >= begins) | log.pending)


def _begin_again(
    after: Standing, log: Log, pair: Numbers, begins: np.datetime64, ends: np.datetime64
) -> tuple[Flags, Flags]:
    """Let pairs begin again of which a text was acknowledged that has changed since.

    They do as long as no message with the text in force has counted; of what went before only the next
    message's number, and the day and register of the last one stay.

    Returns:
        the stale messages to which something came back when a newer text was on its way, which says
        nothing about that one; and the messages that count, those of a text that was given up left out.
    """
    _, new = _counting(log, begins, ends)
    first = np.full(len(after.touch), FOR_EVER)
    of_force = np.flatnonzero(new & ~log.stale)
    np.minimum.at(first, pair[of_force], log.due_on[of_force])
    moot = log.stale & (after.renewed[pair] | (log.reached >= first[pair]))
    given = log.stale & (log.acknowledged >= begins) & (log.acknowledged < ends)
    given &= ~after.renewed[pair] & (log.acknowledged < first[pair])
    again = np.unique(pair[given])
    before, blank = after.at(again), Standing.fresh(len(again))
    for name in ("touch", "sent", "wording", "waiting"):
        getattr(blank, name)[:] = getattr(before, name)
    blank.anew[:] = True
    after.put(again, blank)
    given_up = log.stale & ~log.pending & after.anew[pair]
    for rows in _in_turn(pair, log.turn, np.flatnonzero(given_up & new)):
        after.sent[pair[rows]] = log.due_on[rows]
        after.wording[pair[rows]] = log.wording[rows]
    return moot, ~given_up


def _climb(  # noqa: PLR0913, PLR0917 -- columns
    after: Standing, log: Log, pair: Numbers, moot: Flags, begins: np.datetime64, ends: np.datetime64
) -> None:
    """Count messages and steps; the last message of a pair is the one of the latest day."""
    if ends == FOR_EVER:
        after.waiting[pair[log.pending]] = True
    counts, new = _counting(log, begins, ends)
    after.renewed[pair[new & ~log.stale]] = True
    np.add.at(after.messages, pair[new & ~log.pending & ~log.posted], 1)
    for rows in _in_turn(pair, log.turn, np.flatnonzero(new)):
        here = pair[rows]
        same = log.step[rows] == after.step[here]
        after.tries[here] = np.where(same, after.tries[here] + 1, 1)
        after.reached[here[~same]] = NEVER
        after.step[here] = log.step[rows]
        after.sent[here] = log.due_on[rows]
        after.wording[here] = log.wording[rows]
    reached = log.reached
    back = np.flatnonzero(counts & ~moot & (reached >= begins) & (reached < ends))
    np.add.at(after.back, pair[back[~log.posted[back]]], 1)
    for rows in _in_turn(pair, log.turn, back):
        here = pair[rows]
        same = log.step[rows] == after.step[here]
        after.reached[here[same]] = np.fmin(after.reached[here[same]], reached[rows[same]])


def _learn(  # noqa: PLR0913, PLR0917 -- columns
    after: Standing,
    log: Log,
    pair: Numbers,
    teaching: Teaching,
    begins: np.datetime64,
    ends: np.datetime64,
) -> None:
    """Fold what came back into memory, day by day; of what came back on one day, the strongest counts."""
    given = log.acknowledged
    confirmed = (given >= begins) & (given < ends) & ~log.stale
    after.acknowledged[pair[confirmed]] = True
    who, day, signal = _signals(log, pair, begins, ends)
    choices = teaching.choices[who % len(teaching.choices)]
    for rows in _in_turn(who, day.astype(np.int64), np.arange(len(who))):
        here, kind = who[rows], signal[rows]
        learned = absorb(
            teaching.fsrs,
            after.memory.at(here),
            day[rows].astype(np.int64),
            kind,
            choices=np.maximum(choices[rows], 2),
            signals=teaching.signals,
        )
        after.memory.put(here, learned)
        after.streak[here[kind == Signal.RIGHT]] += 1
        after.streak[here[kind == Signal.WRONG]] = 0


def _signals(
    log: Log, pair: Numbers, begins: np.datetime64, ends: np.datetime64
) -> tuple[Numbers, Days, Numbers]:
    """Return pair, day and kind of what came back, one for each pair and day, the strongest."""
    answer = np.where(log.right, Signal.RIGHT, Signal.WRONG)
    n = len(log)
    who = np.tile(pair, 3)
    day = np.concatenate([log.opened, log.acknowledged, log.answered])
    kind = np.concatenate([np.full(n, Signal.OPENED), np.full(n, Signal.ACKNOWLEDGED), answer])
    strength = np.repeat(np.arange(3), n)
    came = np.flatnonzero((day >= begins) & (day < ends))
    ranked = came[np.lexsort((np.tile(log.touch, 3)[came], strength[came], day[came], who[came]))]
    last = np.ones(len(ranked), dtype=np.bool_)
    last[:-1] = (who[ranked][1:] != who[ranked][:-1]) | (day[ranked][1:] != day[ranked][:-1])
    kept = ranked[last]
    return who[kept], day[kept], kind[kept]


def _in_turn(pair: Numbers, order: Numbers, rows: Numbers) -> Iterator[Numbers]:
    """Yield rows so that no pair stands twice in one lot, each pair's rows in their order."""
    if not len(rows):
        return
    ranked = rows[np.lexsort((order[rows], pair[rows]))]
    new = np.ones(len(ranked), dtype=np.bool_)
    new[1:] = pair[ranked][1:] != pair[ranked][:-1]
    begins = np.flatnonzero(new)
    turn = np.arange(len(ranked)) - np.repeat(begins, np.diff(np.append(begins, len(ranked))))
    for number in range(int(turn.max()) + 1):
        yield ranked[turn == number]
