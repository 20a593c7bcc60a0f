"""The store on each database: SQLite in memory, SQLite in a file, PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from diffuse.adapters.sql.engine import connect, writing
from diffuse.adapters.sql.migrate import upgrade
from diffuse.adapters.sql.tables import METADATA
from tests.servers import empty_database
from tests.suites.store.given import Store

KINDS = ["memory", "file", pytest.param("postgresql", marks=pytest.mark.servers)]


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a new, empty database."""
    if request.param == "postgresql":
        fresh: str = request.getfixturevalue("fresh_postgresql_url")
        return fresh
    return "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path / 'diffuse.db'}"


@pytest.fixture
def empty(url: str) -> Iterator[Engine]:
    """A database without tables."""
    engine = connect(url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql(postgresql_url: str) -> Iterator[Engine]:
    """A PostgreSQL database with tables, in which earlier tests have left their rows."""
    with empty_database(postgresql_url) as url:
        engine = connect(url)
        upgrade(engine)
        yield engine
        engine.dispose()


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store in which nobody and nothing is yet."""
    if request.param == "postgresql":
        kept: Engine = request.getfixturevalue("postgresql")
        with writing(kept) as connection:
            connection.execute(text(f"TRUNCATE {', '.join(METADATA.tables)} RESTART IDENTITY"))
        yield Store(kept)
        return
    engine = connect("sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path / 'diffuse.db'}")
    upgrade(engine)
    yield Store(engine)
    engine.dispose()
