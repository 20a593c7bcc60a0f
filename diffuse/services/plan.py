"""Plan: bring the ledger in line with the day, for every employee and every running campaign.

Planning again at the same instant changes nothing, so any number of planners may run at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from diffuse.domain import planning
from diffuse.domain.attention import WEEK
from diffuse.domain.people import Employee
from diffuse.domain.planning import Population, Running
from diffuse.ports import Calendar, Clock, Directory, Ledger, Move, Published, Publications, Signer

CLOSED = "the window of {day} closed before it could be sent"
LEFT = "the last day of work has passed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """What a planning run changed, in deliveries."""

    added: int = 0
    moved: int = 0
    cancelled: int = 0


class Plan:
    """Plans the day: moves what could not be sent, cancels what leavers no longer get, adds what is due."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        clock: Clock,
        directory: Directory,
        publications: Publications,
        ledger: Ledger,
        calendar: Calendar,
        signer: Signer,
    ) -> None:
        """Take the collaborators."""
        self._clock = clock
        self._directory = directory
        self._publications = publications
        self._ledger = ledger
        self._calendar = calendar
        self._signer = signer

    def run(self) -> Planned:
        """Plan the local day of every employee."""
        now = self._clock.now()
        employees = self._directory.employees()
        published = self._publications.running()
        cancelled = self._ledger.cancel(_left(employees, now), LEFT)
        moved = self._ledger.move(self._moves(now, {employee.id: employee for employee in employees}))
        running = [self._running(one, now) for one in published]
        load = self._ledger.load(now.date() - timedelta(days=WEEK + 1))
        touchpoints = planning.plan(now, Population(employees), running, load, self._signer.message_id)
        return Planned(added=self._ledger.add(touchpoints, now), moved=moved, cancelled=cancelled)

    def _running(self, one: Published, now: datetime) -> Running:
        return Running(
            publication=one.id,
            campaign=one.campaign,
            holidays=self._holidays(one, now),
            history=self._ledger.history(one.campaign.id),
        )

    def _holidays(self, one: Published, now: datetime) -> frozenset[date]:
        return self._calendar.holidays(one.campaign.holidays, (now.year, now.year + 1))

    def _moves(self, now: datetime, employees: dict[str, Employee]) -> Iterator[Move]:
        """Give every delivery whose window closed the employee's next open day that is still free."""
        taken: set[tuple[str, date]] = set()
        for late in self._ledger.overdue(now):
            one = self._publications.get(late.publication)
            campaign, holidays = one.campaign, self._holidays(one, now)
            employee = employees[late.employee]
            day = max(now.astimezone(employee.zone).date(), late.due_on)
            while True:
                day = campaign.send_window.next_day(day, holidays)
                due_at, closes = planning.slot(now, day, campaign, employee, 0)
                if now < closes and (late.employee, day) not in taken:
                    break
                day += timedelta(days=1)
            taken.add((late.employee, day))
            yield Move(
                id=late.id, due_on=day, due_at=due_at, not_after=closes, reason=CLOSED.format(day=late.due_on)
            )


def _left(employees: Sequence[Employee], now: datetime) -> tuple[str, ...]:
    """Name the employees whose last day lies behind them, in their own time zone."""
    return tuple(
        employee.id
        for employee in employees
        if employee.ends is not None and employee.ends < now.astimezone(employee.zone).date()
    )
