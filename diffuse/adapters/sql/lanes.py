"""Keeps what workers share about lanes: how much has gone through each, and which ones are in trouble.

Each function is part of a transaction of the ledger.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from types import ModuleType

from sqlalchemy import Connection, delete, select, text
from sqlalchemy.dialects import postgresql, sqlite

from diffuse.adapters.sql import sets
from diffuse.adapters.sql.engine import alone
from diffuse.adapters.sql.tables import lane, pace
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

_LATER = (("id", "bigint"), ("due_at", "bigint"), ("paced_at", "bigint"), ("reason", "text"))
_PUT_OFF = """
UPDATE delivery SET due_at = later.due_at, paced_at = later.paced_at, reason = later.reason
FROM {later} AS later WHERE delivery.id = later.id
"""


def routes(
    connection: Connection, now: datetime, traffic: Traffic, recipients: Sequence[Recipient]
) -> Routes:
    """Say where deliveries go that are locked, count those that are let through, and put others off."""
    troubles = {one.lane: one for one in _troubles(connection)}
    if not traffic.limited:
        found = route(now, traffic, recipients, {}, troubles)
    else:
        alone(connection, pace)
        found = route(now, traffic, recipients, _used(connection, now), troubles)
        _count(connection, found)
    if found.put_off:
        _put_off(connection, found.put_off)
    _keep(connection, [probed(troubles[name], now) for name in sorted(found.probed)])
    return found


def shut(connection: Connection, now: datetime, traffic: Traffic) -> bool:
    """Tell whether every mail server is in trouble."""
    troubles = {one.lane: one for one in _troubles(connection)}
    return all(one.lane in troubles and troubles[one.lane].shut(now) for one in traffic.servers)


def learn(
    connection: Connection, now: datetime, heard: Collection[tuple[str, str]], *, at_once: bool = False
) -> None:
    """Keep what was heard of lanes, in its order: each with its refusal for now or, for success, nothing."""
    known = _troubles(connection)
    if known or any(refusal for _, refusal in heard):
        _keep(connection, list(learned(now, known, heard, at_once=at_once)))


def _troubles(connection: Connection) -> list[Trouble]:
    rows = connection.execute(select(lane)).all()
    return [
        Trouble(lane=one.name, failures=one.failures, level=one.level, until=one.until, reason=one.reason)
        for one in rows
    ]


def _keep(connection: Connection, troubles: Sequence[Trouble]) -> None:
    """Replace troubles; one that is over is forgotten."""
    if not troubles:
        return
    over = [one.lane for one in troubles if not one.failures and not one.level]
    if over:
        connection.execute(delete(lane).where(lane.c.name.in_(over)))
    for one in troubles:
        if one.lane in over:
            continue
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


def _used(connection: Connection, now: datetime) -> dict[tuple[str, int, int], int]:
    """Return the counts from today on; those of the past are thrown away."""
    today = int(now.timestamp()) // DAY * DAY
    old = pace.c.start < today - KEPT // timedelta(seconds=1)
    if connection.execute(select(pace.c.start).where(old).limit(1)).first() is not None:
        connection.execute(delete(pace).where(old))
    rows = connection.execute(select(pace).where(pace.c.start >= today))
    return {(one.lane, one.span, one.start): one.used for one in rows}


def _count(connection: Connection, found: Routes) -> None:
    for (name, span, start), more in sorted(found.used.items()):
        statement = _dialect(connection).insert(pace).values(lane=name, span=span, start=start, used=more)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["lane", "span", "start"], set_={"used": pace.c.used + more}
            )
        )


def _put_off(connection: Connection, later: Sequence[PutOff]) -> None:
    given = [
        (
            one.delivery,
            micros(one.due_at),
            None if one.paced_at is None else micros(one.paced_at),
            one.reason,
        )
        for one in later
    ]
    statement = text(_PUT_OFF.format(later=sets.rows(connection, "later", _LATER)))
    connection.execute(statement, {"later": sets.packed(given)})


def _dialect(connection: Connection) -> ModuleType:
    return postgresql if connection.dialect.name == "postgresql" else sqlite
