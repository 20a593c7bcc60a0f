"""Enrol: bring the directory in line with a file of employees, all rows or none."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

from diffuse.domain.people import Employee
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Directory, Import, Row

Rows: TypeAlias = list[tuple[Row, Employee]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Enrolled:
    """What an import changed, and the rows that were left out on request."""

    changes: Import
    skipped: tuple[Problem, ...] = ()


def enrol(
    rows: Iterable[Row], directory: Directory, *, skip_bad: bool = False, end_missing: date | None = None
) -> Enrolled:
    """Add or update the employees of a file.

    Args:
        rows: the rows of the file, good and bad.
        directory: where employees are kept.
        skip_bad: import the good rows although there are bad ones.
        end_missing: give this last day to those who are kept but not in the file.

    Raises:
        AuthoringError: with every bad row, when there is one and ``skip_bad`` is False, or when it is not
            known whose row a bad one is and the missing would be ended; nothing is imported.
    """
    good: list[tuple[Row, Employee]] = []
    problems: list[Problem] = []
    kept = {employee.id: employee for employee in directory.employees()}
    in_file: set[str] = set()
    nameless: list[Problem] = []
    lines: dict[tuple[str, str], int] = {}
    for row in rows:
        name = row.employee.id if row.employee else row.id
        in_file.add(name)
        if not name:
            nameless.append(_nameless(row))
        found = row.problems
        if row.employee:
            found = (*found, *_repeats(row, row.employee, lines))
            if not found:
                good.append((row, row.employee))
        problems.extend(found)
    strays, good = _without_manager(good, in_file.union(kept))
    problems += [_problem(row, f"nobody has the id {who.manager!r}") for row, who in strays]
    if problems and not skip_bad:
        raise AuthoringError(*problems)
    while True:
        # A manager who is left out is not known: their people wait for the mended row too.
        strays, good = _without_manager(good, {*kept, *(who.id for _, who in good)})
        if not strays:
            break
        problems += [_problem(row, f"the row of {who.manager!r} is left out") for row, who in strays]
    if not good:
        raise AuthoringError(*problems, Problem(found="no row to import", expected="at least one employee"))
    if nameless and end_missing is not None:
        raise AuthoringError(*problems, *nameless)
    imported = {who.id: who for _, who in good}
    # Whose row is left out is in the file nevertheless, and not missing.
    stay = {name: kept[name] for name in sorted(in_file & kept.keys() - imported.keys())}
    changes = directory.save([*imported.values(), *stay.values()], end_missing=end_missing)
    unchanged = tuple(name for name in changes.unchanged if name not in stay)
    return Enrolled(changes=replace(changes, unchanged=unchanged), skipped=tuple(problems))


def _nameless(row: Row) -> Problem:
    return Problem(
        file=row.file,
        line=row.line,
        found="nobody can be called missing: whose row this is cannot be read",
        expected="a row with an id, or no last day for the missing",
    )


def _repeats(row: Row, employee: Employee, lines: dict[tuple[str, str], int]) -> Iterable[Problem]:
    for column, value in (("id", employee.id), ("email", employee.email.casefold())):
        first = lines.setdefault((column, value), row.line)
        if first != row.line:
            yield Problem(
                file=row.file,
                line=row.line,
                found=f"{column}: {value!r} already stands on line {first}",
                expected="each employee once",
            )


def _without_manager(rows: Rows, known: Collection[str]) -> tuple[Rows, Rows]:
    """Part the rows whose manager is not known from the others."""
    strays = [(row, who) for row, who in rows if who.manager and who.manager not in known]
    left_out = {row.line for row, _ in strays}
    return strays, [(row, who) for row, who in rows if row.line not in left_out]


def _problem(row: Row, found: str) -> Problem:
    return Problem(
        file=row.file,
        line=row.line,
        found=f"manager: {found}",
        expected="the id of another employee, or nothing",
    )
