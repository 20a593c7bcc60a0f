"""Every page in every state and every message that we ship, as people set their screens, and with a keyboard."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.live.browser import REACHABLE, by_tab, chromium, overflow, violations
from tests.live.gallery import BOTH, Shot, letters, pages
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
    return pages(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def mail() -> list[Shot]:
    return letters()


Show = Callable[[Shot], None]


@contextmanager
def shown(browser: Browser, **options: Any) -> Iterator[tuple[Page, Show]]:  # noqa: ANN401 -- Playwright's
    """Open a window; what it shows comes with the headers of the service, and nothing else is fetched."""
    context = browser.new_context(**options)
    hung: list[Shot] = []

    def answer(route: Route) -> None:
        headers = {"Content-Security-Policy": hung[-1].policy} if hung[-1].policy else {}
        route.fulfill(body=hung[-1].html, content_type="text/html; charset=utf-8", headers=headers)

    def show(shot: Shot) -> None:
        hung.append(shot)
        page.goto(ADDRESS)

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


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["light", "dark"])
@pytest.mark.parametrize("what", ["site", "mail"])
def test_axe_finds_nothing_wrong(
    browser: Browser, request: pytest.FixtureRequest, what: str, size: Mapping[str, Any], scheme: str
) -> None:
    with shown(browser, **size, color_scheme=scheme) as window:
        assert wrong(request.getfixturevalue(what), window, violations) == {}


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["400 %", "1280"])
@pytest.mark.parametrize("what", ["site", "mail"])
def test_nothing_is_wider_than_the_screen_or_cut_off_by_more_space_between_letters(
    browser: Browser, request: pytest.FixtureRequest, what: str, size: Mapping[str, Any]
) -> None:
    def check(page: Page) -> object:
        before = overflow(page)
        page.evaluate(SPACED)
        return [*([before] if before else []), *([after] if (after := overflow(page)) else [])] or (
            page.evaluate(CUT)
        )

    with shown(browser, **size) as window:
        assert wrong(request.getfixturevalue(what), window, check) == {}


@pytest.mark.parametrize("what", ["site", "mail"])
def test_the_tab_key_reaches_everything_and_is_never_caught_or_lost(
    browser: Browser, request: pytest.FixtureRequest, what: str
) -> None:
    def check(page: Page) -> object:
        reached = by_tab(page)
        hidden = [one["what"] for one in reached if not one["seen"] or "decoy" in one["what"]]
        return hidden or (len(reached) != page.evaluate(REACHABLE) and reached)

    with shown(browser, **NARROW) as window:
        assert wrong(request.getfixturevalue(what), window, check) == {}


def test_forced_colors_leave_every_box_its_edge_and_nothing_moves(
    browser: Browser, site: list[Shot], mail: list[Shot]
) -> None:
    with shown(browser, **WIDE, forced_colors="active", reduced_motion="reduce") as window:
        assert wrong(site, window, lambda page: page.evaluate(UNSEEN) or page.evaluate(MOVING)) == {}
        assert wrong(mail[:8], window, lambda page: page.evaluate(MOVING)) == {}


