"""What is particular to a real MediaWiki: sessions, rights, moved pages, and text that it would run."""

import html
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import httpx
import pytest

from diffuse.domain.post import Absent, AlreadyThere, Posted, Refused, Retry, Withdrawn
from diffuse.ports import Platform
from tests.suites.platforms.mediawiki_server import MediaWikiRig
from tests.suites.platforms.rig import Recipe
from tests.suites.platforms.sample import ELEMENT, a_post, built

PIECES = [
    *(
        "[[",
        "]]",
        "{{",
        "}}",
        "{|",
        "|}",
        "\n|-",
        "||",
        "''",
        "'''",
        "~~~~",
        "__NOTOC__",
        "-{",
        "}-",
        "==",
        "\n----",
    ),
    *(
        "<nowiki>",
        "</nowiki>",
        "<ref>",
        "<!--",
        "-->",
        "&lt;",
        "&#91;",
        "<div>",
        "http://x.ca",
        "mailto:a@b.ca",
    ),
    *(
        "tel:55",
        "//x.ca",
        "RFC 12",
        "ISBN 9782123456803",
        "PMID 1",
        "#REDIRECT [[x]]",
        "\n*",
        "\n#",
        "\n:",
        "\n;",
    ),
    *(
        "mot",
        " ",
        "l'été",
        "😀",
        "[https://x.ca y]",
        "[[Category:x]]",
        "[[File:x.png]]",
        "{{PAGENAME}}",
        "{{!}}",
    ),
    *(
        "__TOC__",
        "<math>",
        "<pre>",
        "</pre>",
        "\n ",
        ": ",
        "8:30",
        "5 < 7",
        "&",
        "urn:x",
        "~~~",
        "_",
        "'",
        "!",
    ),
]


@pytest.fixture
def rig(mediawiki: MediaWikiRig) -> MediaWikiRig:
    """The wiki, without a page."""
    mediawiki.empty()
    return mediawiki


@pytest.fixture
def platform(rig: MediaWikiRig) -> Iterator[Platform]:
    """The adapter, as a bot that may delete pages."""
    with built(rig.recipe()) as one:
        yield one


@contextmanager
def set_to(rig: MediaWikiRig, line: str) -> Iterator[None]:
    """Let the wiki have another setting."""
    rig.settings.write_text(line, encoding="utf-8")
    try:
        yield
    finally:
        rig.settings.write_text("", encoding="utf-8")


def with_more(rig: MediaWikiRig, **more: str | bool) -> Recipe:
    """Return the recipe of an adapter with further arguments."""
    recipe = rig.recipe()
    return replace(recipe, arguments={**recipe.arguments, **more})


def test_text_comes_out_as_text_whatever_the_wiki_could_read_in_it(
    rig: MediaWikiRig, platform: Platform
) -> None:
    draw = random.Random(25)
    texts = ["".join(draw.choices(PIECES, k=draw.randint(1, 8))) for _ in range(400)]
    body = "".join(f"<p>D{number}F {html.escape(text)} .</p>" for number, text in enumerate(texts))
    assert isinstance(platform.post(a_post(html=body)), Posted)
    (seen,) = rig.posts()
    shown = " ".join(
        html.unescape(ELEMENT.sub(" ", re.sub("<!--.*?-->", "", seen.content, flags=re.DOTALL))).split()
    )
    wrong = [
        text for number, text in enumerate(texts) if " ".join(f"D{number}F {text} .".split()) not in shown
    ]
    assert not wrong
    assert "<a " not in seen.content
    assert "<img" not in seen.content


def test_a_title_and_a_language_are_marked(rig: MediaWikiRig, platform: Platform) -> None:
    platform.post(a_post(title="[[Accès]] & '''retrait'''"))
    (seen,) = rig.posts()
    assert seen.title == "[[Accès]] & '''retrait'''"
    assert '<div lang="fr">' in seen.content


def test_a_link_leads_where_it_should(rig: MediaWikiRig, platform: Platform) -> None:
    link = "https://diffuse.exemple.ca/p/a__b-c~~~~d?x=1&amp;y=[2]"
    platform.post(a_post(html=f'<p><a href="{link}">Confirmer</a></p>'))
    (seen,) = rig.posts()
    (found,) = re.findall(r'href="(https:[^"]*)"', seen.content)
    assert unquote(html.unescape(found)) == html.unescape(link)


def test_a_post_for_later_waits(rig: MediaWikiRig, platform: Platform) -> None:
    answer = platform.post(a_post(publish_at=datetime.now(UTC) + timedelta(hours=3)))
    assert isinstance(answer, Retry)
    assert timedelta(hours=2, minutes=59) < answer.after <= timedelta(hours=3)
    assert rig.titles() == []


def test_a_bot_that_may_not_delete_leaves_a_page_that_says_so(rig: MediaWikiRig) -> None:
    with built(rig.recipe(account="Writer")) as platform:
        first = platform.post(a_post())
        assert isinstance(first, Posted)
        assert platform.withdraw("loi-25-incidents-1") == Withdrawn()
        assert platform.withdraw("loi-25-incidents-1") == Withdrawn()
        assert platform.lookup("loi-25-incidents-1") == Absent()
        assert isinstance(platform.update(a_post()), Refused)
        assert rig.posts() == []
        assert "retirée" in httpx.get(first.url, timeout=30).text
        assert platform.post(a_post()) == first
        assert len(rig.posts()) == 1


def test_a_session_that_is_over_is_begun_again_once(rig: MediaWikiRig, platform: Platform) -> None:
    assert platform.lookup("autre") == Absent()
    platform._session._calls.forget()  # type: ignore[attr-defined]
    assert isinstance(platform.post(a_post()), Posted)
    platform._session._token = "deadbeef+\\"  # type: ignore[attr-defined]
    assert isinstance(platform.update(a_post(html="<p>Autre.</p>")), Posted)


def test_a_wiki_that_is_read_only_is_tried_again(rig: MediaWikiRig, platform: Platform) -> None:
    with set_to(rig, "$wgReadOnly = 'Entretien jusqu’à midi';"):
        answer = platform.post(a_post())
    assert isinstance(answer, Retry)
    assert "Entretien jusqu’à midi" in answer.reason or "readonly" in answer.reason


def test_a_door_that_wrong_passwords_closed_is_tried_again(rig: MediaWikiRig) -> None:
    throttle = "$wgPasswordAttemptThrottle = [['count' => 1, 'seconds' => 300]];"
    with set_to(rig, f"{throttle} $wgMainCacheType = CACHE_DB;"):
        with built(rig.recipe(credentials="bad")) as stranger:
            answers = [stranger.post(a_post()) for _ in range(2)]
        with built(rig.recipe()) as platform:
            answers.append(platform.post(a_post()))
    assert [type(answer) for answer in answers] == [Refused, Retry, Retry]
    assert isinstance(answers[1], Retry)
    assert answers[1].after == timedelta(minutes=5)
    assert rig.titles() == []


def test_a_private_wiki_is_read_as_an_account(rig: MediaWikiRig, platform: Platform) -> None:
    with set_to(rig, "$wgGroupPermissions['*']['read'] = false;"):
        posted = platform.post(a_post())
        assert isinstance(posted, Posted)
        assert platform.post(a_post()) == AlreadyThere(posted.id, posted.url)


def test_a_page_that_somebody_moved_is_still_ours(rig: MediaWikiRig, platform: Platform) -> None:
    posted = platform.post(a_post())
    assert isinstance(posted, Posted)
    rig.move("Loi-25-incidents-1", "Signaler un incident")
    moved = platform.lookup("loi-25-incidents-1")
    assert isinstance(moved, Posted)
    assert moved.url.endswith("/Signaler_un_incident")
    assert platform.post(a_post()) == AlreadyThere(moved.id, moved.url)
    assert platform.update(a_post(html="<p>Autre.</p>")) == moved
    assert platform.withdraw("loi-25-incidents-1") == Withdrawn()
    assert isinstance(platform.post(a_post()), Posted)
    assert len(rig.posts()) == 1


def test_pages_may_have_a_prefix_a_category_and_their_own_title(rig: MediaWikiRig) -> None:
    recipe = with_more(rig, prefix="Avis/", category="Gouvernance", display_title=True)
    with set_to(rig, "$wgRestrictDisplayTitle = false;"), built(recipe) as platform:
        posted = platform.post(a_post())
        assert isinstance(posted, Posted)
        shown = httpx.get(posted.url, timeout=30).text
    assert rig.titles() == ["Avis/loi-25-incidents-1"]
    assert "<title>Signaler un incident" in shown
    assert "Gouvernance" in shown


def test_a_prefix_that_no_page_can_have_is_refused(rig: MediaWikiRig) -> None:
    with built(with_more(rig, prefix="Avis[")) as platform:
        answer = platform.post(a_post())
    assert isinstance(answer, Refused)
    assert "change the prefix" in answer.reason


def test_what_an_account_may_not_do_is_said_in_the_wikis_words(rig: MediaWikiRig, platform: Platform) -> None:
    with set_to(rig, "$wgRevokePermissions['user']['edit'] = true;"):
        answer = platform.post(a_post())
    assert isinstance(answer, Refused)
    assert "the wiki refuses" in answer.reason
