"""When a key point returns to an employee: what an officer decides about it, and fixed ladders."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.attention import EasyDays
from diffuse.domain.memory import WEIGHTS, Fsrs
from diffuse.domain.period import NEVER, Days, Period
from diffuse.domain.policy import refuse
from diffuse.domain.signals import Signals
from diffuse.errors import AuthoringError, Problem, nearest

POLICIES = ("fixed", "fsrs", "budgeted")
"""A ladder of intervals, the day on which recall falls to a target, or what buys most knowledge."""

ESCALATIONS = ("", "manager")

MOST_STEPS = 30
"""More steps than any campaign climbs: a longer list is a mistake."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Targets:
    """What a campaign is to reach.

    Attributes:
        acknowledged_by: the last day on which everybody should have acknowledged every key point, or None.
        reach: the share of employees whom so many attempts must reach by then, between 0 and 1.
        remember_for: how long the key points should be remembered once the campaign is over.
        escalate: what happens when an employee's attempts run out: ``manager`` writes to the manager, an
            empty text does nothing.
    """

    acknowledged_by: date | None = None
    reach: float = 0.95
    remember_for: Period = Period(months=3)
    escalate: str = ""

    def __post_init__(self) -> None:
        """Refuse a target that nothing can reach."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with these targets alone."""
        if not 0 < self.reach < 1:
            yield Problem(path=("reach",), found=f"{self.reach:g}", expected="a share between 0 and 1")
        if self.escalate not in ESCALATIONS:
            yield Problem(
                path=("escalate",),
                found=f"{self.escalate!r}",
                expected="'manager', or nothing",
                suggestion=nearest(self.escalate, ("manager",)),
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """When a key point returns, and what happens to a message that nobody opened.

    Attributes:
        policy: ``fixed`` climbs the ladder of ``intervals``; ``fsrs`` returns a key point on the day on which
            its probability of recall falls to ``desired_retention``; ``budgeted`` sends what buys most
            knowledge-days, as long as it buys ``min_gain_days``.
        intervals: of ``fixed``: the wait before step i, counted from the day on which step i - 1 was reached;
            the first one is counted from the day on which the key point enters.
        introduce_every: how long after one key point the next one enters, for one employee.
        resend_unopened_after: how long after an unopened message its step is sent again, in another wording.
        max_resends: how often one step is sent again before the key point rests.
        desired_retention: of ``fsrs``: the probability of recall at which a key point returns.
        maximum_interval: of ``fsrs`` and ``budgeted``: a key point returns at the latest so long after the
            day on which it was last reached.
        learning_steps: of ``fsrs``: the waits after the first messages of a key point.
        relearning_steps: of ``fsrs``: the waits after a wrong answer.
        fuzz: of ``fsrs``: whether intervals vary a little, the same way at every planning.
        easy_days: weekdays on which this campaign sends less.
        retire_after: after so many right answers in a row a key point does not return; 0 for never.
        min_gain_days: of ``budgeted``: how many days of knowledge a message must be expected to buy.
        weights: the 21 weights of FSRS-6; empty for the published ones.
        signals: how much opening, acknowledging and answering are taken to teach.
    """

    policy: str = "fixed"
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
    desired_retention: float = 0.8
    maximum_interval: Period = Period(months=12)
    learning_steps: tuple[Period, ...] = ()
    relearning_steps: tuple[Period, ...] = ()
    fuzz: bool = True
    easy_days: EasyDays = EasyDays()  # noqa: RUF009 -- frozen
    retire_after: int = 0
    min_gain_days: float = 10.0
    weights: tuple[float, ...] = ()
    signals: Signals = Signals()  # noqa: RUF009 -- frozen

    def __post_init__(self) -> None:
        """Refuse a schedule that cannot be kept."""
        refuse(self.problems())

    @property
    def fsrs(self) -> Fsrs:
        """The memory model that this schedule reckons with."""
        return Fsrs(
            weights=self.weights or WEIGHTS,
            desired_retention=self.desired_retention,
            maximum_interval=round(self.maximum_interval.about),
            learning_steps=tuple(round(step.about) for step in self.learning_steps),
            relearning_steps=tuple(round(step.about) for step in self.relearning_steps),
            fuzz=self.fuzz,
        )

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with this schedule alone."""
        if self.policy not in POLICIES:
            yield Problem(
                path=("policy",),
                found=f"{self.policy!r}",
                expected=f"one of {', '.join(POLICIES)}",
                suggestion=nearest(self.policy, POLICIES),
            )
        yield from self._ladder_problems()
        if not self.resend_unopened_after.about:
            yield Problem(path=("resend_unopened_after",), found="no wait", expected="at least '1 day'")
        for name in ("max_resends", "retire_after", "min_gain_days"):
            if getattr(self, name) < 0:
                yield Problem(path=(name,), found=f"{getattr(self, name):g}", expected="0 or more")
        yield from self._memory_problems()

    def _ladder_problems(self) -> Iterator[Problem]:
        if not self.intervals:
            yield Problem(path=("intervals",), found="no interval", expected="at least one, such as '0 days'")
        if len(self.intervals) > MOST_STEPS:
            yield Problem(
                path=("intervals",),
                found=f"{len(self.intervals)} intervals",
                expected=f"at most {MOST_STEPS}",
            )
        for place, (before, after) in enumerate(
            zip(self.intervals, self.intervals[1:], strict=False), start=1
        ):
            if after.about < before.about:
                yield Problem(
                    path=("intervals", place),
                    found=f"{after} after {before}",
                    expected="intervals that never shrink",
                )

    def _memory_problems(self) -> Iterator[Problem]:
        """Yield what the memory model refuses, each under the field that it comes from."""
        try:
            _ = self.fsrs
        except AuthoringError as error:
            yield from error.problems

    def enters(self, start: Days, position: NDArray[np.int64]) -> Days:
        """Return the day on which the key point at each position (from 0) enters, counted from ``start``."""
        days = start.copy()
        for place in np.unique(position):
            here = position == place
            days[here] = self.introduce_every.after_each(start[here], times=int(place))
        return days

    def rung(self, step: NDArray[np.int64], origin: Days) -> Days:
        """Return the day on which each step of the ladder is due, from ``origin`` on; NaT beyond its end."""
        due = np.full(len(step), NEVER)
        for number, interval in enumerate(self.intervals):
            here = step == number
            due[here] = interval.after_each(origin[here])
        return due
