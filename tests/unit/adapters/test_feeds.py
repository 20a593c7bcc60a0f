"""Atom feeds, as an independent reader reads them."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import feedparser  # type: ignore[import-untyped]
import pytest

from diffuse.adapters.feeds import atom
from diffuse.adapters.platforms.feed import FeedPlatform
from diffuse.domain.feed import Entry, Feed, tag
from diffuse.domain.post import Absent, Post, Posted, Withdrawn

FIRST = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
ENTRY = Entry(
    id=tag("Courriel.exemple.test", FIRST, "acces-2026-fr-1"),
    title="L’accès & <l’été>",
    html="<p onclick='x()'>Ne prêtez <strong>jamais</strong> votre accès.</p><script>alert(1)</script>",
    text="Ne prêtez jamais votre accès. " * 20,
    language="fr",
    published=FIRST,
    updated=FIRST + timedelta(days=1),
    link="https://suivi.exemple.test/p/abc?a=1&b=2",
)
OTHER = replace(
    ENTRY,
    id=tag("courriel.exemple.test", FIRST, "acces-2026-en-1"),
    title="Access",
    language="en",
    published=FIRST + timedelta(hours=1),
    link="",
)
FEED = Feed(
    id=tag("courriel.exemple.test", FIRST, "personnel"),
    title="Gouvernance – personnel",
    author="Université d’exemple",
    language="fr",
    updated=ENTRY.updated,
    address="https://suivi.exemple.test/feeds/personnel.atom",
    entries=(ENTRY, OTHER),
)
ATOM = "{http://www.w3.org/2005/Atom}"


def test_a_reader_finds_everything_the_newest_first() -> None:
    read = feedparser.parse(atom(FEED))
    assert not read.bozo
    assert read.version == "atom10"
    assert (read.feed.id, read.feed.title, read.feed.language) == (FEED.id, FEED.title, "fr")
    assert [(link.rel, link.href) for link in read.feed.links] == [("self", FEED.address)]
    assert [entry.id for entry in read.entries] == [OTHER.id, ENTRY.id]
    entry = read.entries[1]
    assert entry.id == "tag:courriel.exemple.test,2026-03-02:acces-2026-fr-1"
    assert entry.link == ENTRY.link
    assert entry.published == "2026-03-02T14:00:00+00:00"
    assert entry.updated == "2026-03-03T14:00:00+00:00"
    assert entry.content[0].value == "<p>Ne prêtez <strong>jamais</strong> votre accès.</p>"
    assert entry.content[0].language == "fr"
    assert read.entries[0].content[0].language == "en"
    assert entry.summary.startswith("Ne prêtez jamais votre accès. Ne")
    assert len(entry.summary) <= 280


def test_a_feed_has_what_the_standard_requires() -> None:
    root = ET.fromstring(atom(FEED))  # noqa: S314 -- we wrote it
    assert root.tag == f"{ATOM}feed"
    for element in (root, *root.iterfind(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1
    assert root.findtext(f"{ATOM}author/{ATOM}name") == FEED.author
    (first, second) = root.findall(f"{ATOM}entry")
    assert second.findtext(f"{ATOM}title") == ENTRY.title
    for entry in (first, second):
        (content,) = entry.findall(f"{ATOM}content")
        assert content.get("type") == "html"


def test_the_same_feed_gives_the_same_bytes_in_whatever_order() -> None:
    assert atom(FEED) == atom(replace(FEED, entries=(OTHER, ENTRY)))


def test_a_feed_without_entries_can_be_read() -> None:
    read = feedparser.parse(atom(replace(FEED, entries=())))
    assert (read.bozo, read.entries) == (False, [])


@pytest.mark.parametrize("sign", ["\x00", "\x0b", "\x1f", "\ufffe", "\ud800"])
def test_characters_that_no_xml_holds_are_left_out(sign: str) -> None:
    odd = replace(ENTRY, title=f"a{sign}b", html=f"<p>a{sign}b</p>", text=f"a{sign}b")
    (entry,) = feedparser.parse(atom(replace(FEED, title=f"x{sign}y", entries=(odd,)))).entries
    assert (entry.title, entry.content[0].value, entry.summary) == ("ab", "<p>ab</p>", "ab")


def test_an_entry_without_words_is_still_one() -> None:
    empty = replace(ENTRY, html="", text="", link="")
    read = feedparser.parse(atom(replace(FEED, entries=(empty,))))
    assert (read.bozo, read.entries[0].title) == (False, ENTRY.title)


def test_publishing_in_a_feed_sends_nothing() -> None:
    post = Post(
        key="acces-2026-fr-1",
        title=ENTRY.title,
        html=ENTRY.html,
        text=ENTRY.text,
        language="fr",
        publish_at=FIRST,
        url=ENTRY.link,
    )
    feed = FeedPlatform("courriel.exemple.test")
    assert feed.name == "feed"
    assert feed.post(post) == feed.update(post) == Posted(post.key, "")
    assert feed.lookup(post.key) == Absent()
    assert feed.withdraw(post.key) == Withdrawn()
    dressed = feed.dress(post)
    assert dressed.media_type == "application/atom+xml"
    assert ET.fromstring(dressed.content).findtext("id") == ENTRY.id  # noqa: S314 -- we wrote it
    assert "script" not in dressed.content
    feed.close()
