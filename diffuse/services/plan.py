"""Plan: bring the ledger in line with the day, a chunk of employees at a time, for every running campaign.

Any number of planners may run at once: each holds the chunk that it plans, and records it whole or not at
all. A chunk is planned again when a new day begins for its employees, or when something has changed.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from diffuse.domain import planning
from diffuse.domain.attention import WEEK
from diffuse.domain.control import EVERYTHING
from diffuse.domain.delivery import State
from diffuse.domain.desk import Rules, Running
from diffuse.domain.messages import Messages, signature
from diffuse.domain.pending import Occasion
from diffuse.domain.population import Population
from diffuse.domain.posting import mail_after, posted_on
from diffuse.domain.standing import EVER, FOR_EVER, Standing, fold
from diffuse.domain.window import instant
from diffuse.ports import (
    Calendar,
    Chunk,
    Clock,
    Control,
    Directory,
    House,
    Kept,
    LeaseLost,
    Plans,
    Postings,
    Publications,
    Published,
    Queue,
    Recorded,
    Signer,
)
from diffuse.services.newer import renewed
from diffuse.services.succeed import Succeed

SETTLED = 8
"""Days after which a message that is not pending any more is folded into what is kept."""

FIRST_DAY = date(1, 1, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """What a planning run changed, in deliveries."""

    added: int = 0
    moved: int = 0
    held: int = 0
    cancelled: int = 0
    expired: int = 0

    def plus(self, recorded: Recorded) -> "Planned":
        """Return the sum."""
        changed = recorded.changed
        return Planned(
            added=self.added + recorded.added,
            moved=self.moved + changed.get(State.PLANNED, 0),
            held=self.held + changed.get(State.HELD, 0),
            cancelled=self.cancelled + changed.get(State.CANCELLED, 0),
            expired=self.expired + changed.get(State.EXPIRED, 0),
        )


class Plan:
    """Plans the day: adds what is due, holds what must wait, moves what was late, ends what is over."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        clock: Clock,
        directory: Directory,
        publications: Publications,
        plans: Plans,
        control: Control,
        house: House,
        succeed: Succeed,
        postings: Postings,
        calendar: Calendar,
        signer: Signer,
        queue: Queue,
        planner: str,
    ) -> None:
        """Take the collaborators; ``planner`` names this process in leases, and is unique."""
        self._clock = clock
        self._directory = directory
        self._publications = publications
        self._plans = plans
        self._control = control
        self._house = house
        self._succeed = succeed
        self._postings = postings
        self._calendar = calendar
        self._signer = signer
        self._queue = queue
        self._planner = planner

    def run(self) -> Planned:
        """Plan every chunk that is to be planned and that nobody else holds; nothing while all is halted."""
        planned = Planned()
        if EVERYTHING in self._standing_still():
            return planned
        self._control.enforce(self._clock.now())
        self._plans.lay_out(self._clock.now())
        acting = self._succeed.pass_on()
        while held := self._plans.claim(self._clock.now(), self._planner):
            self._queue.kick()  # others may take the next chunk
            try:
                planned = planned.plus(self._chunk(held, acting))
            except LeaseLost:
                continue
        return planned

    def _chunk(self, held: Chunk, acting: Mapping[str, Collection[str]]) -> Recorded:
        """Plan the local day of a chunk's employees."""
        now = self._clock.now()
        population = self._plans.population(held, acting)
        published = self._publications.running()
        rules = self._rules(now)
        bases = {one.campaign.id: self._base(held, one, population) for one in published}
        until = now.date() + timedelta(days=2)
        messages = self._plans.messages(
            held, population, {name: kept.cut for name, kept in bases.items()}, until
        )
        occasions = self._plans.occasions(held)
        stopped = self._standing_still()
        # What the others have sent takes the employees' attention all the same.
        moving = [one for one in published if one.campaign.id not in stopped]
        running = [
            self._running(one, bases[one.campaign.id], messages, population, occasions, now) for one in moving
        ]
        plan = planning.plan(
            now,
            population,
            running,
            messages.taken([one.campaign for one in moving], now),
            rules,
            self._signer.message_id,
        )
        recorded = self._plans.record(
            held,
            new=plan.new,
            changes=plan.changes,
            standings=dict(self._settled(published, bases, messages, population, now)),
            now=now,
            due_at=_next_day(population, now),
        )
        self._plans.ask(tuple(self._reminders(plan.reminders, now)))
        return recorded

    def _standing_still(self) -> frozenset[str]:
        """Return the campaigns of which nothing is planned."""
        return frozenset(one.campaign for one in self._control.stops())

    def _rules(self, now: datetime) -> Rules:
        attention = self._house.attention()
        return Rules(attention=attention, holidays=self._holidays(attention.holidays, now))

    def _holidays(self, region: str, now: datetime) -> frozenset[date]:
        # On New Year's Eve it is next year already in UTC.
        return self._calendar.holidays(region, (now.year - 1, now.year, now.year + 1))

    def _base(self, held: Chunk, one: Published, population: Population) -> Kept:
        """Return what was kept of a campaign, with the population's rows; all fresh when nothing fits."""
        points = len(one.campaign.repeated)
        digest = signature(one.campaign, planning.teaching(one.campaign), one.asked_since)
        kept = self._plans.kept(held, one.campaign.id)
        if kept is None or kept.digest != digest:
            fresh = Standing.fresh(len(population) * points)
            return Kept(digest=digest, cut=FIRST_DAY, employees=population.ids, standing=fresh)
        if list(kept.employees) == list(population.ids):
            return kept
        return Kept(
            digest=digest,
            cut=kept.cut,
            employees=population.ids,
            standing=_rearranged(kept, population, points),
        )

    def _running(  # noqa: PLR0913, PLR0917 -- all that a campaign's part of a plan is made from
        self,
        one: Published,
        base: Kept,
        messages: Messages,
        population: Population,
        occasions: Sequence[Occasion],
        now: datetime,
    ) -> Running:
        campaign = one.campaign
        begins = EVER if base.cut == FIRST_DAY else np.datetime64(base.cut, "D")
        log = messages.log(campaign, population, one.asked_since)
        return Running(
            publication=one.id,
            campaign=campaign,
            holidays=self._holidays(campaign.holidays, now),
            standing=fold(base.standing, log, planning.teaching(campaign), begins, FOR_EVER),
            pending=messages.pending(campaign),
            occasions=[each for each in occasions if each.campaign == campaign.id],
            posted=self._posted(one, now),
        )

    def _posted(self, published: Published, now: datetime) -> Mapping[str, date]:
        """Return the days on which key points came to the intranet whose fall-back is e-mail."""
        campaign = published.campaign
        if not mail_after(campaign):
            return {}
        posts = [one for one in self._postings.all() if one.campaign == campaign.id]
        changes = renewed(published, self._publications)
        return posted_on(campaign, posts, now.astimezone(campaign.zone).date(), changes)

    def _settled(
        self,
        published: Sequence[Published],
        bases: Mapping[str, Kept],
        messages: Messages,
        population: Population,
        now: datetime,
    ) -> Iterator[tuple[str, Kept]]:
        """Yield what is to be kept anew: once a week, up to a day on which everything has settled."""
        settled = now.date() - timedelta(days=SETTLED)
        settled -= timedelta(days=settled.toordinal() % WEEK)
        for one in published:
            base = bases[one.campaign.id]
            log = messages.log(one.campaign, population, one.asked_since)
            cut = min(settled, messages.unsettled(one.campaign))
            if cut <= base.cut or not (log.due_on < np.datetime64(cut, "D")).any():
                continue
            begins = EVER if base.cut == FIRST_DAY else np.datetime64(base.cut, "D")
            teaching = planning.teaching(one.campaign)
            standing = fold(base.standing, log, teaching, begins, np.datetime64(cut, "D"))
            yield (
                one.campaign.id,
                Kept(digest=base.digest, cut=cut, employees=population.ids, standing=standing),
            )

    def _reminders(self, unreached: Collection[tuple[str, str]], now: datetime) -> Iterator[Occasion]:
        """Turn employees whose attempts have run out into messages to managers, once for each campaign."""
        if not unreached:
            return
        manager = {one.id: one.manager for one in self._directory.those({name for _, name in unreached})}
        known = {one.id for one in self._directory.those(set(manager.values()) - {""})}
        for campaign, employee in unreached:
            if manager.get(employee) in known:
                yield Occasion(
                    key=f"reminder:{campaign}:{employee}",
                    campaign=campaign,
                    kind="reminder",
                    employee=manager[employee],
                    about=employee,
                    since=now.date(),
                    until=now.date() + timedelta(days=WEEK),
                )


def _rearranged(kept: Kept, population: Population, points: int) -> Standing:
    """Give each employee the rows that were kept of them; who is new has fresh ones."""
    standing = Standing.fresh(len(population) * points)
    both = [(old, population.row[name]) for old, name in enumerate(kept.employees) if name in population.row]
    if both and points:
        old, new = (np.array(rows, dtype=np.int64) for rows in zip(*both, strict=True))
        pairs = np.arange(points)
        standing.put(
            (new[:, None] * points + pairs).ravel(), kept.standing.at((old[:, None] * points + pairs).ravel())
        )
    return standing


def _next_day(population: Population, now: datetime) -> datetime:
    """Return the instant at which the next local day begins for any of the employees."""
    names, _ = population.time_zones
    zones = [ZoneInfo(name) for name in names] or [ZoneInfo("UTC")]
    return min(
        instant(now.astimezone(zone).date() + timedelta(days=1), datetime.min.time(), zone) for zone in zones
    )
