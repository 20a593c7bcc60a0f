"""The pages in a real browser: accessible, by keyboard alone, on a small screen, and judged by axe-core."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page

from diffuse.adapters.clock import SystemClock
from diffuse.adapters.signer import KeyedSigner
from diffuse.adapters.sql.engine import connect
from diffuse.services.record import Record
from diffuse.web.app import create_app
from diffuse.web.pages import Pages
from tests.live.browser import chromium, overflow, violations
from tests.suites.web.given import TEMPLATES, Breakable, Dials, fill, publications

SCREENS = {"small": (320, 640), "wide": (1280, 900)}
"""320 pixels are what a screen of 1,280 shows at 400 %."""

MESSAGES = [
    f"{point} {language}" for point in ("both", "plain", "quiz", "notice") for language in ("fr", "en")
]


class Site:
    """The tracking service at a real address, over a database of sent messages."""

    def __init__(self, folder: Path, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.engine = connect(f"sqlite:///{folder / 'diffuse.db'}")
        self.deliveries = fill(self.engine)
        self.hits = Breakable(self.engine)
        self.signer = KeyedSigner("s" * 32, self.base, "universite.example")

    def app(self) -> object:
        clock = SystemClock()
        record = Record(
            hits=self.hits, publications=publications(self.engine), clock=clock, signer=self.signer
        )
        return create_app(record, clock, pages=Pages(TEMPLATES), gauges=Dials(), base_url=self.base)

    def address(self, name: str) -> str:
        return self.signer.address("acknowledge", self.deliveries[name])


@contextmanager
def served(folder: Path) -> Iterator[Site]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        site = Site(folder, listener.getsockname()[1])
        server = uvicorn.Server(uvicorn.Config(site.app(), log_level="warning"))  # type: ignore[arg-type]
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield site
        finally:
            server.should_exit = True
            thread.join()
            site.engine.dispose()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with served(tmp_path) as running:
        yield running


@contextmanager
def page_of(browser: Browser, screen: str = "wide", scheme: str = "light") -> Iterator[Page]:
    width, height = SCREENS[screen]
    options = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
    context = browser.new_context(**options)  # type: ignore[arg-type]
    try:
        yield context.new_page()
    finally:
        context.close()


def fine(page: Page) -> None:
    """Hold a page to WCAG 2.2 AA and to the width of its window."""
    assert violations(page) == []
    assert overflow(page) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_is_accessible_before_and_after_it_is_answered(
    browser: Browser, site: Site, screen: str, scheme: str
) -> None:
    with page_of(browser, screen, scheme) as page:
        for name in MESSAGES:
            page.goto(site.address(name))
            fine(page)
        for name, response in (("both fr", "acknowledge"), ("both en", "question"), ("plain fr", "disagree")):
            page.goto(site.address(name))
            if page.locator("[name=answer]").count():
                page.locator("[name=answer]").first.check()
            page.locator(f"[value={response}]").check()
            page.wait_for_timeout(2100)
            page.locator("[name=confirm]").click()
            page.locator("[role=status]").first.wait_for()
            fine(page)


@pytest.mark.parametrize("screen", SCREENS)
def test_pages_that_say_no_are_accessible_too(browser: Browser, site: Site, screen: str) -> None:
    with page_of(browser, screen) as page:
        page.goto(site.address("plain fr"))
        page.locator("[value=acknowledge]").check()
        page.locator("[name=confirm]").click()
        page.locator("[role=alert]").wait_for()
        fine(page)
        page.goto(f"{site.base}/a/nonsense")
        fine(page)
        site.hits.fails = RuntimeError("away")
        page.goto(site.address("plain fr"))
        fine(page)


def test_a_message_is_confirmed_by_keyboard_alone(browser: Browser, site: Site) -> None:
    with page_of(browser) as page:
        page.goto(site.address("both en"))
        for keys in (["Tab"], ["Tab"], ["Space"], ["ArrowDown"], ["Tab"], ["Space"]):
            for key in keys:
                page.keyboard.press(key)
        assert page.locator("[name=answer]:checked").get_attribute("value") == "1"
        assert page.locator("[name=response]:checked").get_attribute("value") == "acknowledge"
        page.keyboard.press("Tab")
        page.wait_for_timeout(2100)
        page.keyboard.press("Enter")
        page.locator("text=Confirmed on").first.wait_for()
        assert page.locator("text=Right answer").count() == 1


def test_what_has_the_focus_can_be_seen(browser: Browser, site: Site) -> None:
    with page_of(browser, "small") as page:
        page.goto(site.address("plain fr"))
        for _ in range(8):
            page.keyboard.press("Tab")
            shown = page.evaluate(
                "() => { const one = document.activeElement; if (one === document.body) return true;"
                " const box = (one.closest('label') || one); const style = getComputedStyle(box);"
                " const rect = box.getBoundingClientRect();"
                " return style.outlineStyle !== 'none' && rect.bottom > 0 && rect.top < innerHeight; }"
            )
            assert shown


def test_the_trap_for_programs_is_nowhere_for_people(browser: Browser, site: Site) -> None:
    with page_of(browser) as page:
        page.goto(site.address("plain fr"))
        assert not page.locator("[name=website]").is_visible()
        assert "Laissez ce champ vide" not in page.locator("body").aria_snapshot()
