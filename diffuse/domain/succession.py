"""Who stands in for whom: duties, their named substitutes, and the days on which a duty passes on."""

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from diffuse.domain.people import Absence, Employee
from diffuse.domain.policy import refuse, single_line
from diffuse.errors import Problem

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Duty:
    """Something that must be done whoever is away: a role's duty, who has it, and who stands in.

    Attributes:
        role: the role, as in the directory: ``crisis-cell``.
        duty: what is to be done, in words: "Answer on the university's Facebook page".
        holder: the employee who has it.
        substitute: the employee who stands in; empty while nobody is named.
    """

    role: str
    duty: str
    holder: str
    substitute: str = ""

    def __post_init__(self) -> None:
        """Refuse a duty that nobody could take over."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with this duty alone."""
        for name in ("role", "duty", "holder"):
            yield from single_line(name, getattr(self, name))
        if self.substitute == self.holder:
            yield Problem(
                path=("substitute",),
                found=f"{self.holder!r} would stand in for themselves",
                expected="another employee, or nothing",
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Handover:
    """Duties that have passed to a substitute: from ``starts`` to ``ends``, both included; None for good."""

    holder: str
    substitute: str
    duties: tuple[Duty, ...]
    starts: date
    ends: date | None

    @property
    def words(self) -> str:
        """What passes on, in words."""
        return "; ".join(one.duty for one in self.duties)

    @property
    def key(self) -> str:
        """What the message about it is sent for; a prolonged absence keeps its key, other duties do not."""
        listed = zlib.crc32(repr([(one.role, one.duty) for one in self.duties]).encode())
        return f"handover:{self.holder}:{self.substitute}:{self.starts}:{listed:08x}"


@dataclass(frozen=True, kw_only=True, slots=True)
class People:
    """The employees whom duties concern, their absences, and the instant from which all is seen."""

    employees: Mapping[str, Employee]
    absences: Sequence[Absence]
    now: datetime

    def today(self, employee: str) -> date:
        """Return somebody's local day; of a stranger, the day in UTC."""
        one = self.employees.get(employee)
        return self.now.astimezone(one.zone if one else None).date()

    def has_left(self, employee: str) -> bool:
        """Tell whether somebody's last day has passed, or the directory does not know them."""
        one = self.employees.get(employee)
        return one is None or (one.ends is not None and one.ends < self.today(employee))

    def away(self, employee: str) -> tuple[date, date | None] | None:
        """Return since when and until when somebody is away on their local day; None when they are not.

        Who has left is away for good.
        """
        if self.has_left(employee):
            one = self.employees.get(employee)
            return (one.ends + DAY if one and one.ends else date.min), None
        today = self.today(employee)
        for absence in self.absences:
            if absence.employee == employee and absence.starts <= today <= absence.ends:
                return absence.starts, absence.ends
        return None

    def both_away(self, one: str, other: str) -> tuple[date, date] | None:
        """Return the first days, from today on, on which two people are away at the same time."""
        today = self.today(one)
        spans = {
            name: [each for each in self.absences if each.employee == name and each.ends >= today]
            for name in (one, other)
        }
        shared = [
            (max(first.starts, second.starts, today), min(first.ends, second.ends))
            for first in spans[one]
            for second in spans[other]
        ]
        return min((span for span in shared if span[0] <= span[1]), default=None)


def handovers(duties: Iterable[Duty], people: People) -> Iterator[Handover]:
    """Yield what is with substitutes now: one handover for all that passes from a holder to a substitute."""
    passing: dict[tuple[str, str], list[Duty]] = {}
    for one in duties:
        if one.substitute and one.holder in people.employees and not people.away(one.substitute):
            passing.setdefault((one.holder, one.substitute), []).append(one)
    for (holder, substitute), listed in passing.items():
        away = people.away(holder)
        if away:
            yield Handover(
                holder=holder, substitute=substitute, duties=tuple(listed), starts=away[0], ends=away[1]
            )


def standing_in(duties: Iterable[Duty]) -> dict[str, frozenset[str]]:
    """Return the roles that employees have for others, named or acting.

    A named substitute gets the role's key points all the time: who begins to learn on the day of the
    crisis learns too late.
    """
    roles: dict[str, frozenset[str]] = {}
    for one in duties:
        if one.substitute:
            roles[one.substitute] = roles.get(one.substitute, frozenset()) | {one.role}
    return roles


NOBODY = "nobody stands in"
LEFT = "the holder has left; name another one"
GONE = "the substitute has left"
AWAY = "holder and substitute are both away from {starts} to {ends}"
UNTRAINED = "the substitute has not acknowledged {missing} of the role's {asked} key points"
UNASKED = "no running campaign has a key point for this role"


def gap(duty: Duty, people: People, asked: int, missing: int) -> str:
    """Say what keeps a duty from being safe; nothing when its substitute is named, there and trained.

    Args:
        duty: the duty.
        people: those whom it concerns.
        asked: how many key points of running campaigns are meant for its role.
        missing: how many of them the substitute has not acknowledged yet.
    """
    if not duty.substitute:
        return NOBODY
    if people.has_left(duty.holder):
        return LEFT
    if people.has_left(duty.substitute):
        return GONE
    both = people.both_away(duty.holder, duty.substitute)
    if both:
        return AWAY.format(starts=both[0], ends=both[1])
    if not asked:
        return UNASKED
    return UNTRAINED.format(missing=missing, asked=asked) if missing else ""


def merged(absences: Iterable[Absence]) -> tuple[Absence, ...]:
    """Join absences of the same employee that overlap or follow each other; by employee and first day."""
    joined: list[Absence] = []
    for one in sorted(absences, key=lambda each: (each.employee, each.starts)):
        last = joined[-1] if joined else None
        if last and last.employee == one.employee and one.starts - last.ends <= DAY:
            joined[-1] = Absence(employee=one.employee, starts=last.starts, ends=max(last.ends, one.ends))
        else:
            joined.append(one)
    return tuple(joined)


def renewed(
    kept: Iterable[Absence], given: Collection[Absence], days: Mapping[str, date]
) -> tuple[Absence, ...]:
    """Return absences after a new list has come: what has passed stays, what is to come is the list's.

    An absence that has begun and that the list does not hold any more ended yesterday. ``days`` are the local
    days of the employees.
    """
    passed = [
        Absence(employee=one.employee, starts=one.starts, ends=min(one.ends, days[one.employee] - DAY))
        for one in kept
        if one.starts < days[one.employee]
    ]
    return merged([*passed, *given])
