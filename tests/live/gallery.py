"""Everything that an employee may be shown, in each language, as the service and the renderer make it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from diffuse import bootstrap
from diffuse.adapters.platforms.building import looks
from diffuse.adapters.signer import KeyedSigner
from diffuse.adapters.sql.access import SqlAccessLog
from diffuse.adapters.sql.choices import SqlChoices
from diffuse.adapters.sql.engine import connect
from diffuse.adapters.sql.persons import SqlPersons
from diffuse.adapters.sql.theirs import SqlTheirs
from diffuse.domain.versions import Revision
from diffuse.errors import TransientFailure
from diffuse.ports import Specimen
from diffuse.services.mine import Mine
from diffuse.services.person import Person
from diffuse.services.preview import preview
from diffuse.services.record import DWELL, LASTS, Record
from diffuse.testing import FrozenClock, MemoryQueue
from diffuse.web.app import create_app
from diffuse.web.limits import AT_ONCE
from diffuse.web.pages import Pages
from tests.suites.web.given import (
    BASE,
    CAMPAIGN,
    NOW,
    TEMPLATES,
    Breakable,
    Dials,
    fill,
    form_of,
    publications,
)

SHIPPED = Path(__file__).parents[2] / "campaigns" / "social-media"
BOTH = "both"
"""The language of pages that know nobody's: they say everything twice."""

REMARK = {
    "fr": "Puis-je répondre\nà titre personnel?",
    "en": "May I answer\nin my own name?",
}


@dataclass(frozen=True, kw_only=True)
class Shot:
    """What a browser is handed: a page or a message, its language, and the headers that came with it."""

    name: str
    language: str
    html: str
    policy: str = ""

    def __str__(self) -> str:
        """Return what pytest calls it."""
        return f"{self.name} {self.language}"


class _Walk:
    """An employee's way through the pages of one installation, in one language."""

    def __init__(self, folder: Path, language: str) -> None:
        self.engine = connect(f"sqlite:///{folder / f'{language}.db'}")
        self.deliveries, self.language = fill(self.engine), language
        self.clock, self.hits = FrozenClock(NOW), Breakable(self.engine)
        self.signer = KeyedSigner("s" * 32, BASE, "universite.example")
        self.browser: TestClient

    @contextmanager
    def open(self) -> Iterator[TestClient]:
        given: Any = {"hits": self.hits, "publications": publications(self.engine), "clock": self.clock}
        record = Record(signer=self.signer, **given)
        mine = Mine(theirs=SqlTheirs(self.engine), person=self._person(), signer=self.signer, **given)
        app = create_app(record, self.clock, pages=Pages(TEMPLATES), gauges=Dials(), mine=mine)
        with TestClient(app, BASE, raise_server_exceptions=False) as self.browser:
            yield self.browser
        self.engine.dispose()

    def path(self, purpose: str, point: str) -> str:
        number = self.deliveries[f"{point} {self.language}"]
        return self.signer.address(purpose, number).removeprefix(BASE)

    def look(self, name: str, path: str, language: str = "") -> Shot:
        answer = self.browser.get(path)
        return self._shot(name, answer, language)

    def send(self, name: str, path: str, wait: timedelta = DWELL * 2, **fields: str) -> Shot:
        """Fill in the form of a page, and follow where it leads."""
        given = form_of(self.browser.get(path).text)
        self.clock.advance(wait)
        sent = {key: value for key, value in {**given, **fields}.items() if value}
        return self._shot(name, self.browser.post(path, data=sent))

    def _shot(self, name: str, answer: Any, language: str = "") -> Shot:  # noqa: ANN401 -- a response
        policy = answer.headers["content-security-policy"]
        return Shot(name=name, language=language or self.language, html=answer.text, policy=policy)

    def _person(self) -> Person:
        return Person(
            clock=self.clock,
            persons=SqlPersons(self.engine, pseudonym=self.signer.pseudonym),
            choices=SqlChoices(self.engine),
            log=SqlAccessLog(self.engine),
            queue=MemoryQueue(),
            pseudonym=self.signer.pseudonym,
        )


def pages(folder: Path) -> list[Shot]:
    """Return every page in every state, in French and in English."""
    shots = [shot for language in ("fr", "en") for shot in _pages(_Walk(folder, language))]
    return list(dict.fromkeys(shots))


def _pages(walk: _Walk) -> list[Shot]:
    with walk.open():
        return [*_answers(walk), *_mine(walk), *_older(walk), *_errors(walk)]


def _answers(walk: _Walk) -> Iterator[Shot]:
    """Yield the page of a message, before and after everything that can be sent from it."""
    path = {point: walk.path("acknowledge", point) for point in ("both", "plain", "quiz", "notice")}
    for point, address in path.items():
        yield walk.look(f"to be answered: {point}", address)
    remark = REMARK[walk.language]
    yield walk.send("too early", path["plain"], timedelta(), response="question", text=remark)
    yield walk.send("expired", path["plain"], LASTS * 2, response="acknowledge")
    yield walk.send("nothing chosen", path["both"])
    yield walk.send("answer forgotten", path["both"], response="acknowledge")
    yield walk.send("text too long", path["plain"], response="question", text="a " * 4000)
    yield walk.send("not our form", path["plain"], confirm="")
    yield walk.send("question sent", path["plain"], response="question", text=remark)
    yield walk.send("disagreement sent", path["plain"], response="disagree")
    yield walk.send("acknowledged after a question", path["plain"], response="acknowledge")
    yield walk.send("wrong answer", path["quiz"], answer="0")
    yield walk.send("acknowledged, right answer", path["both"], response="acknowledge", answer="1")


def _mine(walk: _Walk) -> Iterator[Shot]:
    """Yield the employee's own page."""
    path = walk.path("mine", "both")
    yield walk.look("my messages", path)
    yield walk.send("my messages: choice saved", path, tracking="off")
    yield walk.send("my messages: not our form", path, form="nonsense", tracking="off")


def _older(walk: _Walk) -> Iterator[Shot]:
    """Yield pages of a text that has been followed by another."""
    policy = replace(CAMPAIGN.policies[0], version="3.0")
    one = Revision(
        policy="succession", version="3.0", previous="2.1", kind="material", key_points=("hostile",)
    )
    publications(walk.engine).publish(replace(CAMPAIGN, policies=(policy,)), {}, NOW, [one])
    yield walk.look("older version, changed", walk.path("acknowledge", "hostile"))
    yield walk.look("older version, the same", walk.path("acknowledge", "notice"))


def _errors(walk: _Walk) -> Iterator[Shot]:
    """Yield what is said when there is nothing to show; the same whoever asks."""
    yield walk.look("404", "/a/nonsense", BOTH)
    walk.hits.fails = TransientFailure("away")
    yield walk.look("503", walk.path("acknowledge", "both"), BOTH)
    walk.hits.fails = None
    for _ in range(AT_ONCE):
        walk.browser.get("/a/often")
    yield walk.look("429", "/a/often", BOTH)


class _Wall:
    """A gallery that keeps what it is shown."""

    def __init__(self) -> None:
        self.specimens: list[Specimen] = []

    def write(self, specimens: Sequence[Specimen]) -> None:
        """Keep them."""
        self.specimens += specimens


def letters() -> list[Shot]:
    """Return every message of the campaigns that diffuse brings along, with the hidden link."""
    writing, wall = bootstrap.authoring(), _Wall()
    loaded = writing.campaigns.read(SHIPPED)
    assert loaded.campaign is not None
    preview([replace(loaded, campaign=replace(loaded.campaign, decoy=True))], writing.renderer, wall, looks)
    return [
        Shot(name=f"{one.key_point} {one.register}", language=one.language, html=one.html)
        for one in wall.specimens
    ]
