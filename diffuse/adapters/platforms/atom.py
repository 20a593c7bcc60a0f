"""Entries of Atom feeds (RFC 4287), written by feedgen."""

import re
import textwrap
from typing import Any

from feedgen.entry import FeedEntry  # type: ignore[import-untyped]
from lxml.etree import tostring  # type: ignore[import-untyped]

from diffuse.adapters.platforms.cleaning import clean
from diffuse.domain.feed import Entry

LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"

NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML can hold."""

SUMMARY = 280
"""Characters of a summary, at most."""


def atom_entry(entry: Entry) -> str:
    """Return one entry as XML, for people to read."""
    element = made(entry).atom_entry()
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


def made(entry: Entry) -> FeedEntry:
    """Return an entry for a feed of feedgen; its HTML is cleaned."""
    one = _Entry()
    one.language = entry.language
    one.id(entry.id)
    one.title(xml(entry.title))
    one.content(clean(xml(entry.html)), type="html")
    one.summary(textwrap.shorten(xml(entry.text), SUMMARY, placeholder="…"))
    one.published(entry.published)
    one.updated(entry.updated)
    if entry.link:
        one.link(href=entry.link)
    return one


def xml(text: str) -> str:
    """Return text that XML can hold."""
    return NO_XML.sub("", text)
