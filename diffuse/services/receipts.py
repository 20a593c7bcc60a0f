"""Negative receipts: duties that were not acknowledged and are not pressed for, each with its reason."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from diffuse.domain.delivery import State
from diffuse.domain.people import Absence, Employee
from diffuse.domain.planning import DROPPED
from diffuse.domain.policy import KeyPoint
from diffuse.ports import Publications, Published, Relief, Result

RECEIPTS = ("campaign", "policy", "version", "key_point", "person", "why", "since", "as_of")

NEVER_LEFT = frozenset({State.FAILED, State.EXPIRED, State.CANCELLED, State.SUPPRESSED})
"""Ends of messages that nobody can have read."""

_DAY = timedelta(days=1)


class Why(StrEnum):
    """Why a duty stays unread; nobody is late who could not, or need not, read."""

    LEFT = "left"
    WITHDRAWN = "withdrawn"
    NOT_ASKED = "no longer asked"
    ON_LEAVE = "on leave"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One delivery with the text that it showed, and whether an acknowledgement of that text is stale."""

    result: Result
    version: str
    point: KeyPoint
    stale: bool


class Receipts:
    """Gathers one pair of an employee and a key point after the other, in the order of the results."""

    def __init__(
        self,
        *,
        publications: Publications,
        employees: Mapping[str, Employee],
        absences: Sequence[Absence],
        pseudonym: Callable[[str], str],
        on: date,
    ) -> None:
        """Begin a report.

        Args:
            publications: what was published.
            employees: the directory by id, which may still grow.
            absences: who is away.
            pseudonym: hides an employee, as evidence does.
            on: the day of the report.
        """
        self._publications = publications
        self._newest = {one.campaign.id: one for one in publications.running()}
        self._employees = employees
        self._away = {one.employee: one for one in absences if one.starts <= on <= one.ends}
        self._pseudonym = pseudonym
        self._on = on
        self._pair: list[Told] = []
        self._rows: list[tuple[str | date, ...]] = []
        self._withdrawn: dict[tuple[str, str], date | None] = {}

    def add(self, told: Told) -> None:
        """Take the next delivery; those of a pair follow each other."""
        if self._pair and _key(self._pair[-1]) != _key(told):
            self._close()
        self._pair.append(told)

    def rows(self) -> Sequence[tuple[str | date, ...]]:
        """Return the receipts, by campaign, policy, key point and person, who is not named."""
        self._close()
        return sorted(self._rows, key=lambda row: tuple(map(str, row)))

    def _close(self) -> None:
        pair, self._pair = self._pair, []
        asks = pair and pair[-1].point.acknowledge and not pair[-1].point.occasion
        if not asks or any(one.result.acknowledged_at and not one.stale for one in pair):
            return
        last = pair[-1]
        why = self._why([one.result for one in pair])
        if why:
            result = last.result
            self._rows.append(
                (
                    result.campaign,
                    result.policy,
                    last.version,
                    result.key_point,
                    self._pseudonym(result.employee),
                    why[1],
                    why[0],
                    self._on,
                )
            )

    def _why(self, results: Sequence[Result]) -> tuple[date, Why] | None:
        """Return since when, and why, a duty stays unread; None for one that is simply still asked."""
        last = results[-1]
        for_good = list(self._for_good(last))
        if for_good:
            return min(for_good)
        if absence := self._away.get(last.employee):
            return absence.starts, Why.ON_LEAVE
        if all(one.state in NEVER_LEFT for one in results):
            return last.due_on, Why.NOT_REACHED
        return None

    def _for_good(self, last: Result) -> Iterator[tuple[date, Why]]:
        employee = self._employees.get(last.employee)
        if employee and employee.ends and employee.ends < self._on:
            yield employee.ends + _DAY, Why.LEFT
        if (since := self._since(last.campaign, last.key_point)) is not None:
            yield since, Why.WITHDRAWN
        if last.reason == DROPPED:
            yield last.due_on, Why.NOT_ASKED

    def _since(self, campaign: str, key_point: str) -> date | None:
        """Return the day since which a key point is not asked any more; None while it is."""
        key = campaign, key_point
        if key not in self._withdrawn:
            since = None
            for one in self._publications.earlier(campaign) if not self._asks(campaign, key_point) else ():
                if _has(one, key_point):
                    break
                since = one.published_at.date()
            self._withdrawn[key] = since
        return self._withdrawn[key]

    def _asks(self, campaign: str, key_point: str) -> bool:
        return campaign in self._newest and _has(self._newest[campaign], key_point)


def _has(published: Published, key_point: str) -> bool:
    return any(point.id == key_point and point.acknowledge for _, point in published.campaign.key_points)


def _key(told: Told) -> tuple[str, str, str]:
    return told.result.campaign, told.result.employee, told.result.key_point


class ReceiptBook:
    """Opens reports on negative receipts."""

    def __init__(
        self, *, publications: Publications, relief: Relief, pseudonym: Callable[[str], str]
    ) -> None:
        """Take the collaborators."""
        self._publications = publications
        self._relief = relief
        self._pseudonym = pseudonym

    def open(self, employees: Mapping[str, Employee], on: date) -> Receipts:
        """Begin a report of a day."""
        return Receipts(
            publications=self._publications,
            employees=employees,
            absences=self._relief.absences(),
            pseudonym=self._pseudonym,
            on=on,
        )
