"""Keeps what workers share about lanes: how much has gone through each, and which ones are in trouble.

Each function is part of a transaction of the ledger.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import ModuleType

from sqlalchemy import Connection, delete, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from diffuse.adapters.sql import sets
from diffuse.adapters.sql.engine import alone
from diffuse.adapters.sql.tables import delivery, lane, pace
from diffuse.adapters.sql.types import micros
from diffuse.domain.traffic import (
    DAY,
    PutOff,
    Recipient,
    Routes,
    Traffic,
    Trouble,
    learned,
    probed,
    route,
)

KEPT = timedelta(days=2)
"""How long the counts of a window are kept."""

_MORE = (("lane", "text"), ("span", "bigint"), ("start", "bigint"), ("used", "bigint"))
# SQLite cannot tell a conflict from a join without a condition before it.
_COUNT = """
INSERT INTO pace (lane, span, start, used)
SELECT more.lane, more.span, more.start, more.used FROM {more} AS more WHERE true
ON CONFLICT (lane, span, start) DO UPDATE SET used = pace.used + excluded.used
"""
_LATER = (
    ("id", "bigint"), ("due_at", "bigint"), ("paced_at", "bigint"), ("server", "text"), ("reason", "text"),
)  # fmt: skip
_PUT_OFF = """
UPDATE delivery SET due_at = later.due_at, paced_at = later.paced_at, reason = later.reason,
    server = CASE WHEN later.server = '' THEN delivery.server ELSE later.server END
FROM {later} AS later WHERE delivery.id = later.id
"""


def routes(
    connection: Connection, now: datetime, traffic: Traffic, recipients: Sequence[Recipient]
) -> Routes:
    """Say where deliveries go that are locked, count those that are let through, and put others off.

    On PostgreSQL, one worker after the other counts; without limits and troubles, nobody waits.
    """
    if not recipients:
        return Routes()
    used = {}
    if traffic.limited:
        alone(connection, pace)
        used = _used(connection, now, traffic, recipients)
        recipients = _with_servers(connection, now, recipients)
    troubles = _of(_troubles(connection), traffic, recipients)
    if any(one.probing and not one.shut(now) for one in troubles.values()):
        alone(connection, lane)
        troubles = _of(_troubles(connection), traffic, recipients)
    found = route(now, traffic, recipients, used, troubles)
    _count(connection, found)
    _put_off(connection, found.put_off)
    _use_up(connection, [one.delivery for one in recipients if one.delivery in found.server and one.paced_at])
    _keep(connection, [probed(troubles[name], now) for name in sorted(found.probed)])
    return found


def shut(connection: Connection, now: datetime, traffic: Traffic) -> bool:
    """Tell whether every mail server is in trouble."""
    troubles = {one.lane: one for one in _troubles(connection)}
    return all(one.lane in troubles and troubles[one.lane].shut(now) for one in traffic.servers)


def learn(
    connection: Connection, now: datetime, heard: Collection[tuple[str, str]], *, at_once: bool = False
) -> None:
    """Keep what was heard of lanes, in its order: each with its refusal for now or, for success, nothing.

    On PostgreSQL, one worker after the other writes what changes; what changes nothing costs one look.
    """
    if any(True for _ in learned(now, _troubles(connection), heard, at_once=at_once)):
        alone(connection, lane)
        _keep(connection, list(learned(now, _troubles(connection), heard, at_once=at_once)))


def _troubles(connection: Connection) -> list[Trouble]:
    rows = connection.execute(select(lane)).all()
    return [
        Trouble(lane=one.name, failures=one.failures, level=one.level, until=one.until, reason=one.reason)
        for one in rows
    ]


def _of(troubles: Iterable[Trouble], traffic: Traffic, recipients: Iterable[Recipient]) -> dict[str, Trouble]:
    """Return the troubles that matter here, by lane."""
    names = _lanes(traffic, recipients)
    return {one.lane: one for one in troubles if one.lane in names}


def _lanes(traffic: Traffic, recipients: Iterable[Recipient]) -> frozenset[str]:
    return frozenset((*(one.lane for one in traffic.servers), *(one.lane for one in recipients)))


def _keep(connection: Connection, troubles: Sequence[Trouble]) -> None:
    """Replace troubles; one that is over is forgotten."""
    over = [one.lane for one in troubles if not one.failures and not one.level]
    if over:
        connection.execute(delete(lane).where(lane.c.name.in_(over)))
    for one in troubles:
        if one.lane not in over:
            values = {
                "failures": one.failures,
                "level": one.level,
                "until": one.until,
                "reason": one.reason,
            }
            connection.execute(
                _dialect(connection)
                .insert(lane)
                .values(name=one.lane, **values)
                .on_conflict_do_update(index_elements=["name"], set_=values)
            )


def _used(
    connection: Connection, now: datetime, traffic: Traffic, recipients: Iterable[Recipient]
) -> dict[tuple[str, int, int], int]:
    """Return the counts of windows that are not over; those of the past are thrown away."""
    seconds = int(now.timestamp())
    old = pace.c.start < seconds - seconds % DAY - KEPT // timedelta(seconds=1)
    if connection.execute(select(pace.c.start).where(old).limit(1)).first() is not None:
        connection.execute(delete(pace).where(old))
    names = sorted(_lanes(traffic, recipients))
    rows = connection.execute(
        select(pace).where(pace.c.lane.in_(names), pace.c.start > seconds - pace.c.span)
    )
    return {(one.lane, one.span, one.start): one.used for one in rows}


def _with_servers(connection: Connection, now: datetime, recipients: Sequence[Recipient]) -> list[Recipient]:
    """Add the servers in which room is kept in this minute."""
    kept = [one.delivery for one in recipients if one.kept(now)]
    if not kept:
        return list(recipients)
    rows = connection.execute(select(delivery.c.id, delivery.c.server).where(delivery.c.id.in_(kept)))
    servers = {row.id: row.server for row in rows}
    return [replace(one, server=servers.get(one.delivery, "")) for one in recipients]


def _count(connection: Connection, found: Routes) -> None:
    given = [(*window, more) for window, more in sorted(found.used.items()) if more]
    if given:
        statement = text(_COUNT.format(more=sets.rows(connection, "more", _MORE)))
        connection.execute(statement, {"more": sets.packed(given)})


def _put_off(connection: Connection, later: Sequence[PutOff]) -> None:
    given = [
        (
            one.delivery,
            micros(one.due_at),
            None if one.paced_at is None else micros(one.paced_at),
            one.server,
            one.reason,
        )
        for one in later
    ]
    if given:
        statement = text(_PUT_OFF.format(later=sets.rows(connection, "later", _LATER)))
        connection.execute(statement, {"later": sets.packed(given)})


def _use_up(connection: Connection, kept: Sequence[int]) -> None:
    """Forget the minutes of deliveries that go: what comes back, even within them, is counted anew."""
    if kept:
        connection.execute(update(delivery).where(delivery.c.id.in_(kept)).values(paced_at=None))


def _dialect(connection: Connection) -> ModuleType:
    return postgresql if connection.dialect.name == "postgresql" else sqlite
