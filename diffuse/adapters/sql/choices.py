"""Keeps what employees allow to be measured of their messages."""

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Select, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.chunks import mark
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.types import fixed, one_of
from diffuse.domain.delivery import State
from diffuse.domain.tracking import AGGREGATE, NAMED, OFF, Tracking, wish

_WHO, _SAID, _TOLD = tables.employee.c, tables.choice.c, tables.delivery.c
T = TypeVar("T", bound="Select[Any]")


def wished() -> ColumnElement[str]:
    """Return the stricter of what the directory and the person say; empty when nobody says anything."""
    own = func.coalesce(_SAID.tracking, "")
    return case(
        *(
            (or_(_WHO.tracking == fixed(mode), own == fixed(mode)), fixed(mode))
            for mode in (OFF, AGGREGATE, NAMED)
        ),
        else_=fixed(""),
    ).label("wished")


def with_wishes(statement: T) -> T:
    """Join to the employees of a statement what they have chosen themselves."""
    return statement.join_from(tables.employee, tables.choice, _WHO.id == _SAID.employee, isouter=True)


class SqlChoices:
    """The choices of employees in a database."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine

    def of(self, employee: str) -> str:
        """Return what an employee has chosen: a mode, or nothing."""
        with reading(self._engine) as connection:
            return connection.scalar(select(_SAID.tracking).where(_SAID.employee == employee)) or ""

    def choose(self, employee: str, mode: str, at: datetime) -> None:
        """Keep a choice; it holds at once for what waits to be sent, and for what comes back from what was.

        Raises:
            KeyError: when nobody has that id.
        """
        wish(mode)  # refuses what is no mode
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        with writing(self._engine) as connection:
            bucket = connection.scalar(select(_WHO.bucket).where(_WHO.id == employee))
            if bucket is None:
                raise KeyError(employee)
            values = {"tracking": mode, "at": at}
            connection.execute(
                dialect.insert(tables.choice)
                .values(employee=employee, **values)
                .on_conflict_do_update(index_elements=["employee"], set_=values)
            )
            _tighten(connection, employee, wish(mode))
            mark(connection, [bucket])


def _tighten(connection: Connection, employee: str, wanted: Tracking) -> None:
    """Measure no more than that of messages that have not left; one that may have arrived keeps its bytes."""
    waiting = one_of(_TOLD.state, (State.PLANNED, State.HELD))
    for column, mode in ((_TOLD.opens, wanted.opens), (_TOLD.clicks, wanted.clicks)):
        laxer = {AGGREGATE: (NAMED,), OFF: (NAMED, AGGREGATE)}.get(mode, ())
        if laxer:
            connection.execute(
                update(tables.delivery)
                .where(_TOLD.employee == employee, waiting, _TOLD.ambiguous == 0, column.in_(laxer))
                .values({column: mode})
            )
