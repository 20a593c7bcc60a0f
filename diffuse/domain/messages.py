"""Messages of a population, of whichever campaign, as a ledger keeps them: columns, one row a message."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.attention import Taken
from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import ATTENTION, GONE, PENDING, State
from diffuse.domain.pending import Pending
from diffuse.domain.period import Days
from diffuse.domain.population import Instants, Population, code, micros
from diffuse.domain.standing import Log, Teaching

STATES = tuple(State)
"""The states by their numbers."""

NOWHERE: Mapping[str, int] = MappingProxyType({})
"""No key point has changed materially."""

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Messages:
    """Deliveries as columns.

    Attributes:
        id: the deliveries.
        publication, campaign, key_point, variant, occasion: as in ``Touchpoint``.
        employee: the row of the employee.
        touch, step, due_on, wanted_on: as in ``Touchpoint``.
        state: the place of the state in ``STATES``.
        not_after: as in ``Touchpoint``.
        opened, acknowledged, answered: when it came back so for the first time; ``NEVER_YET``.
        right: whether the first answer was right.
        posted: whether it began when its employee met an intranet post; nothing was sent to them.
        reason: why it is in its state; only of those that are pending.
    """

    id: Numbers
    publication: Numbers
    campaign: Sequence[str]
    key_point: Sequence[str]
    variant: Sequence[str]
    occasion: Sequence[str]
    employee: Numbers
    touch: Numbers
    step: Numbers
    state: Numbers
    due_on: Days
    wanted_on: Days
    not_after: Instants
    opened: Instants
    acknowledged: Instants
    answered: Instants
    right: Flags
    posted: Flags
    reason: Sequence[str]

    def __len__(self) -> int:
        """Count the messages."""
        return len(self.id)

    def among(self, states: frozenset[State]) -> Flags:
        """Tell which messages are in one of these states."""
        chosen = np.array([state in states for state in STATES], dtype=np.bool_)
        return chosen[self.state]

    def places(self, campaign: Campaign) -> Numbers:
        """Return the place of each message's key point among the repeated ones; -1 for those of others."""
        place = {(campaign.id, point.id): number for number, (_, point) in enumerate(campaign.repeated)}
        keys = zip(self.campaign, self.key_point, strict=True)
        return np.fromiter((place.get(key, -1) for key in keys), dtype=np.int64, count=len(self))

    def log(
        self, campaign: Campaign, population: Population, asked_since: Mapping[str, int] = NOWHERE
    ) -> Log:
        """Return what a campaign's standing is folded from.

        ``asked_since`` gives the publication since which the text of a key point is in force.
        """
        places = self.places(campaign)
        rows = np.flatnonzero(places >= 0)
        employee = self.employee[rows]
        codes = {name: code(name) for name in set(self.variant)}
        since = np.array([asked_since.get(point.id, 0) for _, point in campaign.repeated], dtype=np.int64)
        return Log(
            employee=employee,
            point=places[rows],
            touch=self.touch[rows],
            step=self.step[rows],
            gone=self.among(GONE)[rows],
            pending=self.waiting(campaign)[rows],
            due_on=self.due_on[rows],
            opened=population.days_of(self.opened[rows], employee),
            acknowledged=population.days_of(self.acknowledged[rows], employee),
            answered=population.days_of(self.answered[rows], employee),
            right=self.right[rows],
            wording=np.array([codes[self.variant[row]] for row in rows.tolist()], dtype=np.int64),
            stale=self.publication[rows] < since[places[rows]],
            posted=self.posted[rows],
        )

    def waiting(self, campaign: Campaign) -> Flags:
        """Tell which messages keep others of their pair from being sent: they may still leave, or may have.

        Only a campaign whose ``on_unknown`` is ``next_step`` goes on while nobody knows.
        """
        return self.among(PENDING if campaign.on_unknown == "next_step" else PENDING | {State.UNKNOWN})

    def unsettled(self, campaign: Campaign) -> date:
        """Return the day of a campaign's oldest message for whose fate it waits; the last one for none."""
        rows = np.flatnonzero(self.among(frozenset({State.UNKNOWN})) & self.waiting(campaign))
        days: list[date] = self.due_on[rows].tolist()
        mine = (
            day for row, day in zip(rows.tolist(), days, strict=True) if self.campaign[row] == campaign.id
        )
        return min(mine, default=date.max)

    def pending(self, campaign: Campaign) -> Pending:
        """Return a campaign's deliveries that are planned or held; those in a worker's hands are left out."""
        states = self.among(frozenset({State.PLANNED, State.HELD}))
        rows = [row for row in np.flatnonzero(states).tolist() if self.campaign[row] == campaign.id]
        return Pending(
            id=self.id[rows],
            employee=self.employee[rows],
            key_point=[self.key_point[row] for row in rows],
            point=self.places(campaign)[rows],
            touch=self.touch[rows],
            held=self.among(frozenset({State.HELD}))[rows],
            not_after=self.not_after[rows],
            due_on=self.due_on[rows],
            wanted_on=self.wanted_on[rows],
            reason=[self.reason[row] for row in rows],
            occasion=[self.occasion[row] for row in rows],
        )

    def taken(self, campaigns: Sequence[Campaign], now: datetime) -> Taken:
        """Return what takes the employees' attention.

        A planned one whose window has closed does not, nor does a post, which comes to nobody.
        """
        number = {campaign.id: place for place, campaign in enumerate(campaigns)}
        late = self.among(frozenset({State.PLANNED})) & (self.not_after <= micros(now))
        counts = self.among(ATTENTION) & ~late
        rows = np.flatnonzero((counts | self.among(frozenset({State.FAILED}))) & ~self.posted)
        return Taken(
            employee=self.employee[rows],
            campaign=np.array([number.get(self.campaign[row], -1) for row in rows.tolist()], dtype=np.int64),
            day=self.due_on[rows],
            counts=counts[rows],
        )


def signature(campaign: Campaign, teaching: Teaching, asked_since: Mapping[str, int] = NOWHERE) -> str:
    """Return a text that changes when what was folded of a campaign would have to be folded anew."""
    changed = [(point.id, asked_since[point.id]) for _, point in campaign.repeated if point.id in asked_since]
    parts = (
        [point.id for _, point in campaign.repeated],
        teaching.choices.tolist(),
        astuple(teaching.fsrs),
        astuple(teaching.signals),
        *changed,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()
