"""Shares the employees among planners: ranges of buckets, each planned by one planner at a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, insert, or_, select, update

from diffuse.adapters.sql.engine import alone, reading, writing
from diffuse.adapters.sql.tables import chunk, employee, snapshot
from diffuse.domain.population import BUCKETS
from diffuse.ports import Chunk

SIZE = 8192
"""Employees that a chunk should hold at most, about."""

LEASE = timedelta(minutes=10)
"""How long a planner may hold a chunk before another one takes it over."""


def mark(connection: Connection, buckets: Sequence[int] | None = None) -> None:
    """Say that something has changed and must be planned anew: for everybody, or for some buckets."""
    where: list[ColumnElement[bool]] = []
    if buckets is not None:
        where = [or_(*((chunk.c.first <= one) & (one <= chunk.c.last) for one in buckets))]
    connection.execute(update(chunk).where(*where).values(revision=chunk.c.revision + 1))


class SqlChunks:
    """The chunks in a database."""

    def __init__(self, engine: Engine, *, size: int = SIZE) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine
        self._size = size

    def lay_out(self, now: datetime) -> None:
        """Cut the buckets into as many ranges as the number of employees asks for, a power of two.

        Another number of ranges than before discards what planners kept for the old ones. Of planners that
        begin at once, one cuts; another cut would take from them what they hold by then.
        """
        with reading(self._engine) as connection:
            people = connection.scalar(select(func.count()).select_from(employee)) or 0
            have = _count(connection)
        ranges = _ranges(people, self._size)
        if have == ranges:
            return
        width = BUCKETS // ranges
        rows = [
            {
                "first": place * width,
                "last": (place + 1) * width - 1,
                "revision": 1,
                "planned_revision": 0,
                "due_at": now,
            }
            for place in range(ranges)
        ]
        with writing(self._engine) as connection:
            alone(connection, chunk)
            if _count(connection) == ranges:
                return
            connection.execute(delete(snapshot))
            connection.execute(delete(chunk))
            connection.execute(insert(chunk), rows)

    def claim(self, now: datetime, token: str) -> Chunk | None:
        """Take a chunk that is to be planned and that nobody holds; None when there is none."""
        row = chunk.c
        waiting = (
            select(row.first)
            .where(*_waiting(now))
            .order_by(row.first)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        statement = (
            update(chunk)
            .where(row.first == waiting)
            .values(lease_token=token, lease_until=now + LEASE)
            .returning(row.first, row.last, row.revision)
        )
        with reading(self._engine) as connection:
            if not connection.scalar(select(func.count()).select_from(chunk).where(*_waiting(now))):
                return None
        with writing(self._engine) as connection:
            taken = connection.execute(statement).mappings().first()
        return Chunk(token=token, **taken) if taken else None


def _waiting(now: datetime) -> tuple[ColumnElement[bool], ...]:
    row = chunk.c
    return (
        (row.due_at <= now) | (row.planned_revision < row.revision),
        row.lease_until.is_(None) | (row.lease_until <= now),
    )


def release(connection: Connection, held: Chunk, now: datetime, due_at: datetime) -> int:
    """Give a chunk back as planned; return 0, and change nothing, when the lease was lost."""
    row = chunk.c
    statement = (
        update(chunk)
        .where(row.first == held.first, row.lease_token == held.token, row.lease_until > now)
        .values(planned_revision=held.revision, due_at=due_at, lease_token=None, lease_until=None)
    )
    return connection.execute(statement).rowcount


def _count(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(chunk)) or 0


def _ranges(people: int, size: int) -> int:
    ranges = 1
    while ranges * size < people and ranges < BUCKETS:
        ranges *= 2
    return ranges
