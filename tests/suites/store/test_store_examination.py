"""Looking at a database: what is whole is told so, and each trouble with its remedy."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, update

from diffuse.adapters.clock import SystemClock
from diffuse.adapters.sql import examination as module
from diffuse.adapters.sql.control import SqlControl
from diffuse.adapters.sql.engine import connect, writing
from diffuse.adapters.sql.examination import DatabaseExamination
from diffuse.adapters.sql.migrate import upgrade
from diffuse.adapters.sql.tables import attempt, delivery
from diffuse.domain.delivery import LEASE
from diffuse.errors import AuthoringError
from diffuse.ports import Finding
from diffuse.testing import FrozenClock
from tests.suites.store.given import NOW, Store, touchpoint

KINDS = ["file", pytest.param("postgresql", marks=pytest.mark.servers)]


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        fresh: str = request.getfixturevalue("fresh_postgresql_url")
        return fresh
    return f"sqlite:///{tmp_path / 'diffuse.db'}"


@pytest.fixture
def store(empty: Engine) -> Store:
    upgrade(empty)
    store = Store(empty)
    store.with_people("ana", "bob")
    return store


def looked(url: str, machine: SystemClock | FrozenClock | None = None) -> Mapping[str, Finding]:
    return {one.about: one for one in DatabaseExamination(url, machine=machine or SystemClock()).findings()}


def troubles(url: str) -> list[str]:
    found = [one for one in looked(url).values() if one.trouble]
    assert all(one.remedy for one in found)
    return [f"{one.about}: {one.seen}" for one in found]


def test_a_database_in_use_is_whole(store: Store, url: str) -> None:
    store.plan(touchpoint(), touchpoint(employee="bob"))
    store.sent()
    found = looked(url)
    assert not [one for one in found.values() if one.trouble or one.remedy]
    assert found["conservation"].seen == "2 planned in all = 2 kept (1 planned, 1 sent)"
    assert found["tables"].seen.endswith("that of this version")
    assert ("answers: SQLite" if "sqlite" in url else "answers: PostgreSQL") in found["database"].seen
    assert {"pages", "references"} <= set(found) if "sqlite" in url else "clocks" in found


def test_a_database_without_tables_is_told_so_and_stays_without(empty: Engine, url: str) -> None:
    for _ in range(2):
        assert troubles(url) == ["tables: there are none yet"]


def test_tables_of_an_earlier_version_are_told_so(empty: Engine, url: str) -> None:
    upgrade(empty, "0002")
    (said,) = troubles(url)
    assert said.startswith("tables: revision 0002, but this version has ")


def test_a_delivery_that_nobody_planned_breaks_the_conservation(store: Store, url: str) -> None:
    store.plan(touchpoint(), touchpoint(employee="bob"))
    with writing(store.engine) as connection:
        connection.execute(delete(delivery).where(delivery.c.employee == "bob"))
    assert troubles(url) == ["conservation: 2 planned in all, but 1 kept (1 planned)"]


def test_a_sent_delivery_without_its_attempt_is_told(store: Store, url: str) -> None:
    store.plan(touchpoint())
    store.sent()
    with writing(store.engine) as connection:
        connection.execute(delete(attempt))
    assert troubles(url) == ["attempts: 1 sent deliveries have no attempt that was sent"]


def test_a_lease_that_ran_out_long_ago_asks_for_a_worker(store: Store, url: str) -> None:
    store.plan(touchpoint())
    claimed = store.claim()
    assert troubles(url) in ([], ["leases: 1 ran out more than 10 minutes ago"])
    with writing(store.engine) as connection:
        then = datetime.now(UTC) - LEASE - timedelta(minutes=11)
        connection.execute(update(delivery).where(delivery.c.id == claimed.id).values(lease_until=then))
    assert troubles(url) == ["leases: 1 ran out more than 10 minutes ago"]


def test_a_standstill_is_told_with_its_reason(store: Store, url: str) -> None:
    SqlControl(store.engine).halt("the clock has jumped", NOW)
    assert troubles(url) == ["standstill: everything stands still: the clock has jumped"]


@pytest.mark.servers
def test_a_clock_that_differs_from_the_databases_is_told(fresh_postgresql_url: str) -> None:
    clock = FrozenClock(datetime.now(UTC) - timedelta(minutes=2))
    found = looked(fresh_postgresql_url, clock)["clocks"]
    assert found.trouble
    assert 115 < float(found.seen.split()[-3]) < 180


def test_a_database_that_does_not_answer_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "diffuse.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(AuthoringError, match="not a database"):
        looked(f"sqlite:///{tmp_path / 'diffuse.db'}")


def test_a_reference_to_nothing_and_a_torn_index_are_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'diffuse.db'}"
    engine = connect(url)
    upgrade(engine)
    engine.dispose()
    with closing(sqlite3.connect(tmp_path / "diffuse.db")) as database, database:
        database.execute("INSERT INTO absence VALUES ('nobody', '2027-01-01', '2027-01-02')")
    assert troubles(url) == ["references: absence 1 employee 0"]
    with closing(sqlite3.connect(tmp_path / "diffuse.db")) as database, database:
        database.execute("DELETE FROM absence")
        database.execute(
            "INSERT INTO employee"
            " VALUES ('ana', 'Ana', 'a@b.example', 'fr', 'UTC', '', '', NULL, NULL, 7, '')"
        )
        database.execute("PRAGMA writable_schema = ON")
        database.execute(
            "UPDATE sqlite_master SET sql = replace(sql, '(bucket)', '(id)') "
            "WHERE name = 'ix_employee_bucket'"
        )
    (said,) = troubles(url)
    assert said == "pages: row 1 missing from index ix_employee_bucket"


def test_a_write_ahead_log_that_could_lose_something_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "journal_mode", lambda version: "TRUNCATE")
    monkeypatch.setattr("diffuse.adapters.sql.engine.journal_mode", lambda version: "WAL")
    url = f"sqlite:///{tmp_path / 'diffuse.db'}"
    found = looked(url)["database"]
    assert found.trouble
    assert "journal wal" in found.seen
