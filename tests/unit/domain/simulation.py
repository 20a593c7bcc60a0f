"""Weeks of planning in memory: what was planned, what was opened, and what a ledger would say of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np

from diffuse.domain.attention import WEEK, Attention, Taken
from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import State, Touchpoint
from diffuse.domain.desk import Rules, Running
from diffuse.domain.people import Absence, Employee
from diffuse.domain.period import NEVER
from diffuse.domain.planning import Plan, plan, teaching
from diffuse.domain.population import Population, code
from diffuse.domain.standing import Log, Standing, fold

Opens = Callable[[Touchpoint], int | None]
"""After how many days a message is opened; None for never."""


def message_id(campaign: str, key_point: str, touch: int, employee: str) -> str:
    return f"<{campaign}.{key_point}.{touch}.{employee}@universite.example>"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A touchpoint that was sent on its day, and the day on which it was opened."""

    touchpoint: Touchpoint
    reached: date | None


@dataclass(frozen=True, kw_only=True)
class World:
    """Employees, campaigns with their holidays, and everything that was sent to anybody."""

    employees: Sequence[Employee]
    campaigns: Sequence[tuple[Campaign, frozenset[date]]]
    opens: Opens = lambda _: None
    sent: list[Sent] = field(default_factory=list)
    absences: Sequence[Absence] = ()
    attention: Attention = Attention()  # noqa: RUF009 -- frozen

    def log(self, campaign: Campaign, today: date, population: Population) -> Log:
        """The messages of a campaign, as a ledger knows them on a day."""
        place = {point.id: number for number, (_, point) in enumerate(campaign.repeated)}
        mine = [
            one
            for one in self.sent
            if one.touchpoint.campaign == campaign.id
            and one.touchpoint.employee in population.row
            and one.touchpoint.key_point in place
        ]
        points = [one.touchpoint for one in mine]
        reached = [one.reached if one.reached and one.reached <= today else None for one in mine]
        return Log(
            employee=np.array([population.row[point.employee] for point in points], dtype=np.int64),
            point=np.array([place[point.key_point] for point in points], dtype=np.int64),
            touch=np.array([point.touch for point in points], dtype=np.int64),
            step=np.array([point.step for point in points], dtype=np.int64),
            gone=np.zeros(len(points), dtype=np.bool_),
            pending=np.zeros(len(points), dtype=np.bool_),
            due_on=np.array([point.due_on for point in points], dtype="datetime64[D]"),
            opened=np.array(reached, dtype="datetime64[D]"),
            acknowledged=np.full(len(points), NEVER),
            answered=np.full(len(points), NEVER),
            right=np.zeros(len(points), dtype=np.bool_),
            wording=np.array([code(point.variant) for point in points], dtype=np.int64),
            stale=np.zeros(len(points), dtype=np.bool_),
            posted=np.zeros(len(points), dtype=np.bool_),
        )

    def taken(self, population: Population) -> Taken:
        """All messages, however old."""
        number = {campaign.id: place for place, (campaign, _) in enumerate(self.campaigns)}
        points = [one.touchpoint for one in self.sent if one.touchpoint.employee in population.row]
        return Taken(
            employee=np.array([population.row[point.employee] for point in points], dtype=np.int64),
            campaign=np.array([number[point.campaign] for point in points], dtype=np.int64),
            day=np.array([point.due_on for point in points], dtype="datetime64[D]"),
            counts=np.ones(len(points), dtype=np.bool_),
        )

    def everything(self, now: datetime) -> Plan:
        """Plan once; nothing is kept."""
        population = Population.of(self.employees, self.absences)
        running = [
            Running(
                publication=number,
                campaign=campaign,
                holidays=holidays,
                standing=fold(
                    Standing.fresh(len(population) * len(campaign.repeated)),
                    self.log(campaign, now.date(), population),
                    teaching(campaign),
                ),
            )
            for number, (campaign, holidays) in enumerate(self.campaigns, start=1)
        ]
        rules = Rules(attention=self.attention)
        return plan(now, population, running, self.taken(population), rules, message_id)

    def plan(self, now: datetime) -> list[Touchpoint]:
        """Plan once, and return what is to be sent."""
        return [point for point in self.everything(now).new if point.state == State.PLANNED]

    def keep(self, touchpoints: Sequence[Touchpoint]) -> None:
        """Let what was planned be sent, and opened by whoever opens it."""
        for point in touchpoints:
            after = self.opens(point)
            reached = None if after is None else point.due_on + timedelta(days=after)
            self.sent.append(Sent(touchpoint=point, reached=reached))

    def run(self, starts: date, days: int, hours: Sequence[int]) -> None:
        """Plan at some hours (UTC) of each day."""
        midnight = datetime(starts.year, starts.month, starts.day, tzinfo=UTC)
        for number in range(days):
            for hour in hours:
                self.keep(self.plan(midnight + timedelta(days=number, hours=hour)))

    def leave(self, name: str, last: date) -> "World":
        """The same world, in which somebody's last day is known."""
        people = [replace(one, ends=last) if one.id == name else one for one in self.employees]
        return replace(self, employees=people)

    def climbs(self) -> Iterator[list[Sent]]:
        """The messages of each pair of an employee and a key point, in their order."""
        pairs: dict[tuple[str, str, str], list[Sent]] = {}
        for one in self.sent:
            point = one.touchpoint
            pairs.setdefault((point.campaign, point.key_point, point.employee), []).append(one)
        yield from pairs.values()


def broken_promises(world: World) -> Iterator[str]:
    """Name everything that was promised to employees and not kept."""
    campaigns = {campaign.id: (campaign, holidays) for campaign, holidays in world.campaigns}
    people = {employee.id: employee for employee in world.employees}
    for one in world.sent:
        yield from _out_of_place(one.touchpoint, *campaigns[one.touchpoint.campaign], people)
    for name in people:
        mine = sorted(
            (one.touchpoint.due_on, one.touchpoint.campaign)
            for one in world.sent
            if one.touchpoint.employee == name
        )
        days = [day for day, _ in mine]
        if len(set(days)) < len(days):
            yield f"two messages on a day for {name}"
        for day, campaign in mine:
            week = sum(timedelta() <= day - other < timedelta(days=WEEK) for other in days)
            if week > campaigns[campaign][0].max_messages_per_week:
                yield f"{week} messages for {name} in the week up to {day}, one of {campaign} among them"
    for climb in world.climbs():
        yield from _missteps(climb, campaigns[climb[0].touchpoint.campaign][0])


def _out_of_place(
    point: Touchpoint, campaign: Campaign, holidays: frozenset[date], people: dict[str, Employee]
) -> Iterator[str]:
    employee, window = people[point.employee], campaign.send_window
    local = point.due_at.astimezone(employee.zone)
    if not employee.works_on(local.date()):
        yield f"{point.employee} does not work on {local.date()}"
    if not campaign.audience_of(*campaign.key_point(point.key_point)).includes(employee):
        yield f"{point.employee} is not in the audience of {point.key_point}"
    if local.date() != point.due_on or not window.sends_on(local.date(), holidays):
        yield f"{point.due_on} is not a day on which {campaign.id} sends"
    if not (window.opens <= local.time() < window.closes and point.due_at < point.not_after):
        yield f"{local} is not an hour at which {campaign.id} sends"
    if local.date() < campaign.starts or (campaign.ends and campaign.ends < local.date()):
        yield f"{campaign.id} does not run on {local.date()}"


def _missteps(climb: list[Sent], campaign: Campaign) -> Iterator[str]:
    """Name what is wrong with the way of one key point to one employee."""
    schedule = campaign.schedule
    points = [one.touchpoint for one in climb]
    if [point.touch for point in points] != list(range(len(points))) or points[0].step != 0:
        yield f"touches out of order: {points}"
    for before, after in zip(climb, points[1:], strict=False):
        last, day = before.touchpoint, after.due_on
        if after.step == last.step + 1:
            opened = [one.reached for one in climb if one.reached and one.touchpoint.step == last.step]
            if not opened or day < schedule.intervals[after.step].after(min(opened)):
                yield f"step {after.step} too early: {after}"
        elif after.step == last.step:
            if day < schedule.resend_unopened_after.after(last.due_on):
                yield f"sent again too early: {after}"
            if len(campaign.key_point(last.key_point)[1].variants) > 1 and after.variant == last.variant:
                yield f"sent again in the same wording: {after}"
        else:
            yield f"a step was skipped: {after}"
    for step in {point.step for point in points}:
        if sum(point.step == step for point in points) > schedule.max_resends + 1:
            yield f"step {step} was sent too often: {points}"


def broken_rules(world: World) -> Iterator[str]:
    """Name what the organisation's rules, or somebody's absence, forbade and was sent all the same."""
    for employee in world.employees:
        mine = [one.touchpoint for one in world.sent if one.touchpoint.employee == employee.id]
        yield from _out_of_hours(world, mine, employee)
        yield from _too_much(world, mine, employee.id)
        for absence in world.absences:
            away = [point for point in mine if absence.starts <= point.due_on <= absence.ends]
            if away and absence.employee == employee.id:
                yield f"{employee.id} is away on {away[0].due_on}"


def _out_of_hours(world: World, mine: Sequence[Touchpoint], employee: Employee) -> Iterator[str]:
    campaigns = {campaign.id: campaign for campaign, _ in world.campaigns}
    for point in mine:
        window = world.attention.window(campaigns[point.campaign].send_window)
        local = point.due_at.astimezone(employee.zone)
        if window is None or not (window.opens <= local.time() < window.closes):
            yield f"{local} lies in quiet hours or outside the window"
        elif not window.sends_on(point.due_on, frozenset()):
            yield f"{point.due_on} is no working day"


def _too_much(world: World, mine: Sequence[Touchpoint], name: str) -> Iterator[str]:
    rules, days = world.attention, sorted(point.due_on for point in mine)
    budget = {
        one.id: min(one.max_messages_per_week, rules.max_messages_per_week) for one, _ in world.campaigns
    }
    for point in mine:
        week = sum(timedelta() <= point.due_on - other < timedelta(days=WEEK) for other in days)
        if week > budget[point.campaign]:
            yield f"{week} messages for {name} in the week up to {point.due_on}"
    for before, after in pairwise(days):
        if timedelta() < after - before < timedelta(days=rules.min_gap_days):
            yield f"{after} is too soon after {before} for {name}"
    if any(days.count(day) > rules.max_per_day for day in days):
        yield f"too many messages on a day for {name}"
