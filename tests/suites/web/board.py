"""The service with posts on the intranet, and whoever asks for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_network

from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.testclient import TestClient

from diffuse.adapters import definitions
from diffuse.adapters.feeds import atom
from diffuse.adapters.signer import KeyedSigner
from diffuse.adapters.sql.choices import SqlChoices
from diffuse.adapters.sql.control import SqlControl
from diffuse.adapters.sql.directory import SqlDirectory
from diffuse.adapters.sql.entries import SqlEntries
from diffuse.adapters.sql.hits import SqlHits
from diffuse.adapters.sql.house import SqlHouse
from diffuse.adapters.sql.postings import SqlPostings
from diffuse.adapters.sql.relief import SqlRelief
from diffuse.adapters.sql.theirs import SqlTheirs
from diffuse.adapters.templates import Templates
from diffuse.domain.language import ByLanguage
from diffuse.domain.message import Wording
from diffuse.domain.people import EVERYONE, Audience
from diffuse.domain.post import Posted, Withdrawn
from diffuse.domain.posted import changed, published, withdrawn
from diffuse.domain.posting import Posting, What
from diffuse.ports import Clock, IdentityProvider
from diffuse.services.feeds import Feeds
from diffuse.services.identify import Identify
from diffuse.services.meet import Meet
from diffuse.services.owed import Owed
from diffuse.services.record import Record
from diffuse.testing import MemoryLetters
from diffuse.web.app import create_app
from diffuse.web.intranet import Intranet
from diffuse.web.limits import Limits
from diffuse.web.log import Log, silent
from diffuse.web.pages import Pages
from diffuse.web.pending_api import PendingApi
from tests.suites.web.given import (
    CAMPAIGN,
    HOSTILE,
    HOSTILE_TEXTS,
    NOW,
    TEMPLATES,
    Dials,
    Service,
    key_point,
    publications,
)

HEADER = "X-Remote-User"
SITE = "https://intranet.universite.example"
PROXY = ("10.1.2.3", 4711)
STRANGER = ("203.0.113.7", 4711)
TOKEN = "t" * 32
AUTHORITY = "universite.example"
CAME = datetime(2027, 1, 11, 14, 0, tzinfo=UTC)

RULES = replace(
    CAMPAIGN,
    id="rules",
    title=ByLanguage(fr="Règles", en="Rules"),
    channels=("feed", "feed/cadres", "wordpress"),
    audiences=(EVERYONE, Audience(id="cadres", roles=("cadre",))),
    policies=(
        replace(
            CAMPAIGN.policies[0],
            id="rules",
            title=ByLanguage(fr="Règlement", en="Rules"),
            key_points=(
                key_point("post"),
                key_point("said", acknowledge=False),
                key_point("wild", says=ByLanguage(HOSTILE), texts=HOSTILE_TEXTS),
            ),
        ),
    ),
)


@dataclass
class Board:
    """Posts of the campaign ``RULES``, and what is served of them."""

    engine: Engine
    clock: Clock
    signer: KeyedSigner
    letters: MemoryLetters = field(default_factory=MemoryLetters)

    def __post_init__(self) -> None:
        """Launch the campaign."""
        self.publications, self.postings = publications(self.engine), SqlPostings(self.engine)
        self.publication = self.publish()

    def publish(self, at: datetime = NOW) -> int:
        """Publish what the campaign says."""
        policy, templates = RULES.policies[0], Templates(TEMPLATES)
        wordings = {
            Wording(point.id, "advice", language): templates.bake(RULES, policy, point, "advice", language)
            for point in policy.key_points
            for language in RULES.languages
        }
        return self.publications.publish(RULES, wordings, at).id

    def post(
        self,
        point: str,
        *,
        language: str = "fr",
        channel: str = "feed",
        audience: str = "everyone",
        at: datetime = CAME,
    ) -> int:
        """Let a post stand since an instant; return its number."""
        other = "" if audience == EVERYONE.id else f"-{audience}"
        key = f"rules-{point}-{language}-{channel.replace('/', '-')}{other}"
        self.postings.add(
            [
                Posting(
                    key=key,
                    campaign="rules",
                    key_point=point,
                    audience=audience,
                    language=language,
                    channel=channel,
                    publication=self.publication,
                    variant="advice",
                    wanted_on=date(2027, 1, 11),
                    due_at=at,
                    not_after=at + timedelta(hours=8),
                )
            ]
        )
        row = next(one for one in self.postings.all() if one.key == key)
        self.postings.take(row, What.POST, "w", at, at + timedelta(minutes=5))
        self.postings.end(row.id, "w", published(Posted(key, ""), at), at)
        return row.id

    def change(self, number: int, at: datetime) -> None:
        """Change a post in place."""
        ended = changed(Posted("", ""), at, is_material=True, is_there=True)
        self._take(number, What.UPDATE, at)
        self.postings.end(number, "w", ended, at)

    def withdraw(self, number: int, at: datetime) -> None:
        """Take a post away."""
        self._take(number, What.WITHDRAW, at)
        self.postings.end(number, "w", withdrawn(Withdrawn(), at, is_chat=False), at)

    def _take(self, number: int, what: What, at: datetime) -> None:
        row = self.postings.get(number)
        assert row is not None
        assert self.postings.take(row, what, "w", at, at + timedelta(minutes=5))

    @property
    def feeds(self) -> Feeds:
        """The feeds of what stands."""
        return Feeds(
            publications=self.publications,
            postings=self.postings,
            signer=self.signer,
            write=atom,
            author="Service des communications",
            authority=AUTHORITY,
        )

    def app(
        self,
        base: str,
        *,
        log: Log = silent,
        origins: tuple[str, ...] = (SITE,),
        limits: Limits | None = None,
        provider: IdentityProvider | None = None,
        links: bool = True,
    ) -> Starlette:
        """Put the service together, with all that stands behind posts."""
        directory, pages = SqlDirectory(self.engine), Pages(TEMPLATES)
        hits = SqlHits(self.engine)
        owed = Owed(
            clock=self.clock,
            directory=directory,
            relief=SqlRelief(self.engine),
            publications=self.publications,
            control=SqlControl(self.engine),
            postings=self.postings,
            theirs=SqlTheirs(self.engine),
            signer=self.signer,
        )
        record = Record(hits=hits, publications=self.publications, clock=self.clock, signer=self.signer)
        identify = Identify(
            clock=self.clock,
            directory=directory,
            entries=SqlEntries(self.engine),
            letters=self.letters,
            base_url=base,
            sender="communications@universite.example",
        )
        meet = Meet(
            clock=self.clock,
            directory=directory,
            choices=SqlChoices(self.engine),
            house=SqlHouse(self.engine, rules=(definitions.dump, definitions.load_attention)),
            publications=self.publications,
            postings=self.postings,
            hits=hits,
            record=record,
            owed=owed,
            signer=self.signer,
        )
        intranet = Intranet(
            meet=meet,
            owed=owed,
            identify=identify,
            signer=self.signer,
            clock=self.clock,
            provider=provider,
            identity_header=HEADER,
            magic_links=links,
            feeds=self.feeds,
            widget_origins=origins,
        )
        return create_app(
            record,
            self.clock,
            pages=pages,
            gauges=Dials(),
            log=log,
            limits=limits,
            base_url=base,
            api=PendingApi(identify, owed, pages, TOKEN).routes,
            trusted_proxies=(ip_network("10.0.0.0/8"),),
            intranet=intranet,
        )


@contextmanager
def opened(
    board: Board, base: str, *, client: tuple[str, int] = PROXY, **more: object
) -> Iterator[TestClient]:
    """Open the service to a browser, which comes through a proxy of ours unless another address is given."""
    app = board.app(base, **more)  # type: ignore[arg-type]
    with TestClient(app, base, client=client, raise_server_exceptions=False) as browser:
        yield browser


def board_of(service: Service) -> Board:
    """Return the board of a service."""
    return Board(service.engine, service.clock, service.signer)
