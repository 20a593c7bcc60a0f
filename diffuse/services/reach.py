"""Reach: whether everything that a campaign posts on is set up."""

from collections.abc import Collection, Iterator

from diffuse.domain.campaign import Campaign
from diffuse.domain.channel import EMAIL
from diffuse.domain.source import Loaded
from diffuse.errors import FieldPath, Problem, nearest


def unreachable(loaded: Loaded, platforms: Collection[str]) -> Iterator[Problem]:
    """Yield each channel that no platform is set up for, where it stands in the file."""
    if loaded.campaign is None:
        return
    known = sorted({EMAIL, *platforms})
    for path, channel in _named(loaded.campaign):
        if channel not in known:
            problem = Problem(
                path=path,
                found=f"no platform is set up as {channel!r}",
                expected=f"one of {', '.join(known)}, or {channel!r} in the setting 'platforms'",
                suggestion=nearest(channel, known),
            )
            yield loaded.located(problem)


def _named(campaign: Campaign) -> Iterator[tuple[FieldPath, str]]:
    for place, channel in enumerate(campaign.channels):
        yield ("channels", place), channel
    for where, audience in enumerate(campaign.audiences):
        for place, channel in enumerate(audience.channels):
            yield ("audiences", where, "channels", place), channel
