"""Opens the database with the settings under which nothing is lost; reads and writes in transactions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, QueuePool, Table, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from diffuse.adapters.sql.failures import in_words, place
from diffuse.errors import AuthoringError, nearest

if TYPE_CHECKING:
    import psycopg

SCHEMES = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
EXPECTED = "an address such as 'sqlite:///diffuse.db' or 'postgresql://user:password@host/database'"
BUSY_MILLISECONDS = 30_000
CACHE_KIBIBYTES = 16 * 1024

_BEGIN = "diffuse_begin"
_POSTGRESQL: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    "application_name": "diffuse",
}
_LOCKS_LET_GO = "SET idle_in_transaction_session_timeout = '60s'"


def connect(url: str) -> Engine:
    """Open a database: ``sqlite:///file``, ``sqlite://`` (in memory) or ``postgresql://user:password@host/name``.

    Raises:
        AuthoringError: when the address must be mended, or what it points to.
        TransientFailure: when the database does not answer.
    """
    parsed = _parse(url)
    engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
    with reading(engine):
        return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection for statements that only read; failures come as errors of diffuse."""
    with _told(engine), engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection for one transaction that writes, all or nothing.

    SQLite takes its write lock at once: a transaction that begins to read and then wants to write would
    fail without waiting when another one wrote in between.
    """
    with _told(engine), engine.connect() as connection:
        connection.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        with connection.begin():
            yield connection


def alone(connection: Connection, table: Table) -> None:
    """Let one writer of a table after the other through; SQLite does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))


@contextmanager
def _told(engine: Engine) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        told = in_words(error, engine.url)
        if told is None:
            raise
        raise told from None


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The text itself is not repeated: it may hold a password.
        raise AuthoringError.of("the address of the database cannot be read", EXPECTED) from None
    if parsed.drivername not in SCHEMES:
        raise AuthoringError.of(
            f"a database of the kind {parsed.drivername!r}",
            EXPECTED,
            suggestion=nearest(parsed.drivername, SCHEMES),
        )
    parsed = parsed.set(drivername=SCHEMES[parsed.drivername])
    if parsed.get_backend_name() != "sqlite":
        return parsed
    if parsed.host:
        raise AuthoringError.of(
            f"sqlite://{parsed.host} names a host", EXPECTED, suggestion=f"sqlite:///{parsed.host}"
        )
    folder = Path(parsed.database or "").parent
    if not _in_memory(parsed) and not folder.is_dir():
        raise AuthoringError.of(f"{place(parsed)}: there is no folder {folder}", "a folder that exists")
    return parsed


def _in_memory(url: URL) -> bool:
    return (url.database or ":memory:") == ":memory:"


def _sqlite(url: URL) -> Engine:
    options: dict[str, Any] = {}
    if _in_memory(url):
        # The database lives in its one connection; threads take turns with it, a transaction at a time.
        options = {
            "poolclass": QueuePool,
            "pool_size": 1,
            "max_overflow": 0,
            "pool_timeout": BUSY_MILLISECONDS / 1000,
        }
    engine = create_engine(
        url, connect_args={"check_same_thread": False, "timeout": BUSY_MILLISECONDS / 1000}, **options
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: sqlite3.Connection, record: object) -> None:  # noqa: ARG001 -- the event's signature
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_MILLISECONDS}",
        f"journal_mode = {journal_mode(sqlite3.sqlite_version_info)}",
        "synchronous = FULL",
        f"cache_size = -{CACHE_KIBIBYTES}",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))


def journal_mode(version: tuple[int, ...]) -> str:
    """Return the journal mode that loses nothing in this version of SQLite.

    From 3.7.0 to 3.51.2 a write-ahead log can lose commits when several connections write and checkpoint;
    3.44.6 and 3.50.7 carry the repair too (sqlite.org/wal.html, "the WAL-reset bug"). Of the rollback
    journals, a truncated one survives a power loss best: SQLite syncs the truncation, and not a deletion.
    """
    mended = version >= (3, 51, 3) or any(
        version[:2] == branch[:2] and version >= branch for branch in ((3, 44, 6), (3, 50, 7))
    )
    return "WAL" if mended else "TRUNCATE"


def _postgresql(url: URL) -> Engine:
    arguments = {key: value for key, value in _POSTGRESQL.items() if key not in url.query}
    engine = create_engine(url, pool_pre_ping=True, connect_args=arguments)
    event.listen(engine, "connect", _let_go)
    return engine


def _let_go(connection: "psycopg.Connection", record: object) -> None:  # noqa: ARG001 -- the event's signature
    """Let the server end a transaction in which nothing happens: its machine may be gone, with all its locks.

    Otherwise the server notices after two hours, and every worker waits. Not as an option of the connection,
    which some poolers refuse.
    """
    connection.execute(_LOCKS_LET_GO)
    connection.commit()
