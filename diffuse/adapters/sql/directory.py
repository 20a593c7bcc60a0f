"""Keeps the employees."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, delete, func, insert, or_, select, update

from diffuse.adapters.sql.chunks import mark
from diffuse.adapters.sql.engine import alone, reading, writing
from diffuse.adapters.sql.tables import employee, employee_role
from diffuse.domain.people import Employee
from diffuse.domain.policy import refuse
from diffuse.domain.population import bucket
from diffuse.errors import Problem
from diffuse.ports import Import

_COLUMNS = tuple(column.name for column in employee.columns if column.name != "bucket")

_LOT = 500
"""Ids that one statement names."""


class SqlDirectory:
    """The directory in a database; nobody is ever deleted from it."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine

    def employees(self) -> Sequence[Employee]:
        """Return everybody, by id."""
        with reading(self._engine) as connection:
            return tuple(_read(connection))

    def those(self, ids: Collection[str]) -> Sequence[Employee]:
        """Return some employees, by id; those who are not known are left out."""
        wanted = sorted(ids)
        lots = (wanted[begin : begin + _LOT] for begin in range(0, len(wanted), _LOT))
        with reading(self._engine) as connection:
            return tuple(one for lot in lots for one in _read(connection, employee.c.id.in_(lot)))

    def called(self, value: str) -> Sequence[Employee]:
        """Return whoever has exactly that id, or that address in whatever case, by id.

        An address that is not ASCII is nobody's: some of its letters would turn into others in lower case.
        """
        which = employee.c.id == value
        if "@" in value and value.isascii():  # by an id alone, no row but one is read
            which = or_(which, func.lower(employee.c.email) == value.lower())
        with reading(self._engine) as connection:
            return tuple(_read(connection, which))

    def save(self, employees: Sequence[Employee], *, end_missing: date | None = None) -> Import:
        """Add or update employees, all or none; those who are kept but not among them are ``missing``.

        Who has a known last day is not missing; with ``end_missing``, unless that day comes later, and then
        all the missing ones get it as their last day.

        Raises:
            AuthoringError: when an id stands twice; nothing is saved then.
        """
        refuse(_twice(employees))
        with writing(self._engine) as connection:
            alone(connection, employee)
            kept = {one.id: one for one in _read(connection)}
            added = [one for one in employees if one.id not in kept]
            updated = [one for one in employees if one.id in kept and one != kept[one.id]]
            given = {one.id for one in employees}
            missing = [one for one in kept.values() if one.id not in given and _stays(one, end_missing)]
            _insert(connection, added)
            _update(connection, updated)
            ended = [_ended(one, end_missing) for one in missing] if end_missing else []
            _update(connection, ended)
            if added or updated or ended:
                mark(connection)
        return Import(
            added=_ids(added),
            updated=_ids(updated),
            unchanged=tuple(one.id for one in employees if kept.get(one.id) == one),
            missing=_ids(missing),
        )


def _read(connection: Connection, *which: ColumnElement[bool]) -> Iterator[Employee]:
    """Read employees with their roles in one statement, so that both belong together."""
    rows = connection.execute(
        select(*(employee.c[name] for name in _COLUMNS), employee_role.c.role)
        .join_from(employee, employee_role, isouter=True)
        .where(*which)
        .order_by(employee.c.id, employee_role.c.place)
    )
    for key, group in groupby(rows, key=lambda row: row[:-1]):
        roles = tuple(row.role for row in group if row.role is not None)
        yield Employee(**dict(zip(_COLUMNS, key, strict=True)), roles=roles)


def _insert(connection: Connection, employees: Sequence[Employee]) -> None:
    if employees:
        connection.execute(insert(employee), [{**_row(one), "bucket": bucket(one.id)} for one in employees])
        _insert_roles(connection, employees)


def _update(connection: Connection, employees: Sequence[Employee]) -> None:
    if not employees:
        return
    same = employee.c.id == bindparam("which")
    connection.execute(
        update(employee).where(same).values({name: bindparam(name) for name in _COLUMNS if name != "id"}),
        [{**_row(one), "which": one.id} for one in employees],
    )
    connection.execute(
        delete(employee_role).where(employee_role.c.employee == bindparam("which")),
        [{"which": one.id} for one in employees],
    )
    _insert_roles(connection, employees)


def _insert_roles(connection: Connection, employees: Iterable[Employee]) -> None:
    rows = [
        {"employee": one.id, "place": place, "role": role}
        for one in employees
        for place, role in enumerate(one.roles)
    ]
    if rows:
        connection.execute(insert(employee_role), rows)


def _row(one: Employee) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _COLUMNS}


def _stays(one: Employee, end_missing: date | None) -> bool:
    return one.ends is None or (end_missing is not None and one.ends > end_missing)


def _ended(one: Employee, last: date) -> Employee:
    """End an employee's work; who would only have started later is taken to have started that day."""
    return replace(one, ends=last, starts=one.starts and min(one.starts, last))


def _twice(employees: Sequence[Employee]) -> Iterator[Problem]:
    for name, times in Counter(_ids(employees)).items():
        if times > 1:
            yield Problem(
                found=f"employee {name!r} stands {times} times in the directory", expected="one row for each"
            )


def _ids(employees: Iterable[Employee]) -> tuple[str, ...]:
    return tuple(one.id for one in employees)
