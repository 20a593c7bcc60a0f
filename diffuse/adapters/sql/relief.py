"""Keeps who is away, and who stands in for whom."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, delete, func, insert, select

from diffuse.adapters.sql.chunks import mark
from diffuse.adapters.sql.engine import alone, reading, writing
from diffuse.adapters.sql.tables import absence, delivery, duty
from diffuse.domain.people import Absence
from diffuse.domain.population import bucket
from diffuse.domain.succession import Duty, renewed
from diffuse.ports import NEVER_CHANGED, Passed

_MANY = 200
"""Employees whose change has only their own shares planned anew; with more, everybody is."""


class SqlRelief:
    """Absences and duties in a database."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine

    def absences(self, employees: Collection[str] | None = None) -> Sequence[Absence]:
        """Return the absences of some employees, or of all, by employee and first day."""
        with reading(self._engine) as connection:
            return _absences(connection, employees)

    def renew(
        self, given: Collection[Absence], days: Mapping[str, date], employee: str | None = None
    ) -> tuple[int, int]:
        """Replace the absences of an employee, or of everybody, from their local days on.

        Return how many were added and how many taken away. What has passed stays, and an absence that has
        begun and is not given any more ended yesterday.
        """
        with writing(self._engine) as connection:
            alone(connection, absence)
            kept = set(_absences(connection, None if employee is None else [employee]))
            after = set(renewed(kept, given, days))
            gone, new = sorted(kept - after, key=_key), sorted(after - kept, key=_key)
            if gone:
                same = (absence.c.employee == bindparam("who"), absence.c.starts == bindparam("day"))
                connection.execute(
                    delete(absence).where(*same), [{"who": one.employee, "day": one.starts} for one in gone]
                )
            if new:
                connection.execute(
                    insert(absence),
                    [{"employee": one.employee, "starts": one.starts, "ends": one.ends} for one in new],
                )
            if gone or new:
                changed = {one.employee for one in (*gone, *new)}
                mark(connection, sorted(map(bucket, changed)) if len(changed) <= _MANY else None)
        return len(new), len(gone)

    def duties(self) -> Sequence[Duty]:
        """Return every duty, by role and duty."""
        with reading(self._engine) as connection:
            return tuple(_duties(connection))

    def assign(self, duties: Collection[Duty]) -> None:
        """Replace every duty."""
        names = Duty.__dataclass_fields__
        with writing(self._engine) as connection:
            alone(connection, duty)
            if sorted(duties, key=_duty) == _duties(connection):
                return
            connection.execute(delete(duty))
            if duties:
                connection.execute(
                    insert(duty), [{name: getattr(one, name) for name in names} for one in duties]
                )
            mark(connection)

    def acknowledged(
        self, employees: Collection[str], asked_since: Mapping[tuple[str, str], int] = NEVER_CHANGED
    ) -> Mapping[str, Collection[tuple[str, str]]]:
        """Return for each employee the (campaign, key point) pairs that they have acknowledged.

        ``asked_since`` gives the publication since which acknowledgements of a pair count.
        """
        row = delivery.c
        pair = (row.employee, row.campaign, row.key_point)
        statement = (
            select(*pair, func.max(row.publication))
            .where(*_theirs(employees), row.acknowledged_at.is_not(None))
            .group_by(*pair)
        )
        found: dict[str, set[tuple[str, str]]] = {name: set() for name in employees}
        with reading(self._engine) as connection:
            for name, campaign, key_point, publication in connection.execute(statement):
                if publication >= asked_since.get((campaign, key_point), 0):
                    found[name].add((campaign, key_point))
        return found

    def passed(self, employees: Collection[str]) -> Mapping[str, Passed]:
        """Return what came of the messages that some employees got for occasions, by the occasion's key."""
        row = delivery.c
        statement = (
            select(row.occasion, row.sent_at, row.acknowledged_at)
            .where(*_theirs(employees), row.occasion != "")
            .order_by(row.id)
        )
        with reading(self._engine) as connection:
            return {
                key: Passed(sent_at=sent_at, acknowledged_at=acknowledged_at)
                for key, sent_at, acknowledged_at in connection.execute(statement)
            }


def _theirs(employees: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    """Find the deliveries of employees by their shares, as they lie in the table's key."""
    row = delivery.c
    return row.bucket.in_(sorted({bucket(name) for name in employees})), row.employee.in_(sorted(employees))


def _duties(connection: Connection) -> list[Duty]:
    statement = select(duty).order_by(duty.c.role, duty.c.duty)
    return [Duty(**row) for row in connection.execute(statement).mappings()]


def _absences(connection: Connection, employees: Collection[str] | None) -> tuple[Absence, ...]:
    statement = select(absence).order_by(absence.c.employee, absence.c.starts)
    if employees is not None:
        statement = statement.where(absence.c.employee.in_(sorted(employees)))
    return tuple(Absence(**row) for row in connection.execute(statement).mappings())


def _key(one: Absence) -> tuple[Any, ...]:
    return one.employee, one.starts


def _duty(one: Duty) -> tuple[str, str]:
    return one.role, one.duty
