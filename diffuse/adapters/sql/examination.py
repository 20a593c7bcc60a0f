"""Looks at a database: whether it answers, is whole, and says of every delivery what happened to it."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, exists, func, select, text

from diffuse.adapters.sql.engine import connect, journal_mode, reading
from diffuse.adapters.sql.evidence import record_of
from diffuse.adapters.sql.failures import place
from diffuse.adapters.sql.migrate import revisions
from diffuse.adapters.sql.tables import (
    attempt,
    control,
    delivery,
    evidence,
    evidence_head,
    evidence_stamp,
    tally,
)
from diffuse.adapters.sql.types import fixed, one_of
from diffuse.domain.control import EVERYTHING
from diffuse.domain.delivery import State
from diffuse.domain.evidence import faults, instant
from diffuse.ports import Clock, Finding

APART = timedelta(seconds=10)
"""By how much two clocks may differ: leases are of minutes."""

LONG = timedelta(minutes=10)
"""After this, somebody should have taken an expired lease over."""

_ROW = delivery.c
_RESTORE = "restore the last backup, and let 'diffuse doctor' look at it before anything is sent"
_CHANGED = "something else than diffuse changed the tables: restore the last backup, or keep it away"


class DatabaseExamination:
    """Looks at a database as it is: it upgrades nothing."""

    about = "database"

    def __init__(self, url: str, *, machine: Clock) -> None:
        """Take the address, and the clock of this machine."""
        self._url = url
        self._machine = machine

    def findings(self) -> Iterator[Finding]:
        """Look."""
        engine = connect(self._url)
        try:
            with reading(engine) as connection:
                yield from self._look(engine, connection)
        finally:
            engine.dispose()

    def _look(self, engine: Engine, connection: Connection) -> Iterator[Finding]:
        yield _server(engine, connection)
        if engine.dialect.name == "sqlite":
            yield from _integrity(connection)
        else:
            yield _clocks(_now(connection), self._machine.now())
        tables = _tables(connection)
        yield tables
        if not tables.trouble:
            now = _now(connection) if engine.dialect.name == "postgresql" else self._machine.now()
            yield from (_conservation(connection), _evidence(connection), _leases(connection, now))
            yield _halted(connection)
            yield _chain(connection, now)


def _server(engine: Engine, connection: Connection) -> Finding:
    where = place(engine.url)
    if engine.dialect.name == "postgresql":
        version = connection.scalar(text("SHOW server_version"))
        return Finding(about="database", seen=f"{where} answers: PostgreSQL {version}")
    mode = str(connection.scalar(text("PRAGMA journal_mode")))
    seen = f"{where} answers: SQLite {sqlite3.sqlite_version}, journal {mode}"
    # A write-ahead log that another program has switched on cannot be switched off while that one is there.
    unsafe = mode == "wal" and journal_mode(sqlite3.sqlite_version_info) != "WAL"
    remedy = "this version can lose what a write-ahead log holds: stop what else uses the file, or upgrade"
    return Finding(about="database", seen=seen, trouble=unsafe, remedy=remedy if unsafe else "")


def _integrity(connection: Connection) -> Iterator[Finding]:
    for about, pragma in (("pages", "integrity_check(5)"), ("references", "foreign_key_check")):
        rows = [row for row in map(tuple, connection.execute(text(f"PRAGMA {pragma}"))) if row != ("ok",)]
        seen = "; ".join(" ".join(map(str, row)) for row in rows[:3]) or "whole"
        yield Finding(about=about, seen=seen, trouble=bool(rows), remedy=_RESTORE if rows else "")


def _clocks(theirs: datetime, ours: datetime) -> Finding:
    apart = abs(theirs - ours)
    return Finding(
        about="clocks",
        seen=f"the database's and this machine's are {apart.total_seconds():.1f} s apart",
        trouble=apart > APART,
        remedy="set both by a time server (NTP)" if apart > APART else "",
    )


def _tables(connection: Connection) -> Finding:
    kept, head = revisions(connection)
    if kept == head:
        return Finding(about="tables", seen=f"revision {kept}, that of this version")
    return Finding(
        about="tables",
        seen=f"revision {kept}, but this version has {head}" if kept else "there are none yet",
        trouble=True,
        remedy="every other command brings them up to date, such as 'diffuse status'",
    )


def _conservation(connection: Connection) -> Finding:
    planned = connection.scalar(select(func.coalesce(func.sum(tally.c.added), 0)))
    counts = connection.execute(select(_ROW.state, func.count()).group_by(_ROW.state)).all()
    total = sum(number for _, number in counts)
    states = ", ".join(f"{number} {state}" for state, number in sorted(counts))
    seen = f"{planned} planned in all = {total} kept" + (f" ({states})" if states else "")
    return Finding(
        about="conservation",
        seen=seen if planned == total else seen.replace(" = ", ", but "),
        trouble=planned != total,
        remedy="" if planned == total else _CHANGED,
    )


def _evidence(connection: Connection) -> Finding:
    row = attempt.c
    told = exists().where(row.delivery == _ROW.id, row.state == fixed(State.SENT))
    count = connection.scalar(select(func.count()).where(_ROW.state == fixed(State.SENT), ~told))
    seen = (
        f"{count} sent deliveries have no attempt that was sent" if count else "every sent delivery has its"
    )
    return Finding(
        about="attempts",
        seen=seen if count else f"{seen} attempt",
        trouble=bool(count),
        remedy=_CHANGED if count else "",
    )


def _chain(connection: Connection, now: datetime) -> Finding:
    """Look at the end of the chain of evidence alone: 'diffuse ledger verify' looks at all of it."""
    row, stamped = evidence.c, evidence_stamp.c
    head = connection.execute(select(evidence_head.c.sequence, evidence_head.c.sha256)).first()
    last = connection.execute(select(evidence).order_by(row.sequence.desc()).limit(1)).mappings().first()
    if last is None or head is None:
        whole = head is None or head.sequence == 0
        return Finding(
            about="evidence", seen="no record yet", trouble=not whole, remedy="" if whole else _CHANGED
        )
    record = record_of(last)
    wrong = faults(record, head.sequence, record.previous) or record.sha256 != head.sha256
    stamp = connection.execute(
        select(stamped.sequence, stamped.at).order_by(stamped.sequence.desc()).limit(1)
    ).first()
    age = f"record {stamp.sequence} stamped {(now - stamp.at).days} days ago" if stamp else "never stamped"
    return Finding(
        about="evidence",
        seen=f"{head.sequence} records, the last {head.sha256[:12]}… of {instant(record.proof.at)}; {age}",
        trouble=bool(wrong),
        remedy="'diffuse ledger verify' names what is not as it was recorded" if wrong else "",
    )


def _leases(connection: Connection, now: datetime) -> Finding:
    held = one_of(_ROW.state, (State.CLAIMED, State.SENDING))
    count = connection.scalar(select(func.count()).where(held, _ROW.lease_until < now - LONG))
    return Finding(
        about="leases",
        seen=f"{count} ran out more than 10 minutes ago" if count else "none that ran out long ago",
        trouble=bool(count),
        remedy="no worker looks after them: start one" if count else "",
    )


def _halted(connection: Connection) -> Finding:
    reason = connection.scalar(select(control.c.reason).where(control.c.campaign == EVERYTHING))
    return Finding(
        about="standstill",
        seen="not everything stands still" if reason is None else f"everything stands still: {reason}",
        trouble=reason is not None,
        remedy="" if reason is None else "when that is mended: 'diffuse resume'",
    )


def _now(connection: Connection) -> datetime:
    now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return now.astimezone(UTC)
