"""Launch: publish campaigns, all or none: their texts, checked, and their wordings, baked."""

from itertools import product
from pathlib import Path

from diffuse.domain.attention import Attention
from diffuse.domain.campaign import Campaign
from diffuse.domain.message import Baked, Wording
from diffuse.domain.source import Loaded
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Calendar, Campaigns, Clock, Control, House, Publications, Published, Queue, Renderer
from diffuse.services.check import check


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
        queue: Queue,
    ) -> None:
        """Take the collaborators."""
        self._clock = clock
        self._campaigns = campaigns
        self._renderer = renderer
        self._calendar = calendar
        self._publications = publications
        self._control = control
        self._house = house
        self._queue = queue

    def run(self, *paths: Path, attention: Attention | None = None) -> tuple[Published, ...]:
        """Publish the campaigns at these paths; a text that is published already is left as it is.

        A campaign that was cancelled is planned again from now on; one that is paused stays so.
        ``attention`` are the organisation's rules from now on; without them the present ones stay.

        Raises:
            AuthoringError: with every problem of any of them; nothing is published then.
        """
        rules = attention or self._house.attention()
        self._calendar.holidays(rules.holidays, ())
        problems = list(check(paths, self._campaigns, self._renderer, self._calendar, rules))
        if problems:
            raise AuthoringError(*problems)
        ready: list[tuple[Campaign, dict[Wording, Baked]]] = []
        for loaded in map(self._campaigns.read, paths):
            problems += loaded.problems  # the file may have changed since the check
            if loaded.campaign:
                ready.append((loaded.campaign, self._bake(loaded, loaded.campaign, problems)))
        if problems:
            raise AuthoringError(*dict.fromkeys(problems))
        now = self._clock.now()
        if attention is not None:
            self._house.publish(attention, now)
        published = tuple(self._publications.publish(campaign, baked, now) for campaign, baked in ready)
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
