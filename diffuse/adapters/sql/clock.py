"""Tells the time by the database, so that workers on machines whose clocks differ agree on it."""

from datetime import UTC, datetime

from sqlalchemy import Engine, func, select

from diffuse.adapters.clock import SystemClock
from diffuse.adapters.sql.engine import reading
from diffuse.ports import Clock


class DatabaseClock:
    """The clock of a PostgreSQL server."""

    def __init__(self, engine: Engine) -> None:
        """Use a database."""
        self._engine = engine

    def now(self) -> datetime:
        """Return the instant, in UTC and aware.

        Raises:
            TransientFailure: when the database does not answer.
        """
        with reading(self._engine) as connection:
            now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)


def clock_of(engine: Engine) -> Clock:
    """Return the clock that everybody who uses a database shares: SQLite's users share this machine's."""
    return DatabaseClock(engine) if engine.dialect.name == "postgresql" else SystemClock()
