"""What a simulation holds fixed while rhythms and truths vary: the campaign's rules, the days, the people."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.attention import EASE, WEEK, Attention
from diffuse.domain.behaviour import Behaviour
from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import spread
from diffuse.domain.desk import YEAR, Rules
from diffuse.domain.planning import teaching
from diffuse.domain.schedule import Schedule
from diffuse.domain.standing import Teaching

Reals = NDArray[np.float64]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A campaign as one simulated employee meets it, for so many employees and days.

    Every employee gets every repeated key point.

    Attributes:
        campaign: its schedule, targets and repeated key points count; its messages do not.
        employees, days: the size; the first day is the campaign's first.
        seed: another seed, other people and other luck.
        rules: the organisation's.
        holidays: days on which nothing is sent.
        behaviour: what is assumed of people.
    """

    campaign: Campaign
    employees: int
    days: int
    seed: int = 0
    rules: Rules = Rules()  # noqa: RUF009 -- frozen
    holidays: Collection[date] = ()
    behaviour: Behaviour = Behaviour()  # noqa: RUF009 -- frozen

    def of(self, employees: int) -> "Scene":
        """Return the same scene with the first of its employees only."""
        return replace(self, employees=employees)

    def without_deadline(self) -> "Scene":
        """Return the same scene, in which nothing is to be acknowledged by a day."""
        targets = replace(self.campaign.targets, acknowledged_by=None)
        return replace(self, campaign=replace(self.campaign, targets=targets))

    @property
    def attention(self) -> Attention:
        """The organisation's rules of attention."""
        return self.rules.attention

    @property
    def schedule(self) -> Schedule:
        """The campaign's own schedule."""
        return self.campaign.schedule

    @property
    def points(self) -> int:
        """How many key points are repeated."""
        return len(self.campaign.repeated)

    @property
    def budget(self) -> int:
        """Messages in any seven days, by the stricter of the campaign and the organisation."""
        return min(self.campaign.max_messages_per_week, self.attention.max_messages_per_week)

    @cached_property
    def first(self) -> np.datetime64:
        """The first day."""
        return np.datetime64(self.campaign.starts, "D")

    @cached_property
    def dates(self) -> tuple[date, ...]:
        """Every day."""
        return tuple(self.campaign.starts + timedelta(days=number) for number in range(self.days))

    @cached_property
    def open(self) -> Flags:
        """Whether anything may be sent, on each day."""
        window = self.attention.window(self.campaign.send_window)
        closed = frozenset(self.holidays) | frozenset(self.rules.holidays)
        ends = self.campaign.ends or date.max
        return np.array(
            [window is not None and day <= ends and window.sends_on(day, closed) for day in self.dates]
        )

    def eased(self, number: int) -> Flags:
        """Tell which employees an easy day spares, on the day with a number."""
        day = self.dates[number]
        share = min(EASE[days.kind(day)] for days in (self.schedule.easy_days, self.attention.easy_days))
        if share == 1:
            return np.zeros(self.employees, dtype=np.bool_)
        codes = np.arange(self.employees, dtype=np.uint32) * np.uint32(0x9E3779B1)
        return spread(codes, day) >= share

    @cached_property
    def away(self) -> Flags:
        """Whether each employee (rows) is away on each day (columns)."""
        return self.behaviour.away(self.employees, self.days, self.seed)

    @cached_property
    def away_before(self) -> NDArray[np.int32]:
        """Days on which each employee was away before each day, the end included."""
        counted = np.zeros((self.employees, self.days + 1), dtype=np.int32)
        np.cumsum(self.away, axis=1, out=counted[:, 1:])
        return counted

    @cached_property
    def noticing(self) -> Reals:
        """Each employee's own chance of noticing a message."""
        return self.behaviour.attention(self.employees, self.seed)

    @cached_property
    def asks(self) -> Flags:
        """Which key points are to be confirmed."""
        return np.array([point.acknowledge for _, point in self.campaign.repeated], dtype=np.bool_)

    @cached_property
    def teaching(self) -> Teaching:
        """What the planner's fold knows of the campaign; its ``choices`` are those of the questions."""
        return teaching(self.campaign)

    @cached_property
    def strength(self) -> Reals:
        """What the planner takes a noticed message of each key point to teach."""
        signals = self.schedule.signals
        restudy = np.where(self.asks, signals.acknowledged_weight, signals.opened_weight)
        return np.where(self.teaching.choices > 0, 1.0, restudy)

    def horizon(self, number: int) -> float:
        """Return over how many days the planner lets knowledge count, seen from the day with a number."""
        beyond = self.campaign.targets.remember_for.about
        if self.campaign.ends is None:
            return YEAR + beyond
        return (self.campaign.ends - self.dates[number]).days + 1.0 + beyond

    @property
    def remembered_on(self) -> int:
        """The number of the day until which the key points should be remembered."""
        return self.days - 1 + round(self.campaign.targets.remember_for.about)

    @property
    def deadline(self) -> int | None:
        """The number of the last day for acknowledging, if it is one of these days."""
        by = self.campaign.targets.acknowledged_by
        number = -1 if by is None else (by - self.campaign.starts).days
        return number if 0 <= number < self.days else None

    def slots(self, number: int, employees: Numbers) -> Reals:
        """Return how many messages may still be sent to each employee until the deadline."""
        end = self.days if self.deadline is None else self.deadline + 1
        away = self.away_before[employees, end] - self.away_before[employees, number]
        left: Reals = np.maximum(end - number - away, 0.0) * self.budget / WEEK
        return left
