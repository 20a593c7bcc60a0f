"""Revise: what a launch changes beside what is published, said before anything is."""

from collections.abc import Iterator
from dataclasses import dataclass

from diffuse.domain.campaign import Campaign
from diffuse.domain.source import Loaded
from diffuse.domain.versions import Revision, revisions, undeclared
from diffuse.errors import Problem
from diffuse.ports import Clock, Publications, Versions


@dataclass(frozen=True, kw_only=True, slots=True)
class Announced:
    """A new version, and how many employees it asks again: those who acknowledged, and still work here."""

    campaign: str
    revision: Revision
    asked_again: int


class Revise:
    """Compares campaigns with what is published of them."""

    def __init__(self, *, publications: Publications, versions: Versions, clock: Clock) -> None:
        """Take the collaborators."""
        self._publications = publications
        self._versions = versions
        self._clock = clock

    def problems(self, loaded: Loaded) -> Iterator[Problem]:
        """Yield what a campaign changes without saying so, each where it stands in the file."""
        if loaded.campaign:
            for problem in undeclared(loaded.campaign, self._earlier(loaded.campaign)):
                yield loaded.located(problem)

    def revisions(self, campaign: Campaign) -> tuple[Revision, ...]:
        """Return the versions that publishing a campaign adds."""
        return revisions(campaign, self._earlier(campaign))

    def announced(self, campaign: Campaign) -> Iterator[Announced]:
        """Yield the versions that publishing a campaign adds, and how many employees each asks again."""
        earlier = self._publications.earlier(campaign.id)
        today = self._clock.now().date()
        for one in revisions(campaign, [published.campaign for published in earlier]):
            again = self._versions.acknowledged(earlier[0], one.key_points, today) if one.key_points else 0
            yield Announced(campaign=campaign.id, revision=one, asked_again=again)

    def _earlier(self, campaign: Campaign) -> list[Campaign]:
        return [published.campaign for published in self._publications.earlier(campaign.id)]
