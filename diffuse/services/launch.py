"""Launch: publish a campaign's text, after everything about it was checked and every wording baked."""

from pathlib import Path

from diffuse.errors import AuthoringError
from diffuse.ports import Calendar, Campaigns, Clock, Publications, Published, Queue, Renderer
from diffuse.services.check import check


class Launch:
    """Publishes campaigns; workers read publications, never files, so an edited file changes nothing by itself."""

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
        campaign = self._campaigns.read(path).campaign
        if problems or campaign is None:
            raise AuthoringError(*problems)
        for policy, point in campaign.key_points:
            for variant in point.variants:
                for language in campaign.languages:
                    self._renderer.bake(campaign, policy, point, variant.register, language)
        published = self._publications.publish(campaign, self._clock.now())
        self._queue.kick()
        return published
