"""Employees from a CSV file: UTF-8 with or without BOM or cp1252, comma or semicolon, quoted newlines."""

import csv
import io
from collections.abc import Iterator
from dataclasses import MISSING, fields
from datetime import date
from pathlib import Path

from diffuse.domain.people import Employee
from diffuse.errors import AuthoringError, Problem, nearest
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
    text = _decode(path)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for cells in lines:
            if header is None:
                header = _header(cells, path)
            elif any(cell.strip() for cell in cells):
                yield _row(header, cells, path, line)
            line = lines.line_num + 1
    except csv.Error as error:
        raise AuthoringError.of(
            f"not readable as CSV: {error}",
            "quotes that are closed, and doubled inside a value",
            file=str(path),
            line=line,
        ) from error
    if header is None:
        raise AuthoringError.of(
            "an empty file", f"a header such as {','.join(COLUMNS)}", file=str(path), line=1
        )


def _decode(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AuthoringError.of(f"cannot be read: {error.strerror}", "a CSV file", file=str(path)) from error
    if b"\0" in data:
        raise AuthoringError.of("not a text file", "CSV, saved as UTF-8", file=str(path), line=1)
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AuthoringError.of("neither UTF-8 nor Windows-1252", "CSV, saved as UTF-8", file=str(path), line=1)


def _delimiter(text: str) -> str:
    header = next(io.StringIO(text, newline=""), "")
    return ";" if header.count(";") > header.count(",") else ","


def _header(cells: list[str], path: Path) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    problems = [
        Problem(
            file=str(path),
            line=1,
            found=f"column {name!r} is not known",
            expected=f"some of {', '.join(COLUMNS)}",
            suggestion=nearest(name, COLUMNS),
        )
        for name in names
        if name not in COLUMNS
    ]
    problems += [
        Problem(
            file=str(path),
            line=1,
            found=f"column {name!r} is missing",
            expected=f"at least {', '.join(REQUIRED)}",
        )
        for name in REQUIRED
        if name not in names
    ]
    problems += [
        Problem(file=str(path), line=1, found=f"column {name!r} stands twice", expected="each column once")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if problems:
        raise AuthoringError(*problems)
    return names


def _row(header: list[str], cells: list[str], path: Path, line: int) -> Row:
    if len(cells) != len(header):
        return Row(
            line=line,
            file=str(path),
            problems=(
                Problem(
                    file=str(path),
                    line=line,
                    found=f"{len(cells)} values",
                    expected=f"{len(header)}, as in the header",
                ),
            ),
        )
    problems: list[Problem] = []
    values: dict[str, object] = {}
    for column, cell in zip(header, (cell.strip() for cell in cells), strict=True):
        if column == "roles":
            values[column] = tuple(role.strip() for role in cell.split(_LIST_SEPARATOR) if role.strip())
        elif not cell and column not in REQUIRED:
            continue
        elif column in _DATES:
            try:
                values[column] = _day(cell)
            except ValueError:
                problems.append(
                    Problem(path=(column,), found=f"{cell!r} is not a day", expected="YYYY-MM-DD")
                )
        else:
            values[column] = cell
    employee = None
    try:
        employee = Employee(**values)  # type: ignore[arg-type]
    except AuthoringError as error:
        problems.extend(error.problems)
    return Row(
        line=line,
        file=str(path),
        id=str(values["id"]),
        employee=None if problems else employee,
        problems=tuple(_placed(problem, path, line) for problem in problems),
    )


def _day(cell: str) -> date:
    """Read YYYY-MM-DD; ValueError for anything else, the other forms of ISO 8601 included."""
    day = date.fromisoformat(cell)
    if day.isoformat() != cell:
        raise ValueError(cell)
    return day


def _placed(problem: Problem, path: Path, line: int) -> Problem:
    column = str(problem.path[0]) if problem.path else ""
    return Problem(
        file=str(path),
        line=line,
        found=f"{column}: {problem.found}",
        expected=problem.expected,
        suggestion=problem.suggestion,
    )
