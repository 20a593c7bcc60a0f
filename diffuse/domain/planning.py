"""Who gets what on which day: state in, touchpoints out; nothing is read or written here."""

import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.attention import WEEK, choose
from diffuse.domain.cadence import NEVER, Progress
from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import Touchpoint, spread
from diffuse.domain.people import Audience, Employee
from diffuse.domain.period import Days

LAST_SHARE = 0.9
"""Messages are spread over this share of the window, so that the last ones leave before it closes."""

MessageId = Callable[[str, str, int, str], str]
"""(campaign, key point, touch, employee) → the Message-ID of that delivery, always the same."""


def code(employee: Employee) -> int:
    """Return the number by which an employee finds a place in the window: 32 bits, always the same."""
    return zlib.crc32(employee.id.encode())


class Population:
    """The employees as columns; row i of every column is the same employee."""

    def __init__(self, employees: Sequence[Employee]) -> None:
        """Read the columns off the directory."""
        self.employees = tuple(employees)
        self.row = {employee.id: row for row, employee in enumerate(self.employees)}
        self.starts = _days(employee.starts for employee in self.employees)
        self.ends = _days(employee.ends for employee in self.employees)
        self.codes = np.array([code(employee) for employee in self.employees], dtype=np.uint32)
        self.zones = tuple(sorted({e.time_zone for e in self.employees}))
        number = {zone: place for place, zone in enumerate(self.zones)}
        self.zone = np.array([number[e.time_zone] for e in self.employees], dtype=np.int64)

    def __len__(self) -> int:
        """Count the employees."""
        return len(self.employees)

    @cached_property
    def _zone_infos(self) -> tuple[tuple[int, Employee], ...]:
        return tuple(
            (z, next(e for e in self.employees if e.time_zone == name)) for z, name in enumerate(self.zones)
        )

    def local_days(self, now: datetime) -> Days:
        """Return each employee's local day at an instant."""
        by_zone = [now.astimezone(someone.zone).date() for _, someone in self._zone_infos]
        return np.array(by_zone, dtype="datetime64[D]")[self.zone]

    def members(self, audience: Audience) -> NDArray[np.bool_]:
        """Tell for each employee whether they belong to the audience."""
        return np.array([audience.includes(employee) for employee in self.employees], dtype=np.bool_)

    def working(self, days: Days) -> NDArray[np.bool_]:
        """Tell for each employee whether the day lies between their first and their last."""
        return ~(self.starts > days) & ~(self.ends < days)


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """The last message of each pair that had one, as columns; from the ledger, for one campaign.

    ``touch`` is the highest touch of the pair; the other columns are those of ``Progress``.
    """

    employee: Sequence[str]
    key_point: Sequence[str]
    touch: NDArray[np.int64]
    step: NDArray[np.int64]
    tries: NDArray[np.int64]
    sent: Days
    reached: Days
    waiting: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """Messages that count against the budget, as columns: one row per message."""

    employee: Sequence[str]
    day: Days


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A campaign that is running: its published text and what has happened so far."""

    publication: int
    campaign: Campaign
    holidays: Collection[date]
    history: History


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pairs:
    """The candidates of one campaign: pairs of an employee and a key point."""

    employee: NDArray[np.int64]
    point: NDArray[np.int64]
    touch: NDArray[np.int64]
    step: NDArray[np.int64]
    due: Days


def plan(
    now: datetime, population: Population, running: Sequence[Running], load: Load, message_id: MessageId
) -> Iterator[Touchpoint]:
    """Yield the touchpoints of each employee's local day at ``now``: at most one per employee.

    The same state gives the same plan, so planning again adds nothing new once it is recorded.
    """
    if not len(population):
        return
    days = population.local_days(now)
    today, recent = _attention(population, load, days)
    today |= _tried(population, running, days)
    candidates = [_candidates(now, days, population, one) for one in running]
    if not candidates:
        return
    size = [len(pairs.employee) for pairs in candidates]
    owner = np.repeat(np.arange(len(running)), size)
    chosen = choose(
        employee=np.concatenate([pairs.employee for pairs in candidates]),
        due=np.concatenate([pairs.due for pairs in candidates]),
        order=np.concatenate([pairs.point for pairs in candidates]) + owner * 100_000,
        budget=np.repeat(np.array([one.campaign.max_messages_per_week for one in running]), size),
        today=today,
        recent=recent,
    )
    start = np.concatenate(([0], np.cumsum(size)))
    for number, one in enumerate(running):
        mine = chosen[owner[chosen] == number] - start[number]
        yield from _touchpoints(now, days, population, one, candidates[number], mine, message_id)


def _attention(population: Population, load: Load, days: Days) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Tell who has a message on the day; count those of the fullest seven days that hold the day."""
    known = np.array([name in population.row for name in load.employee], dtype=np.bool_)
    rows = np.array(
        [population.row[name] for name in load.employee if name in population.row], dtype=np.int64
    )
    age = (days[rows] - load.day[known]).astype(np.int64) if len(rows) else np.zeros(0, dtype=np.int64)
    today = np.bincount(rows[age == 0], minlength=len(population)) > 0
    weeks = [
        np.bincount(rows[(age >= begins) & (age < begins + WEEK)], minlength=len(population))
        for begins in range(1 - WEEK, 1)
    ]
    return today, np.maximum.reduce(weeks)


def _tried(population: Population, running: Sequence[Running], days: Days) -> NDArray[np.bool_]:
    """Tell who was to get a message on the day, even one that failed: a dead mailbox is tried once a day."""
    tried = np.zeros(len(population), dtype=np.bool_)
    for one in running:
        past = one.history
        rows = np.array([population.row.get(name, -1) for name in past.employee], dtype=np.int64)
        known = rows >= 0
        tried[rows[known][past.sent[known] == days[rows[known]]]] = True
    return tried


def _candidates(now: datetime, days: Days, population: Population, one: Running) -> _Pairs:
    """Find the pairs of a campaign that are due for an employee whose window is open or opens today."""
    campaign = one.campaign
    points = campaign.key_points
    audiences = [campaign.audience_of(policy, point) for policy, point in points]
    columns = {audience: population.members(audience) for audience in set(audiences)}
    members = np.array([columns[audience] for audience in audiences])
    position = np.cumsum(members, axis=0) - 1
    point, employee = np.nonzero(members)
    first = np.fmax(np.datetime64(campaign.starts, "D"), population.starts)
    progress, touch = _progress(population, one, first[employee], point, employee, position[point, employee])
    due, step = campaign.cadence.next(progress)
    here = days[employee]
    ready = (due <= here) & population.working(days)[employee] & _open(now, population, one)[employee]
    return _Pairs(
        employee=employee[ready], point=point[ready], touch=touch[ready], step=step[ready], due=due[ready]
    )


def _progress(  # noqa: PLR0913, PLR0917 -- columns
    population: Population,
    one: Running,
    first: Days,
    point: NDArray[np.int64],
    employee: NDArray[np.int64],
    position: NDArray[np.int64],
) -> tuple[Progress, NDArray[np.int64]]:
    """Lay the history over all pairs; return the progress and the next touch of each pair."""
    progress = Progress.fresh(one.campaign.cadence.enters(first, position))
    touch = np.zeros(len(point), dtype=np.int64)
    place = np.full((len(one.campaign.key_points), len(population)), -1)
    place[point, employee] = np.arange(len(point))
    number = {key_point.id: n for n, (_, key_point) in enumerate(one.campaign.key_points)}
    past = one.history
    at = np.array(
        [
            place[number[name], population.row[who]] if name in number and who in population.row else -1
            for who, name in zip(past.employee, past.key_point, strict=True)
        ],
        dtype=np.int64,
    )
    rows = at[at >= 0]
    for column in ("step", "tries", "sent", "reached", "waiting"):
        getattr(progress, column)[rows] = getattr(past, column)[at >= 0]
    touch[rows] = past.touch[at >= 0] + 1
    return progress, touch


def _open(now: datetime, population: Population, one: Running) -> NDArray[np.bool_]:
    """Tell for each employee whether the campaign's window is open, or opens later, on their local day."""
    campaign = one.campaign
    by_zone = []
    for _, someone in population._zone_infos:  # noqa: SLF001 -- the same module
        day = now.astimezone(someone.zone).date()
        runs = campaign.starts <= day and (campaign.ends is None or day <= campaign.ends)
        opens, closes = campaign.send_window.hours(day, someone.zone)
        sends = campaign.send_window.sends_on(day, one.holidays)
        by_zone.append(runs and sends and max(opens, now) < closes)
    return np.array(by_zone, dtype=np.bool_)[population.zone]


def _touchpoints(  # noqa: PLR0913, PLR0917 -- columns
    now: datetime,
    days: Days,
    population: Population,
    one: Running,
    pairs: _Pairs,
    chosen: NDArray[np.int64],
    message_id: MessageId,
) -> Iterator[Touchpoint]:
    campaign = one.campaign
    for place in chosen:
        row = int(pairs.employee[place])
        employee = population.employees[row]
        _, point = campaign.key_points[int(pairs.point[place])]
        touch = int(pairs.touch[place])
        day: date = days[row].item()
        due_at, closes = slot(now, day, campaign, employee)
        yield Touchpoint(
            campaign=campaign.id,
            key_point=point.id,
            touch=touch,
            employee=employee.id,
            channel=campaign.channels[0],
            step=int(pairs.step[place]),
            publication=one.publication,
            variant=point.variants[touch % len(point.variants)].register,
            language=campaign.language_for(employee.language),
            due_on=day,
            due_at=due_at,
            not_after=closes,
            message_id=message_id(campaign.id, point.id, touch, employee.id),
        )


def slot(now: datetime, day: date, campaign: Campaign, employee: Employee) -> tuple[datetime, datetime]:
    """Return the instant within a local day's window at which an employee's message is due, and its end.

    Messages are spread over the window, evenly and always the same way; what is left of a window that
    has opened already is used likewise. The two are equal when the window lies in a gap of that day's clock.
    """
    opens, closes = campaign.send_window.hours(day, employee.zone)
    share = float(spread(np.array([code(employee)], dtype=np.uint32), day)[0]) * LAST_SHARE
    begin = max(opens, now)
    wait = timedelta(seconds=int((closes - begin).total_seconds() * share))
    return begin + wait, closes


def _days(values: Iterator[date | None]) -> Days:
    return np.array(
        [NEVER if value is None else np.datetime64(value, "D") for value in values], dtype="datetime64[D]"
    )
