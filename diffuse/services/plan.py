"""Plan: bring the ledger in line with the day, for every employee and every running campaign.

Planning again at the same instant changes nothing, so any number of planners may run at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from diffuse.domain import planning
from diffuse.domain.attention import WEEK
from diffuse.domain.campaign import Campaign
from diffuse.domain.people import Employee
from diffuse.domain.planning import Population, Running
from diffuse.ports import Calendar, Clock, Directory, Ledger, Move, Overdue, Publications, Published, Signer

CLOSED = "the window of {day} closed before it could be sent"
OVER = "the campaign's last day, {day}, closed before it could be sent"
LEFT = "the last day of work has passed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """What a planning run changed, in deliveries."""

    added: int = 0
    moved: int = 0
    cancelled: int = 0
    expired: int = 0


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
        moved, expired = self._settle_overdue(now, employees, published)
        running = [self._running(one, now) for one in published]
        load = self._ledger.load(now.date() - timedelta(days=WEEK + 1))
        touchpoints = planning.plan(now, Population(employees), running, load, self._signer.message_id)
        added = self._ledger.add(touchpoints, now)
        return Planned(added=added, moved=moved, cancelled=cancelled, expired=expired)

    def _running(self, one: Published, now: datetime) -> Running:
        return Running(
            publication=one.id,
            campaign=one.campaign,
            holidays=self._holidays(one, now),
            history=self._ledger.history(one.campaign.id),
        )

    def _holidays(self, one: Published, now: datetime) -> frozenset[date]:
        # On New Year's Eve it is next year already in UTC.
        return self._calendar.holidays(one.campaign.holidays, (now.year - 1, now.year, now.year + 1))

    def _settle_overdue(
        self, now: datetime, employees: Sequence[Employee], published: Sequence[Published]
    ) -> tuple[int, int]:
        """Move deliveries whose window closed; end those of a campaign that is over. Return both counts."""
        overdue = self._ledger.overdue(now)
        if not overdue:
            return 0, 0
        moves: list[Move] = []
        over: dict[str, list[int]] = {}
        rules = {one.campaign.id: (one.campaign, self._holidays(one, now)) for one in published}
        who = {employee.id: employee for employee in employees}
        load = self._ledger.load(now.date() - timedelta(days=1))
        taken = set(zip(load.employee, load.day.tolist(), strict=True))
        for late in overdue:
            campaign, holidays = rules[self._publications.get(late.publication).campaign.id]
            move = _move(now, late, campaign, holidays, who[late.employee], taken)
            if campaign.ends is not None and move.due_on > campaign.ends:
                over.setdefault(OVER.format(day=campaign.ends), []).append(late.id)
            else:
                taken.add((late.employee, move.due_on))
                moves.append(move)
        expired = sum(self._ledger.expire(ids, reason) for reason, ids in over.items())
        return self._ledger.move(moves), expired


def _move(  # noqa: PLR0913, PLR0917 -- all that a day depends on
    now: datetime,
    late: Overdue,
    campaign: Campaign,
    holidays: frozenset[date],
    employee: Employee,
    taken: set[tuple[str, date]],
) -> Move:
    """Give a delivery whose window closed the employee's next open day that is still free."""
    day = max(now.astimezone(employee.zone).date(), late.due_on)
    while True:
        day = campaign.send_window.next_day(day, holidays)
        due_at, closes = planning.slot(now, day, campaign, employee)
        if due_at < closes and (late.employee, day) not in taken:
            reason = CLOSED.format(day=late.due_on)
            return Move(id=late.id, due_on=day, due_at=due_at, not_after=closes, reason=reason)
        day += timedelta(days=1)


def _left(employees: Sequence[Employee], now: datetime) -> tuple[str, ...]:
    """Name the employees whose last day lies behind them, in their own time zone."""
    return tuple(
        employee.id
        for employee in employees
        if employee.ends is not None and employee.ends < now.astimezone(employee.zone).date()
    )
