"""What every test may ask for: the real servers, started on first use, stopped when the session ends."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import servers

# A gate gives one answer about one change: it draws the same examples each time. `make fuzz` draws new ones.
settings.register_profile("gate", deadline=None, derandomize=True)
settings.register_profile("fuzz", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile("gate")


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a real Redis; its content is shared by the tests of this session."""
    given = os.environ.get(servers.REDIS_VARIABLE)
    if given:
        yield given
        return
    with servers.redis_server() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The SQLAlchemy address of a real PostgreSQL; its content is shared by the tests of this session."""
    given = os.environ.get(servers.POSTGRESQL_VARIABLE)
    if given:
        yield servers.sqlalchemy_address(given)
        return
    with servers.postgresql_server() as url:
        yield url


@pytest.fixture
def fresh_postgresql_url(postgresql_url: str) -> Iterator[str]:
    """The SQLAlchemy address of an empty database that this test alone uses."""
    with servers.empty_database(postgresql_url) as url:
        yield url
