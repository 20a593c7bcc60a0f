"""Campaigns run dry: the real planner, day by day, on stand-ins; nothing is kept or sent.

Of each group of employees there are two stand-ins: one who opens, acknowledges and answers everything on the
day on which it comes, and one who never opens anything.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from diffuse.domain import planning
from diffuse.domain.attention import WEEK, Taken
from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import State, Touchpoint
from diffuse.domain.desk import Rules, Running
from diffuse.domain.foresight import Foresight, Touch
from diffuse.domain.membership import Group, representatives
from diffuse.domain.pending import Pending
from diffuse.domain.period import NEVER
from diffuse.domain.population import Population, code, micros
from diffuse.domain.standing import Log, Standing, fold

YEAR = timedelta(days=365)
"""How far a campaign without an end is looked at."""

STAND_INS = 2
"""Of each group; the first one reacts to everything."""


def foresee(
    campaigns: Sequence[tuple[Campaign, Collection[date]]], rules: Rules, groups: Sequence[Group]
) -> Foresight:
    """Plan every day of some campaigns for stand-ins of each group, as if everything went well.

    Args:
        campaigns: each with the holidays of its region.
        rules: the organisation's, with its holidays.
        groups: the employees who are alike.

    Nobody is away, joins or leaves, and every message is sent on its day. What an occasion asks for, such as
    a handover, cannot be foreseen. A deadline reckons with the rate of the stand-ins, half of whom react.
    """
    known = tuple(campaign for campaign, _ in campaigns)
    first, last = span(known)
    run = _Run(campaigns, rules, representatives(groups, STAND_INS))
    for number in range((last - first).days + 1):
        run.day(first + timedelta(days=number))
    return Foresight(
        campaigns=known,
        rules=rules,
        first=first,
        last=last,
        groups=tuple(groups),
        touches=tuple(_touches(run, known, groups)),
    )


def span(campaigns: Sequence[Campaign]) -> tuple[date, date]:
    """Return the first and the last day on which any campaign runs; without an end, a year."""
    return (
        min(campaign.starts for campaign in campaigns),
        max(campaign.ends or campaign.starts + YEAR for campaign in campaigns),
    )


class _Run:
    """The days of some campaigns for their stand-ins: what was sent, what never was, and what is held.

    ``settled`` holds where every pair stands, one standing a campaign; what is held is not in it.
    """

    def __init__(
        self, campaigns: Sequence[tuple[Campaign, Collection[date]]], rules: Rules, population: Population
    ) -> None:
        """Begin with stand-ins who have had no message."""
        self.campaigns = campaigns
        self.rules = rules
        self.population = population
        self.sent: list[tuple[Touchpoint, str]] = []
        self.lost: list[tuple[Touchpoint, str]] = []
        self.held: dict[int, Touchpoint] = {}
        self.recent: list[Touchpoint] = []
        self.numbers = 0
        self.teachings = [planning.teaching(campaign) for campaign, _ in campaigns]
        self.settled = [Standing.fresh(len(population) * len(campaign.repeated)) for campaign, _ in campaigns]
        self.place = {campaign.id: number for number, (campaign, _) in enumerate(campaigns)}
        self.point = {
            (campaign.id, point.id): number
            for campaign, _ in campaigns
            for number, (_, point) in enumerate(campaign.repeated)
        }

    def day(self, today: date) -> None:
        """Plan one day, and let everything that is planned be sent."""
        if not self._any_open(today):
            return
        now = datetime.combine(today, time(), UTC)
        running = [self._running(number) for number in range(len(self.campaigns))]
        plan = planning.plan(now, self.population, running, self._taken(), self.rules, _nameless)
        sent: list[tuple[Touchpoint, str]] = []
        for point in plan.new:
            if point.state == State.HELD:
                self.numbers += 1
                self.held[self.numbers] = point
            else:
                sent.append((point, ""))
        lost: list[tuple[Touchpoint, str]] = []
        for change in plan.changes:
            point = self.held.pop(change.id)
            if change.turn is None:
                lost.append((point, change.reason))
            else:
                again = replace(point, due_on=change.turn.due_on, variant=change.turn.variant)
                sent.append((again, change.delayed_by))
        self._settle(today, [point for point, _ in sent], [point for point, _ in lost])
        self.sent += sent
        self.lost += lost

    def rest(self) -> list[tuple[Touchpoint, str]]:
        """Return what never went, and why."""
        return self.lost + [(point, point.reason) for point in self.held.values()]

    def attentive(self, point: Touchpoint) -> bool:
        """Tell whether a message goes to a stand-in who reacts to everything."""
        return self.population.row[point.employee] % STAND_INS == 0

    def _any_open(self, today: date) -> bool:
        windows = [
            (self.rules.attention.window(campaign.send_window), holidays)
            for campaign, holidays in self.campaigns
        ]
        return today not in self.rules.holidays and any(
            window is not None and window.sends_on(today, holidays) for window, holidays in windows
        )

    def _running(self, number: int) -> Running:
        """Return a campaign as the planner sees it: what is settled, and on top of it what is held."""
        campaign, holidays = self.campaigns[number]
        held = [(key, point) for key, point in self.held.items() if point.campaign == campaign.id]
        standing = self.settled[number]
        if held:
            log = self._log([point for _, point in held], pending=True)
            standing = fold(standing, log, self.teachings[number])
        return Running(
            publication=number,
            campaign=campaign,
            holidays=holidays,
            standing=standing,
            pending=self._pending(held),
        )

    def _settle(self, today: date, sent: Sequence[Touchpoint], lost: Sequence[Touchpoint]) -> None:
        """Fold a day's messages into what is settled."""
        for name, number in self.place.items():
            for points, gone in ((sent, False), (lost, True)):
                mine = [point for point in points if point.campaign == name]
                if mine:
                    log = self._log(mine, gone=gone)
                    begins = np.datetime64(today, "D")
                    self.settled[number] = fold(self.settled[number], log, self.teachings[number], begins)
        week = timedelta(days=WEEK)
        self.recent = [point for point in self.recent if point.due_on > today - week] + list(sent)

    def _log(self, points: Sequence[Touchpoint], *, gone: bool = False, pending: bool = False) -> Log:
        """Return messages of one campaign; who reacts has done so on the same day."""
        campaign, _ = self.campaigns[self.place[points[0].campaign]]
        size = len(points)
        due_on = np.array([point.due_on for point in points], dtype="datetime64[D]")
        back = np.array([self.attentive(point) for point in points]) & (not gone) & (not pending)
        which = [campaign.key_point(point.key_point)[1] for point in points]
        asks = np.array([one.acknowledge for one in which])
        questions = np.array([one.question is not None for one in which])
        return Log(
            employee=np.array([self.population.row[point.employee] for point in points], dtype=np.int64),
            point=np.array([self.point[point.campaign, point.key_point] for point in points], dtype=np.int64),
            touch=np.array([point.touch for point in points], dtype=np.int64),
            step=np.array([point.step for point in points], dtype=np.int64),
            gone=np.full(size, gone),
            pending=np.full(size, pending),
            due_on=due_on,
            opened=np.where(back, due_on, NEVER),
            acknowledged=np.where(back & asks, due_on, NEVER),
            answered=np.where(back & questions, due_on, NEVER),
            right=back & questions,
            wording=np.array([code(point.variant) for point in points], dtype=np.int64),
            stale=np.zeros(size, dtype=np.bool_),
            posted=np.zeros(size, dtype=np.bool_),
        )

    def _pending(self, held: Sequence[tuple[int, Touchpoint]]) -> Pending:
        points = [point for _, point in held]
        days = [
            np.array([getattr(one, name) for one in points], "datetime64[D]")
            for name in ("due_on", "wanted_on")
        ]
        return Pending(
            id=np.array([key for key, _ in held], dtype=np.int64),
            employee=np.array([self.population.row[point.employee] for point in points], dtype=np.int64),
            key_point=[point.key_point for point in points],
            point=np.array([self.point[point.campaign, point.key_point] for point in points], dtype=np.int64),
            touch=np.array([point.touch for point in points], dtype=np.int64),
            held=np.ones(len(points), dtype=np.bool_),
            not_after=np.array([micros(point.not_after) for point in points], dtype=np.int64),
            due_on=days[0],
            wanted_on=days[1],
            reason=[point.reason for point in points],
            occasion=[point.occasion for point in points],
        )

    def _taken(self) -> Taken:
        """Return the messages of the seven days before."""
        return Taken(
            employee=np.array([self.population.row[point.employee] for point in self.recent], dtype=np.int64),
            campaign=np.array([self.place[point.campaign] for point in self.recent], dtype=np.int64),
            day=np.array([point.due_on for point in self.recent], dtype="datetime64[D]"),
            counts=np.ones(len(self.recent), dtype=np.bool_),
        )


def _touches(run: _Run, campaigns: Sequence[Campaign], groups: Sequence[Group]) -> Iterator[Touch]:
    policies = {
        (campaign.id, point.id): policy.id for campaign in campaigns for policy, point in campaign.repeated
    }
    for messages, goes in ((run.sent, True), (run.rest(), False)):
        for point, reason in messages:
            yield Touch(
                day=point.due_on if goes else None,
                wanted_on=point.wanted_on,
                group=groups[run.population.row[point.employee] // STAND_INS],
                attentive=run.attentive(point),
                campaign=point.campaign,
                policy=policies[point.campaign, point.key_point],
                key_point=point.key_point,
                touch=point.touch,
                step=point.step,
                variant=point.variant,
                reason=reason,
            )


def _nameless(campaign: str, key_point: str, touch: int, employee: str) -> str:  # noqa: ARG001 -- a MessageId
    """Name no message: none of them leaves."""
    return ""
