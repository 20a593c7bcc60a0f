"""How much of people's attention we may take: the organisation's rules, over all campaigns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.delivery import spread
from diffuse.domain.period import Days
from diffuse.domain.policy import refuse
from diffuse.domain.tracking import Tracking
from diffuse.domain.window import WEEKDAYS, SendWindow, weekday_problems
from diffuse.errors import Problem, nearest

WEEK = 7
"""The weekly budget counts any seven days in a row, not calendar weeks."""

EASE = {"normal": 1.0, "reduced": 0.5, "minimum": 0.0}
"""The share of employees to whom something may go on a day of each kind; what is urgent goes on any."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EasyDays:
    """Weekdays on which less is sent: each ``normal``, ``reduced`` (to half of the people) or ``minimum``.

    On a ``minimum`` day only what a deadline makes urgent is sent.
    """

    monday: str = "normal"
    tuesday: str = "normal"
    wednesday: str = "normal"
    thursday: str = "normal"
    friday: str = "normal"
    saturday: str = "normal"
    sunday: str = "normal"

    def __post_init__(self) -> None:
        """Refuse a kind of day that does not exist."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with these days alone."""
        for day in WEEKDAYS:
            kind = getattr(self, day)
            if kind not in EASE:
                yield Problem(
                    path=(day,),
                    found=f"{kind!r}",
                    expected=f"one of {', '.join(EASE)}",
                    suggestion=nearest(kind, EASE),
                )

    def kind(self, day: date) -> str:
        """Name the kind of a day."""
        kind: str = getattr(self, WEEKDAYS[day.weekday()])
        return kind


@dataclass(frozen=True, kw_only=True, slots=True)
class QuietHours:
    """Local hours over night in which nothing is sent: from ``begins`` to ``ends`` next morning."""

    begins: time = time(18)
    ends: time = time(8)

    def __post_init__(self) -> None:
        """Refuse hours that are no night."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with these hours alone."""
        if self.begins <= self.ends:
            yield Problem(
                path=("begins",),
                found=f"quiet hours from {self.begins:%H:%M} to {self.ends:%H:%M}",
                expected="hours that begin in the evening and end the next morning",
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Attention:
    """The organisation's rules, over all campaigns; a campaign may be stricter, and never laxer.

    Attributes:
        max_messages_per_week: messages that an employee may get in any seven days, 1 to 21.
        max_per_day: messages that an employee may get on one day, 1 to 3.
        min_gap_days: days from one day with a message to the next one, at least; 1 allows every day.
        easy_days: weekdays on which less is sent.
        working_days: weekdays on which anything is sent.
        holidays: a region of the ``holidays`` library such as ``CA-QC``, or nothing.
        quiet_hours: hours in which nothing is sent, or None.
        vacation_hold: whether absent employees get nothing, and their intervals are stretched by the absence.
        tracking: what is measured at most; a campaign and an employee may allow less, never more.
    """

    max_messages_per_week: int = 7
    max_per_day: int = 1
    min_gap_days: int = 1
    easy_days: EasyDays = EasyDays()
    working_days: tuple[str, ...] = WEEKDAYS
    holidays: str = ""
    quiet_hours: QuietHours | None = None
    vacation_hold: bool = True
    tracking: Tracking = Tracking()  # noqa: RUF009 -- frozen

    def __post_init__(self) -> None:
        """Refuse rules under which nothing could be sent."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with these rules alone."""
        for name, least, most in (
            ("max_messages_per_week", 1, 21),
            ("max_per_day", 1, 3),
            ("min_gap_days", 1, WEEK),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                yield Problem(path=(name,), found=f"{value}", expected=f"{least} to {most}")
        if not self.working_days:
            yield Problem(path=("working_days",), found="no day", expected="at least one weekday")
        yield from weekday_problems("working_days", self.working_days)

    def window(self, campaign: SendWindow) -> SendWindow | None:
        """Cut a campaign's window to the working days and out of the quiet hours; None: nothing left."""
        days = tuple(day for day in campaign.days if day in self.working_days)
        opens, closes = campaign.opens, campaign.closes
        if self.quiet_hours:
            opens, closes = max(opens, self.quiet_hours.ends), min(closes, self.quiet_hours.begins)
        return SendWindow(days=days, opens=opens, closes=closes) if days and opens < closes else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """Messages that employees get, or got, around a day, as columns: one row a message.

    Attributes:
        employee: the row of the employee.
        campaign: the place of the campaign among the running ones, -1 for another.
        day: the local day.
        counts: whether it takes attention; a failed one does not, and blocks its day all the same.
    """

    employee: NDArray[np.int64]
    campaign: NDArray[np.int64]
    day: Days
    counts: NDArray[np.bool_]

    def served(self, campaign: int, days: Days) -> NDArray[np.bool_]:
        """Tell for each employee whether they have a message of a campaign on their day."""
        here = (self.campaign == campaign) & (self.day == days[self.employee])
        return np.bincount(self.employee[here], minlength=len(days)) > 0

    def on(self, days: Days) -> NDArray[np.int64]:
        """Count each employee's messages on their day."""
        return np.bincount(self.employee[self.day == days[self.employee]], minlength=len(days))

    def fullest_week(self, days: Days) -> NDArray[np.int64]:
        """Count each employee's messages in the fullest seven days that hold their day."""
        rows = self.employee[self.counts]
        age = (days[rows] - self.day[self.counts]).astype(np.int64)
        weeks = [
            np.bincount(rows[(age >= begins) & (age < begins + WEEK)], minlength=len(days))
            for begins in range(1 - WEEK, 1)
        ]
        fullest: NDArray[np.int64] = np.maximum.reduce(weeks)
        return fullest

    def gap(self, days: Days) -> NDArray[np.int64]:
        """Return the days between each employee's day and the nearest other day with a message."""
        age = np.abs((days[self.employee] - self.day).astype(np.int64))
        other = self.counts & (age > 0)
        nearest_one = np.full(len(days), FAR)
        np.minimum.at(nearest_one, self.employee[other], age[other])
        return nearest_one


FAR = 10_000
"""Days: no message anywhere near."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What one campaign wishes to send today, as columns: one row a message, at most one for an employee.

    Attributes:
        employee: the row of the employee.
        rank: a higher one goes before every campaign of the same or a lower priority.
        urgent: whether it goes on an easy day too.
        absent: whether the employee is away.
        served_last: the day of the employee's last message of this campaign.
        priority, budget, easy_days: the campaign's own.
    """

    employee: NDArray[np.int64]
    rank: NDArray[np.int64]
    urgent: NDArray[np.bool_]
    absent: NDArray[np.bool_]
    served_last: Days
    priority: int
    budget: int
    easy_days: EasyDays


ALLOWED, ABSENT, FULL_DAY, FULL_WEEK, TOO_SOON, EASY_DAY = range(6)
RULINGS = 6
"""Rulings on a wish; a higher one means that the campaign in the place ``ruling - RULINGS`` goes first."""

AWAY = "the employee is away"
_DRAW = np.uint32(0x5BD1E995)


def allow(
    wishes: Sequence[Wishes], days: Days, codes: NDArray[np.uint32], taken: Taken, attention: Attention
) -> list[NDArray[np.int64]]:
    """Rule on what campaigns wish to send on each employee's day.

    Of several campaigns, what is most urgent goes first, then the higher priority, then the campaign from
    which the employee has not heard for longest.

    Args:
        wishes: those of each campaign.
        days: each employee's local day.
        codes: the number of each employee from which chance is drawn.
        taken: the messages around that day.
        attention: the organisation's rules.

    Returns:
        For each campaign, the ruling on each wish.
    """
    today, week, gap = taken.on(days), taken.fullest_week(days), taken.gap(days)
    rulings = [_alone(one, days, codes, (today, week, gap), attention) for one in wishes]
    size = [len(one.employee) for one in wishes]
    owner = np.repeat(np.arange(len(wishes)), size)
    ruling = np.concatenate(rulings)
    employee = np.concatenate([one.employee for one in wishes])
    keys = (
        owner,
        np.concatenate([one.served_last for one in wishes]),
        -np.repeat([one.priority for one in wishes], size),
        -np.concatenate([one.rank for one in wishes]),
        employee,
    )
    able = np.flatnonzero(ruling == ALLOWED)
    ranked = able[np.lexsort(tuple(key[able] for key in keys))]
    begins = np.flatnonzero(np.diff(employee[ranked], prepend=-1) != 0)
    turn = np.arange(len(ranked)) - np.repeat(begins, np.diff(np.append(begins, len(ranked))))
    budget = np.repeat([one.budget for one in wishes], size)[ranked]
    for back in range(1, attention.max_per_day):  # the strictest of those that go that day counts for all
        rows = np.flatnonzero(turn >= back)
        budget[rows] = np.minimum(budget[rows], budget[rows - 1])
    rows = employee[ranked]
    late = (turn + today[rows] >= attention.max_per_day) | (week[rows] + turn >= budget)
    ruling[ranked[late]] = (
        RULINGS + np.repeat(owner[ranked[begins]], np.diff(np.append(begins, len(ranked))))[late]
    )
    return np.split(ruling, np.cumsum(size)[:-1])


def _alone(
    one: Wishes,
    days: Days,
    codes: NDArray[np.uint32],
    load: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    attention: Attention,
) -> NDArray[np.int64]:
    """Rule on one campaign's wishes as if it were alone."""
    rows = one.employee
    today, week, gap = (column[rows] for column in load)
    share = np.ones(len(rows))
    for day in np.unique(days[rows]):
        kinds = (one.easy_days.kind(day.item()), attention.easy_days.kind(day.item()))
        here = days[rows] == day
        eased = spread(codes[rows[here]] ^ _DRAW, day.item()) >= min(EASE[kind] for kind in kinds)
        share[here] = ~eased
    return np.select(
        [
            one.absent,
            today >= attention.max_per_day,
            week >= one.budget,
            gap < attention.min_gap_days,
            (share == 0) & ~one.urgent,
        ],
        [ABSENT, FULL_DAY, FULL_WEEK, TOO_SOON, EASY_DAY],
        ALLOWED,
    )


def words(ruling: int, campaigns: Sequence[str], one: Wishes, attention: Attention) -> str:
    """Say why a message does not go today; nothing when it does."""
    said = {
        ALLOWED: "",
        ABSENT: AWAY,
        FULL_DAY: f"{_messages(attention.max_per_day)} on that day already",
        FULL_WEEK: f"{_messages(one.budget)} in seven days already",
        TOO_SOON: f"fewer than {attention.min_gap_days} days from another message",
        EASY_DAY: "an easy day, on which less is sent",
    }
    return said.get(ruling) or (f"{campaigns[ruling - RULINGS]} goes first" if ruling >= RULINGS else "")


def _messages(count: int) -> str:
    return f"{count} message{'' if count == 1 else 's'}"
