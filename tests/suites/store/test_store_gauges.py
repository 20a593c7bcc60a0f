"""The gauges port on each database: what monitors watch, and what reading it costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, event, insert, text, update

from diffuse.adapters.sql import gauges as module
from diffuse.adapters.sql.control import SqlControl
from diffuse.adapters.sql.engine import connect, writing
from diffuse.adapters.sql.gauges import HOLD, SHARE, SqlGauges
from diffuse.adapters.sql.migrate import upgrade
from diffuse.adapters.sql.overview import SqlOverview
from diffuse.adapters.sql.pulse import SqlPulse
from diffuse.adapters.sql.tables import QUARTER, attempt, lane, pulse
from diffuse.adapters.sql.types import EPOCH, MICROSECOND
from diffuse.domain.control import EVERYTHING, Standstill, Stop
from diffuse.domain.delivery import LEASE, State
from diffuse.errors import AuthoringError, TransientFailure
from diffuse.ports import Reading
from tests.suites.store.given import MINUTE, NOW, Store, campaign, together, touchpoint

NAMES = ("ana", "bob", "cyd", "dan")


class Stopwatch:
    """Counts the seconds that it is told; each look at it takes ``each``."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.each = 0.0

    def __call__(self) -> float:
        self.seconds += self.each
        return self.seconds


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def gauges(store: Store, stopwatch: Stopwatch) -> SqlGauges:
    store.with_people(*NAMES)
    store.publications.publish(campaign("other"), {}, NOW)
    return SqlGauges(store.engine, stopwatch)


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Keep the statements that are executed."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_in_an_empty_store_there_is_nothing_to_watch(store: Store, stopwatch: Stopwatch) -> None:
    with writing(store.engine) as connection:
        connection.execute(delete(pulse))
    assert SqlGauges(store.engine, stopwatch).read(NOW) == Reading(
        flows={}, attempts={}, oldest=None, expired=0, lanes=(), stops=(), ticked_at=None
    )


def test_a_reading_holds_all_that_goes_on(store: Store, gauges: SqlGauges) -> None:
    store.plan(
        *(touchpoint(employee=name, due_at=NOW - MINUTE) for name in NAMES),
        touchpoint(campaign="other", publication=2),
    )
    store.sent()
    assert store.finish(store.sending(), State.UNKNOWN)
    store.claim()
    SqlControl(store.engine).pause("other", "a wrong link", NOW)
    with writing(store.engine) as connection:
        values = {"failures": 3, "level": 1, "until": NOW + LEASE + MINUTE, "reason": "no answer"}
        connection.execute(insert(lane).values(name="server:a", **values))
    later = NOW + LEASE
    read = gauges.read(later)
    assert read.flows == SqlOverview(store.engine).flows(later)
    assert read.flows["social-media"].states == {
        State.SENT: 1,
        State.UNKNOWN: 1,
        State.CLAIMED: 1,
        State.PLANNED: 1,
    }
    assert read.flows["social-media"].due == 1
    assert read.attempts == {State.SENT: 1, State.UNKNOWN: 1}
    assert read.oldest == NOW - MINUTE
    assert read.expired == 1
    assert read.lanes == ("server:a",)
    assert read.stops == (Stop(campaign="other", state=Standstill.PAUSED, reason="a wrong link", since=NOW),)


def test_a_lease_counts_as_expired_from_its_end_on(store: Store, gauges: SqlGauges) -> None:
    store.plan(*(touchpoint(employee=name) for name in NAMES))
    store.claim()
    store.sending()
    assert gauges.read(NOW + LEASE - MICROSECOND).expired == 0
    assert gauges.read(NOW + LEASE).expired == 2
    store.ledger.recover(NOW + LEASE)
    assert gauges.read(NOW + LEASE).expired == 0


def test_the_oldest_is_the_one_due_first_whatever_its_number(store: Store, gauges: SqlGauges) -> None:
    assert gauges.read(NOW).oldest is None
    quarter = NOW - (NOW - EPOCH) % QUARTER
    late = NOW + timedelta(days=1)
    store.plan(
        touchpoint(employee="ana", due_at=NOW + MINUTE),
        touchpoint(employee="bob", due_at=quarter - QUARTER, not_after=NOW),
    )
    assert gauges.read(NOW).oldest is None
    assert gauges.read(NOW + MINUTE).oldest == NOW + MINUTE
    store.plan(
        touchpoint(employee="cyd", due_at=quarter - 2 * MINUTE, not_after=late),
        touchpoint(employee="dan", due_at=quarter - 3 * MINUTE, not_after=late),
    )
    assert gauges.read(NOW + MINUTE).oldest == quarter - 3 * MINUTE


def test_what_stands_still_is_not_the_oldest(store: Store, gauges: SqlGauges) -> None:
    store.plan(touchpoint(due_at=NOW - MINUTE), touchpoint(campaign="other", publication=2))
    control = SqlControl(store.engine)
    in_hand = store.claim()
    control.pause("social-media", "", NOW)
    assert store.finish(in_hand, State.PLANNED)
    assert gauges.read(NOW).oldest == NOW
    control.halt("", NOW)
    read = gauges.read(NOW)
    assert read.oldest is None
    assert read.stops[0].campaign == EVERYTHING


def test_a_worker_is_seen_when_it_has_looked_at_the_database(store: Store, gauges: SqlGauges) -> None:
    with writing(store.engine) as connection:
        connection.execute(delete(pulse))
        connection.execute(insert(pulse).values(id=1, incarnation="i" * 32, ticked_at=EPOCH))
    assert gauges.read(NOW).ticked_at is None
    SqlPulse(store.engine).beat(NOW)
    assert gauges.read(NOW).ticked_at == NOW


def test_counts_are_kept_for_some_seconds_and_the_rest_is_not(
    store: Store, gauges: SqlGauges, stopwatch: Stopwatch
) -> None:
    before = gauges.read(NOW)
    store.plan(touchpoint())
    stopwatch.seconds += HOLD - 0.1
    read = gauges.read(NOW)
    assert (read.flows, read.attempts) == (before.flows, before.attempts) == ({}, {})
    assert read.oldest == NOW
    stopwatch.seconds += 0.1
    assert gauges.read(NOW).flows["social-media"].states == {State.PLANNED: 1}


def test_what_took_long_to_count_is_kept_longer(
    store: Store, gauges: SqlGauges, stopwatch: Stopwatch
) -> None:
    stopwatch.each = 2.0
    gauges.read(NOW)
    stopwatch.each = 0.0
    store.plan(touchpoint())
    stopwatch.seconds += SHARE * 2.0 - 0.1
    assert gauges.read(NOW).flows == {}
    stopwatch.seconds += 0.1
    assert gauges.read(NOW).flows["social-media"].due == 1


def test_many_at_once_count_once(store: Store, gauges: SqlGauges) -> None:
    store.plan(touchpoint())
    with statements(store.engine) as seen:
        read = together(8, lambda _: gauges.read(NOW).flows)
    assert all(one == read[0] != {} for one in read)
    assert sum("GROUP BY delivery.campaign, delivery.state" in one for one in seen) == 1


def log(store: Store, *states: State) -> None:
    """Add endings to the log, of the one delivery."""
    with writing(store.engine) as connection:
        plain = {"delivery": 1, "attempt": 1, "at": NOW, "reply": ""}
        connection.execute(insert(attempt), [{**plain, "state": state} for state in states])


def test_attempts_are_counted_once_and_then_only_their_newest(
    store: Store, gauges: SqlGauges, stopwatch: Stopwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TAIL", 3)
    store.plan(touchpoint())
    log(store, *[State.SENT] * 6, State.FAILED)
    assert gauges.read(NOW).attempts == {State.SENT: 6, State.FAILED: 1}
    with writing(store.engine) as connection:  # nobody does so: it shows what is read again
        connection.execute(update(attempt).where(attempt.c.id <= 4).values(state=State.CANCELLED))
    log(store, State.UNKNOWN, *[State.SENT] * 4)
    stopwatch.seconds += HOLD
    assert gauges.read(NOW).attempts == {State.SENT: 10, State.FAILED: 1, State.UNKNOWN: 1}
    stopwatch.seconds += HOLD
    assert gauges.read(NOW).attempts == {State.SENT: 10, State.FAILED: 1, State.UNKNOWN: 1}


def test_attempts_that_are_written_late_are_counted_among_the_newest(
    store: Store, gauges: SqlGauges, stopwatch: Stopwatch
) -> None:
    store.plan(touchpoint())
    log(store, *[State.SENT] * 3)
    with writing(store.engine) as connection:
        connection.execute(delete(attempt).where(attempt.c.id == 2))
    assert gauges.read(NOW).attempts == {State.SENT: 2}
    with writing(store.engine) as connection:
        late = {"id": 2, "delivery": 1, "attempt": 1, "at": NOW, "reply": "", "state": State.FAILED}
        connection.execute(insert(attempt).values(late))
    stopwatch.seconds += HOLD
    assert gauges.read(NOW).attempts == {State.SENT: 2, State.FAILED: 1}


def test_an_older_copy_of_the_database_is_counted_anew(
    store: Store, gauges: SqlGauges, stopwatch: Stopwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TAIL", 1)
    store.plan(touchpoint())
    log(store, *[State.SENT] * 6)
    gauges.read(NOW)
    with writing(store.engine) as connection:
        connection.execute(delete(attempt).where(attempt.c.id > 2))
    stopwatch.seconds += HOLD
    assert gauges.read(NOW).attempts == {State.SENT: 2}


def test_a_database_with_the_tables_of_this_version_is_ready(gauges: SqlGauges) -> None:
    gauges.ready()


def test_a_database_of_another_version_is_not_ready(empty: Engine, stopwatch: Stopwatch) -> None:
    gauges = SqlGauges(empty, stopwatch)
    with pytest.raises(AuthoringError, match="those of revision none; expected revision"):
        gauges.ready()
    upgrade(empty, "0001")
    with pytest.raises(AuthoringError, match="those of revision 0001; expected revision"):
        gauges.ready()
    upgrade(empty)
    gauges.ready()


@pytest.mark.servers
def test_a_database_that_is_away_is_not_ready_until_it_is_back(
    fresh_postgresql_url: str, postgresql: Engine, stopwatch: Stopwatch
) -> None:
    engine = connect(fresh_postgresql_url)
    upgrade(engine)
    gauges, name = SqlGauges(engine, stopwatch), engine.url.database
    allow = 'ALTER DATABASE "{}" ALLOW_CONNECTIONS {}'.format
    outside = postgresql.execution_options(isolation_level="AUTOCOMMIT")
    try:
        with outside.connect() as connection:
            connection.execute(text(allow(name, "false")))
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
                {"name": name},
            )
        for look in (gauges.ready, lambda: gauges.read(NOW)):
            with pytest.raises(TransientFailure, match="does not answer"):
                look()
    finally:
        with outside.connect() as connection:
            connection.execute(text(allow(name, "true")))
    gauges.ready()
    assert gauges.read(NOW).flows == {}
    engine.dispose()
