"""Who is alike: employees of the same audiences are sent the same key points."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.campaign import Campaign
from diffuse.domain.people import Audience
from diffuse.domain.period import NEVER
from diffuse.domain.population import Population

UNKNOWN = -1
"""The number of employees where no directory was given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Employees who belong to the same audiences.

    Attributes:
        audiences: those that tell them from others; one that has no condition is named only when alone.
        roles, department: what one of them may have.
        employees: how many they are, ``UNKNOWN`` without a directory.
    """

    audiences: tuple[str, ...]
    roles: tuple[str, ...] = ()
    department: str = ""
    employees: int = UNKNOWN

    @property
    def name(self) -> str:
        """The audiences in one text."""
        return " + ".join(self.audiences)


def imagined(campaigns: Sequence[Campaign]) -> tuple[Group, ...]:
    """Return the groups of employees who have one role at most, of those that audiences name."""
    audiences = [audience for _, audience in _audiences(campaigns)]
    roles: dict[tuple[str, ...], None] = {(): None}
    departments = {"": None}
    for audience in audiences:
        roles.update({(role,): None for role in audience.roles})
        departments.update(dict.fromkeys(audience.departments))
    return _groups(campaigns, list(product(departments, roles)), count=False)


def counted(campaigns: Sequence[Campaign], population: Population) -> tuple[Group, ...]:
    """Return the groups of a directory that somebody belongs to."""
    kinds = list(zip(population.departments, population.roles, strict=True))
    return _groups(campaigns, kinds, count=True)


def representatives(groups: Sequence[Group], each: int) -> Population:
    """Return a population with some representatives of each group, who stand one after the other."""
    members = [(group, number) for group in groups for number in range(each)]
    nothing = np.full(len(members), NEVER)
    return _Alike(
        ids=[f"{group.name} {number}" for group, number in members],
        languages=["" for _ in members],
        zones=["UTC" for _ in members],
        departments=[group.department for group, _ in members],
        roles=[group.roles for group, _ in members],
        acting=[() for _ in members],
        starts=nothing,
        ends=nothing,
    )


class _Alike(Population):
    """Employees for whom chance draws the same, so that nothing but their groups tells them apart."""

    @property
    def codes(self) -> NDArray[np.uint32]:
        """The same number for everybody."""
        return np.zeros(len(self), dtype=np.uint32)


def _audiences(campaigns: Sequence[Campaign]) -> list[tuple[str, Audience]]:
    """Return the audiences that key points are for; one id with two meanings is told apart."""
    found = [
        (campaign.id, campaign.audience_of(policy, point))
        for campaign in campaigns
        for policy, point in campaign.repeated
    ]
    meanings: dict[str, set[Audience]] = {}
    for _, audience in found:
        meanings.setdefault(audience.id, set()).add(audience)
    return list(
        {
            audience.id if len(meanings[audience.id]) == 1 else f"{campaign}/{audience.id}": audience
            for campaign, audience in found
        }.items()
    )


def _groups(
    campaigns: Sequence[Campaign], kinds: Sequence[tuple[str, tuple[str, ...]]], *, count: bool
) -> tuple[Group, ...]:
    """Put together the kinds of employees, departments and roles, that belong to the same audiences."""
    named = _audiences(campaigns)
    groups: dict[tuple[int, ...], tuple[str, tuple[str, ...]]] = {}
    size: dict[tuple[int, ...], int] = {}
    known: dict[tuple[str, tuple[str, ...]], tuple[int, ...]] = {}
    for kind in kinds:
        if kind not in known:
            known[kind] = tuple(n for n, (_, audience) in enumerate(named) if audience.covers(*kind))
        groups.setdefault(known[kind], kind)
        size[known[kind]] = size.get(known[kind], 0) + 1
    return tuple(
        Group(
            audiences=tuple(_telling(named, places)),
            roles=groups[places][1],
            department=groups[places][0],
            employees=size[places] if count else UNKNOWN,
        )
        for places in sorted(groups, key=lambda places: (len(places), places))
        if places
    )


def _telling(named: Sequence[tuple[str, Audience]], places: Sequence[int]) -> Iterator[str]:
    """Yield the names that tell a group from others."""
    special = [place for place in places if named[place][1] != Audience(id=named[place][1].id)]
    for place in special or places:
        yield named[place][0]
