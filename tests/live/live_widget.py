"""What waits, in a frame on real sites: shown where it may be, to whom the browser lets us know."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page

from diffuse.adapters.signer import KeyedSigner
from diffuse.adapters.sql.engine import connect
from diffuse.adapters.sql.entries import SqlEntries
from diffuse.domain.identity import OIDC, Identified
from diffuse.ports import Entry
from diffuse.services.identify import SESSION, SIGNED_IN
from diffuse.testing import FrozenClock
from tests.live.browser import chromium, violations
from tests.live.intranet import Intranet, intranet
from tests.suites.web.board import Board
from tests.suites.web.given import NOW, fill

HOST = """<!doctype html><html lang="fr"><head><title>Intranet</title></head><body><main><h1>Intranet</h1>
<iframe src="{address}/pending/widget?language=fr" title="Messages à confirmer" width="320" height="200"
></iframe></main></body></html>"""

ASK = """async address => {
    try {
        const answer = await fetch(address + '/pending?language=fr', {credentials: 'include'});
        return (await answer.json()).says || 'nobody';
    } catch (error) { return 'refused'; }
}"""

LIKE = "127.0.0.1"
"""Another port of the same host is the same site for browsers; ``localhost`` is another one."""


@dataclass
class Sites:
    """The service, an intranet on the same site, and one on another."""

    address: str
    board: Board
    near: str
    far: str
    intranet: Intranet

    def show(self, at: str) -> str:
        """Put the widget on the home page of an intranet; return where that is."""
        self.intranet.show("/accueil", HOST.format(address=self.address))
        return f"{at}/accueil"


@contextmanager
def served(folder: Path, *, listed: bool = True) -> Iterator[Sites]:
    with socket.socket() as listener, intranet() as neighbour:
        listener.bind((LIKE, 0))
        address = f"http://{LIKE}:{listener.getsockname()[1]}"
        engine = connect(f"sqlite:///{folder / 'diffuse.db'}")
        fill(engine)
        board = Board(engine, FrozenClock(NOW), KeyedSigner("s" * 32, address, "universite.example"))
        board.post("wild", channel="wordpress")
        far = neighbour.address
        near = far.replace("localhost", LIKE)
        app = board.app(address, origins=(near, far) if listed else ("https://intranet.example",))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield Sites(address, board, near, far, neighbour)
        finally:
            server.should_exit = True
            thread.join()
            engine.dispose()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[Sites]:
    with served(tmp_path) as running:
        yield running


@contextmanager
def signed_in(browser: Browser, sites: Sites) -> Iterator[Page]:
    """Open a browser in which the employee has signed in from a post."""
    token = SqlEntries(sites.board.engine).open(
        SESSION, Entry(Identified("e-fr", OIDC)), NOW, NOW + SIGNED_IN
    )
    context: BrowserContext = browser.new_context()
    context.add_cookies(
        [{"name": "diffuse", "value": f"{token}", "url": sites.address, "httpOnly": True, "sameSite": "Lax"}]
    )
    try:
        yield context.new_page()
    finally:
        context.close()


def framed(page: Page) -> str:
    """Return what the frame says; empty when the browser refused to show it."""
    page.wait_for_load_state("networkidle")
    body = page.frames[1].locator("[role=status]")
    return body.inner_text() if body.count() else ""


def test_on_the_same_site_whoever_has_signed_in_sees_what_waits(browser: Browser, sites: Sites) -> None:
    with signed_in(browser, sites) as page:
        page.goto(sites.show(sites.near))
        assert framed(page) == "Vous avez 4 messages à confirmer."
        assert page.evaluate(ASK, sites.address) == "Vous avez 4 messages à confirmer."
        assert violations(page) == []
        link = page.frames[1].get_by_role("link", name="<b>Gras</b> & co").first
        link.press("Enter")
        page.wait_for_url(f"{sites.address}/**")
        assert len(page.frames) == 1


def test_on_another_site_browsers_keep_back_who_has_signed_in(browser: Browser, sites: Sites) -> None:
    """This is why a plain frame on sharepoint.com knows nobody; see docs/intranet.md."""
    with signed_in(browser, sites) as page:
        page.goto(sites.show(sites.far))
        assert framed(page).startswith("Nous ne savons pas qui vous êtes.")
        assert page.evaluate(ASK, sites.address) == "nobody"


def test_a_site_that_is_not_named_shows_and_reads_nothing(browser: Browser, tmp_path: Path) -> None:
    with served(tmp_path, listed=False) as sites, signed_in(browser, sites) as page:
        page.goto(sites.show(sites.near))
        assert framed(page) == ""
        assert page.evaluate(ASK, sites.address) == "refused"
        page.goto(f"{sites.address}/pending")
        assert json.loads(page.locator("pre").inner_text())["pending"] == 4


def test_the_sentence_and_the_first_message_fit_into_200_pixels(browser: Browser, sites: Sites) -> None:
    with signed_in(browser, sites) as page:
        page.set_viewport_size({"width": 320, "height": 200})
        page.goto(f"{sites.address}/pending/widget")
        box = page.locator("li").first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 200
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
