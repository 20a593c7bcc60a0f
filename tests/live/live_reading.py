"""Every page in every state and every message that we ship, as people set their screens, by keyboard too."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.live.browser import REACHABLE, STANDARD, WCAG, by_tab, chromium, overflow, violations
from tests.live.gallery import BOTH, Shot, letters, pages
from tests.live.gallery_of_posts import post_pages
from tests.suites.web.given import TEMPLATES

ADDRESS = "http://pages.example/"

NARROW: Mapping[str, Any] = {"viewport": {"width": 320, "height": 256}, "device_scale_factor": 4}
"""What a screen of 1,280 by 1,024 shows at 400 % (WCAG 1.4.10)."""

WIDE: Mapping[str, Any] = {"viewport": {"width": 1280, "height": 1024}}

SPACED = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
        word-spacing: 0.16em !important } p { margin-bottom: 2em !important }`);
    document.adoptedStyleSheets = [sheet];
}"""
"""The spacing that people may ask for (WCAG 1.4.12)."""

CUT = """() => [...document.querySelectorAll('body *')].filter(one => {
    const style = getComputedStyle(one);
    return one.checkVisibility() && one.tagName !== 'TEXTAREA' && style.overflow !== 'visible'
        && (one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight);
}).map(one => one.outerHTML.slice(0, 80))"""
"""Find what is cut off."""

MOVING = """() => [...document.querySelectorAll('*')].filter(one => {
    const style = getComputedStyle(one);
    return style.animationName !== 'none' || parseFloat(style.transitionDuration) > 0
        || style.scrollBehavior === 'smooth';
}).length + document.getAnimations().length"""
"""Count what moves."""

UNSEEN = """() => [...document.querySelectorAll('.box, .choice, .button, textarea')].filter(one =>
    one.checkVisibility() && one.tagName !== 'TD' && parseFloat(getComputedStyle(one).borderTopWidth) === 0
).map(one => one.className)"""
"""Find boxes that forced colors, which take backgrounds and shadows away, leave without an edge."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> list[Shot]:
    return [*pages(tmp_path_factory.mktemp("pages")), *post_pages(tmp_path_factory.mktemp("posts"))]


@pytest.fixture(scope="module")
def mail() -> list[Shot]:
    return letters()


Show = Callable[[Shot], None]
WRITTEN = "html => { document.open(); document.write(html); document.close() }"


@contextmanager
def shown(browser: Browser, **options: Any) -> Iterator[tuple[Page, Show]]:  # noqa: ANN401 -- Playwright's
    """Open a window; pages come with the headers of the service, and nothing else is fetched."""
    context = browser.new_context(**options)
    hung: list[Shot] = []

    def answer(route: Route) -> None:
        headers = {"Content-Security-Policy": hung[-1].policy}
        route.fulfill(body=hung[-1].html, content_type="text/html; charset=utf-8", headers=headers)

    def show(shot: Shot) -> None:
        hung.append(shot)
        if shot.policy:
            page.goto(ADDRESS)
        else:
            page.evaluate(WRITTEN, shot.html)

    context.route("**/*", answer)
    page = context.new_page()
    try:
        yield page, show
    finally:
        context.close()


def wrong(shots: list[Shot], window: tuple[Page, Show], check: Callable[[Page], object]) -> dict[str, object]:
    """Show everything, and return what a check finds."""
    page, show = window
    found: dict[str, object] = {}
    for shot in shots:
        show(shot)
        if problem := check(page):
            found[f"{shot}"] = problem
    return found


both = pytest.mark.parametrize("what", ["site", "mail"])


@both
def test_by_day_and_by_night_axe_finds_nothing_and_nothing_scrolls_sideways(
    browser: Browser, request: pytest.FixtureRequest, what: str
) -> None:
    def check(page: Page) -> list[object]:
        page.emulate_media(color_scheme="light")
        found = violations(page, standard=STANDARD if what == "site" else WCAG)
        page.emulate_media(color_scheme="dark")
        return [*found, *violations(page, ["color-contrast", "link-in-text-block"]), *too_wide(page)]

    with shown(browser, **WIDE) as window:
        assert wrong(request.getfixturevalue(what), window, check) == {}


@both
def test_at_400_percent_all_can_be_read_without_scrolling_sideways_and_hit(
    browser: Browser, request: pytest.FixtureRequest, what: str
) -> None:
    def check(page: Page) -> list[object]:
        return [*violations(page, ["target-size", "color-contrast"]), *too_wide(page)]

    with shown(browser, **NARROW, color_scheme="dark") as window:
        assert wrong(request.getfixturevalue(what), window, check) == {}


def too_wide(page: Page) -> list[object]:
    """Return what does not fit, as it is and with more space between letters, words and lines."""
    before = overflow(page)
    page.evaluate(SPACED)
    found = [before, overflow(page), page.evaluate(CUT)]
    return found if any(found) else []


@both
def test_the_tab_key_reaches_everything_once_and_what_it_reaches_can_be_seen(
    browser: Browser, request: pytest.FixtureRequest, what: str
) -> None:
    def check(page: Page) -> object:
        reached = by_tab(page)
        unseen = [one for one in reached if not one["seen"] or "decoy" in one["what"]]
        return unseen or (len(reached) != page.evaluate(REACHABLE) and reached)

    with shown(browser, **NARROW) as window:
        assert wrong(request.getfixturevalue(what), window, check) == {}


def test_forced_colors_leave_every_box_its_edge_and_nothing_moves(browser: Browser, site: list[Shot]) -> None:
    with shown(browser, **WIDE, forced_colors="active", reduced_motion="reduce") as window:
        assert wrong(site, window, lambda page: page.evaluate(UNSEEN) or page.evaluate(MOVING)) == {}


PLANTED = """<!doctype html><html><head><title>x</title></head><body><main><h1>x</h1>
<p style="color: #bbb">pale</p><button style="width: 9px; height: 9px; padding: 0">a</button
><button style="width: 9px; height: 9px; padding: 0">b</button>
<p style="width: 400px; transition: all 1s">wide</p>
<a href="#a" style="outline: none">unseen</a></main></body></html>"""


def test_what_is_planted_is_found(browser: Browser) -> None:
    with shown(browser, **NARROW) as (page, show):
        show(Shot(name="planted", language="fr", html=PLANTED))
        named = {one.partition(":")[0] for one in violations(page)}
        assert named == {"color-contrast", "html-has-lang", "target-size"}
        assert too_wide(page)[0] == 88
        assert [one["seen"] for one in by_tab(page)] == [True, True, False]
        assert page.evaluate(REACHABLE) == 3
        assert page.evaluate(MOVING) > 0


@both
def test_each_page_says_which_language_it_is_in_and_speaks_no_other(
    request: pytest.FixtureRequest, what: str
) -> None:
    for shot in request.getfixturevalue(what):
        own = "fr" if shot.language == BOTH else shot.language
        assert f'<html lang="{own}">' in shot.html, shot
        parts = re.findall(r'<(?!html)[^>]* lang="(\w+)"', shot.html)
        assert set(parts) <= ({"en"} if shot.language == BOTH else {own}), shot
        said = " ".join(unescape(re.sub(r"<[^>]+>", " ", shot.html.partition("<body")[2])).split())
        other = () if shot.language == BOTH else FOREIGN[own]
        assert [words for words in other if says(words, said)] == [], shot


def says(words: str, text: str) -> bool:
    """Tell whether a text has these words, whole: « Continuer » has no English in it."""
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None


def sentences(language: str) -> set[str]:
    """Return what the layouts say in a language, between what is filled in."""
    found: set[str] = set()
    for folder in ("web", "email"):
        parts = [tomllib.loads((TEMPLATES / folder / "words.toml").read_text("utf-8"))[language]]
        while parts:
            for value in parts.pop().values():
                if isinstance(value, str):
                    found |= {" ".join(one.split()) for one in re.split(r"\{\w+\}", value)}
                else:
                    parts.append(value)
    return {one for one in found if len(one) > len("version")}


FOREIGN = {"fr": sentences("en") - sentences("fr"), "en": sentences("fr") - sentences("en")}


def test_what_the_layouts_say_they_say_in_both_languages() -> None:
    for folder in ("web", "email"):
        words = tomllib.loads((TEMPLATES / folder / "words.toml").read_text("utf-8"))
        shape = {language: sorted(leaves(part)) for language, part in words.items()}
        assert shape["fr"] == shape["en"]
    assert min(len(one) for one in FOREIGN.values()) > 60


def leaves(part: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the path of each text, and what is filled in."""
    for name, value in part.items():
        if isinstance(value, str):
            yield above + name, tuple(sorted(re.findall(r"\{\w+\}", value)))
        else:
            yield from leaves(value, f"{above}{name}.")
