"""A feed: the posts of a channel that people may read now, for programs that ask for them."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import NAMESPACE_DNS, uuid5

_BYTES = 5
"""Of the number that stands for a feed: as many as a signed address holds."""


class Name(NamedTuple):
    """Which feed: what is posted on a channel for an audience in a language, by whichever campaign."""

    channel: str
    audience: str
    language: str

    @property
    def number(self) -> int:
        """What the feed's address is signed for: 40 bits that follow from its name alone."""
        return int.from_bytes(sha256("\0".join(self).encode()).digest()[:_BYTES], "big")

    def urn(self, authority: str) -> str:
        """Return the id of the feed, which stays the same from before its first post until after its last.

        ``authority`` is a domain of ours.
        """
        return uuid5(uuid5(NAMESPACE_DNS, authority.lower()), "\0".join(self)).urn


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A post in a feed.

    Attributes:
        id: a ``tag:`` URI that never changes, see ``tag``.
        title: one line of plain text.
        html: the body; it is cleaned again before it leaves.
        text: the same body in plain text.
        language: ``fr`` or ``en``.
        published: when it could be read first, in UTC and aware.
        updated: when what it says changed last, in UTC and aware.
        link: where the reader goes on; empty when there is no such place.
    """

    id: str
    title: str
    html: str
    text: str
    language: str
    published: datetime
    updated: datetime
    link: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """What stands in a channel now; what was withdrawn is not in it.

    Attributes:
        id: a URI that never changes, see ``Name.urn``.
        title: one line of plain text.
        author: who publishes, such as the name of the university.
        language: ``fr`` or ``en``; entries may be in another.
        updated: when an entry came, changed or went last, in UTC and aware.
        address: where the feed itself is found.
    """

    id: str
    title: str
    author: str
    language: str
    updated: datetime
    address: str
    entries: tuple[Entry, ...] = ()


def tag(authority: str, first: datetime, specific: str) -> str:
    """Return an id that nobody else gives (RFC 4151).

    ``authority`` is a host or a domain of mail that was ours on the day of the first publication;
    ``specific`` is the key of a post.
    """
    return f"tag:{authority.lower()},{first:%Y-%m-%d}:{specific}"
