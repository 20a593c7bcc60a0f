"""Channels: how messages travel, by email to one employee, or as an intranet post to many."""

import re
from collections.abc import Iterator, Sequence

from diffuse.errors import FieldPath, Problem, nearest

EMAIL = "email"

PLATFORMS = (
    "wordpress", "mediawiki", "plone", "sharepoint", "webhook", "feed", "teams", "slack", "mattermost",
    "google-chat", "apprise",
)  # fmt: skip
"""Kinds of intranet platforms; each one is a channel."""

CHATS = frozenset({"teams", "slack", "mattermost", "google-chat", "apprise"})
"""Those of them that say a thing once: nothing can be looked up there, changed or withdrawn."""

CHANNELS = (EMAIL, *PLATFORMS)

PATTERN = re.compile(rf"email|(?:{'|'.join(PLATFORMS)})(?:/[a-z0-9]+(?:-[a-z0-9]+)*)?")
"""A channel; of several platforms of one kind each has a name of its own: ``teams/crisis-cell``."""


def kind_of(channel: str) -> str:
    """Return the kind of a channel: ``teams`` of ``teams/crisis-cell``."""
    return channel.partition("/")[0]


def is_chat(channel: str) -> bool:
    """Tell whether what a channel has said stays said."""
    return kind_of(channel) in CHATS


def channel_problems(field: str, channels: Sequence[str]) -> Iterator[Problem]:
    """Name every entry of a list of channels that is none, or that stands twice."""
    for place, channel in enumerate(channels):
        path: FieldPath = (field, place)
        kind = kind_of(channel)
        if kind not in CHANNELS:
            yield Problem(
                path=path,
                found=f"{channel!r}",
                expected=f"one of {', '.join(CHANNELS)}",
                suggestion=nearest(kind, CHANNELS),
            )
        elif not PATTERN.fullmatch(channel):
            yield Problem(
                path=path,
                found=f"{channel!r}",
                expected=f"{kind!r}" if kind == EMAIL else f"{kind!r}, or a name behind it: '{kind}/a-name'",
            )
        elif channel in channels[:place]:
            yield Problem(path=path, found=f"{channel!r} stands twice", expected="values that differ")
