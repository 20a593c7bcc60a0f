"""Feeds: what stands on a channel of feeds, for programs that ask for it.

A feed is one channel, one audience and one language, across all campaigns. Whoever has its address reads it,
as an intranet's own program does: there is nothing personal in it, only posts with their common links. The
address is signed for a number that follows from these three words, so it can be given out before the first
post, and stays the same through every campaign, publication and restored database.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from diffuse.domain.channel import kind_of
from diffuse.domain.feed import Entry, Feed, Name, tag
from diffuse.domain.people import EVERYONE
from diffuse.domain.posting import Posting
from diffuse.ports import Postings, Publications, Published, Signer
from diffuse.services.compose import compose
from diffuse.services.record import NotOurs

KIND = "feed"

MOST = 100
"""Entries of a feed, the newest; readers keep what they have seen."""

WRITTEN = 32
"""Feeds that are kept as they were written: many ask for the same one, and it seldom changes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A feed that there is: ``posts`` stand in it now."""

    name: Name
    posts: int
    address: str


class Feeds:
    """Writes feeds from the ledger of posts."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        publications: Publications,
        postings: Postings,
        signer: Signer,
        write: Callable[[Feed], bytes],
        author: str,
        authority: str,
    ) -> None:
        """Take the collaborators, what writes a feed down, who publishes, and the domain behind ids."""
        self._publications = publications
        self._postings = postings
        self._signer = signer
        self._write = lru_cache(WRITTEN)(write)
        self._author = author
        self._authority = authority

    def all(self) -> Sequence[Listed]:
        """Return every feed that a campaign asks for, or that had posts, by name."""
        rows = self._postings.all()
        return [
            Listed(
                name=name,
                posts=sum(row.stands for row in rows if _name(row) == name),
                address=self._address(name),
            )
            for name in sorted(self._names(rows, self._publications.running()))
        ]

    def read(self, token: str) -> tuple[Feed, bytes]:
        """Return the feed of an address, and how it is written down: the same feed gives the same bytes.

        Raises:
            NotOurs: when the address is not signed by us, or no campaign has asked for such a feed.
        """
        links = self._signer.read(KIND, token)
        if links is None:
            raise NotOurs
        rows, running = self._postings.all(), self._publications.running()
        for name in self._names(rows, running):
            if name.number == links.delivery:
                feed = self._feed(name, [row for row in rows if _name(row) == name], running)
                return feed, self._write(feed)
        raise NotOurs

    def _names(self, rows: Iterable[Posting], running: Iterable[Published]) -> set[Name]:
        asked = (name for one in running for name in _asked(one))
        return {*asked, *(_name(row) for row in rows if kind_of(row.channel) == KIND)}

    def _feed(self, name: Name, rows: Sequence[Posting], running: Iterable[Published]) -> Feed:
        changed = [at for row in rows for at in (row.sent_at, row.updated_at, row.withdrawn_at) if at]
        if not changed:
            changed = [one.published_at for one in running if name in set(_asked(one))]
            changed += [self._publications.get(row.publication).published_at for row in rows]
        newest = sorted((row for row in rows if row.stands), key=_came, reverse=True)[:MOST]
        parts = [self._author, name.channel.partition("/")[2]]
        parts += [name.audience] if name.audience != EVERYONE.id else []
        return Feed(
            id=name.urn(self._authority),
            title=" · ".join(part for part in parts if part),
            author=self._author,
            language=name.language,
            updated=max(changed),
            address=self._address(name),
            entries=tuple(self._entries(newest)),
        )

    def _entries(self, rows: Iterable[Posting]) -> Iterator[Entry]:
        for row in rows:
            if post := compose(row, self._publications, self._signer):
                came = _came(row)
                yield Entry(
                    id=tag(self._authority, came, row.key),
                    title=post.title,
                    html=post.html,
                    text=post.text,
                    language=row.language,
                    published=came,
                    updated=max(came, row.updated_at or came),
                    link=post.url,
                )

    def _address(self, name: Name) -> str:
        return self._signer.address(KIND, name.number)


def _asked(one: Published) -> Iterator[Name]:
    """Yield the feeds that a campaign asks for, some of them more than once."""
    campaign = one.campaign
    for policy, point in campaign.repeated:
        audience = campaign.audience_of(policy, point)
        for channel in campaign.channels_of(audience):
            if kind_of(channel) == KIND:
                yield from (Name(channel, audience.id, language) for language in campaign.languages)


def _name(row: Posting) -> Name:
    return Name(row.channel, row.audience, row.language)


def _came(row: Posting) -> datetime:
    """Return when a post was published first; that never changes."""
    return row.sent_at or row.due_at
