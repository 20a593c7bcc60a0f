"""Keeps who read, exported or erased what is kept by name."""

from collections.abc import Sequence

from sqlalchemy import Engine, insert, select

from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.tables import access_log
from diffuse.ports import Access


class SqlAccessLog:
    """The log of reads in a database; triggers refuse every change."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine

    def add(self, access: Access) -> None:
        """Keep an entry."""
        with writing(self._engine) as connection:
            connection.execute(insert(access_log).values(access._asdict()))

    def entries(self, whom: str, limit: int) -> Sequence[Access]:
        """Return the latest entries, the last one first; of one person where ``whom`` is a pseudonym."""
        row = access_log.c
        statement = select(*(row[name] for name in Access._fields)).order_by(row.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(statement.where(row.whom == whom) if whom else statement).all()
        return [Access(*one) for one in rows]
