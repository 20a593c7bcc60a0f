"""Who receives messages: employees and the audiences that they belong to."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from diffuse.domain.channel import channel_problems
from diffuse.domain.policy import id_problems, refuse, single_line
from diffuse.domain.tracking import mode_problems
from diffuse.errors import Problem, nearest

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
EMAIL = re.compile(
    rf"(?=.{{1,254}}$)(?=[^@]{{1,64}}@){_ATOM}(\.{_ATOM})*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


@cache
def _time_zones() -> frozenset[str]:
    """Read the names of all time zones once: it takes 30 ms, and every employee is checked."""
    return frozenset(available_timezones())


def zone_problems(name: str) -> Iterator[Problem]:
    """Say whether a name is not that of a time zone."""
    if name not in _time_zones():
        yield Problem(
            path=("time_zone",),
            found=f"{name!r} is not a time zone",
            expected="a name such as 'America/Toronto'",
            suggestion=nearest(name, _time_zones()),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Employee:
    """A person of the organisation, as its directory knows them.

    ``starts`` is the first day and ``ends`` the last day of work, both included; None means not known.
    ``tracking`` is what may be measured of the person's messages at most: ``named``, ``aggregate`` or
    ``off``, empty for whatever the organisation and the campaign allow.
    """

    id: str
    name: str
    email: str
    language: str = "fr"
    time_zone: str = "America/Toronto"
    department: str = ""
    roles: tuple[str, ...] = ()
    manager: str = ""
    starts: date | None = None
    ends: date | None = None
    tracking: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be written to."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with this employee alone."""
        yield from single_line("id", self.id)
        yield from single_line("name", self.name)
        if not EMAIL.fullmatch(self.email):
            yield Problem(
                path=("email",), found=f"{self.email!r}", expected="an address such as name@example.org"
            )
        if not re.fullmatch(r"[a-z]{2}", self.language):
            yield Problem(
                path=("language",), found=f"{self.language!r}", expected="a language such as 'fr' or 'en'"
            )
        yield from zone_problems(self.time_zone)
        if self.starts and self.ends and self.ends < self.starts:
            yield Problem(
                path=("ends",),
                found=f"{self.ends} lies before the first day, {self.starts}",
                expected="a later day",
            )
        if self.tracking:
            yield from mode_problems("tracking", self.tracking)

    @property
    def given_name(self) -> str:
        """The first word of the name, as a greeting uses it."""
        return given_name(self.name)

    @property
    def zone(self) -> ZoneInfo:
        """The employee's own time zone."""
        return ZoneInfo(self.time_zone)

    def works_on(self, day: date) -> bool:
        """Tell whether ``day`` lies between the first and the last day of work."""
        return (self.starts is None or self.starts <= day) and (self.ends is None or day <= self.ends)


@dataclass(frozen=True, kw_only=True, slots=True)
class Absence:
    """Days on which an employee is away, both included; why is nobody's business, and is not kept."""

    employee: str
    starts: date
    ends: date

    def __post_init__(self) -> None:
        """Refuse an absence that ends before it begins."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with this absence alone."""
        yield from single_line("employee", self.employee)
        if self.ends < self.starts:
            yield Problem(
                path=("ends",),
                found=f"{self.ends} lies before the first day, {self.starts}",
                expected="a later day",
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Audience:
    """A set of employees, described by roles and departments; an empty list sets no condition.

    ``channels`` are those by which its key points travel; empty for those of the campaign.
    """

    id: str
    roles: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    exclude_roles: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an audience that cannot be named."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with this audience alone."""
        yield from id_problems(self.id)
        yield from channel_problems("channels", self.channels)

    def includes(self, employee: Employee) -> bool:
        """Tell whether the employee belongs to this audience."""
        return self.covers(employee.department, employee.roles)

    def covers(self, department: str, roles: Collection[str], acting: Collection[str] = ()) -> bool:
        """Tell whether somebody of a department with some roles belongs to this audience.

        Roles that somebody has for another (``acting``) open audiences and close none.
        """
        return (
            (not self.roles or not set(self.roles).isdisjoint({*roles, *acting}))
            and (not self.departments or department in self.departments)
            and set(self.exclude_roles).isdisjoint(roles)
        )


ERASED = "~"
"""Before the pseudonym of somebody who was erased, in place of the id of the directory."""


def erased_id(pseudonym: str) -> str:
    """Return the id under which the deliveries of an erased person stay."""
    return f"{ERASED}{pseudonym}"


def pseudonym_in(employee: str) -> str:
    """Return the pseudonym in the id of an erased person; empty for everybody else."""
    return employee.removeprefix(ERASED) if employee.startswith(ERASED) else ""


EVERYONE = Audience(id="everyone")


def given_name(name: str) -> str:
    """Return the first word of a name."""
    return name.split(maxsplit=1)[0]
