"""Launch: publish campaigns, all or none: their texts, checked, and their wordings, baked."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from diffuse.domain.attention import Attention
from diffuse.domain.campaign import Campaign
from diffuse.domain.message import Baked, Wording
from diffuse.domain.source import Loaded
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Calendar, Campaigns, Clock, Control, House, Publications, Published, Queue, Renderer
from diffuse.services.check import check
from diffuse.services.reach import unreachable
from diffuse.services.revise import Announced, Revise


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """Campaigns that were checked and baked, and the new versions that publishing them adds."""

    campaigns: tuple[tuple[Campaign, dict[Wording, Baked]], ...]
    announced: tuple[Announced, ...]


class Launch:
    """Publishes campaigns. Workers read publications, never files: to edit a file changes nothing yet."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        clock: Clock,
        campaigns: Campaigns,
        renderer: Renderer,
        calendar: Calendar,
        publications: Publications,
        control: Control,
        house: House,
        revise: Revise,
        queue: Queue,
        platforms: Collection[str],
    ) -> None:
        """Take the collaborators; ``platforms`` are the channels of those that are set up."""
        self._platforms = platforms
        self._clock = clock
        self._campaigns = campaigns
        self._renderer = renderer
        self._calendar = calendar
        self._publications = publications
        self._control = control
        self._house = house
        self._revise = revise
        self._queue = queue

    def run(self, *paths: Path, attention: Attention | None = None) -> tuple[Published, ...]:
        """Publish the campaigns at these paths: ``prepare``, then ``publish``.

        Raises:
            AuthoringError: with every problem of any of them; nothing is published then.
        """
        return self.publish(self.prepare(*paths, attention=attention), attention=attention)

    def prepare(self, *paths: Path, attention: Attention | None = None) -> Ready:
        """Check and bake campaigns, and say which versions publishing them adds; nothing is changed.

        Raises:
            AuthoringError: with every problem of any of them.
        """
        rules = attention or self._house.attention()
        self._calendar.holidays(rules.holidays, ())
        problems = list(check(paths, self._campaigns, self._renderer, self._calendar, rules))
        if problems:
            raise AuthoringError(*problems)
        ready: list[tuple[Campaign, dict[Wording, Baked]]] = []
        for loaded in map(self._campaigns.read, paths):
            problems += loaded.problems  # the file may have changed since the check
            problems += self._revise.problems(loaded)
            problems += unreachable(loaded, self._platforms)
            if loaded.campaign:
                ready.append((loaded.campaign, self._bake(loaded, loaded.campaign, problems)))
        if problems:
            raise AuthoringError(*dict.fromkeys(problems))
        announced = (one for campaign, _ in ready for one in self._revise.announced(campaign))
        return Ready(campaigns=tuple(ready), announced=tuple(announced))

    def publish(self, ready: Ready, attention: Attention | None = None) -> tuple[Published, ...]:
        """Publish campaigns; a text that is published already is left as it is.

        A campaign that was cancelled is planned again from now on; one that is paused stays so.
        ``attention`` are the organisation's rules from now on; without them the present ones stay.
        """
        now = self._clock.now()
        if attention is not None:
            self._house.publish(attention, now)
        published = tuple(
            self._publications.publish(campaign, baked, now, self._revise.revisions(campaign))
            for campaign, baked in ready.campaigns
        )
        for one in published:
            self._control.lift(one.campaign.id, now)
        self._queue.kick()
        return published

    def _bake(self, loaded: Loaded, campaign: Campaign, problems: list[Problem]) -> dict[Wording, Baked]:
        """Bake every wording, once; from then on messages are filled and never laid out."""
        baked: dict[Wording, Baked] = {}
        for policy, point in campaign.key_points:
            for variant, language in product(point.variants, campaign.languages):
                which = Wording(point.id, variant.register, language)
                try:
                    baked[which] = self._renderer.bake(campaign, policy, point, variant.register, language)
                except AuthoringError as error:
                    problems += (found if found.file else loaded.located(found) for found in error.problems)
        return baked
