"""The pulse port on each database: when somebody last looked, and which database it is."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, insert, make_url, text

from diffuse.adapters.sql.engine import connect, writing
from diffuse.adapters.sql.migrate import upgrade
from diffuse.adapters.sql.pulse import SqlPulse
from diffuse.adapters.sql.tables import pulse as table
from diffuse.adapters.sql.types import EPOCH
from tests.suites.store.given import MINUTE, NOW


@pytest.fixture
def upgraded(empty: Engine) -> Engine:
    upgrade(empty)
    return empty


def test_a_new_database_has_an_incarnation_and_was_never_looked_at(upgraded: Engine) -> None:
    seen = SqlPulse(upgraded).read()
    assert (len(seen.incarnation), seen.ticked_at) == (32, EPOCH)
    assert seen == SqlPulse(upgraded).read()


def test_a_beat_goes_forward_and_back_only_when_it_must(upgraded: Engine) -> None:
    pulse = SqlPulse(upgraded)
    assert pulse.beat(NOW).ticked_at == NOW
    assert pulse.beat(NOW - MINUTE).ticked_at == NOW
    assert pulse.beat(NOW - MINUTE, anew=True).ticked_at == NOW - MINUTE
    assert pulse.read().ticked_at == NOW - MINUTE


def test_the_address_names_the_database_without_its_password(upgraded: Engine, url: str) -> None:
    seen, parsed = SqlPulse(upgraded).read(), make_url(url)
    if parsed.get_backend_name() == "postgresql":
        assert seen.address == f"postgresql://{parsed.host}:{parsed.port}/{parsed.database}"
    else:
        assert seen.address == (f"sqlite:///{parsed.database}" if parsed.database else "")


def test_two_databases_have_two_incarnations() -> None:
    seen = set()
    for _ in range(2):
        engine = connect("sqlite://")
        upgrade(engine)
        seen.add(SqlPulse(engine).read().incarnation)
        engine.dispose()
    assert len(seen) == 2


@pytest.mark.servers
def test_the_data_of_a_postgresql_server_have_a_name_where_the_account_may_ask_for_it(
    fresh_postgresql_url: str,
) -> None:
    engine = connect(fresh_postgresql_url)
    upgrade(engine)
    name = SqlPulse(engine).read().server
    assert name.isdigit()
    role = f"nobody_{engine.url.database}"
    with writing(engine) as connection:
        connection.execute(text(f"CREATE ROLE \"{role}\" LOGIN PASSWORD 'secret'"))
        connection.execute(text(f'GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO "{role}"'))
        connection.execute(text("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC"))
    weak = connect(engine.url.set(username=role, password="secret").render_as_string(hide_password=False))
    try:
        assert SqlPulse(weak).read().server == ""
        assert SqlPulse(weak).beat(NOW).ticked_at == NOW
    finally:
        weak.dispose()
        with writing(engine) as connection:
            connection.execute(text(f'DROP OWNED BY "{role}"'))
            connection.execute(text(f'DROP ROLE "{role}"'))
        engine.dispose()


def test_a_database_that_another_one_stands_in_for_is_told_by_its_incarnation(upgraded: Engine) -> None:
    before = SqlPulse(upgraded).read()
    with writing(upgraded) as connection:
        connection.execute(table.delete())
        connection.execute(insert(table).values(id=1, incarnation="other", ticked_at=NOW + timedelta(days=1)))
    after = SqlPulse(upgraded).read()
    assert (after.address, after.incarnation) == (before.address, "other")
