"""When a key point returns to an employee: fixed ladders of intervals.

The seam for other rhythms is ``Cadence.next``: progress columns in, the next due day and step out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.period import Days, Period
from diffuse.domain.policy import refuse
from diffuse.errors import Problem

NEVER = np.datetime64("NaT", "D")


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Where n pairs of an employee and a key point stand, as columns of length n.

    Attributes:
        enters: the first day on which the key point may go to the employee.
        step: the ladder step of the last message, counted from 0; -1 when there was none.
        tries: how many messages were sent at that step.
        sent: the local day of the last message; NaT when there was none.
        reached: the local day on which the last message was reached; NaT when it was not.
        waiting: True while a message is planned and not yet sent.
    """

    enters: Days
    step: NDArray[np.int64]
    tries: NDArray[np.int64]
    sent: Days
    reached: Days
    waiting: NDArray[np.bool_]

    @classmethod
    def fresh(cls, enters: Days) -> "Progress":
        """Columns of pairs that have had no message yet."""
        n = len(enters)
        return cls(
            enters=enters,
            step=np.full(n, -1),
            tries=np.zeros(n, dtype=np.int64),
            sent=np.full(n, NEVER),
            reached=np.full(n, NEVER),
            waiting=np.zeros(n, dtype=np.bool_),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Cadence:
    """A fixed ladder: the waits before each step, and what happens to a message that nobody opened.

    Attributes:
        intervals: the wait before step i, counted from the day on which step i - 1 was reached;
            the first one is counted from the day on which the key point enters.
        introduce_every: how long after one key point the next one enters, for one employee.
        resend_unopened_after: how long after an unopened message its step is sent again, in another wording.
        max_resends: how often one step is sent again before the key point rests.
    """

    intervals: tuple[Period, ...] = (
        Period(),
        Period(days=3),
        Period(days=10),
        Period(months=1),
        Period(months=3),
    )
    introduce_every: Period = Period(days=3)
    resend_unopened_after: Period = Period(days=4)
    max_resends: int = 2

    def __post_init__(self) -> None:
        """Refuse a ladder that cannot be climbed."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with this cadence alone."""
        if not self.intervals:
            yield Problem(path=("intervals",), found="no interval", expected="at least one, such as '0 days'")
        for place, (before, after) in enumerate(
            zip(self.intervals, self.intervals[1:], strict=False), start=1
        ):
            if after.about < before.about:
                yield Problem(
                    path=("intervals", place),
                    found=f"{after} after {before}",
                    expected="intervals that never shrink",
                )
        if not self.resend_unopened_after.about:
            yield Problem(path=("resend_unopened_after",), found="no wait", expected="at least '1 day'")
        if self.max_resends < 0:
            yield Problem(path=("max_resends",), found=f"{self.max_resends}", expected="0 or more")

    def enters(self, start: Days, position: NDArray[np.int64]) -> Days:
        """Return the day on which the key point at each position (from 0) enters, counted from ``start``."""
        days = start.copy()
        for place in np.unique(position):
            here = position == place
            days[here] = self.introduce_every.after_each(start[here], times=int(place))
        return days

    def next(self, progress: Progress) -> tuple[Days, NDArray[np.int64]]:
        """Return the day from which the next message is due (NaT: none) and the step that it has.

        A step advances only when the last message was reached; an unreached one comes again after
        ``resend_unopened_after``, at most ``max_resends`` times.
        """
        first = progress.step < 0
        reached = ~np.isnat(progress.reached) & ~first
        again = ~first & ~reached
        step = np.where(first, 0, np.where(reached, progress.step + 1, progress.step))
        due = np.full(len(step), NEVER)
        origin = np.where(first, progress.enters, progress.reached)
        for number, interval in enumerate(self.intervals):
            here = (step == number) & ~again
            due[here] = interval.after_each(origin[here])
        resend = again & (progress.tries <= self.max_resends)
        due[resend] = self.resend_unopened_after.after_each(progress.sent[resend])
        due[progress.waiting] = NEVER
        return due, step
