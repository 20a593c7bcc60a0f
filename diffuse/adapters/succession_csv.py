"""Absences and duties from CSV files: all rows or none, and every mistake at once."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TypeVar

from diffuse.adapters.csv_rows import day, placed, read_lines
from diffuse.domain.people import Absence
from diffuse.domain.succession import Duty
from diffuse.errors import AuthoringError, Problem

T = TypeVar("T")


def read_absences(path: Path) -> dict[int, Absence]:
    """Read absences, by their lines: ``employee``, ``starts``, ``ends`` (the last day, included).

    Raises:
        AuthoringError: with everything that must be mended.
    """
    return _read(path, Absence, _absence)


def read_duties(path: Path) -> dict[int, Duty]:
    """Read duties, by their lines: ``role``, ``duty``, ``holder`` and ``substitute``, which may be empty.

    Raises:
        AuthoringError: with everything that must be mended; a duty of a role stands once.
    """
    duties = _read(path, Duty, lambda cells: Duty(**cells))
    first: dict[tuple[str, str], int] = {}
    twice = [
        Problem(
            file=str(path),
            line=line,
            found=f"the duty {one.duty!r} of {one.role!r} already stands on line {first[one.role, one.duty]}",
            expected="each duty once, with one holder and one substitute",
        )
        for line, one in duties.items()
        if first.setdefault((one.role, one.duty), line) != line
    ]
    if twice:
        raise AuthoringError(*twice)
    return duties


def _absence(cells: Mapping[str, str]) -> Absence:
    problems: list[Problem] = []
    days = {}
    for column in ("starts", "ends"):
        try:
            days[column] = day(cells[column], column)
        except AuthoringError as error:
            problems += error.problems
    if problems:
        raise AuthoringError(*problems)
    return Absence(employee=cells["employee"], **days)


def _read(path: Path, kind: type[T], make: Callable[[Mapping[str, str]], T]) -> dict[int, T]:
    columns = {one.name: one.default is MISSING for one in fields(kind)}  # type: ignore[arg-type]
    found: dict[int, T] = {}
    problems: list[Problem] = []
    for line in read_lines(path, tuple(columns), tuple(name for name, must in columns.items() if must)):
        problems += line.problems
        if not line.problems:
            try:
                found[line.number] = make(line.cells)
            except AuthoringError as error:
                problems += (placed(problem, path, line.number) for problem in error.problems)
    if problems:
        raise AuthoringError(*problems)
    return found
