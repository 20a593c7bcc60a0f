"""Evidence is added with what it proves, in one chain that nothing changes."""

from collections.abc import Sequence
from itertools import pairwise
from multiprocessing import get_context
from typing import NamedTuple

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from diffuse.adapters import baked_json, definitions
from diffuse.adapters.sql.audit import SqlAudit
from diffuse.adapters.sql.engine import connect, writing
from diffuse.adapters.sql.evidence import SqlEvidence
from diffuse.adapters.sql.hits import SqlHits
from diffuse.adapters.sql.migrate import upgrade
from diffuse.adapters.sql.publications import SqlPublications
from diffuse.domain.events import Event, Kind
from diffuse.domain.evidence import (
    NOTHING,
    Acknowledgement,
    Evidence,
    Origin,
    canonical,
    content,
    faults,
    hash_of,
)
from diffuse.domain.message import Baked, Excerpt, Wording
from tests.suites.store.given import MINUTE, NOW, TODAY, Store, campaign, person, together, touchpoint

NAMES = tuple(f"e{number}" for number in range(8))


def hidden(employee: str) -> str:
    return hash_of(f"secret {employee}")[:32]


class Office(NamedTuple):
    """A store with eight messages that were sent, its chain, and what checks it."""

    store: Store
    chain: SqlEvidence
    hits: SqlHits
    audit: SqlAudit

    @property
    def records(self) -> Sequence[Evidence]:
        return list(self.chain.records())

    @property
    def findings(self) -> list[str]:
        return list(self.audit.findings())

    def forge(self, *statements: str) -> None:
        """Change what the triggers keep, as someone who owns the database can."""
        with writing(self.store.engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL session_replication_role = replica"))
            else:
                for name in (
                    "evidence_update",
                    "evidence_delete",
                    "evidence_text_update",
                    "evidence_text_delete",
                ):
                    connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
            for statement in statements:
                connection.execute(text(statement))


@pytest.fixture
def office(store: Store) -> Office:
    store.with_people(*NAMES)
    words = Excerpt(subject="Un rappel", body="<p>À retenir.</p>", action="")
    baked = Baked(language="fr", subject=("Un rappel",), html=("<p>",), text=("À",), links=(), excerpt=words)
    number = store.publications.publish(campaign(), {Wording("disclose", "advice", "fr"): baked}, NOW).id
    store.plan(*(touchpoint(employee=name, publication=number) for name in NAMES))
    chain = SqlEvidence(
        store.engine, publications=store.publications.get, policies=definitions.dump, pseudonym=hidden
    )
    return Office(store, chain, SqlHits(store.engine, chain), SqlAudit(store.engine, pseudonym=hidden))


def confirmed(delivery: int = 1, minute: int = 0) -> Acknowledgement:
    return Acknowledgement(
        delivery=delivery,
        policy="conduct",
        version="2026.1",
        language="fr",
        statement="J’ai lu et compris\u00a0: «\u00a0À retenir\u00a0».",
        at=NOW + minute * MINUTE,
    )


def answered(delivery: int = 1) -> Event:
    return Event(delivery=delivery, kind=Kind.ANSWERED, at=NOW, detail="1:right")


def test_an_acknowledgement_says_what_was_confirmed_and_by_which_pseudonym(office: Office) -> None:
    assert office.hits.acknowledge(confirmed(), TODAY)
    (record,) = office.records
    given = record.proof
    assert (record.sequence, record.previous) == (1, NOTHING)
    assert (given.answer, given.identified_by, given.channel) == ("acknowledge", "link", "email")
    assert (given.policy, given.version, given.key_point) == ("conduct", "2026.1", "disclose")
    assert (given.language, given.statement, given.at) == ("fr", confirmed().statement, NOW)
    texts = dict(office.chain.texts())
    assert '"id":"conduct"' in texts[given.policy_sha256]
    assert "Un rappel" in texts[given.message_sha256]
    assert given.person == hidden(str(office.store.row(1)["employee"]))
    assert office.findings == []


def test_an_acknowledgement_given_twice_is_one_record(office: Office) -> None:
    office.hits.acknowledge(confirmed(), TODAY)
    assert not office.hits.acknowledge(confirmed(minute=3), TODAY)
    assert len(office.records) == 1


def test_an_answer_is_a_record_of_its_own(office: Office) -> None:
    office.hits.record(answered(), TODAY)
    office.hits.record(Event(delivery=1, kind=Kind.OPENED, at=NOW), TODAY)
    assert [(one.proof.answer, one.proof.detail) for one in office.records] == [("quiz", "1:right")]
    assert office.findings == []


def test_acknowledgements_in_the_same_instant_are_as_many_records_in_one_chain(office: Office) -> None:
    together(8, lambda place: office.hits.acknowledge(confirmed(place + 1), TODAY))
    records = office.records
    assert [one.sequence for one in records] == list(range(1, 9))
    assert sorted(one.proof.delivery for one in records) == list(range(1, 9))
    assert all(after.previous == before.sha256 for before, after in pairwise(records))
    assert office.findings == []


def test_the_hash_is_that_of_the_canonical_content(office: Office) -> None:
    office.hits.acknowledge(confirmed(), TODAY)
    (record,) = office.records
    inner = hash_of(canonical(content(1, record.nonce, record.proof)))
    outer = hash_of(f'{{"content":"{inner}","previous":"{NOTHING}","sequence":1}}')
    assert record.sha256 == outer
    assert faults(record, 1, NOTHING) == []


@pytest.mark.parametrize("statement", ["UPDATE evidence SET version = '1'", "DELETE FROM evidence"])
def test_the_database_refuses_to_change_evidence(office: Office, statement: str) -> None:
    office.hits.acknowledge(confirmed(), TODAY)
    for refused in (
        statement,
        statement.replace("evidence SET version", "evidence_text SET text").replace(
            "FROM evidence", "FROM evidence_text"
        ),
    ):
        with pytest.raises(DBAPIError, match="never changed"), office.store.engine.begin() as connection:
            connection.execute(text(refused))
    assert office.findings == []


@pytest.mark.parametrize(
    ("forged", "named"),
    [
        ("UPDATE evidence SET statement = statement || '.' WHERE sequence = 2", "record 2: content_sha256"),
        ("UPDATE evidence SET person = '00' WHERE sequence = 2", "record 2: person"),
        ("UPDATE evidence SET at = at + 1 WHERE sequence = 3", "record 3: at"),
        ("UPDATE evidence SET sha256 = previous WHERE sequence = 2", "record 2: sha256"),
        ("DELETE FROM evidence WHERE sequence = 2", "record 3: sequence: expected 2, found 3"),
        ("DELETE FROM evidence WHERE sequence = 4", "the end of the chain: expected record 4"),
        ("UPDATE acknowledgement SET version = '1' WHERE delivery = 3", "record 3: version"),
        ("DELETE FROM acknowledgement WHERE delivery = 2", "record 2: delivery 2: expected its acknow"),
        ("DELETE FROM event WHERE kind = 'answered'", "record 4: the answer '1:right'"),
        ("UPDATE evidence_text SET text = text || ' '", "text "),
        ("DELETE FROM evidence_text", "record 1: policy_sha256: expected the text"),
        ("UPDATE publication SET definition = 'social-media/Médias sociaux ' WHERE id = 2", "publication 2"),
    ],
)
def test_whatever_is_changed_is_named(office: Office, forged: str, named: str) -> None:
    for number in (1, 2, 3):
        office.hits.acknowledge(confirmed(number, number), TODAY)
    office.hits.record(answered(), TODAY)
    assert office.findings == []
    office.forge(forged)
    assert any(finding.startswith(named) for finding in office.findings), office.findings


def test_what_was_given_before_there_was_a_chain_is_adopted_once_and_marked(office: Office) -> None:
    older = SqlHits(office.store.engine)
    older.record(answered(2), TODAY)
    older.acknowledge(confirmed(2, 1), TODAY)
    assert len(office.findings) == 2
    assert (office.chain.adopt(), office.chain.adopt()) == (2, 0)
    assert [one.proof.answer for one in office.records] == ["quiz", "acknowledge"]
    assert {one.proof.origin for one in office.records} == {Origin.ADOPTED}
    older.acknowledge(confirmed(5), TODAY)
    assert office.chain.adopt() == 0
    assert office.findings == ["delivery 5: expected a record of its acknowledgement, found none"]


def acknowledging(url: str, deliveries: Sequence[int]) -> None:
    """Acknowledge some deliveries, in a process of its own."""
    engine = connect(url)
    publications = SqlPublications(
        engine, campaigns=(definitions.dump, definitions.load), wordings=(baked_json.dump, baked_json.load)
    )
    chain = SqlEvidence(engine, publications=publications.get, policies=definitions.dump, pseudonym=hidden)
    hits = SqlHits(engine, chain)
    for number in deliveries:
        hits.acknowledge(confirmed(number), TODAY)
        hits.acknowledge(confirmed(number), TODAY)
    engine.dispose()


@pytest.mark.parametrize(
    "url", ["file", pytest.param("postgresql", marks=pytest.mark.servers)], indirect=True
)
def test_processes_that_acknowledge_at_once_make_one_chain(url: str) -> None:
    engine = connect(url)
    upgrade(engine)
    store = Store(engine)
    store.publications = SqlPublications(
        engine, campaigns=(definitions.dump, definitions.load), wordings=(baked_json.dump, baked_json.load)
    )
    names = [f"p{number}" for number in range(40)]
    store.directory.save([person(name) for name in names])
    words = Excerpt(subject="Un rappel", body="<p>À retenir.</p>", action="")
    baked = Baked(language="fr", subject=("Un rappel",), html=("<p>",), text=("À",), links=(), excerpt=words)
    number = store.publications.publish(campaign(), {Wording("disclose", "advice", "fr"): baked}, NOW).id
    store.plan(*(touchpoint(employee=name, publication=number) for name in names))
    processes = [
        get_context("spawn").Process(target=acknowledging, args=(url, range(first, 41)))
        for first in (1, 11, 21, 31)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * 4
    chain = SqlEvidence(
        engine, publications=store.publications.get, policies=definitions.dump, pseudonym=hidden
    )
    records = list(chain.records())
    assert [one.sequence for one in records] == list(range(1, 41))
    assert sorted(one.proof.delivery for one in records) == list(range(1, 41))
    assert list(SqlAudit(engine, pseudonym=hidden).findings()) == []
    engine.dispose()
