"""Keeps who is signed in, and the links by which somebody can."""

from datetime import datetime
from hashlib import sha256
from secrets import token_urlsafe

from sqlalchemy import Engine, delete, func, insert, literal, select

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.engine import reading, writing
from diffuse.domain.identity import Identified
from diffuse.ports import Entry

BYTES = 32
"""Of chance in a token: nobody guesses it, so a plain hash hides it."""

_ROW = tables.entry.c


class SqlEntries:
    """Sessions and links in a database, which never holds their tokens."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine

    def open(
        self, kind: str, entry: Entry, at: datetime, expires_at: datetime, *, most: int | None = None
    ) -> str | None:
        """Keep a session or a link, and return its token.

        None, and nothing is kept, when the employee has ``most`` of that kind, or is not known.
        """
        token = token_urlsafe(BYTES)
        who = entry.who.employee
        with writing(self._engine) as connection:
            # Requests about one employee come one after the other.
            known = connection.scalar(
                select(tables.employee.c.id).where(tables.employee.c.id == who).with_for_update()
            )
            theirs = select(func.count()).where(
                _ROW.kind == kind, _ROW.employee == who, _ROW.expires_at > literal(at, _ROW.expires_at.type)
            )
            if known is None or (most is not None and (connection.scalar(theirs) or 0) >= most):
                return None
            connection.execute(
                insert(tables.entry).values(
                    digest=_digest(token),
                    kind=kind,
                    employee=who,
                    identified_by=entry.who.by,
                    post=entry.post,
                    at=at,
                    expires_at=expires_at,
                )
            )
        return token

    def find(self, kind: str, token: str, now: datetime) -> Entry | None:
        """Return what a token opens now; None for one that is not known, over, or of another kind."""
        statement = select(_ROW.employee, _ROW.identified_by, _ROW.post).where(
            _ROW.digest == _digest(token),
            _ROW.kind == kind,
            _ROW.expires_at > literal(now, _ROW.expires_at.type),
        )
        with reading(self._engine) as connection:
            row = connection.execute(statement).first()
        return Entry(Identified(row.employee, row.identified_by), row.post) if row else None

    def close(self, kind: str, token: str) -> None:
        """Let a token open nothing any longer."""
        with writing(self._engine) as connection:
            connection.execute(delete(tables.entry).where(_ROW.digest == _digest(token), _ROW.kind == kind))


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
