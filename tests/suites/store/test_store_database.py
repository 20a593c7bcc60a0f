"""Opening, preparing and losing a database: on each of them."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, inspect, make_url, text
from sqlalchemy.exc import IntegrityError

from diffuse.adapters.sql.engine import connect, journal_mode, reading, writing
from diffuse.adapters.sql.migrate import upgrade
from diffuse.adapters.sql.tables import METADATA
from diffuse.domain.population import bucket
from diffuse.errors import AuthoringError, TransientFailure
from tests.suites.store.given import NOW, Store, person, together, touchpoint

SECRET = "s3cret-word"
_DELIVERY = (
    "INSERT INTO delivery (id, campaign, key_point, touch, employee, channel, step, publication, variant,"
    " language, message_id, state, reason, due_on, due_at, not_after, created_at, attempt, sent_at, reply,"
    " answer) VALUES (7, 'c', 'pause', 0, 'ana', 'email', 0, 1, 'advice', 'fr', '<7@universite.example>',"
    " 'sent', '', '2026-09-14', 1, 2, 0, 1, 1, '250', '')"
)
FIRST_ROWS = (
    "INSERT INTO employee VALUES ('ana', 'Ana', 'ana@universite.example', 'fr', 'UTC', '', '', NULL, NULL)",
    "INSERT INTO publication (id, campaign, digest, definition, published_at) VALUES (1, 'c', 'd', '{}', 0)",
    _DELIVERY,
    "INSERT INTO event (delivery, kind, at, detail) VALUES (7, 'opened', 5, '')",
)
"""What an installation held before there were shares of employees."""


def test_the_migrations_lead_to_the_tables_that_the_code_expects(empty: Engine) -> None:
    upgrade(empty)
    with reading(empty) as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    with empty.begin() as connection:
        migrated = _constraints(connection)
        METADATA.drop_all(connection)
        METADATA.create_all(connection)
        assert migrated == _constraints(connection)


def _constraints(connection: Connection) -> dict[str, Any]:
    """What a comparison of tables leaves out: checks, collations, conditions of indexes, strictness."""
    if connection.dialect.name == "sqlite":
        return _of_sqlite(connection)
    found = inspect(connection)
    return {
        name: (
            sorted((one["name"], one["sqltext"]) for one in found.get_check_constraints(name)),
            sorted(str(sorted(one.items(), key=str)) for one in found.get_columns(name)),
            sorted((one["name"], str(one.get("dialect_options"))) for one in found.get_indexes(name)),
        )
        for name in METADATA.tables
    }


def _of_sqlite(connection: Connection) -> dict[str, Any]:
    """Columns and checks of each table, in any order, and the statement of each index."""
    rows = connection.execute(
        text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%' AND type <> 'trigger'")
    ).all()
    found = inspect(connection)
    # A column that was added later stands elsewhere, and had to have a default.
    return {name: sql for name, sql in rows if name not in METADATA.tables} | {
        name: (
            sorted((one["name"], str(one["type"]), one["nullable"]) for one in found.get_columns(name)),
            sorted((str(one["name"]), one["sqltext"]) for one in found.get_check_constraints(name)),
            sql.rstrip().endswith("STRICT"),
        )
        for name, sql in rows
        if name in METADATA.tables
    }


def test_upgrading_again_changes_nothing(empty: Engine) -> None:
    upgrade(empty)
    store = Store(empty)
    store.with_people("ana")
    upgrade(empty)
    assert store.directory.employees() == (person("ana"),)


def test_what_the_first_tables_held_is_there_in_the_next_ones(empty: Engine) -> None:
    upgrade(empty, "0001")
    with writing(empty) as connection:
        for statement in FIRST_ROWS:
            connection.execute(text(statement))
    upgrade(empty)
    with reading(empty) as connection:
        found = connection.execute(text("SELECT id, employee, state, wanted_on, bucket FROM delivery")).all()
        assert [tuple(row) for row in found] == [(7, "ana", "sent", "2026-09-14", bucket("ana"))]
        shares = text("SELECT bucket FROM employee UNION SELECT bucket FROM event")
        assert connection.scalars(shares).all() == [bucket("ana")]
    with pytest.raises(IntegrityError), writing(empty) as connection:
        connection.execute(text("DELETE FROM delivery"))


def test_migrators_at_once_work_one_after_the_other(url: str) -> None:
    engine = connect(url)
    engines = [engine] * 4 if url == "sqlite://" else [engine, *(connect(url) for _ in range(3))]
    together(4, lambda place: upgrade(engines[place]))
    assert set(inspect(engine).get_table_names()) == {*METADATA.tables, "alembic_version"}
    for one in engines:
        one.dispose()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(empty: Engine) -> None:
    upgrade(empty)
    with writing(empty) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(AuthoringError, match="made by a newer version of diffuse"):
        upgrade(empty)


def test_tables_of_another_program_are_refused_and_left_alone(empty: Engine) -> None:
    with writing(empty) as connection:
        connection.execute(text("CREATE TABLE employee (salary INTEGER)"))
    with pytest.raises(AuthoringError, match="tables of another program: employee"):
        upgrade(empty)
    assert inspect(empty).get_table_names() == ["employee"]


def test_a_migration_that_fails_leaves_nothing_behind(empty: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("alembic.op.create_index", fail)
    with pytest.raises(ZeroDivisionError):
        upgrade(empty)
    assert inspect(empty).get_table_names() == []


def test_a_database_without_tables_says_what_to_do(empty: Engine) -> None:
    with pytest.raises(AuthoringError, match="prepare the database first"):
        Store(empty).directory.employees()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "cannot be read"),
        ("diffuse.db", "cannot be read"),
        (f"postgresql://u:{SECRET}@host:port/name", "cannot be read"),
        (f"mysql://u:{SECRET}@host/name", "'mysql'"),
        (f"postgresq://u:{SECRET}@host/name", "did you mean 'postgresql'"),
        ("sqlite://diffuse.db", "did you mean 'sqlite:///diffuse.db'"),
        ("sqlite:////no/such/folder/diffuse.db", "there is no folder /no/such/folder"),
    ],
)
def test_a_bad_address_is_told_without_its_password(url: str, words: str) -> None:
    with pytest.raises(AuthoringError) as caught:
        connect(url)
    assert words in str(caught.value)
    assert SECRET not in _everything(caught.value)


def test_a_server_that_does_not_answer_is_told_without_its_password() -> None:
    with pytest.raises(TransientFailure, match=r"postgresql://127\.0\.0\.1:1/name does not answer") as caught:
        connect(f"postgresql://u:{SECRET}@127.0.0.1:1/name?password={SECRET}")
    assert SECRET not in _everything(caught.value)


def test_an_option_that_postgresql_does_not_know_is_told() -> None:
    with pytest.raises(AuthoringError, match='invalid connection option "colour"'):
        connect("postgresql://u@127.0.0.1:1/name?colour=red")


@pytest.mark.servers
def test_a_database_that_does_not_exist_is_told_without_its_password(postgresql_url: str) -> None:
    missing = make_url(postgresql_url).set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(AuthoringError, match="/nowhere cannot be used") as caught:
        connect(missing)
    password = make_url(postgresql_url).password
    assert not password or password not in _everything(caught.value)


@pytest.mark.servers
def test_a_server_that_ends_a_connection_passes_and_the_next_one_works(postgresql: Engine) -> None:
    with (
        pytest.raises(TransientFailure, match="does not answer"),
        reading(postgresql) as connection,
    ):
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    with reading(postgresql) as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def _everything(error: BaseException) -> str:
    """An error's text with all that a traceback would show."""
    chain = "" if error.__suppress_context__ or error.__context__ is None else _everything(error.__context__)
    return f"{error!r} {error} {getattr(error, 'reply', '')} {chain}"


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "diffuse.db").write_text("Prénom;Nom\n" * 200, encoding="utf-8")
    with pytest.raises(AuthoringError, match="not a database"):
        connect(f"sqlite:///{tmp_path / 'diffuse.db'}")


def test_a_folder_instead_of_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(AuthoringError, match="a file in a folder that exists"):
        connect(f"sqlite:///{tmp_path}")


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "diffuse.db"
    engine = connect(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(AuthoringError, match="restore the last backup"):
        Store(connect(f"sqlite:///{path}")).directory.employees()


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "diffuse.db"
    connect(f"sqlite:///{path}").dispose()
    path.chmod(stat.S_IRUSR)
    engine = create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    with pytest.raises(AuthoringError, match="can be written to"), writing(engine) as connection:
        connection.execute(text("CREATE TABLE one (number INTEGER)"))


def test_a_lock_that_is_not_released_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diffuse.adapters.sql.engine.BUSY_MILLISECONDS", 50)
    path = tmp_path / "diffuse.db"
    engine = connect(f"sqlite:///{path}")
    upgrade(engine)
    store = Store(engine)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TransientFailure, match=r"database is locked\. Nothing is lost"):
            store.directory.save([person("ana")])
        other.execute("ROLLBACK")
    assert store.directory.save([person("ana")]).added == ("ana",)
    engine.dispose()


def test_a_database_in_memory_that_is_busy_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diffuse.adapters.sql.engine.BUSY_MILLISECONDS", 50)
    engine = connect("sqlite://")
    with pytest.raises(TransientFailure, match="in use"), reading(engine), reading(engine):
        pass


def test_a_transaction_that_fails_changes_nothing(store: Store) -> None:
    def fail() -> None:
        with writing(store.engine) as connection:
            connection.execute(METADATA.tables["publication"].insert().values(_publication()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert store.publications.running() == ()


def _publication() -> dict[str, object]:
    return {"campaign": "ai", "digest": "0", "definition": "", "published_at": NOW}


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 40, 1), "TRUNCATE"),
        ((3, 44, 5), "TRUNCATE"),
        ((3, 44, 6), "WAL"),
        ((3, 45, 0), "TRUNCATE"),
        ((3, 50, 6), "TRUNCATE"),
        ((3, 50, 7), "WAL"),
        ((3, 51, 2), "TRUNCATE"),
        ((3, 51, 3), "WAL"),
        ((3, 54, 1), "WAL"),
    ],
)
def test_the_write_ahead_log_is_used_only_where_it_loses_nothing(
    version: tuple[int, int, int], mode: str
) -> None:
    assert journal_mode(version) == mode


def test_every_sqlite_connection_has_the_settings_under_which_nothing_is_lost(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'diffuse.db'}")
    with reading(engine) as one, reading(engine) as another:
        for connection in (one, another):
            names = ("foreign_keys", "synchronous", "busy_timeout", "journal_mode")
            values = [connection.scalar(text(f"PRAGMA {name}")) for name in names]
            assert values == [1, 2, 30_000, journal_mode(sqlite3.sqlite_version_info).lower()]
    engine.dispose()


def test_a_state_that_is_not_known_is_refused_by_the_database(store: Store) -> None:
    store.with_people("ana")
    store.plan(touchpoint())
    with pytest.raises(Exception, match="ck_delivery_known"), writing(store.engine) as connection:
        connection.execute(text("UPDATE delivery SET state = 'lost'"))
