"""Reads what one employee was sent."""

from collections.abc import Sequence

from sqlalchemy import Engine, select

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.engine import reading
from diffuse.adapters.sql.hits import LEFT
from diffuse.adapters.sql.types import one_of
from diffuse.ports import Sent

_ROW = tables.delivery.c


class SqlTheirs:
    """The messages of single employees in a database."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine

    def sent_to(self, employee: str, limit: int) -> Sequence[Sent]:
        """Return what has left for an employee, the newest first, so many at most."""
        bucket = select(tables.employee.c.bucket).where(tables.employee.c.id == employee).scalar_subquery()
        statement = (
            select(*(_ROW[name] for name in Sent.__dataclass_fields__))
            .where(_ROW.bucket == bucket, _ROW.employee == employee, one_of(_ROW.state, LEFT))
            .order_by(_ROW.due_at.desc(), _ROW.id.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [Sent(**row) for row in connection.execute(statement).mappings()]
