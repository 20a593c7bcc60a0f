"""Keeps the timestamps of the chain of evidence; triggers refuse every change."""

from collections.abc import Sequence

from sqlalchemy import Engine, select
from sqlalchemy.dialects import postgresql, sqlite

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.engine import reading, writing
from diffuse.domain.stamps import Stamp

_ROW = tables.evidence_stamp.c
_FIELDS = tuple(Stamp.__dataclass_fields__)


class SqlStamps:
    """The timestamps in a database."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine

    def all(self) -> Sequence[Stamp]:
        """Return every timestamp, by the record that it is about."""
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(*(_ROW[name] for name in _FIELDS)).order_by(_ROW.sequence)
            ).mappings()
            return [Stamp(**row) for row in rows]

    def last(self) -> Stamp | None:
        """Return the timestamp of the last record that has one."""
        statement = select(*(_ROW[name] for name in _FIELDS)).order_by(_ROW.sequence.desc()).limit(1)
        with reading(self._engine) as connection:
            row = connection.execute(statement).mappings().first()
        return Stamp(**row) if row else None

    def keep(self, stamp: Stamp) -> None:
        """Keep a timestamp; the first one about a record stands."""
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        values = {name: getattr(stamp, name) for name in _FIELDS}
        with writing(self._engine) as connection:
            connection.execute(dialect.insert(tables.evidence_stamp).values(values).on_conflict_do_nothing())
