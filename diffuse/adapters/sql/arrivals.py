"""What it means for a delivery that something came back: it has arrived, and its next copy is not needed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, or_, select, update

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.attempts import settle
from diffuse.adapters.sql.types import one_of
from diffuse.domain.delivery import State

OPENED_AFTER_ALL = "an earlier copy was opened in the meantime"
ANSWERED_FROM_A_POST = "it was answered from an intranet post in the meantime"

_ROW = tables.delivery.c
_LOCKED = (
    "id", "bucket", "campaign", "employee", "key_point", "touch", "step", "state", "publication", "due_on",
    "sent_at", "fenced_at", "opened_at", "clicked_at", "acknowledged_at", "reached_on", "post",
    *tables.COUNTED,
)  # fmt: skip


_LOCK = (
    select(*(_ROW[name] for name in _LOCKED))
    .where(_ROW.id.in_(bindparam("some", expanding=True)))
    .order_by(_ROW.id)
    .with_for_update()
)


def lock(connection: Connection, deliveries: Collection[int]) -> dict[int, Row[Any]]:
    """Let one hit of a delivery after the other through; return the rows of those that exist."""
    return {row.id: row for row in connection.execute(_LOCK, {"some": sorted(deliveries)})}


def arrive(connection: Connection, before: Row[Any], at: datetime) -> None:
    """Take a delivery of which something came back for one that has arrived, whoever asked for it."""
    if before.state in {State.PLANNED, State.HELD}:
        again = (_ROW.attempt > 0, one_of(_ROW.state, (State.PLANNED, State.HELD)))
        connection.execute(
            update(tables.delivery).where(_ROW.id == before.id, *again).values(state=State.UNKNOWN)
        )
    if before.state in {State.UNKNOWN, State.PLANNED, State.HELD}:
        settle(connection, [before.id], at)


def spare(connection: Connection, reached: Sequence[Row[Any]]) -> None:
    """Cancel the next copies of messages that were opened after all, if they have not left; no newer text.

    Of a post there is no copy: whoever only saw one still gets the message that was planned.
    """
    if rows := [_keys(row) for row in reached if row.post is None]:
        connection.execute(_SPARE, rows)


def relieve(connection: Connection, answered: Row[Any]) -> None:
    """Cancel the messages about what was answered or acknowledged from a post, if they have not left.

    Of a copy of what may have arrived already it is not said that it did not.
    """
    if answered.post is not None:
        connection.execute(_SPARE_ALL, [_keys(answered)])


def restore(connection: Connection, reached: Row[Any], at: datetime) -> None:
    """Plan the copy again that was cancelled for an open, when it was none and there is still time."""
    connection.execute(_RESTORE, {**_keys(reached), "the_instant": at})


_NAMES = ("bucket", "campaign", "employee", "key_point", "touch", "step", "publication")
_SAME = [
    *(_ROW[name] == bindparam(f"its_{name}") for name in _NAMES if name != "touch"),
    _ROW.touch > bindparam("its_touch"),
]
_SPARE = (
    update(tables.delivery)
    .where(*_SAME, or_(_ROW.state == State.PLANNED, _ROW.state == State.HELD))
    .values(state=State.CANCELLED, reason=OPENED_AFTER_ALL)
)
_SPARE_ALL = (
    update(tables.delivery)
    .where(
        *(_ROW[name] == bindparam(f"its_{name}") for name in ("bucket", "campaign", "employee", "key_point")),
        _ROW.publication <= bindparam("its_publication"),
        _ROW.occasion == "",
        or_(_ROW.state == State.PLANNED, _ROW.state == State.HELD),
    )
    .values(
        state=case((_ROW.ambiguous > 0, State.UNKNOWN.value), else_=State.CANCELLED.value),
        reason=ANSWERED_FROM_A_POST,
    )
)
_RESTORE = (
    update(tables.delivery)
    .where(
        *_SAME,
        _ROW.state == State.CANCELLED,
        _ROW.reason == OPENED_AFTER_ALL,
        _ROW.not_after > bindparam("the_instant", type_=_ROW.not_after.type),
    )
    .values(state=State.PLANNED, reason="")
)


def _keys(reached: Row[Any]) -> dict[str, Any]:
    return {f"its_{name}": getattr(reached, name) for name in _NAMES}
