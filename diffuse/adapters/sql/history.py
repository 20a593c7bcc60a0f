"""Reads whole columns of the ledger for the planner, one statement each."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, Select, case, func, select

from diffuse.adapters.sql.tables import delivery
from diffuse.adapters.sql.types import as_text, one_of
from diffuse.domain.delivery import ATTENTION, PENDING, State
from diffuse.domain.period import Days
from diffuse.domain.planning import History, Load

GONE = frozenset({State.CANCELLED, State.SUPPRESSED, State.EXPIRED})
"""States of messages that never left: the schedule does not count them."""


def last_messages(campaign: str) -> Select[Any]:
    """Select for each pair of employee and key point its last message that counts, and its highest touch.

    It was reached when any message of its step was: a first copy that is opened late counts too. A pair of
    which no message counts comes with step -1 and empty days.
    """
    row = delivery.c
    pair = (row.employee, row.key_point)
    gone = one_of(row.state, GONE)
    ranked = (
        select(
            row.employee,
            row.key_point,
            func.max(row.touch).over(partition_by=pair).label("touch"),
            case((gone, -1), else_=row.step).label("step"),
            func.sum(case((gone, 0), else_=1)).over(partition_by=(*pair, row.step)).label("tries"),
            case((~gone, as_text(row.due_on))).label("sent"),
            func.min(case((~gone, as_text(row.reached_on))))
            .over(partition_by=(*pair, row.step))
            .label("reached"),
            case((one_of(row.state, PENDING), 1), else_=0).label("waiting"),
            func.row_number()
            .over(partition_by=pair, order_by=(case((gone, 1), else_=0), row.touch.desc(), row.id.desc()))
            .label("place"),
        )
        .where(row.campaign == campaign)
        .subquery("ranked")
    )
    columns = [column for column in ranked.c if column.name != "place"]
    return select(*columns).where(ranked.c.place == 1).order_by(ranked.c.employee, ranked.c.key_point)


def as_history(rows: Sequence[Row[Any]]) -> History:
    """Turn those rows into columns."""
    employee, key_point, touch, step, tries, sent, reached, waiting = (
        zip(*rows, strict=True) if rows else ((),) * 8
    )
    return History(
        employee=employee,
        key_point=key_point,
        touch=_numbers(touch),
        step=_numbers(step),
        tries=_numbers(tries),
        sent=_days(sent),
        reached=_days(reached),
        waiting=np.array(waiting, dtype=np.bool_),
    )


def messages_since(day: date) -> Select[Any]:
    """Select the employee and the day of each message that counts against the attention budget."""
    return select(delivery.c.employee, as_text(delivery.c.due_on)).where(
        delivery.c.due_on >= day, one_of(delivery.c.state, ATTENTION)
    )


def as_load(rows: Sequence[Row[Any]]) -> Load:
    """Turn those rows into columns."""
    employee, day = zip(*rows, strict=True) if rows else ((), ())
    return Load(employee=employee, day=_days(day))


def _numbers(values: Iterable[int]) -> NDArray[np.int64]:
    return np.array([int(value) for value in values], dtype=np.int64)


def _days(values: Iterable[str | None]) -> Days:
    return np.array([value or "NaT" for value in values], dtype="datetime64[D]")
