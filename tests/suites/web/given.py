"""What the tests of the tracking service start from: a campaign, its deliveries, and a browser."""

import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from time import sleep
from typing import Any

from httpx2 import Response
from sqlalchemy import Engine, select
from starlette.routing import Route
from starlette.testclient import TestClient

from diffuse.adapters import baked_json, definitions
from diffuse.adapters.signer import KeyedSigner
from diffuse.adapters.sql import tables
from diffuse.adapters.sql.directory import SqlDirectory
from diffuse.adapters.sql.engine import reading
from diffuse.adapters.sql.hits import SqlHits
from diffuse.adapters.sql.ledger import SqlLedger
from diffuse.adapters.sql.migrate import upgrade
from diffuse.adapters.sql.plans import SqlPlans
from diffuse.adapters.sql.publications import SqlPublications
from diffuse.adapters.templates import Templates
from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import LEASE, Outcome, State, Touchpoint
from diffuse.domain.evidence import LINK, Acknowledgement
from diffuse.domain.language import ByLanguage
from diffuse.domain.message import Baked, Wording
from diffuse.domain.people import Employee
from diffuse.domain.policy import Answer, KeyPoint, Policy, Question, Text, Variant
from diffuse.domain.remark import Remark
from diffuse.ports import Reading, Shown
from diffuse.services.record import Record
from diffuse.testing import FrozenClock
from diffuse.web.app import create_app
from diffuse.web.log import json_lines
from diffuse.web.pages import Pages

TEMPLATES = Path(__file__).parents[3] / "templates"
NOW = datetime(2027, 1, 12, 14, 42, tzinfo=UTC)
BASE = "https://suivi.universite.example"
HOSTILE = "<script>alert(1)</script> & \"essai\" 'oui' {{ 7*7 }}"

QUESTION = Question(
    asks=ByLanguage(fr="Qui répond la fin de semaine?", en="Who answers on weekends?"),
    answers=(
        Answer(
            says=ByLanguage(fr="Personne", en="Nobody"),
            feedback=ByLanguage(fr="Un compte n’est jamais seul.", en="An account is never alone."),
        ),
        Answer(
            says=ByLanguage(fr="Le substitut", en="The substitute"),
            feedback=ByLanguage(fr="Le substitut prend la relève.", en="The substitute takes over."),
            right=True,
        ),
    ),
)
HOSTILE_QUESTION = Question(
    asks=ByLanguage(HOSTILE),
    answers=tuple(
        Answer(says=ByLanguage(HOSTILE + end), feedback=ByLanguage(HOSTILE), right=end == "!")
        for end in ("", "!")
    ),
)
TEXTS = ByLanguage(
    fr=Text(
        subject="Un substitut pour chaque compte",
        body="Nommez **un substitut** ([aide](https://universite.example/aide?a=1&b=2)).",
        action="Vérifiez ses accès.",
    ),
    en=Text(
        subject="A substitute for each account",
        body="Name **a substitute** ([help](https://universite.example/help)).",
        action="Check their access.",
    ),
)
HOSTILE_TEXTS = ByLanguage(
    Text(
        subject="<b>Gras</b> & co", body="Un `<script>` & \\<script>.", action="<img src=x onerror=alert(1)>"
    )
)


def key_point(name: str, **changes: Any) -> KeyPoint:  # noqa: ANN401
    says = ByLanguage(fr="Chaque compte a un substitut.", en="Each account has a substitute.")
    variants = (Variant(register="advice", texts=changes.pop("texts", TEXTS)),)
    return KeyPoint(id=name, says=changes.pop("says", says), variants=variants, **changes)


CAMPAIGN = Campaign(
    id="social-media",
    title=ByLanguage(fr="Médias sociaux", en="Social media"),
    owner="Camille Roy <camille.roy@universite.example>",
    starts=date(2027, 1, 4),
    languages=("fr", "en"),
    policies=(
        Policy(
            id="succession",
            title=ByLanguage(fr="Relève", en="Succession"),
            version="2.1",
            link=ByLanguage("https://universite.example/releve"),
            key_points=(
                key_point("both", question=QUESTION),
                key_point("plain"),
                key_point("quiz", acknowledge=False, question=QUESTION),
                key_point("notice", acknowledge=False),
                key_point(
                    "hostile", says=ByLanguage(HOSTILE), texts=HOSTILE_TEXTS, question=HOSTILE_QUESTION
                ),
            ),
        ),
    ),
)
EMPLOYEES = {
    "fr": Employee(id="e-fr", name="Ariane Côté", email="ariane@universite.example"),
    "en": Employee(
        id="e-en", name="Sam Lee", email="sam@universite.example", language="en", time_zone="Asia/Tokyo"
    ),
}


def publications(engine: Engine) -> SqlPublications:
    return SqlPublications(
        engine, campaigns=(definitions.dump, definitions.load), wordings=(baked_json.dump, baked_json.load)
    )


def wordings(templates: Templates) -> dict[Wording, Baked]:
    return {
        Wording(point.id, "advice", language): templates.bake(CAMPAIGN, policy, point, "advice", language)
        for policy, point in CAMPAIGN.key_points
        for language in CAMPAIGN.languages
    }


class Breakable(SqlHits):
    """The hits of a database that can be away."""

    fails: Exception | None = None

    def shown_many(self, deliveries: Collection[int]) -> Mapping[int, Shown]:
        if self.fails:
            raise self.fails
        return super().shown_many(deliveries)

    def remark(self, remark: Remark, reached_on: date, by: str = LINK) -> None:
        if self.fails:
            raise self.fails
        super().remark(remark, reached_on, by)

    def acknowledge(
        self, acknowledgement: Acknowledgement, reached_on: date, by: str = LINK, *, reason: str = ""
    ) -> bool:
        if self.fails:
            raise self.fails
        return super().acknowledge(acknowledgement, reached_on, by, reason=reason)


QUIET = Reading(flows={}, attempts={}, oldest=None, expired=0, lanes=(), stops=(), ticked_at=None)


@dataclass
class Dials:
    """Gauges that show what a test sets."""

    reading: Reading = QUIET
    fails: Exception | None = None

    def read(self, now: datetime) -> Reading:
        self.ready()
        return self.reading

    def ready(self) -> None:
        if self.fails:
            raise self.fails


@dataclass
class Service:
    """The tracking service with a browser before it and a database behind it."""

    browser: TestClient
    engine: Engine
    hits: Breakable
    gauges: Dials
    clock: FrozenClock
    signer: KeyedSigner
    log: io.StringIO
    deliveries: dict[str, int]

    def path(self, purpose: str, name: str = "both fr", number: int = 0) -> str:
        return self.signer.address(purpose, self.deliveries[name], number).removeprefix(BASE)

    def rows(self, table: str) -> list[dict[str, Any]]:
        with reading(self.engine) as connection:
            found = connection.execute(select(tables.METADATA.tables[table])).mappings()
            return [dict(row) for row in found]

    def noted(self, what: str) -> dict[str, Any]:
        """Wait for a request that is noted after its answer; return it once it is judged."""
        for _ in range(1000):
            judged = {row["hit"] for row in self.rows("judgement")}
            found = [row for row in self.rows("hit") if row["what"] == what and row["id"] in judged]
            if found:
                return found[0]
            sleep(0.01)
        raise AssertionError(f"nothing was noted that is {what}")

    def events(self) -> list[tuple[str, str]]:
        return [(row["kind"], row["detail"]) for row in self.rows("event")]

    def fields(self, path: str, reads: timedelta = timedelta(seconds=20)) -> dict[str, str]:
        """Open a page some time ago; return what its form sends now when it is confirmed."""
        now = self.clock.now()
        self.clock.set(now - reads)
        page = self.browser.get(path).text
        self.clock.set(now)
        return {**form_of(page), **({"response": "acknowledge"} if 'name="response"' in page else {})}

    def press(
        self, name: str = "both fr", headers: Mapping[str, str] | None = None, **changes: str
    ) -> Response:
        """Fill in the form of a page and press its button."""
        path = self.path("acknowledge", name)
        data = {key: value for key, value in {**self.fields(path), **changes}.items() if value}
        return self.browser.post(path, data=data, headers=headers, follow_redirects=False)


@contextmanager
def system(service: Service, token: str, routes: Sequence[Route]) -> Iterator[TestClient]:
    """Another system of the organisation, which has the token and finds these routes in the same service."""
    record = Record(
        hits=service.hits,
        publications=publications(service.engine),
        clock=service.clock,
        signer=service.signer,
    )
    app = create_app(
        record,
        service.clock,
        pages=Pages(TEMPLATES),
        gauges=service.gauges,
        log=json_lines(service.log),
        api=routes,
    )
    with TestClient(app, headers={"Authorization": f"Bearer {token}"}, raise_server_exceptions=False) as one:
        yield one


def fill(engine: Engine) -> dict[str, int]:
    """Put one sent delivery of each key point and language into a new database; return their numbers."""
    upgrade(engine)
    SqlDirectory(engine).save(list(EMPLOYEES.values()))
    publications(engine).publish(CAMPAIGN, wordings(Templates(TEMPLATES)), NOW)
    ledger, signer = SqlLedger(engine), KeyedSigner("s" * 32, BASE, "universite.example")
    points = [point.id for _, point in CAMPAIGN.key_points]
    plans = SqlPlans(engine)
    plans.lay_out(NOW)
    held = plans.claim(NOW, "planner")
    assert held is not None
    plans.record(
        held,
        new=[
            Touchpoint(
                campaign="social-media",
                key_point=point,
                touch=0,
                employee=employee.id,
                channel="email",
                step=0,
                publication=1,
                variant="advice",
                language=language,
                wanted_on=date(2027, 1, 12),
                due_on=date(2027, 1, 12),
                due_at=NOW - timedelta(hours=1),
                not_after=NOW + timedelta(hours=5),
                message_id=signer.message_id("social-media", point, 0, employee.id),
            )
            for point in points
            for language, employee in EMPLOYEES.items()
        ],
        changes=[],
        standings={},
        now=NOW,
        due_at=NOW + timedelta(days=1),
    )
    claimed = ledger.claim(NOW, token="t", limit=99)
    ledger.turn(NOW, "t", ended=(), wanted=[(one.id, one.attempt) for one in claimed], lease=LEASE)
    ended = [
        Outcome(delivery=one.id, attempt=one.attempt, state=State.SENT, at=NOW - timedelta(hours=1))
        for one in claimed
    ]
    ledger.turn(NOW, "t", ended=ended, wanted=(), lease=LEASE)
    return {f"{delivery.key_point} {delivery.language}": delivery.id for delivery in claimed}


def form_of(page: str) -> dict[str, str]:
    """Return what the form of a page sends when nothing is chosen in it."""
    return dict(re.findall(r'name="(form|confirm)" value="([^"]+)"', unescape(page)))


def shown(page: Response) -> str:
    """Return what a page says, without markup, with plain spaces."""
    body = page.text.partition("</head>")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())
