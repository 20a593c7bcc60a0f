"""Tables as CSV files: UTF-8, stable bytes, and no value that a spreadsheet would run as a formula."""

import csv
import os
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import IO

from diffuse.domain.measures import Rate
from diffuse.errors import AuthoringError

_FORMULA = frozenset("=+-@\N{MINUS SIGN}")
_LEADING = ("\t", "\r", "\n")
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Unicode categories of blanks and of characters without a width, which spreadsheets skip."""

RATE_SUFFIXES = ("_numerator", "_denominator", "")


class CsvTables:
    """Writes each table to ``<folder>/<name>.csv``, whole or not at all.

    ``excel="fr"`` writes what a spreadsheet set to French opens by a double click: semicolons, a byte
    order mark and decimal commas.
    """

    def __init__(self, folder: Path, *, excel: str = "") -> None:
        """Take the folder, which is made when it does not exist."""
        self._folder = folder
        self._french = excel == "fr"

    def write(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write one table; a Rate, told or not, fills three columns: numerator, denominator, value."""
        part = self._folder / f"{name}.csv.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with part.open("w", encoding="utf-8-sig" if self._french else "utf-8", newline="") as file:
                print_table(file, columns, rows, french=self._french)
            os.replace(part, self._folder / f"{name}.csv")  # noqa: PTH105 -- the atomic one
        except OSError as error:
            raise AuthoringError.of(
                f"{error.filename2 or error.filename or part} cannot be written: {error.strerror}",
                "a folder that may be written",
            ) from error
        finally:
            with suppress(OSError):
                part.unlink()


def print_table(
    file: IO[str], columns: Sequence[str], rows: Iterable[Sequence[object]], *, french: bool = False
) -> None:
    """Write one table to an open file, in the way that ``CsvTables`` does."""
    writer = csv.writer(file, delimiter=";" if french else ",", lineterminator="\r\n")
    writer.writerow([title for column in columns for title in _titles(column)])
    writer.writerows(
        [
            cell
            for column, value in zip(columns, row, strict=True)
            for cell in (_nothing(column) if value is None else _cells(value, french=french))
        ]
        for row in rows
    )


def _cells(value: object, *, french: bool) -> Iterator[str | int]:
    if isinstance(value, Rate):
        share = "" if value.value is None else str(value.value)
        yield from (
            value.numerator,
            value.denominator,
            share.replace(".", ",") if french else share,
        )
    elif isinstance(value, datetime):
        yield value.isoformat(timespec="seconds")
    elif isinstance(value, date):
        yield value.isoformat()
    elif isinstance(value, int):
        yield int(value)
    else:
        yield _defused(str(value))


def _nothing(column: str) -> tuple[str, ...]:
    """Return the empty cells of a column, three for a rate that is not told."""
    return ("",) * len(_titles(column))


def _titles(column: str) -> tuple[str, ...]:
    return tuple(f"{column}{suffix}" for suffix in RATE_SUFFIXES) if column.endswith("_rate") else (column,)


def _defused(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula."""
    seen = next((letter for letter in text if unicodedata.category(letter) not in _UNSEEN), " ")
    # Full-width and other forms of a sign are taken for the sign itself.
    is_formula = unicodedata.normalize("NFKC", seen)[0] in _FORMULA
    return f"'{text}" if is_formula or text.startswith(_LEADING) else text
