"""The employees as columns: row i of every column is the same employee."""

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.people import Absence, Audience, Employee
from diffuse.domain.period import NEVER, Days

EPOCH = date(1970, 1, 1)
BUCKETS = 1 << 16
MIX = 2_654_435_761
_FULL = 1 << 32
_MICROSECONDS = 86_400_000_000

Instants = NDArray[np.int64]
"""A column of instants: microseconds since 1970 in UTC; ``NEVER_YET`` means that there is none."""

NEVER_YET = np.iinfo(np.int64).min


def code(employee: str) -> int:
    """Return the number by which an employee finds a place in the window: 32 bits, always the same."""
    return zlib.crc32(employee.encode())


def bucket(employee: str) -> int:
    """Return the share of the employees, 0 to 65 535, that somebody belongs to.

    Shares lie in the order of the places in the window, so that what is planned one share after the other is
    numbered in about the order in which it is sent.
    """
    return code(employee) * MIX % _FULL >> 16


def micros(at: datetime) -> int:
    """Return an instant as microseconds since 1970."""
    return (at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Population:
    """Employees as columns.

    Attributes:
        ids, languages, zones, departments, roles: one entry an employee; ``zones`` are names of time zones.
        acting: the roles that each has for another.
        starts, ends: first and last days of work; NaT where none is known.
        tracking: what each allows to be measured, as ``Employee.tracking``; empty for no limit.
        away: rows, first days and last days of absences, as three columns of their own length.
    """

    ids: Sequence[str]
    languages: Sequence[str]
    zones: Sequence[str]
    departments: Sequence[str]
    roles: Sequence[tuple[str, ...]]
    acting: Sequence[tuple[str, ...]]
    starts: Days
    ends: Days
    tracking: Sequence[str] = ()
    away: tuple[NDArray[np.int64], Days, Days] = field(
        default_factory=lambda: (
            np.zeros(0, dtype=np.int64),
            np.zeros(0, dtype="datetime64[D]"),
            np.zeros(0, dtype="datetime64[D]"),
        )
    )

    @classmethod
    def of(
        cls,
        employees: Sequence[Employee],
        absences: Iterable[Absence] = (),
        acting: Mapping[str, Collection[str]] | None = None,
    ) -> "Population":
        """Read the columns off the directory; ``acting`` names roles that somebody has for another."""
        more = acting or {}
        return cls(
            ids=[one.id for one in employees],
            languages=[one.language for one in employees],
            zones=[one.time_zone for one in employees],
            departments=[one.department for one in employees],
            roles=[one.roles for one in employees],
            acting=[tuple(sorted(more.get(one.id, ()))) for one in employees],
            starts=as_days(one.starts for one in employees),
            ends=as_days(one.ends for one in employees),
            tracking=[one.tracking for one in employees],
        ).without(absences)

    def without(self, absences: Iterable[Absence]) -> "Population":
        """Return the same employees with these absences; those of others are left out."""
        known = [one for one in absences if one.employee in self.row]
        away = (
            np.array([self.row[one.employee] for one in known], dtype=np.int64),
            as_days(one.starts for one in known),
            as_days(one.ends for one in known),
        )
        return Population(
            ids=self.ids,
            languages=self.languages,
            zones=self.zones,
            departments=self.departments,
            roles=self.roles,
            acting=self.acting,
            starts=self.starts,
            ends=self.ends,
            tracking=self.tracking,
            away=away,
        )

    def __len__(self) -> int:
        """Count the employees."""
        return len(self.ids)

    @cached_property
    def row(self) -> dict[str, int]:
        """The row of each employee."""
        return {name: row for row, name in enumerate(self.ids)}

    @cached_property
    def codes(self) -> NDArray[np.uint32]:
        """The number of each employee by which chance is drawn."""
        return np.fromiter((code(name) for name in self.ids), dtype=np.uint32, count=len(self))

    @cached_property
    def buckets(self) -> NDArray[np.int64]:
        """The share that each employee belongs to."""
        return (self.codes.astype(np.uint64) * np.uint64(MIX) % np.uint64(_FULL) >> np.uint64(16)).astype(
            np.int64
        )

    @cached_property
    def _kinds(self) -> tuple[list[tuple[str, tuple[str, ...], tuple[str, ...]]], NDArray[np.int64]]:
        """The different departments with roles, own and acting, and the number of each employee's."""
        return _distinct(list(zip(self.departments, self.roles, self.acting, strict=True)))

    @cached_property
    def time_zones(self) -> tuple[list[str], NDArray[np.int64]]:
        """The different time zones, and the number of each employee's."""
        return _distinct(list(self.zones))

    def wish(self, row: int) -> str:
        """Return what an employee allows to be measured, in the word of ``tracking``."""
        return self.tracking[row] if self.tracking else ""

    def members(self, audience: Audience) -> NDArray[np.bool_]:
        """Tell for each employee whether they belong to the audience."""
        kinds, number = self._kinds
        return np.array([audience.covers(*kind) for kind in kinds], dtype=np.bool_)[number]

    def local_days(self, now: datetime) -> Days:
        """Return each employee's local day at an instant."""
        names, number = self.time_zones
        here = [now.astimezone(ZoneInfo(name)).date() for name in names]
        return np.array(here, dtype="datetime64[D]")[number]

    def days_of(self, instants: Instants, rows: NDArray[np.int64]) -> Days:
        """Return the local days of instants, each in the time zone of the employee in that row."""
        days = np.full(len(instants), NEVER)
        known = instants != NEVER_YET
        names, number = self.time_zones
        for place, name in enumerate(names):
            here = np.flatnonzero(known & (number[rows] == place))
            if len(here):
                days[here] = _local(instants[here], ZoneInfo(name))
        return days

    def working(self, days: Days) -> NDArray[np.bool_]:
        """Tell for each employee whether the day lies between their first and their last."""
        return ~(self.starts > days) & ~(self.ends < days)

    def absent(self, days: Days) -> NDArray[np.bool_]:
        """Tell for each employee whether they are away on their day."""
        rows, starts, ends = self.away
        away = np.zeros(len(self), dtype=np.bool_)
        away[rows[(starts <= days[rows]) & (days[rows] <= ends)]] = True
        return away

    def absent_since(self, rows: NDArray[np.int64], since: Days, until: Days) -> NDArray[np.int64]:
        """Count for each row's employee the days away after ``since`` and before ``until``; 0 for NaT.

        Absences of one employee must not overlap.
        """
        count = np.zeros(len(rows), dtype=np.int64)
        who, starts, ends = self.away
        if not len(who):
            return count
        touched = np.flatnonzero(np.isin(rows, who) & ~np.isnat(since))
        for place in range(len(who)):
            here = touched[rows[touched] == who[place]]
            first = np.maximum(starts[place], since[here] + 1)
            last = np.minimum(ends[place], until[here] - 1)
            count[here] += np.maximum((last - first).astype(np.int64) + 1, 0)
        return count


def as_days(values: Iterable[date | None]) -> Days:
    """Turn days into a column."""
    return np.array(
        [NEVER if value is None else np.datetime64(value, "D") for value in values], dtype="datetime64[D]"
    )


def _distinct(values: list) -> tuple[list, NDArray[np.int64]]:  # type: ignore[type-arg]
    number = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return list(number), np.fromiter((number[value] for value in values), dtype=np.int64, count=len(values))


def _local(instants: Instants, zone: ZoneInfo) -> Days:
    """Return local days: one look-up of the zone's offset for each midnight in the range."""
    first = int(instants.min() // _MICROSECONDS) - 1
    days = np.arange(first, int(instants.max() // _MICROSECONDS) + 3)
    midnights = [micros(datetime.combine(EPOCH + timedelta(days=int(day)), time(), zone)) for day in days]
    place = np.searchsorted(np.array(midnights, dtype=np.int64), instants, side="right") - 1
    return days[place].astype("datetime64[D]")
