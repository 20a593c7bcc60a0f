"""One campaign's view of the employees' day: everything that its plan depends on, as columns by employee."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.attention import WEEK, Attention
from diffuse.domain.campaign import Campaign
from diffuse.domain.channel import EMAIL
from diffuse.domain.delivery import spread
from diffuse.domain.pending import Occasion, Pending
from diffuse.domain.period import NEVER, Days
from diffuse.domain.policy import KeyPoint, Policy
from diffuse.domain.population import Population, code, micros
from diffuse.domain.posting import mail_after
from diffuse.domain.rhythm import Deadline, attempts, exhausted
from diffuse.domain.standing import EVER, Standing
from diffuse.domain.tracking import MODES, Tracking, strictest, wish
from diffuse.domain.window import SendWindow

LATE_FOR = timedelta(days=7)
"""For how long after its window a message may leave whose campaign sends what is late."""

LAST_SHARE = 0.9
"""Messages are spread over this share of the window, so that the last ones leave before it closes."""

PRIOR = 4.0
"""The messages' worth of weight that an attention rate of one half has before anything is known."""

YEAR = 365.0

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Reals = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Running:
    """A campaign that is running: its published text and what has happened so far, for one population.

    ``posted`` gives for key points whose fall-back is e-mail the day on which they came to the intranet, as
    far as that is known.
    """

    publication: int
    campaign: Campaign
    holidays: Collection[date]
    standing: Standing
    pending: Pending = field(default_factory=Pending.none)
    occasions: Sequence[Occasion] = ()
    posted: Mapping[str, date] = field(default_factory=dict)

    @cached_property
    def points(self) -> tuple[tuple[Policy, KeyPoint], ...]:
        """The key points that the schedule repeats."""
        return self.campaign.repeated

    def members(self, population: Population) -> Flags:
        """Tell for each employee (rows) and repeated key point (columns) whether it goes to them by mail."""
        audiences = [self.campaign.audience_of(policy, point) for policy, point in self.points]
        nobody = np.zeros(len(population), dtype=np.bool_)
        columns = {
            audience: population.members(audience) if EMAIL in self.campaign.channels_of(audience) else nobody
            for audience in set(audiences)
        }
        return np.column_stack(
            [columns[audience] for audience in audiences] or [np.zeros((len(population), 0), dtype=np.bool_)]
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """The organisation's rules of attention, and its holidays."""

    attention: Attention = Attention()  # noqa: RUF009 -- frozen
    holidays: Collection[date] = ()


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One campaign with everything about the employees' day that its plan depends on; columns by employee.

    Attributes:
        window: the hours in which it may send, None for never.
        holidays: the days on which it does not.
        day: the local day.
        absent: whether the employee is away, and that matters.
        able: whether the campaign runs, the employee works, and the window is open or opens later.
        members: whether each key point (columns) is meant for the employee.
    """

    now: datetime
    population: Population
    one: Running
    attention: Attention
    window: SendWindow | None
    holidays: frozenset[date]
    day: Days
    absent: Flags
    able: Flags
    members: Flags

    @classmethod
    def of(cls, now: datetime, population: Population, one: Running, rules: Rules) -> "Desk":
        """Look at the day from one campaign."""
        day = population.local_days(now)
        window = rules.attention.window(one.campaign.send_window)
        holidays = frozenset(one.holidays) | frozenset(rules.holidays)
        names, number = population.time_zones
        open_ = [_is_open(now, ZoneInfo(name), one.campaign, window, holidays) for name in names]
        return cls(
            now=now,
            population=population,
            one=one,
            attention=rules.attention,
            window=window,
            holidays=holidays,
            day=day,
            absent=population.absent(day) & rules.attention.vacation_hold,
            able=np.array(open_, dtype=np.bool_)[number] & population.working(day),
            members=one.members(population),
        )

    @property
    def campaign(self) -> Campaign:
        """The campaign."""
        return self.one.campaign

    @property
    def budget(self) -> int:
        """Messages in seven days, by the stricter of the campaign and the organisation."""
        return min(self.campaign.max_messages_per_week, self.attention.max_messages_per_week)

    def tracking(self, row: int) -> Tracking:
        """Return what is measured of an employee's message: what everybody concerned allows."""
        return self._measured[self.population.wish(row)]

    @cached_property
    def _measured(self) -> dict[str, Tracking]:
        """What is measured by what an employee allows: once for each word, not for each message."""
        rules = (self.attention.tracking, self.campaign.tracking)
        return {word: strictest(*rules, wish(word)) for word in ("", *MODES)}

    # --- when it sends ---------------------------------------------------------------------------------

    def slot(self, row: int) -> tuple[datetime, datetime]:
        """Return the instant at which an employee's message of the day is due, and the end of the window."""
        opens, closes = self._hours[self.population.zones[row], self.days[row]]
        if self.campaign.late == "send":
            closes += LATE_FOR
        return opens + timedelta(seconds=self._seconds[row]), closes

    @cached_property
    def _hours(self) -> dict[tuple[str, date], tuple[datetime, datetime]]:
        """What is left of the window, in each time zone."""
        window = self.window or self.campaign.send_window
        both = set(zip(self.population.zones, self.days, strict=True))
        return {(zone, day): remaining(self.now, day, zone, window) for zone, day in both}

    @cached_property
    def _seconds(self) -> list[int]:
        """How many seconds after the window opens each employee's message is due."""
        names, number = self.population.time_zones
        seconds = np.zeros(len(self.population), dtype=np.int64)
        for (zone, day), (opens, closes) in self._hours.items():
            here = (number == names.index(zone)) & (self.day == np.datetime64(day, "D"))
            seconds[here] = offsets(opens, closes, self.places[here])
        found: list[int] = seconds.tolist()
        return found

    @cached_property
    def days(self) -> list[date]:
        """Each employee's local day, as Python has it."""
        days: list[date] = self.day.tolist()
        return days

    @cached_property
    def languages(self) -> list[str]:
        """The language in which each employee gets this campaign."""
        of = {name: self.campaign.language_for(name) for name in set(self.population.languages)}
        return [of[name] for name in self.population.languages]

    def wording(self, row: int, point: KeyPoint, touch: int, last: int) -> str:
        """Choose the register of an employee's message."""
        return wording(self.registers[point.id], touch, last, self.last_wording[row])

    @cached_property
    def registers(self) -> dict[str, tuple[str, ...]]:
        """The registers in which each key point is written."""
        return {
            point.id: tuple(variant.register for variant in point.variants)
            for _, point in self.campaign.key_points
        }

    @cached_property
    def places(self) -> Reals:
        """Each employee's place in the window, in [0, 1)."""
        places = np.zeros(len(self.population))
        for day in np.unique(self.day):
            here = self.day == day
            places[here] = spread(self.population.codes[here], day.item())
        return places

    # --- what the schedule needs to know ---------------------------------------------------------------

    @cached_property
    def attend(self) -> Reals:
        """The probability that each employee notices a message: of those before, so many came back.

        The mean of a Beta distribution that began at one half with the weight of four messages.
        """
        shape = (len(self.population), len(self.one.points))
        messages = self.one.standing.messages.reshape(shape).sum(axis=1)
        back = self.one.standing.back.reshape(shape).sum(axis=1)
        share: Reals = (PRIOR / 2 + back) / (PRIOR + messages)
        return share

    @cached_property
    def strength(self) -> Reals:
        """How much a noticed message of each key point teaches."""
        signals = self.campaign.schedule.signals
        restudy = {True: signals.acknowledged_weight, False: signals.opened_weight}
        return np.array(
            [1.0 if point.question else restudy[point.acknowledge] for _, point in self.one.points],
            dtype=np.float64,
        )

    @cached_property
    def fall_back(self) -> Days:
        """The day from which each key point goes by mail to those who have not acknowledged it elsewhere.

        NaT where mail is not a fall-back.
        """
        posted = mail_after(self.campaign)
        posted |= {name: day for name, day in self.one.posted.items() if name in posted}
        begins = [posted.get(point.id, NEVER) for _, point in self.one.points]
        return self.campaign.fall_back_after.after_each(np.array(begins, dtype="datetime64[D]"))

    @cached_property
    def point_codes(self) -> NDArray[np.uint32]:
        """A number for each key point from which chance is drawn."""
        return np.array([code(point.id) for _, point in self.one.points], dtype=np.uint32)

    def horizon(self, today: Days) -> Reals:
        """Return over how many days knowledge counts: to the campaign's end, and ``remember_for`` beyond."""
        beyond = self.campaign.targets.remember_for.about
        if self.campaign.ends is None:
            return np.full(len(today), YEAR + beyond)
        return (np.datetime64(self.campaign.ends, "D") - today).astype(np.float64) + 1.0 + beyond

    @cached_property
    def served_last(self) -> Days:
        """The day of each employee's last message of this campaign; long ago for none."""
        shape = (len(self.population), len(self.one.points))
        sent = np.where(np.isnat(self.one.standing.sent), EVER, self.one.standing.sent)
        latest: Days = np.maximum.reduce(sent.reshape(shape), axis=1, initial=EVER)
        return latest

    @cached_property
    def last_wording(self) -> list[int]:
        """The number of the register of each employee's last message of this campaign."""
        shape = (len(self.population), len(self.one.points))
        if not shape[1]:
            return [-1] * shape[0]
        sent = np.where(np.isnat(self.one.standing.sent), EVER, self.one.standing.sent).reshape(shape)
        latest = sent.argmax(axis=1)
        registers: list[int] = self.one.standing.wording.reshape(shape)[np.arange(shape[0]), latest].tolist()
        return registers

    # --- what a deadline needs -------------------------------------------------------------------------

    @property
    def deadline(self) -> np.datetime64 | None:
        """The last day for acknowledging."""
        by = self.campaign.targets.acknowledged_by
        return None if by is None else np.datetime64(by, "D")

    @cached_property
    def asks(self) -> Flags:
        """Which key points are to be acknowledged."""
        return np.array([point.acknowledge for _, point in self.one.points], dtype=np.bool_)

    @cached_property
    def attempts(self) -> int:
        """Messages after which ``reach`` of the employees have reacted, at the rate seen so far."""
        return attempts(self.campaign.targets.reach, self.rate)

    @cached_property
    def rate(self) -> float:
        """The share of all these employees' messages from which anything came back."""
        standing = self.one.standing
        return float((PRIOR / 2 + standing.back.sum()) / (PRIOR + standing.messages.sum()))

    @property
    def pressure(self) -> Deadline:
        """What the deadline asks of every employee."""
        return Deadline(attempts=self.attempts, rate=self.rate, slots=self.slots)

    @cached_property
    def latest_entry(self) -> np.datetime64:
        """The day by which a key point must enter, so that its attempts fit before the deadline."""
        wait = self.campaign.schedule.resend_unopened_after.about
        return np.datetime64(self.campaign.targets.acknowledged_by, "D") - np.timedelta64(
            round(self.attempts * wait), "D"
        )

    @cached_property
    def slots(self) -> Reals:
        """Messages that may still be sent to each employee until the deadline, days away left out."""
        n = len(self.population)
        last = np.full(n, np.datetime64(self.campaign.targets.acknowledged_by, "D"))
        away = self.population.absent_since(np.arange(n), self.day - 1, last + 1)
        left = (last - self.day).astype(np.float64) + 1.0 - away
        return np.maximum(left, 0.0) * self.budget / WEEK

    @cached_property
    def unreached(self) -> Flags:
        """Which employees owe something for which the attempts have run out: a manager should hear."""
        n, k = len(self.population), len(self.one.points)
        if self.deadline is None or self.campaign.targets.escalate != "manager":
            return np.zeros(n, dtype=np.bool_)
        employee, point = np.divmod(np.arange(n * k), max(k, 1))
        owed = self.members[employee, point] & self.asks[point] & ~self.one.standing.acknowledged
        return exhausted(self.one.standing, employee, owed, self.pressure) & ~self.absent & self.able

    # --- what is pending -------------------------------------------------------------------------------

    @cached_property
    def loose(self) -> Numbers:
        """The places of pending deliveries that need another day: held, or their window closed."""
        return np.flatnonzero((self.one.pending.held | self.late) & ~self.ended)

    @cached_property
    def late(self) -> Flags:
        """Which pending deliveries could not leave in their window."""
        return ~self.one.pending.held & (self.one.pending.not_after <= micros(self.now))

    @cached_property
    def ended(self) -> Flags:
        """Which pending deliveries nobody should get any more."""
        return self.left | self.over | self.dropped | self.passed | self.skipped

    @cached_property
    def skipped(self) -> Flags:
        """Which pending deliveries are dropped for being late; what an occasion asks for is not."""
        skips = self.campaign.late == "skip"
        late = self.late & ~self.one.pending.special & skips
        return late & ~self.left & ~self.over & ~self.dropped & ~self.passed

    @cached_property
    def left(self) -> Flags:
        """Which pending deliveries are for somebody whose last day has passed."""
        rows = self.one.pending.employee
        return self.population.ends[rows] < self.day[rows]

    @cached_property
    def over(self) -> Flags:
        """Which pending deliveries outlived the campaign."""
        rows, ends = self.one.pending.employee, self.campaign.ends
        late = self.day[rows] > np.datetime64(ends, "D") if ends else np.zeros(len(rows), dtype=np.bool_)
        return late & ~self.left

    @cached_property
    def dropped(self) -> Flags:
        """Which pending deliveries the campaign would not send any more."""
        pending = self.one.pending
        asked = pending.special.copy()
        known = pending.point >= 0
        asked[known] = self.members[pending.employee[known], pending.point[known]]
        return ~asked & ~self.left & ~self.over

    @cached_property
    def passed(self) -> Flags:
        """Which pending deliveries were planned for an occasion that does not hold any more."""
        pending = self.one.pending
        days = {one.key: one for one in self.one.occasions}
        holds = [
            not key or (key in days and days[key].holds_on(self.day[row].item()))
            for key, row in zip(pending.occasion, pending.employee.tolist(), strict=True)
        ]
        return ~np.array(holds, dtype=np.bool_) & ~self.left & ~self.over & ~self.dropped


@lru_cache(maxsize=4096)
def wording(registers: tuple[str, ...], touch: int, last: int, lately: int) -> str:
    """Choose the register of a message: in turn, but not the key point's last one, if there is another.

    Among what is left, not as the employee's latest message was written. ``last`` and ``lately`` are codes
    of registers, -1 for none.
    """
    turn = [registers[(touch + more) % len(registers)] for more in range(len(registers))]
    return min(turn, key=lambda register: 2 * (code(register) == last) + (code(register) == lately))


def offsets(opens: datetime, closes: datetime, places: Reals) -> Numbers:
    """Return after how many seconds of an open window messages are due, by their places in [0, 1)."""
    return (places * (closes - opens).total_seconds() * LAST_SHARE).astype(np.int64)


@lru_cache(maxsize=256)
def remaining(now: datetime, day: date, zone: str, window: SendWindow) -> tuple[datetime, datetime]:
    """Return what is left of a local day's window.

    The two instants are equal when the window lies in a gap of that day's clock.
    """
    opens, closes = window.hours(day, ZoneInfo(zone))
    return max(opens, now), closes


def _is_open(
    now: datetime, zone: ZoneInfo, campaign: Campaign, window: SendWindow | None, holidays: Collection[date]
) -> bool:
    """Tell whether a campaign's window is open, or opens later, on the local day of a zone."""
    day = now.astimezone(zone).date()
    if window is None or not window.sends_on(day, holidays):
        return False
    opens, closes = window.hours(day, zone)
    runs = campaign.starts <= day and (campaign.ends is None or day <= campaign.ends)
    return runs and max(opens, now) < closes
