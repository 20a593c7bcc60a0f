"""Employees from a CSV file."""

from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path

from diffuse.adapters.csv_rows import Line, day, placed, read_lines
from diffuse.domain.people import Employee
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Row

COLUMNS = tuple(field.name for field in fields(Employee))
REQUIRED = tuple(field.name for field in fields(Employee) if field.default is MISSING)
_LIST_SEPARATOR = ";"
_DATES = ("starts", "ends")


def read_directory(path: Path) -> Iterator[Row]:
    """Yield every row of the file with its line: an employee, or what is wrong with the row.

    Raises:
        AuthoringError: when the file itself, or its header, must be mended.
    """
    return (_row(line, path) for line in read_lines(path, COLUMNS, REQUIRED))


def _row(line: Line, path: Path) -> Row:
    if line.problems:
        return Row(line=line.number, file=str(path), problems=line.problems)
    problems: list[Problem] = []
    values: dict[str, object] = {}
    for column, cell in line.cells.items():
        if column == "roles":
            values[column] = tuple(role.strip() for role in cell.split(_LIST_SEPARATOR) if role.strip())
        elif not cell and column not in REQUIRED:
            continue
        elif column in _DATES:
            try:
                values[column] = day(cell, column)
            except AuthoringError as error:
                problems.extend(error.problems)
        else:
            values[column] = cell
    employee = None
    try:
        employee = Employee(**values)  # type: ignore[arg-type]
    except AuthoringError as error:
        problems.extend(error.problems)
    return Row(
        line=line.number,
        file=str(path),
        id=str(values["id"]),
        employee=None if problems else employee,
        problems=tuple(placed(problem, path, line.number) for problem in problems),
    )
