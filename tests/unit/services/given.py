"""What the services' tests start from: an office in memory, with SQL beneath and fakes around."""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from diffuse.adapters import baked_json, definitions
from diffuse.adapters.signer import KeyedSigner
from diffuse.adapters.sql.control import SqlControl
from diffuse.adapters.sql.directory import SqlDirectory
from diffuse.adapters.sql.engine import connect
from diffuse.adapters.sql.hits import SqlHits
from diffuse.adapters.sql.house import SqlHouse
from diffuse.adapters.sql.ledger import SqlLedger
from diffuse.adapters.sql.migrate import upgrade
from diffuse.adapters.sql.plans import SqlPlans
from diffuse.adapters.sql.postings import SqlPostings
from diffuse.adapters.sql.publications import SqlPublications
from diffuse.adapters.sql.pulse import SqlPulse
from diffuse.adapters.sql.relief import SqlRelief
from diffuse.adapters.sql.remarks import SqlRemarks
from diffuse.adapters.sql.results import SqlResults
from diffuse.adapters.sql.revisions import SqlVersions
from diffuse.adapters.sql.theirs import SqlTheirs
from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import LEASE, Claimed
from diffuse.domain.events import Event, Kind
from diffuse.domain.language import ByLanguage
from diffuse.domain.message import ACKNOWLEDGE_URL, Announcement, Baked, Excerpt, Slot, Wording, link_slot
from diffuse.domain.people import Employee
from diffuse.domain.policy import KeyPoint, Policy, PolicyChange, Text, Variant
from diffuse.ports import Directory, Journals, Published, Result, Seen
from diffuse.services.announce import Announce
from diffuse.services.beat import Beat, Round
from diffuse.services.deliver import Deliver
from diffuse.services.export import Export
from diffuse.services.forward import Forward
from diffuse.services.guard import Guard
from diffuse.services.owed import Owed
from diffuse.services.plan import Plan
from diffuse.services.receipts import ReceiptBook
from diffuse.services.record import Record
from diffuse.services.revise import Revise
from diffuse.services.succeed import Succeed
from diffuse.testing import (
    FixedCalendar,
    FrozenClock,
    MemoryChannel,
    MemoryJournals,
    MemoryLetters,
    MemoryPlatform,
    MemoryQueue,
)

MONDAY = date(2027, 1, 4)
EARLY = datetime(2027, 1, 4, 13, 0, tzinfo=UTC)
"""Monday, eight o'clock in Quebec: an hour before the window opens."""

LATE = EARLY + timedelta(hours=8, minutes=30)
"""Half past four: every message of the day is due, and the window is still open."""

DAY = timedelta(days=1)


def person(name: str, /, **changes: Any) -> Employee:  # noqa: ANN401 -- any field
    plain = Employee(id=name, name=f"{name.title()} Roy", email=f"{name}@universite.example")
    return replace(plain, **changes)


def key_point(name: str, **changes: Any) -> KeyPoint:  # noqa: ANN401 -- any field
    variants = tuple(
        Variant(
            register=register,
            texts=ByLanguage(
                fr=Text(subject="Un rappel", body=f"{name}, {register}."),
                en=Text(subject="A reminder", body=f"{name}, {register}."),
            ),
        )
        for register in ("legal", "advice")
    )
    return replace(KeyPoint(id=name, says=ByLanguage("À retenir."), variants=variants), **changes)


def campaign(
    *points: str | KeyPoint,
    version: str = "1",
    change: PolicyChange | None = None,
    **changes: Any,  # noqa: ANN401
) -> Campaign:
    policy = Policy(
        id="conduct",
        title=ByLanguage(fr="Conduite", en="Conduct"),
        version=version,
        key_points=tuple(
            key_point(point) if isinstance(point, str) else point for point in points or ("pause",)
        ),
        change=change,
    )
    plain: dict[str, Any] = {
        "id": "social-media",
        "title": ByLanguage(fr="Médias sociaux", en="Social media"),
        "owner": "Ana Roy <ana.roy@universite.example>",
        "starts": MONDAY,
        "policies": (policy,),
        "languages": ("fr", "en"),
    }
    return Campaign(**(plain | changes))


def wordings(one: Campaign) -> dict[Wording, Baked]:
    """Bake every wording in the plainest way, with one link."""
    return {
        Wording(point.id, variant.register, language): Baked(
            language=language,
            subject=(variant.texts[language].subject,),
            html=(variant.texts[language].body, Slot(link_slot(0))),
            text=(variant.texts[language].body, Slot(link_slot(0))),
            links=("https://universite.example/regle",),
            excerpt=Excerpt(
                subject=variant.texts[language].subject, body=variant.texts[language].body, action=""
            ),
            announcement=Announcement(
                title=variant.texts[language].subject,
                html=(variant.texts[language].body, Slot(ACKNOWLEDGE_URL)),
                text=(variant.texts[language].body, Slot(ACKNOWLEDGE_URL)),
            ),
        )
        for _, point in one.key_points
        for variant in point.variants
        for language in one.languages
    }


class MemoryOfADatabase:
    """Remembers a database as long as it lives itself."""

    def __init__(self) -> None:
        self.seen: Seen | None = None

    def read(self) -> Seen | None:
        return self.seen

    def keep(self, seen: Seen) -> None:
        self.seen = seen


@cache
def _prepared() -> bytes:
    """Return an empty database whose tables are those of this version: the way there takes a while."""
    engine = connect("sqlite://")
    upgrade(engine)
    with closing(engine.raw_connection()) as raw:
        prepared: bytes = raw.driver_connection.serialize()  # type: ignore[union-attr]  # it is SQLite's
    engine.dispose()
    return prepared


class Office:
    """Everything that a round needs, on one database in memory."""

    def __init__(
        self,
        *people: Employee,
        at: datetime = EARLY,
        holidays: Sequence[date] = (),
        smallest_group: int = 1,
    ) -> None:
        self.engine = connect("sqlite://")
        with closing(self.engine.raw_connection()) as raw:
            raw.driver_connection.deserialize(_prepared())  # type: ignore[union-attr]  # it is SQLite's
        self.clock = FrozenClock(at)
        self.channel = MemoryChannel(self.clock)
        self.directory = SqlDirectory(self.engine)
        codec = (definitions.dump, definitions.load)
        self.publications = SqlPublications(
            self.engine, campaigns=codec, wordings=(baked_json.dump, baked_json.load)
        )
        self.ledger = SqlLedger(self.engine)
        self.hits = SqlHits(self.engine)
        self.signer = KeyedSigner(
            secret="0123456789abcdef0123456789abcdef",
            base_url="https://diffuse.universite.example",
            mail_domain="universite.example",
        )
        self.house = SqlHouse(self.engine, rules=(definitions.dump, definitions.load_attention))
        self.plans = SqlPlans(self.engine)
        self.relief = SqlRelief(self.engine)
        self.succeed = Succeed(
            clock=self.clock,
            directory=self.directory,
            publications=self.publications,
            relief=self.relief,
            plans=self.plans,
        )
        self.control = SqlControl(self.engine)
        self.memory = MemoryOfADatabase()
        self.calendar = FixedCalendar(*holidays)
        self.postings = SqlPostings(self.engine)
        self.platforms = {name: MemoryPlatform(name) for name in ("wordpress", "mediawiki", "teams")}
        self.owed = Owed(
            clock=self.clock,
            directory=self.directory,
            relief=self.relief,
            publications=self.publications,
            control=self.control,
            postings=self.postings,
            theirs=SqlTheirs(self.engine),
            signer=self.signer,
        )
        self.announce = self.announcer("w1")
        self.plan = self.planner("p1")
        self.deliver = self.worker("w1")
        self.letters = MemoryLetters()
        self.record = Record(
            hits=self.hits, publications=self.publications, clock=self.clock, signer=self.signer
        )
        self.beat = Beat(
            guard=self.guard(),
            clock=self.clock,
            ledger=self.ledger,
            publications=self.publications,
            control=self.control,
            plan=self.plan,
            deliver=self.deliver,
            record=self.record,
            announce=self.announce,
            forward=Forward(
                clock=self.clock,
                remarks=SqlRemarks(self.engine),
                publications=self.publications,
                letters=self.letters,
                domain="universite.example",
            ),
        )
        self.results = SqlResults(self.engine, publications=self.publications.get)
        self.smallest_group = smallest_group
        self.receipts = ReceiptBook(
            publications=self.publications, relief=self.relief, pseudonym=self.signer.pseudonym
        )
        self.export = self.exporting(self.directory)
        self.revise = Revise(
            publications=self.publications, versions=SqlVersions(self.engine), clock=self.clock
        )
        if people:
            self.directory.save(people)

    def exporting(self, directory: Directory) -> Export:
        return Export(
            results=self.results,
            directory=directory,
            publications=self.publications,
            postings=self.postings,
            relief=self.relief,
            receipts=self.receipts,
            clock=self.clock,
            smallest_group=self.smallest_group,
        )

    def planner(self, name: str) -> Plan:
        return Plan(
            clock=self.clock,
            directory=self.directory,
            publications=self.publications,
            plans=self.plans,
            control=self.control,
            house=self.house,
            succeed=self.succeed,
            postings=self.postings,
            calendar=self.calendar,
            signer=self.signer,
            queue=MemoryQueue(),
            planner=name,
        )

    def announcer(self, name: str) -> Announce:
        return Announce(
            clock=self.clock,
            publications=self.publications,
            control=self.control,
            house=self.house,
            calendar=self.calendar,
            postings=self.postings,
            platforms=self.platforms,
            owed=self.owed,
            signer=self.signer,
            worker=name,
        )

    def guard(self, stopwatch: Callable[[], float] | None = None) -> Guard:
        return Guard(
            clock=self.clock,
            stopwatch=stopwatch or (lambda: self.clock.now().timestamp()),
            control=self.control,
            pulse=SqlPulse(self.engine),
            memory=self.memory,
        )

    def worker(
        self,
        name: str,
        stop: threading.Event | None = None,
        seconds: Callable[[], float] | None = None,
        journals: Journals | None = None,
    ) -> Deliver:
        return Deliver(
            guard=self.guard(seconds),
            clock=self.clock,
            publications=self.publications,
            ledger=self.ledger,
            channel=self.channel,
            journals=journals or MemoryJournals(),
            signer=self.signer,
            worker=name,
            stop=stop,
        )

    def fence(self, claimed: Claimed) -> bool:
        wanted = [(claimed.id, claimed.attempt)]
        turned = self.ledger.turn(self.clock.now(), claimed.token, ended=(), wanted=wanted, lease=LEASE)
        return claimed.id in turned.allowed

    def launch(self, one: Campaign) -> Published:
        return self.publications.publish(one, wordings(one), self.clock.now(), self.revise.revisions(one))

    def rows(self) -> list[Result]:
        return list(self.results.results())

    def row(self) -> Result:
        (row,) = self.rows()
        return row

    def day(self) -> Round:
        """Plan in the morning, deliver in the afternoon, and wait for the next morning."""
        self.beat.run()
        self.clock.advance(LATE - EARLY)
        done = self.beat.run()
        self.clock.advance(DAY - (LATE - EARLY))
        return done

    def acknowledge(self, row: Result) -> None:
        """Let a message be reached, as far as the schedule can tell."""
        event = Event(delivery=row.delivery, kind=Kind.OPENED, at=self.clock.now())
        self.hits.record(event, self.clock.now().astimezone(person("x").zone).date())
