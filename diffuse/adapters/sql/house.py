"""Keeps the organisation's rules of attention."""

import hashlib
from datetime import datetime

from sqlalchemy import Engine, insert, select

from diffuse.adapters.sql.chunks import mark
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.publications import Codec
from diffuse.adapters.sql.tables import attention as table
from diffuse.domain.attention import Attention


class SqlHouse:
    """The rules in a database; the newest ones count, and the old ones stay."""

    def __init__(self, engine: Engine, *, rules: Codec[Attention]) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine
        self._dump, self._load = rules

    def attention(self) -> Attention:
        """Return the rules that count now; those that restrict nothing when none were published."""
        newest = select(table.c.definition).order_by(table.c.id.desc()).limit(1)
        with reading(self._engine) as connection:
            definition = connection.scalar(newest)
        return Attention() if definition is None else self._load(definition)

    def publish(self, attention: Attention, at: datetime) -> None:
        """Let rules count from now on; the same ones again change nothing."""
        if attention == self.attention():
            return
        definition = self._dump(attention)
        digest = hashlib.sha256(definition.encode()).hexdigest()
        with writing(self._engine) as connection:
            connection.execute(insert(table).values(digest=digest, definition=definition, published_at=at))
            mark(connection)
