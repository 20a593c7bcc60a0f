"""Sessions, and the links by which somebody signs in, on each database."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.engine import reading
from diffuse.adapters.sql.entries import SqlEntries
from diffuse.adapters.sql.persons import SqlPersons
from diffuse.adapters.sql.retention import SqlRetention
from diffuse.domain.identity import MAGIC_LINK, OIDC, Identified
from diffuse.ports import Entry
from tests.suites.store.given import MINUTE, NOW, TODAY, Store, together

ANA = Entry(Identified("ana", OIDC))
LINK = Entry(Identified("ana", MAGIC_LINK), "p" * 32)
LATER = NOW + 30 * MINUTE


@pytest.fixture
def entries(store: Store) -> SqlEntries:
    store.with_people("ana", "bob")
    return SqlEntries(store.engine)


def opened(entries: SqlEntries, kind: str = "session", entry: Entry = ANA) -> str:
    token = entries.open(kind, entry, NOW, LATER)
    assert token is not None
    return token


def test_a_token_opens_what_it_was_drawn_for_until_its_time_is_over(entries: SqlEntries) -> None:
    session, link = opened(entries), opened(entries, "link", LINK)
    assert (len(session), len(link)) == (43, 43)
    assert entries.find("session", session, NOW) == ANA
    assert entries.find("link", link, LATER - timedelta(microseconds=1)) == LINK
    assert entries.find("link", link, LATER) is None


def test_a_link_is_no_session_and_a_session_is_no_link(entries: SqlEntries) -> None:
    session, link = opened(entries), opened(entries, "link", LINK)
    assert entries.find("link", session, NOW) is None
    assert entries.find("session", link, NOW) is None
    entries.close("link", session)
    assert entries.find("session", session, NOW) == ANA
    entries.close("session", session)
    assert entries.find("session", session, NOW) is None
    assert entries.find("link", link, NOW) == LINK


@pytest.mark.parametrize("token", ["", "x", "é\ud800", "a" * 5000])
def test_any_other_text_opens_nothing(entries: SqlEntries, token: str) -> None:
    opened(entries)
    assert entries.find("session", token, NOW) is None


def test_the_database_does_not_hold_what_opens(entries: SqlEntries, store: Store) -> None:
    token = opened(entries)
    with reading(store.engine) as connection:
        (row,) = connection.execute(select(tables.entry)).all()
    assert token not in str(row)
    assert entries.find("session", row.digest, NOW) is None


def test_nobody_has_more_than_so_many_that_still_open(entries: SqlEntries) -> None:
    bob = Entry(Identified("bob", MAGIC_LINK), LINK.post)
    opened(entries)
    found = together(4, lambda _: entries.open("link", LINK, NOW, LATER, most=3))
    assert sum(token is not None for token in found) == 3
    assert entries.open("link", bob, NOW, LATER, most=3) is not None
    assert entries.open("link", LINK, LATER, LATER + MINUTE, most=3) is not None


def test_nothing_is_opened_for_somebody_who_is_not_known(entries: SqlEntries) -> None:
    assert entries.open("session", Entry(Identified("eve", OIDC)), NOW, LATER) is None


def test_what_is_over_is_swept_away_and_an_erased_person_leaves_nothing(
    entries: SqlEntries, store: Store
) -> None:
    opened(entries)
    session = entries.open("session", ANA, NOW, LATER + MINUTE)
    bob = entries.open("session", Entry(Identified("bob", OIDC)), NOW, LATER + MINUTE)
    assert SqlRetention(store.engine).sweep(LATER) == 1
    assert SqlRetention(store.engine).sweep(LATER) == 0
    SqlPersons(store.engine, pseudonym=lambda name: f"hidden {name}").erase("ana", TODAY)
    assert session is not None
    assert bob is not None
    assert entries.find("session", session, NOW) is None
    assert entries.find("session", bob, NOW) is not None
