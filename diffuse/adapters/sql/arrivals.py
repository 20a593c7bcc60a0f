"""What it means for a delivery that something came back: it has arrived, and its next copy is not needed."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.attempts import settle
from diffuse.adapters.sql.types import one_of
from diffuse.domain.delivery import State

OPENED_AFTER_ALL = "an earlier copy was opened in the meantime"

_ROW = tables.delivery.c
_LOCKED = (
    "id", "bucket", "campaign", "employee", "key_point", "step", "state", "publication", "due_on",
    "sent_at", "fenced_at", "opened_at", "clicked_at", "reached_on", *tables.COUNTED,
)  # fmt: skip


def lock(connection: Connection, deliveries: Collection[int]) -> dict[int, Row[Any]]:
    """Let one hit of a delivery after the other through; return the rows of those that exist."""
    columns = (_ROW[name] for name in _LOCKED)
    statement = select(*columns).where(_ROW.id.in_(sorted(deliveries))).order_by(_ROW.id).with_for_update()
    return {row.id: row for row in connection.execute(statement)}


def arrive(connection: Connection, before: Row[Any], at: datetime) -> None:
    """Take a delivery of which something came back for one that has arrived, whoever asked for it."""
    if before.state in {State.PLANNED, State.HELD}:
        again = (_ROW.attempt > 0, one_of(_ROW.state, (State.PLANNED, State.HELD)))
        connection.execute(
            update(tables.delivery).where(_ROW.id == before.id, *again).values(state=State.UNKNOWN)
        )
    if before.state in {State.UNKNOWN, State.PLANNED, State.HELD}:
        settle(connection, [before.id], at)


def spare(connection: Connection, reached: Row[Any], _at: datetime) -> None:
    """Cancel the next copy of a message that was opened after all, if it has not left; not a newer text."""
    connection.execute(
        update(tables.delivery)
        .where(*_same(reached), one_of(_ROW.state, (State.PLANNED, State.HELD)))
        .values(state=State.CANCELLED, reason=OPENED_AFTER_ALL)
    )


def restore(connection: Connection, reached: Row[Any], at: datetime) -> None:
    """Plan the copy again that was cancelled for an open, when it was none and there is still time."""
    connection.execute(
        update(tables.delivery)
        .where(
            *_same(reached),
            _ROW.state == State.CANCELLED,
            _ROW.reason == OPENED_AFTER_ALL,
            _ROW.not_after > at,
        )
        .values(state=State.PLANNED, reason="")
    )


def _same(reached: Row[Any]) -> list[Any]:
    names = ("campaign", "employee", "key_point", "step", "publication")
    return [_ROW[name] == getattr(reached, name) for name in names]
