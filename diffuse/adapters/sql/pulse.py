"""Keeps in the database when a worker last looked at it, and what tells this database from another one."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, select, text, update

from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.failures import place
from diffuse.adapters.sql.tables import pulse
from diffuse.ports import Seen

_ALLOWED = text("SELECT has_function_privilege('pg_control_system()', 'execute')")
_IDENTIFIER = text("SELECT system_identifier::text FROM pg_control_system()")


class SqlPulse:
    """The pulse of a database."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine
        self._address = _address(engine.url)

    def read(self) -> Seen:
        """Return what the database says of itself."""
        with reading(self._engine) as connection:
            return self._seen(connection)

    def beat(self, now: datetime, *, anew: bool = False) -> Seen:
        """Keep the instant, unless a later one is kept; ``anew``, keep it in any case."""
        statement = update(pulse).values(ticked_at=now)
        with writing(self._engine) as connection:
            connection.execute(statement if anew else statement.where(pulse.c.ticked_at < now))
            return self._seen(connection)

    def _seen(self, connection: Connection) -> Seen:
        row = connection.execute(select(pulse.c.incarnation, pulse.c.ticked_at)).one()
        return Seen(
            address=self._address,
            incarnation=row.incarnation,
            server=_server(connection),
            ticked_at=row.ticked_at,
        )


def _server(connection: Connection) -> str:
    """Name the data of a PostgreSQL server, where the account may ask for it."""
    if connection.dialect.name != "postgresql" or not connection.scalar(_ALLOWED):
        return ""
    return str(connection.scalar(_IDENTIFIER))


def _address(url: URL) -> str:
    if url.get_backend_name() != "sqlite":
        return place(url)
    file = url.database or ":memory:"
    return "" if file == ":memory:" else f"sqlite:///{Path(file).resolve()}"
