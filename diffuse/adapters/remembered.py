"""Remembers, in a file of this machine, how the database was when a worker last saw it."""

import json
import os
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from diffuse.errors import AuthoringError, TransientFailure
from diffuse.ports import Seen

FILE = "database.json"


class RememberedFile:
    """The file; it is replaced as a whole, so that nobody reads half of it."""

    def __init__(self, folder: Path) -> None:
        """Use a folder that exists, of this machine and not of the database's backups."""
        self._path = folder / FILE

    def read(self) -> Seen | None:
        """Return how the database was; None before the first time.

        Raises:
            AuthoringError: when the file is there and cannot be read.
        """
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            return Seen(**{**kept, "ticked_at": datetime.fromisoformat(kept["ticked_at"])})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise AuthoringError.of(
                f"{self._path} cannot be read ({error}): it tells whether the database is an old copy",
                "the file that a worker wrote, or none: check the database, then delete it",
            ) from error

    def keep(self, seen: Seen) -> None:
        """Keep it for the next time.

        Raises:
            TransientFailure: when it cannot be written.
        """
        draft = self._path.with_suffix(f".{os.getpid()}.draft")
        text = json.dumps({**asdict(seen), "ticked_at": seen.ticked_at.isoformat()}, indent=1)
        try:
            draft.write_text(f"{text}\n", encoding="utf-8")
            draft.replace(self._path)
        except OSError as error:
            raise TransientFailure(
                f"{self._path} cannot be written ({error.strerror}): check the disk and who owns the folder"
            ) from error
