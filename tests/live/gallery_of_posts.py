"""Every page behind an intranet post, and what waits, in each language and state."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from httpx2 import Response
from starlette.testclient import TestClient

from diffuse.adapters.signer import KeyedSigner
from diffuse.adapters.sql.directory import SqlDirectory
from diffuse.adapters.sql.engine import connect
from diffuse.errors import TransientFailure
from diffuse.ports import Handshake
from diffuse.services.owed import Owed
from diffuse.services.record import DWELL
from diffuse.testing import FrozenClock
from tests.live.gallery import REMARK, Shot
from tests.suites.web.board import HEADER, STRANGER, Board, opened
from tests.suites.web.given import BASE, EMPLOYEES, NOW, fill, form_of

PATIENCE = DWELL * 2


class Away:
    """A provider of identities that does not answer."""

    issuer = "https://connexion.universite.example"

    def close(self) -> None:
        """Hang up."""

    def begin(self, back: str) -> Handshake:
        """Fail."""
        raise TransientFailure("the provider does not answer")

    def finish(self, handshake: Handshake, back: str, code: str) -> str:
        """Fail."""
        raise TransientFailure("the provider does not answer")


class _Walk:
    """An employee's way through the pages, in one language."""

    def __init__(self, folder: Path, language: str) -> None:
        self.language, self.engine = language, connect(f"sqlite:///{folder / f'{language}.db'}")
        fill(self.engine)
        self.clock = FrozenClock(NOW)
        self.board = Board(self.engine, self.clock, KeyedSigner("s" * 32, BASE, "universite.example"))
        self.who = EMPLOYEES[language]
        self.new = replace(self.who, id="e-new", email="nouveau@universite.example")
        SqlDirectory(self.engine).save([self.new])
        self.browser: TestClient

    @contextmanager
    def through(self, *, signed_in: bool, provider: Away | None = None, links: bool = True) -> Iterator[None]:
        """Come through the proxy that signs people in, or around it."""
        more = {} if signed_in else {"client": STRANGER}
        with opened(self.board, BASE, provider=provider, links=links, **more) as self.browser:
            yield

    def path(self, point: str, audience: str = "everyone") -> str:
        number = self.board.post(point, language=self.language, channel="wordpress", audience=audience)
        return self.board.signer.address("post", number).removeprefix(BASE)

    def look(self, name: str, path: str, as_: str = "") -> Shot:
        return self.shot(name, self.browser.get(path, headers=self._named(as_)))

    def send(self, name: str, path: str, action: str = "", as_: str = "", **fields: str) -> Shot:
        """Fill in the form of a page, and follow where it leads."""
        given = form_of(self.browser.get(path, headers=self._named(as_)).text)
        self.clock.advance(PATIENCE)
        answer = self.browser.post(action or path, data={**given, **fields}, headers=self._named(as_))
        return self.shot(name, answer)

    def shot(self, name: str, answer: Response) -> Shot:
        policy = answer.headers["content-security-policy"]
        return Shot(name=name, language=self.language, html=answer.text, policy=policy)

    def _named(self, as_: str) -> Mapping[str, str]:
        return {HEADER: as_} if as_ else {}


def post_pages(folder: Path) -> list[Shot]:
    """Return every page in every state, in French and in English."""
    return [shot for language in ("fr", "en") for shot in _shots(_Walk(folder, language))]


def _shots(walk: _Walk) -> Iterator[Shot]:
    with walk.through(signed_in=True):
        yield from _widget(walk)
        yield from _posts(walk)
    with walk.through(signed_in=False, provider=Away()):
        yield from _sign_in(walk)
    with walk.through(signed_in=False, links=False):
        yield walk.look("no way to sign in", f"{walk.path('post')}/sign-in")
    walk.engine.dispose()


def _widget(walk: _Walk) -> Iterator[Shot]:
    frame = f"/pending/widget?language={walk.language}"
    yield walk.look("pending: nothing", frame, "e-new")
    yield walk.look("pending: some", frame, walk.who.id)
    yield walk.look("pending: nobody", frame)
    yield walk.look("pending: not one employee", frame, "zoe")
    with patch.object(Owed, "by", side_effect=TransientFailure("away")):
        yield walk.look("pending: away", frame, walk.who.id)


def _posts(walk: _Walk) -> Iterator[Shot]:
    path, named = walk.path("post"), walk.who.id
    yield walk.look("post", path, named)
    yield walk.look("post that asks nothing", walk.path("said"), named)
    yield walk.look("post for others", walk.path("post", "cadres"), named)
    yield walk.look("post, hostile", walk.path("wild"), named)
    yield walk.look("post of somebody unknown", path, "zoe")
    yield walk.send("post: nothing chosen", path, as_=named)
    remark = REMARK[walk.language]
    yield walk.send("post: question sent", path, as_=named, response="question", text=remark)
    yield walk.send("post: acknowledged", path, as_=named, response="acknowledge")


def _sign_in(walk: _Walk) -> Iterator[Shot]:
    path = walk.path("post")
    yield walk.look("sign in", path)
    yield walk.send("link asked for", f"{path}/sign-in", f"{path}/link", address=walk.new.email)
    yield walk.look("provider away", f"{path}/oidc")
    walk.clock.advance(timedelta(seconds=1))
    found = re.search(r"https://\S+/e/\S+", walk.board.letters.sent[-1].text)
    assert found is not None
    entry = found[0].removeprefix(BASE)
    yield walk.look("entry", entry)
    yield walk.send("entry: not our form", entry, form="nonsense")
    yield walk.send("post, signed in", entry)
