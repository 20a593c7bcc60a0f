"""Everything that is kept about one person as a zip: one JSON file, and one CSV file for each table."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from diffuse.adapters.csv_tables import print_table
from diffuse.errors import AuthoringError

ALL = "person.json"
_DATED = (1980, 1, 1, 0, 0, 0)
"""The same content makes the same bytes."""


class PersonZip:
    """Writes one zip, whole or not at all."""

    def __init__(self, path: Path) -> None:
        """Take the file, which must not exist yet."""
        self._path = path

    def write(self, kept: Mapping[str, Sequence[Mapping[str, object]]]) -> None:
        """Write rows by the name of their table.

        Raises:
            AuthoringError: when the file cannot be written, or is there already.
        """
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            _add(archive, ALL, json.dumps(kept, default=_plain, ensure_ascii=False, indent=2) + "\n")
            for name, rows in kept.items():
                _add(archive, f"{name}.csv", _table(rows))
        try:
            with self._path.open("xb") as file:
                file.write(packed.getvalue())
        except OSError as error:
            raise AuthoringError.of(
                f"{self._path} cannot be written: {error.strerror}",
                "a new file in a folder that may be written",
            ) from error
        self._path.chmod(0o600)


def _add(archive: zipfile.ZipFile, name: str, text: str) -> None:
    entry = zipfile.ZipInfo(name, _DATED)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, text.encode())


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    text = io.StringIO(newline="")
    columns = list(rows[0])
    print_table(text, columns, ([row[name] for name in columns] for row in rows))
    return text.getvalue()


def _plain(value: object) -> str:
    """Write what JSON does not know: days and instants by ISO 8601."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
