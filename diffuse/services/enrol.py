"""Enrol: bring the directory in line with a file of employees, all rows or none."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from diffuse.domain.people import Employee
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Directory, Import, Row


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
        AuthoringError: with every bad row, when there is one and ``skip_bad`` is False; nothing is imported.
    """
    good: list[Row] = []
    problems: list[Problem] = []
    lines: dict[tuple[str, str], int] = {}
    for row in rows:
        found = row.problems or tuple(_repeats(row, lines))
        problems.extend(found)
        if not found:
            good.append(row)
    employees = [row.employee for row in good if row.employee is not None]
    problems += _unknown_managers(good, {e.id for e in employees} | {e.id for e in directory.employees()})
    if problems and not skip_bad:
        raise AuthoringError(*problems)
    bad = {problem.line for problem in problems}
    kept = [row.employee for row in good if row.employee is not None and row.line not in bad]
    if not kept:
        raise AuthoringError(*problems, Problem(found="no row to import", expected="at least one employee"))
    return Enrolled(changes=directory.save(kept, end_missing=end_missing), skipped=tuple(problems))


def _repeats(row: Row, lines: dict[tuple[str, str], int]) -> Iterable[Problem]:
    employee = row.employee
    if employee is None:
        return
    for column, value in (("id", employee.id), ("email", employee.email.casefold())):
        first = lines.setdefault((column, value), row.line)
        if first != row.line:
            yield Problem(
                file=row.file, line=row.line, found=f"{column}: {value!r} already stands on line {first}",
                expected="each employee once",
            )


def _unknown_managers(rows: list[Row], known: set[str]) -> list[Problem]:
    def manager(employee: Employee | None) -> str:
        return employee.manager if employee else ""

    return [
        Problem(
            file=row.file, line=row.line, found=f"manager: nobody has the id {manager(row.employee)!r}",
            expected="the id of another employee, or nothing",
        )
        for row in rows
        if manager(row.employee) and manager(row.employee) not in known
    ]
