"""Atom feeds (RFC 4287), written by feedgen: the same feed gives the same bytes."""

from diffuse.domain.feed import Feed

MEDIA_TYPE = "application/atom+xml"


def atom(feed: Feed) -> bytes:
    """Return a feed as a document in UTF-8, the newest entry first."""
    from feedgen.feed import FeedGenerator  # type: ignore[import-untyped]

    from diffuse.adapters.platforms import atom as entries

    made = FeedGenerator()
    made.id(feed.id)
    made.title(entries.xml(feed.title))
    made.author({"name": entries.xml(feed.author)})
    made.language(feed.language)
    made.link(href=feed.address, rel="self", type=MEDIA_TYPE)
    made.generator("diffuse")
    made.updated(feed.updated)
    for entry in sorted(feed.entries, key=lambda one: (-one.published.timestamp(), one.id)):
        made.add_entry(entries.made(entry), order="append")
    document: bytes = made.atom_str(pretty=True)
    return document
