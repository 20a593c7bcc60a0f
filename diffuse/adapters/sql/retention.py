"""Forgets signals whose time is over, some thousands at a time, so that nobody waits for it."""

from datetime import datetime

from sqlalchemy import Engine, case, delete, func, literal, select, update

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.persons import signals_before

AT_A_TIME = 2000

_ROW = tables.delivery.c


class SqlRetention:
    """The signals in a database: opens and clicks by name."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine

    def signals(self, before: datetime) -> int:
        """Count the opens and clicks before an instant."""
        with reading(self._engine) as connection:
            counted = select(func.count()).select_from(signals_before(before).subquery())
            return int(connection.scalar(counted) or 0)

    def forget(self, before: datetime) -> int:
        """Forget opens and clicks before an instant, in the log and on deliveries; return how many."""
        done = 0
        while lot := self._lot(before):
            done += lot
        return done

    def _lot(self, before: datetime) -> int:
        with writing(self._engine) as connection:
            found = connection.execute(signals_before(before).limit(AT_A_TIME)).all()
            if not found:
                return 0
            connection.execute(delete(tables.event).where(tables.event.c.id.in_([row.id for row in found])))
            values = {
                column: case((column < literal(before, column.type), None), else_=column)
                for column in (_ROW.opened_at, _ROW.clicked_at)
            }
            numbers = sorted({row.delivery for row in found})
            connection.execute(update(tables.delivery).where(_ROW.id.in_(numbers)).values(values))
        return len(found)
