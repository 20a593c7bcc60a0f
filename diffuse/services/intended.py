"""Intended: whom key points and posts are meant for on a day, as the directory has it."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from diffuse.domain.campaign import Campaign
from diffuse.domain.people import Audience, Employee, pseudonym_in
from diffuse.domain.policy import KeyPoint, Policy
from diffuse.domain.sizes import Group
from diffuse.domain.succession import Duty, standing_in
from diffuse.ports import Published

NOBODY: Group = frozenset()


class Newest:
    """Remembers of each key point, and of each version, the newest text: it decides for whom they are."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._known: set[int] = set()
        self._points: dict[tuple[str, str, str], tuple[int, Campaign]] = {}
        self._versions: dict[tuple[str, str, str], tuple[int, tuple[str, ...]]] = {}

    def know(self, published: Published) -> None:
        """Take a publication, in whatever order they come."""
        number, campaign = published.id, published.campaign
        if number in self._known:
            return
        self._known.add(number)
        for policy in campaign.policies:
            version = campaign.id, policy.id, policy.version
            points = tuple(point.id for point in policy.key_points)
            self._versions[version] = max(self._versions.get(version, (0, ())), (number, points))
            for point in points:
                name = campaign.id, policy.id, point
                if number > self._points.get(name, (0, campaign))[0]:
                    self._points[name] = number, campaign

    def campaign(self, campaign: str, policy: str, key_point: str) -> Campaign:
        """Return the newest campaign that has a key point."""
        return self._points[campaign, policy, key_point][1]

    def points(self, campaign: str, policy: str, version: str) -> tuple[str, ...]:
        """Return the key points of a version."""
        return self._versions[campaign, policy, version][1]


class Intended:
    """Finds the members of audiences: those who work on the day, for themselves or in another's place."""

    def __init__(
        self, employees: Mapping[str, Employee], duties: Iterable[Duty], day: date | None, now: datetime
    ) -> None:
        """Take the directory, and who stands in.

        Args:
            employees: the directory by id; it is looked at when the first audience is.
            duties: who stands in for whom.
            day: the day; None for that on which each employee is ``now``.
            now: this instant.
        """
        self._employees = employees
        self._acting = standing_in(duties)
        self._day = day
        self._now = now
        self._members: dict[Audience, Group] = {}
        self._readers: dict[tuple[Audience, tuple[str, ...], str], Group] = {}

    def of(self, campaign: Campaign, policy: Policy, point: KeyPoint) -> Group:
        """Return for whom a key point is; for nobody before its occasion, if it waits for one."""
        return NOBODY if point.occasion else self._of(campaign.audience_of(policy, point))

    def readers(self, campaign: Campaign, audience: str, language: str) -> Group:
        """Return those of an audience who read a campaign in a language."""
        which = campaign.audience(audience)
        key = (which, campaign.languages, language)
        if key not in self._readers:
            self._readers[key] = frozenset(
                who
                for who in self._of(which)
                if campaign.language_for(self._employees[who].language) == language
            )
        return self._readers[key]

    def _of(self, audience: Audience) -> Group:
        if audience not in self._members:
            self._members[audience] = frozenset(
                who.id
                for who in self._employees.values()
                if self._works(who)
                and audience.covers(who.department, who.roles, self._acting.get(who.id, ()))
            )
        return self._members[audience]

    def _works(self, who: Employee) -> bool:
        day = self._day or self._now.astimezone(who.zone).date()
        return who.works_on(day) and not pseudonym_in(who.id)
