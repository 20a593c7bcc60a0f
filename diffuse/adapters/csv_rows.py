"""Rows of a CSV file: UTF-8 with or without BOM or cp1252, comma or semicolon, quoted newlines."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from diffuse.errors import AuthoringError, Problem, nearest


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A row: its line, counted from 1, its values by column without blanks around them, or what is wrong."""

    number: int
    cells: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read_lines(path: Path, columns: Sequence[str], required: Sequence[str]) -> Iterator[Line]:
    """Yield the rows below the header that are not empty.

    Args:
        path: the file.
        columns: the columns that it may have, in any order and case.
        required: those that it must have.

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
                header = _header(cells, path, columns, required)
            elif any(cell.strip() for cell in cells):
                yield _line(header, cells, path, line)
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
            "an empty file", f"a header such as {','.join(columns)}", file=str(path), line=1
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


def _header(cells: list[str], path: Path, columns: Sequence[str], required: Sequence[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    problems = [
        Problem(
            file=str(path),
            line=1,
            found=f"column {name!r} is not known",
            expected=f"some of {', '.join(columns)}",
            suggestion=nearest(name, columns),
        )
        for name in names
        if name not in columns
    ]
    problems += [
        Problem(
            file=str(path),
            line=1,
            found=f"column {name!r} is missing",
            expected=f"at least {', '.join(required)}",
        )
        for name in required
        if name not in names
    ]
    problems += [
        Problem(file=str(path), line=1, found=f"column {name!r} stands twice", expected="each column once")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if problems:
        raise AuthoringError(*problems)
    return names


def _line(header: list[str], cells: list[str], path: Path, number: int) -> Line:
    if len(cells) != len(header):
        problem = Problem(
            file=str(path),
            line=number,
            found=f"{len(cells)} values",
            expected=f"{len(header)}, as in the header",
        )
        return Line(number=number, problems=(problem,))
    values = (cell.strip() for cell in cells)
    return Line(number=number, cells=dict(zip(header, values, strict=True)))


def day(cell: str, column: str) -> date:
    """Read YYYY-MM-DD and nothing else, the other forms of ISO 8601 included."""
    try:
        found = date.fromisoformat(cell)
    except ValueError:
        found = None
    if found is None or found.isoformat() != cell:
        raise AuthoringError(Problem(path=(column,), found=f"{cell!r} is not a day", expected="YYYY-MM-DD"))
    return found


def placed(problem: Problem, path: Path, line: int) -> Problem:
    """Return a problem of a value with its place in the file."""
    column = str(problem.path[0]) if problem.path else ""
    return Problem(
        file=str(path),
        line=line,
        found=f"{column}: {problem.found}",
        expected=problem.expected,
        suggestion=problem.suggestion,
    )
