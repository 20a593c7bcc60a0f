"""Launch: publish a campaign: its text, checked, and its wordings, baked."""

from itertools import product
from pathlib import Path

from diffuse.domain.campaign import Campaign
from diffuse.domain.message import Baked, Wording
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Calendar, Campaigns, Clock, Loaded, Publications, Published, Queue, Renderer
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
        queue: Queue,
    ) -> None:
        """Take the collaborators."""
        self._clock = clock
        self._campaigns = campaigns
        self._renderer = renderer
        self._calendar = calendar
        self._publications = publications
        self._queue = queue

    def run(self, path: Path) -> Published:
        """Publish the campaign at ``path``; the text that is published already is left as it is.

        Raises:
            AuthoringError: with every problem; nothing is published then.
        """
        problems = check([path], self._campaigns, self._renderer, self._calendar)
        loaded = self._campaigns.read(path)
        campaign = loaded.campaign
        if problems or campaign is None:
            raise AuthoringError(*(problems or loaded.problems))
        published = self._publications.publish(campaign, self._bake(loaded, campaign), self._clock.now())
        self._queue.kick()
        return published

    def _bake(self, loaded: Loaded, campaign: Campaign) -> dict[Wording, Baked]:
        """Bake every wording, once; from then on messages are filled and never laid out."""
        baked: dict[Wording, Baked] = {}
        problems: list[Problem] = []
        for policy, point in campaign.key_points:
            for variant, language in product(point.variants, campaign.languages):
                register = variant.register
                try:
                    one = self._renderer.bake(campaign, policy, point, register, language)
                except AuthoringError as error:
                    problems += (found if found.file else loaded.located(found) for found in error.problems)
                else:
                    baked[Wording(point.id, register, language)] = one
        if problems:
            raise AuthoringError(*dict.fromkeys(problems))
        return baked
