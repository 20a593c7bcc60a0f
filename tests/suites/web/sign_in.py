"""What the tests of signing in start from: the service with two posts, whose page tells who asks."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from html import unescape
from typing import Any

from httpx2 import Response
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.responses import Response as Answer
from starlette.routing import Route
from starlette.testclient import TestClient

from diffuse.adapters.sql.directory import SqlDirectory
from diffuse.adapters.sql.entries import SqlEntries
from diffuse.domain.networks import Network
from diffuse.ports import IdentityProvider
from diffuse.services.identify import Identify, Unidentified
from diffuse.services.meet import About
from diffuse.services.record import NotOurs, Record
from diffuse.testing import MemoryLetters
from diffuse.web.app import create_app
from diffuse.web.log import json_lines
from diffuse.web.pages import Pages
from diffuse.web.sign_in import SignIn
from diffuse.web.who_asks import WhoAsks
from tests.suites.web.given import BASE, TEMPLATES, Service, publications

POST, ENGLISH = 7, 8
"""The numbers of the two posts that there are."""


@dataclass
class Door:
    """The service, a browser before it, and where its letters go."""

    service: Service
    browser: TestClient
    letters: MemoryLetters
    identify: Identify
    token: str
    english: str

    @property
    def post(self) -> str:
        """The address of the post's page."""
        return f"/p/{self.token}"

    def who(self, **more: Any) -> str:  # noqa: ANN401
        """Return whom the page of the post knows."""
        answer = self.browser.get(self.post, **more)
        assert answer.status_code == 200, answer.text
        return answer.text

    def get(self, path: str, **more: Any) -> Response:  # noqa: ANN401
        return self.browser.get(path, follow_redirects=False, **more)

    def press(self, path: str, to: str = "", **changes: str) -> Response:
        """Open a page and press its button."""
        page = self.browser.get(path)
        found = dict(re.findall(r'name="(form|confirm)" value="([^"]+)"', unescape(page.text)))
        data = {name: value for name, value in {**found, **changes}.items() if value}
        return self.browser.post(to or path, data=data, follow_redirects=False)

    def ask(self, address: str, token: str = "", **changes: str) -> Response:
        """Ask for a link."""
        post = f"/p/{token or self.token}"
        return self.press(f"{post}/sign-in", f"{post}/link", address=address, **changes)

    def link(self, address: str = "ariane@universite.example") -> str:
        """Ask for a link, and return the path of the one that came."""
        self.ask(address)
        found = re.search(r"https?://\S+(/e/\S+)", self.letters.sent[-1].text)
        assert found is not None
        return found[1]


STANDS = "https://intranet.universite.example/consignes"
"""Where the post is read."""


def door(
    service: Service,
    *,
    provider: IdentityProvider | None = None,
    header: str = "",
    trusted: Collection[Network] = (),
    links: bool = True,
    base: str = BASE,
    client: tuple[str, int] = ("203.0.113.7", 4711),
) -> Door:
    """Open the service to a browser at an address."""
    letters = MemoryLetters()
    identify = Identify(
        clock=service.clock,
        directory=SqlDirectory(service.engine),
        entries=SqlEntries(service.engine),
        letters=letters,
        base_url=base,
        sender="communications@universite.example",
    )
    pages, signer = Pages(TEMPLATES), service.signer

    def about(token: str) -> About:
        found = signer.read("post", token)
        if found is None or found.delivery not in {POST, ENGLISH}:
            raise NotOurs
        language = "en" if found.delivery == ENGLISH else "fr"
        return About(language=language, campaign="", policy="", subject="", url=STANDS)

    who = WhoAsks(identify, header, trusted, base_url=base)
    sign_in = SignIn(
        identify,
        pages,
        post=about,
        signer=signer,
        clock=service.clock,
        headers={"Content-Security-Policy": pages.policy, "Cache-Control": "no-store"},
        base_url=base,
        provider=provider,
        links=links,
    )

    def page(request: Request) -> Answer:
        asks = who.of(request)
        return PlainTextResponse(f"{asks.employee} by {asks.by}" if asks else "nobody")

    app = create_app(
        Record(
            hits=service.hits, publications=publications(service.engine), clock=service.clock, signer=signer
        ),
        service.clock,
        pages=pages,
        gauges=service.gauges,
        log=json_lines(service.log),
        base_url=base,
        api=[*sign_in.routes, Route("/p/{token}", page, methods=["GET"])],
    )
    app.add_exception_handler(Unidentified, sign_in.refused)
    token, english = (signer.address("post", number).rpartition("/")[2] for number in (POST, ENGLISH))
    return Door(
        service,
        TestClient(app, base, client=client, raise_server_exceptions=False),
        letters,
        identify,
        token,
        english,
    )
