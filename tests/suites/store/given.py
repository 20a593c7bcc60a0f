"""What the store's tests start from: two people, one campaign, and a touchpoint to vary."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any, TypeVar

from sqlalchemy import Engine, RowMapping, select

from diffuse.adapters import baked_json
from diffuse.adapters.sql.chunks import mark
from diffuse.adapters.sql.directory import SqlDirectory
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.hits import SqlHits
from diffuse.adapters.sql.ledger import SqlLedger
from diffuse.adapters.sql.plans import SqlPlans
from diffuse.adapters.sql.publications import SqlPublications
from diffuse.adapters.sql.relief import SqlRelief
from diffuse.adapters.sql.results import SqlResults
from diffuse.adapters.sql.tables import attempt, delivery, event
from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import LEASE, Change, Claimed, Outcome, State, Touchpoint
from diffuse.domain.language import ByLanguage
from diffuse.domain.people import Employee
from diffuse.domain.policy import KeyPoint, Policy, Text, Variant
from diffuse.ports import Chunk, Directory, Hits, Kept, Ledger, Plans, Publications, Recorded, Relief, Results

T = TypeVar("T")

TODAY = date(2026, 9, 14)
NOW = datetime(2026, 9, 14, 14, 30, 0, 123456, tzinfo=UTC)
CLOSES = NOW + timedelta(hours=6)
MINUTE = timedelta(minutes=1)


def person(name: str, /, **changes: Any) -> Employee:  # noqa: ANN401 -- any field
    plain = Employee(id=name, name=f"{name.title()} Tremblay", email=f"{name}@universite.example")
    return replace(plain, **changes)


def key_point(name: str) -> KeyPoint:
    wording = Variant(register="advice", texts=ByLanguage(fr=Text(subject="Un rappel", body="À retenir.")))
    return KeyPoint(id=name, says=ByLanguage(fr="À retenir."), variants=(wording,))


def campaign(name: str = "social-media", title: str = "Médias sociaux") -> Campaign:
    policies = tuple(
        Policy(
            id=policy, title=ByLanguage(fr=policy), version="2026.1", key_points=tuple(map(key_point, points))
        )
        for policy, points in (("conduct", ("disclose", "pause")), ("records", ("archive",)))
    )
    owner = "Ana Roy <ana.roy@universite.example>"
    return Campaign(id=name, title=ByLanguage(fr=title), owner=owner, starts=TODAY, policies=policies)


def touchpoint(**changes: Any) -> Touchpoint:  # noqa: ANN401 -- any field
    plain = Touchpoint(
        campaign="social-media",
        key_point="disclose",
        touch=0,
        employee="ana",
        channel="email",
        step=0,
        publication=1,
        variant="advice",
        language="fr",
        due_on=TODAY,
        due_at=NOW,
        not_after=CLOSES,
        message_id="",
        wanted_on=TODAY,
    )
    one = replace(plain, **changes)
    key = f"{one.campaign}.{one.key_point}.{one.touch}.{one.employee}.{one.channel}"
    return replace(one, message_id=one.message_id or f"<{key}@universite.example>")


@dataclass
class Texts:
    """Stands in for the reader and writer of definitions: it remembers what it wrote."""

    kept: dict[str, Campaign] = field(default_factory=dict)
    loads: int = 0

    def dump(self, campaign: Campaign) -> str:
        text = f"{campaign.id}/{campaign.title['fr']}"
        self.kept[text] = campaign
        return text

    def load(self, text: str) -> Campaign:
        self.loads += 1
        return self.kept[text]


class Store:
    """All ports on one database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.texts = Texts()
        self.directory: Directory = SqlDirectory(engine)
        self.publications: Publications = self.new_publications()
        self.ledger: Ledger = SqlLedger(engine)
        self.plans: Plans = SqlPlans(engine)
        self.hits: Hits = SqlHits(engine)
        self.relief: Relief = SqlRelief(engine)
        self.results: Results = SqlResults(engine, publications=self.publications.get)

    def new_publications(self) -> Publications:
        texts = self.texts
        return SqlPublications(
            self.engine, campaigns=(texts.dump, texts.load), wordings=(baked_json.dump, baked_json.load)
        )

    def with_people(self, *names: str) -> None:
        self.directory.save([person(name) for name in names])
        self.publications.publish(campaign(), {}, NOW)

    def hold(self, token: str = "planner") -> Chunk:
        """Take the first chunk, as if something had changed."""
        self.plans.lay_out(NOW)
        with writing(self.engine) as connection:
            mark(connection)
        held = self.plans.claim(NOW, token)
        assert held is not None
        return held

    def record(
        self,
        *new: Touchpoint,
        changes: Sequence[Change] = (),
        standings: Mapping[str, Kept] | None = None,
        held: Chunk | None = None,
    ) -> Recorded:
        return self.plans.record(
            held or self.hold(),
            new=new,
            changes=changes,
            standings=standings or {},
            now=NOW,
            due_at=NOW + timedelta(days=1),
        )

    def plan(self, *touchpoints: Touchpoint) -> None:
        assert self.record(*touchpoints).added == len(touchpoints)

    def claim(self, now: datetime = NOW, token: str = "w1") -> Claimed:
        (claimed,) = self.ledger.claim(now, token=token, limit=1)
        return claimed

    def sending(self, now: datetime = NOW) -> Claimed:
        claimed = self.claim(now)
        assert self.fence(claimed, now)
        return claimed

    def fence(self, claimed: Claimed, now: datetime = NOW) -> bool:
        turned = self.ledger.turn(
            now, claimed.token, ended=(), wanted=[(claimed.id, claimed.attempt)], lease=LEASE
        )
        return claimed.id in turned.allowed

    def finish(self, claimed: Claimed, state: State, **more: Any) -> bool:  # noqa: ANN401 -- any field
        at = more.pop("at", NOW)
        ending = Outcome(delivery=claimed.id, attempt=claimed.attempt, state=state, at=at, **more)
        turned = self.ledger.turn(NOW, claimed.token, ended=[ending], wanted=(), lease=LEASE)
        return bool(turned.recorded)

    def sent(self, now: datetime = NOW) -> Claimed:
        claimed = self.sending(now)
        assert self.finish(claimed, State.SENT, at=now)
        return claimed

    def row(self, number: int) -> RowMapping:
        with reading(self.engine) as connection:
            return connection.execute(select(delivery).where(delivery.c.id == number)).mappings().one()

    def attempts(self) -> list[tuple[int, str, str]]:
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(attempt.c.attempt, attempt.c.state, attempt.c.reply).order_by("id")
            )
            return [(row.attempt, row.state, row.reply) for row in rows]

    def events(self) -> list[tuple[str, str]]:
        with reading(self.engine) as connection:
            rows = connection.execute(select(event.c.kind, event.c.detail).order_by(event.c.id))
            return [(row.kind, row.detail) for row in rows]


def together(number: int, work: Callable[[int], T]) -> list[T]:
    """Run the same work in so many threads, let go at the same instant."""
    start = Barrier(number)

    def one(place: int) -> T:
        start.wait()
        return work(place)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))
