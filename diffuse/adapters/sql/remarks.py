"""Keeps what is to be forwarded to the owners of policies."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine, or_, select, update

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.engine import reading, writing
from diffuse.domain.evidence import Response
from diffuse.domain.remark import Remark
from diffuse.ports import Unforwarded

AT_A_TIME = 20

_ROW = tables.remark.c
_TOLD = tables.delivery.c
_WHO = tables.employee.c
_SAID = tuple(_ROW[name] for name in Remark.__dataclass_fields__)


class SqlRemarks:
    """The remarks in a database."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine

    def waiting(self, now: datetime, lease: timedelta) -> Sequence[Unforwarded]:
        """Take what waits, ``AT_A_TIME`` at most; nobody else takes it before the lease has run out."""
        free = _ROW.forwarded_at.is_(None) & or_(_ROW.held_until.is_(None), _ROW.held_until <= now)
        with reading(self._engine) as connection:
            if connection.execute(select(_ROW.id).where(free).limit(1)).first() is None:
                return []
        some = (
            select(_ROW.id).where(free).order_by(_ROW.id).limit(AT_A_TIME).with_for_update(skip_locked=True)
        )
        with writing(self._engine) as connection:
            taken = connection.scalars(some).all()
            connection.execute(update(tables.remark).where(_ROW.id.in_(taken)).values(held_until=now + lease))
            statement = (
                select(
                    _ROW.id, *_SAID, _TOLD.publication, _TOLD.key_point, _TOLD.variant, _WHO.name, _WHO.email
                )
                .join_from(tables.remark, tables.delivery, _ROW.delivery == _TOLD.id)
                .join(tables.employee, _TOLD.employee == _WHO.id)
                .where(_ROW.id.in_(taken))
                .order_by(_ROW.id)
            )
            rows = connection.execute(statement).mappings().all()
        return [_waiting(dict(row)) for row in rows]

    def forwarded(self, number: int, at: datetime) -> None:
        """Write down that a remark has been handed over."""
        with writing(self._engine) as connection:
            connection.execute(update(tables.remark).where(_ROW.id == number).values(forwarded_at=at))

    def all(self) -> Sequence[tuple[int, str, Remark, datetime | None]]:
        """Return every remark with its number, its employee, and when it was forwarded, the newest first."""
        statement = (
            select(_ROW.id, _TOLD.employee, *_SAID, _ROW.forwarded_at)
            .join_from(tables.remark, tables.delivery, _ROW.delivery == _TOLD.id)
            .order_by(_ROW.id.desc())
        )
        with reading(self._engine) as connection:
            rows = connection.execute(statement).mappings().all()
        return [(row["id"], row["employee"], _remark(dict(row)), row["forwarded_at"]) for row in rows]


def _remark(row: dict[str, object]) -> Remark:
    given = {name: row[name] for name in Remark.__dataclass_fields__}
    return Remark(**{**given, "response": Response(str(row["response"]))})  # type: ignore[arg-type]


def _waiting(row: dict[str, object]) -> Unforwarded:
    names = ("id", "publication", "key_point", "variant", "name", "email")
    return Unforwarded(remark=_remark(row), **{name: row[name] for name in names})  # type: ignore[arg-type]
