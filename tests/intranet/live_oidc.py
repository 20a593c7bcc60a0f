"""Sign in from a post with Chromium at a real identity provider, which stands on another site."""

import io
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from diffuse.adapters.oidc import OpenIdProvider
from diffuse.adapters.signer import KeyedSigner
from diffuse.adapters.sql.engine import connect
from diffuse.domain.identity import OIDC
from diffuse.errors import PermanentFailure
from diffuse.testing import FrozenClock
from tests.intranet.oauth_toolkit import CLIENT, PASSWORD, SECRET, oauth_toolkit
from tests.live.browser import chromium, overflow, violations
from tests.suites.web.given import Breakable, Dials, Service, fill
from tests.suites.web.sign_in import STANDS, Door, door


@dataclass
class Place:
    """The service at a real address, and the provider at another."""

    base: str
    issuer: str
    door: Door
    provider: OpenIdProvider

    @property
    def post(self) -> str:
        return f"{self.base}{self.door.post}"


@contextmanager
def served(app: ASGIApp, listener: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Both, once for all tests: ``localhost`` and ``127.0.0.1`` are two sites to a browser."""
    engine = connect(f"sqlite:///{tmp_path_factory.mktemp('oidc') / 'diffuse.db'}")
    deliveries = fill(engine)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        base = f"http://localhost:{listener.getsockname()[1]}"
        service = Service(
            browser=TestClient(Starlette()),
            engine=engine,
            hits=Breakable(engine),
            gauges=Dials(),
            clock=FrozenClock(now()),
            signer=KeyedSigner("s" * 32, base, "universite.example"),
            log=io.StringIO(),
            deliveries=deliveries,
        )
        with (
            oauth_toolkit(f"{base}/oidc/callback") as issuer,
            closing(OpenIdProvider(issuer, CLIENT, SECRET, now=now)) as provider,
        ):
            one = door(service, provider=provider, base=base)
            with served(one.browser.app, listener):
                yield Place(base=base, issuer=issuer, door=one, provider=provider)
    engine.dispose()


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(chrome: Browser) -> Iterator[Page]:
    """A page of a browser that has no cookie."""
    with closing(chrome.new_context()) as context:
        yield context.new_page()


def signs_in(place: Place, page: Page, account: str) -> None:
    """Go from the post to the provider, and give a name and a password there."""
    page.goto(f"{place.post}/sign-in")
    page.get_by_role("link", name="Me connecter avec mon compte").click()
    page.wait_for_url(f"{place.issuer.removesuffix('/o')}/login/**")
    page.fill("[name=username]", account)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Connexion").click()


def test_an_employee_signs_in_on_another_site_and_comes_back_to_the_post(place: Place, page: Page) -> None:
    signs_in(place, page, "ariane")
    page.wait_for_url(place.post)
    assert page.inner_text("body") == f"e-fr by {OIDC}"
    (cookie,) = page.context.cookies(place.base)
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("diffuse", True, "Lax")


def test_whoever_is_signed_in_there_need_not_type_anything_again(place: Place, page: Page) -> None:
    signs_in(place, page, "ariane")
    page.wait_for_url(place.post)
    page.context.clear_cookies(domain="localhost")
    page.goto(f"{place.post}/sign-in")
    page.get_by_role("link", name="Me connecter avec mon compte").click()
    page.wait_for_url(place.post)
    assert page.inner_text("body") == f"e-fr by {OIDC}"


def test_an_account_that_the_directory_does_not_know_is_told_so(place: Place, page: Page) -> None:
    signs_in(place, page, "inconnu")
    page.wait_for_url(re.compile("/oidc/callback"))
    assert "L’annuaire de ce service ne connaît pas le compte" in page.inner_text("body")
    assert violations(page) == []
    assert page.get_by_role("link", name="Revenir au message").get_attribute("href") == STANDS


def test_a_link_by_mail_works_in_a_browser_without_scripts(place: Place, chrome: Browser) -> None:
    with closing(chrome.new_context(java_script_enabled=False)) as context:
        page = context.new_page()
        page.goto(f"{place.post}/sign-in")
        page.get_by_label("Votre adresse courriel au travail").fill("ARIANE@universite.example")
        page.get_by_role("button", name="Envoyer le lien").click()
        page.wait_for_url("**/sign-in?sent")
        found = re.search(r"http://localhost\S+", place.door.letters.sent[-1].text)
        assert found is not None
        page.goto(found[0])
        page.get_by_role("button", name="Continuer").click()
        page.wait_for_url(place.post)
        assert page.inner_text("body") == "e-fr by magic-link"


@pytest.mark.parametrize("width", [320, 1280])
def test_the_pages_are_accessible_and_fit_a_small_screen(place: Place, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    english = f"{place.base}/p/{place.door.english}/sign-in"
    link = f"{place.base}{place.door.link('sam@universite.example')}"
    for address in (f"{place.post}/sign-in", f"{place.post}/sign-in?sent", english, link):
        page.goto(address)
        assert violations(page) == []
        assert overflow(page) == 0


def code_for(address: str) -> str:
    """Sign in without a browser; return the code that one would bring back."""
    with httpx.Client() as client:
        login = client.get(address, follow_redirects=True)
        token = client.cookies["csrftoken"]
        form = {"username": "ariane", "password": PASSWORD, "csrfmiddlewaretoken": token}
        back = client.post(login.url, data=form, headers={"Referer": f"{login.url}"})
        answer = client.get(login.url.join(back.headers["location"]))
    (code,) = parse_qs(urlsplit(answer.headers["location"]).query)["code"]
    return code


def test_the_provider_takes_no_code_without_what_proves_that_we_began(place: Place) -> None:
    callback = f"{place.base}/oidc/callback"
    begun = place.provider.begin(callback)
    with pytest.raises(PermanentFailure, match="invalid_grant"):
        place.provider.finish(replace(begun, verifier="v" * 64), callback, code_for(begun.address))
    with pytest.raises(PermanentFailure, match="nonce"):
        place.provider.finish(replace(begun, nonce="another"), callback, code_for(begun.address))
    code = code_for(begun.address)
    assert place.provider.finish(begun, callback, code) == "ariane@universite.example"
    with pytest.raises(PermanentFailure, match="invalid_grant"):
        place.provider.finish(begun, callback, code)


def test_a_secret_that_the_provider_does_not_know_is_a_clear_refusal(place: Place) -> None:
    with closing(OpenIdProvider(place.issuer, CLIENT, "hush-hush", now=now)) as ours:
        begun = ours.begin(f"{place.base}/oidc/callback")
        with pytest.raises(PermanentFailure, match=r"answers 401 at .*: invalid_client") as refused:
            ours.finish(begun, f"{place.base}/oidc/callback", "x")
    assert "hush" not in str(refused.value)
