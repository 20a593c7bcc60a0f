"""The log of how each attempt ended, and what proves afterwards that one of unknown fate arrived."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, update

from diffuse.adapters.sql.tables import delivery
from diffuse.adapters.sql.types import fixed, micros, plain
from diffuse.domain.delivery import State

_LOG = "INSERT INTO attempt (delivery, attempt, state, at, reply, worker) VALUES ({marks})"
ITS_LINK_WAS_USED = "its link was used"


def log(
    connection: Connection,
    at: datetime,
    endings: Collection[tuple[int, int, str, str] | Row[Any]],
    worker: str = "",
) -> None:
    """Add a row for each ending: delivery, attempt, state and the words that explain it."""
    rows = [
        (number, attempt, str(state), micros(at), plain(reply), worker)
        for number, attempt, state, reply in map(tuple, endings)
    ]
    if rows:
        mark = "%s" if connection.dialect.name == "postgresql" else "?"
        connection.exec_driver_sql(_LOG.format(marks=", ".join([mark] * len(rows[0]))), rows)


def settle(connection: Connection, deliveries: Collection[int], at: datetime) -> None:
    """Turn those unknown deliveries into sent ones from which something came back, and log it.

    They count as sent at the instant at which their last attempt was allowed to set the final dot.
    """
    row = delivery.c
    statement = (
        update(delivery)
        .where(row.id.in_(deliveries), row.state == fixed(State.UNKNOWN), row.reached_on.is_not(None))
        .values(state=State.SENT, reason=ITS_LINK_WAS_USED, sent_at=func.coalesce(row.fenced_at, row.due_at))
        .returning(row.id, row.attempt, row.state, row.reason)
    )
    log(connection, at, connection.execute(statement).all())
