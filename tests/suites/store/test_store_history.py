"""Acknowledgements from before there was a chain of evidence are chained when their database is opened."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, MetaData, insert

from diffuse.adapters import baked_json, definitions
from diffuse.adapters.pack.verify import check
from diffuse.adapters.pack.zipped import EvidenceZip
from diffuse.adapters.sql.audit import SqlAudit
from diffuse.adapters.sql.engine import writing
from diffuse.adapters.sql.evidence import SqlEvidence
from diffuse.adapters.sql.migrate import upgrade
from diffuse.adapters.sql.publications import SqlPublications
from diffuse.adapters.sql.types import micros
from diffuse.domain.evidence import Origin, hash_of
from diffuse.domain.message import Baked, Excerpt
from tests.suites.store.given import NOW, TODAY, campaign
from tests.suites.store.test_store_evidence import hidden

PEOPLE = ("ana", "bob")
AT = micros(NOW)


@pytest.fixture
def old(empty: Engine) -> Engine:
    """A database as revision 0003 left it: two people acknowledged, and one answered a question."""
    upgrade(empty, "0003")
    old = MetaData()
    with writing(empty) as connection:
        old.reflect(connection)
        words = Excerpt(subject="Un rappel", body="<p>À retenir.</p>", action="")
        baked = Baked(
            language="fr", subject=("Un rappel",), html=("<p>",), text=("À",), links=(), excerpt=words
        )
        publication = {
            "id": 1,
            "campaign": campaign().id,
            "digest": hash_of(f"{definitions.dump(campaign())}\n{baked_json.dump(baked)}"),
            "definition": definitions.dump(campaign()),
            "published_at": AT,
        }
        wording = {
            "publication": 1,
            "key_point": "disclose",
            "variant": "advice",
            "language": "fr",
            "baked": baked_json.dump(baked),
        }
        _add(connection, old, "publication", publication)
        _add(connection, old, "wording", wording)
        for number, name in enumerate(PEOPLE, start=1):
            _add(connection, old, "employee", {"id": name, "name": name, "email": f"{name}@x.example"})
            told = {"employee": name, "campaign": campaign().id, "key_point": "disclose", "language": "fr"}
            sent = {"state": "sent", "sent_at": AT, "variant": "advice", "channel": "email"}
            _add(connection, old, "delivery", {"id": number, "publication": 1, **told, **sent})
            given = {"policy": "conduct", "version": "2026.1", "language": "fr", "statement": "J’ai compris."}
            _add(connection, old, "acknowledgement", {"delivery": number, "at": AT + number, **given})
        _add(connection, old, "event", {"delivery": 1, "kind": "answered", "at": AT, "detail": "1:right"})
    return empty


def _add(connection: object, tables: MetaData, name: str, row: dict[str, object]) -> None:
    """Add a row; columns that it does not name get what is plainest."""
    table = tables.tables[name]
    plain: dict[str, object] = {}
    for column in table.columns:
        is_given = column.name in row or column.nullable or column.server_default or column.computed
        if not is_given and not (column.primary_key and column.identity):
            is_day = column.name in {"due_on", "wanted_on"}
            plain[column.name] = TODAY.isoformat() if is_day else column.type.python_type()
    if name == "event":
        plain.pop("id", None)
    connection.execute(insert(table).values({**plain, **row}))  # type: ignore[attr-defined]


def test_what_was_given_before_there_was_a_chain_is_chained_once_and_verifies(
    old: Engine, tmp_path: Path
) -> None:
    upgrade(old)
    publications = SqlPublications(
        old,
        campaigns=(definitions.dump, definitions.load),
        wordings=(baked_json.dump, baked_json.load),
    )
    chain = SqlEvidence(old, publications=publications.get, policies=definitions.dump, pseudonym=hidden)
    assert (chain.adopt(), chain.adopt()) == (3, 0)
    records = list(chain.records())
    assert {one.proof.origin for one in records} == {Origin.ADOPTED}
    assert [(one.proof.answer, one.proof.person) for one in records] == [
        ("quiz", hidden("ana")),
        ("acknowledge", hidden("ana")),
        ("acknowledge", hidden("bob")),
    ]
    assert list(SqlAudit(old, pseudonym=hidden).findings()) == []
    EvidenceZip(tmp_path / "pack.zip").write(chain, lambda _: True, {})
    assert check(tmp_path / "pack.zip") == []
