"""The log of how each attempt ended, and what proves afterwards that one of unknown fate arrived."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, func, text, update

from diffuse.adapters.sql import sets
from diffuse.adapters.sql.tables import delivery, hit
from diffuse.adapters.sql.types import fixed, micros, plain
from diffuse.domain.delivery import State
from diffuse.domain.verdicts import What

_ENDINGS = (("delivery", "bigint"), ("attempt", "bigint"), ("state", "text"), ("reply", "text"))
_LOG = """
INSERT INTO attempt (delivery, attempt, state, at, reply, worker)
SELECT ended.delivery, ended.attempt, ended.state, :at, ended.reply, :worker FROM {ended} AS ended
"""
ITS_LINK_WAS_USED = "its link was used"


def log(
    connection: Connection,
    at: datetime,
    endings: Collection[tuple[int, int, str, str] | Row[Any]],
    worker: str = "",
) -> None:
    """Add a row for each ending: delivery, attempt, state and the words that explain it."""
    given = [(number, attempt, state, plain(reply)) for number, attempt, state, reply in map(tuple, endings)]
    if given:
        statement = text(_LOG.format(ended=sets.rows(connection, "ended", _ENDINGS)))
        connection.execute(statement, {"ended": sets.packed(given), "at": micros(at), "worker": worker})


def settle(connection: Connection, deliveries: Collection[int], at: datetime) -> None:
    """Turn those unknown deliveries into sent ones from which something came back, and log it.

    They count as sent at the instant at which their last attempt was allowed to set the final dot.
    """
    row = delivery.c
    # A link that is almost ours proves nothing: anybody can make one up.
    asked = exists().where(hit.c.delivery == row.id, hit.c.what != What.MUTATED)
    statement = (
        update(delivery)
        .where(row.id.in_(deliveries), row.state == fixed(State.UNKNOWN), row.reached_on.is_not(None) | asked)
        .values(state=State.SENT, reason=ITS_LINK_WAS_USED, sent_at=func.coalesce(row.fenced_at, row.due_at))
        .returning(row.id, row.attempt, row.state, row.reason)
    )
    log(connection, at, connection.execute(statement).all())
