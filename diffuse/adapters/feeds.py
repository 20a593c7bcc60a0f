"""Atom feeds (RFC 4287), written by feedgen: the same feed gives the same bytes."""

import re
import textwrap
from typing import Any

from feedgen.entry import FeedEntry  # type: ignore[import-untyped]
from feedgen.feed import FeedGenerator  # type: ignore[import-untyped]
from lxml.etree import tostring  # type: ignore[import-untyped]

from diffuse.adapters.platforms.cleaning import clean
from diffuse.domain.feed import Entry, Feed

MEDIA_TYPE = "application/atom+xml"

LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"

NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML can hold."""

SUMMARY = 280
"""Characters of a summary, at most."""


def atom(feed: Feed) -> bytes:
    """Return a feed as a document in UTF-8, the newest entry first."""
    made = FeedGenerator()
    made.id(feed.id)
    made.title(_xml(feed.title))
    made.author({"name": _xml(feed.author)})
    made.language(feed.language)
    made.link(href=feed.address, rel="self", type=MEDIA_TYPE)
    made.generator("diffuse")
    made.updated(feed.updated)
    for entry in sorted(feed.entries, key=lambda one: (-one.published.timestamp(), one.id)):
        made.add_entry(_made(entry), order="append")
    document: bytes = made.atom_str(pretty=True)
    return document


def atom_entry(entry: Entry) -> str:
    """Return one entry as XML, for people to read."""
    element = _made(entry).atom_entry()
    document: str = tostring(element, encoding="unicode", pretty_print=True)
    return document


class _Entry(FeedEntry):  # type: ignore[misc]
    """An entry that says in which language it is."""

    language = ""

    def atom_entry(self, extensions: bool = True) -> Any:  # noqa: ANN401, FBT001, FBT002 -- as it is in feedgen
        """Return the element."""
        element = super().atom_entry(extensions)
        element.set(LANGUAGE, self.language)
        return element


def _made(entry: Entry) -> _Entry:
    made = _Entry()
    made.language = entry.language
    made.id(entry.id)
    made.title(_xml(entry.title))
    made.content(clean(_xml(entry.html)), type="html")
    made.summary(textwrap.shorten(_xml(entry.text), SUMMARY, placeholder="…"))
    made.published(entry.published)
    made.updated(entry.updated)
    if entry.link:
        made.link(href=entry.link)
    return made


def _xml(text: str) -> str:
    return NO_XML.sub("", text)
