"""Mails in a Maildir folder of this machine: taken from ``new`` and ``cur``, put aside as seen."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from diffuse.errors import AuthoringError, TransientFailure

LARGEST = 20 * 1024 * 1024
"""Bytes of a mail that are read at most."""

_SEEN = ":2,S"


class Maildir:
    """A folder with ``new``, ``cur`` and ``tmp``. Implements ``ports.Mailbox``."""

    def __init__(self, folder: Path) -> None:
        """Name the folder."""
        self._folder = folder

    @contextmanager
    def unread(self) -> Iterator[Iterator[tuple[str, bytes]]]:
        """Give the mails that are new, oldest name first.

        Raises:
            AuthoringError: when the folder is no Maildir.
            TransientFailure: when it cannot be read now.
        """
        for part in ("new", "cur"):
            if not (self._folder / part).is_dir():
                raise AuthoringError.of(
                    f"returns_maildir: {self._folder} has no folder {part}", "a Maildir: new, cur and tmp"
                )
        yield self._mails()

    def _mails(self) -> Iterator[tuple[str, bytes]]:
        try:
            names = sorted(one.name for one in (self._folder / "new").iterdir() if one.is_file())
            for name in names:
                try:
                    with (self._folder / "new" / name).open("rb") as file:
                        yield name, file.read(LARGEST)
                except FileNotFoundError:
                    continue  # another worker has put it aside
        except OSError as error:
            text = f"the folder {self._folder} cannot be read: {error.strerror}"
            raise TransientFailure(text) from error

    def taken(self, name: str) -> None:
        """Move a mail to ``cur`` and mark it as seen; nothing is deleted."""
        target = self._folder / "cur" / f"{name.partition(':')[0]}{_SEEN}"
        try:
            (self._folder / "new" / name).rename(target)
        except FileNotFoundError:
            return
        except OSError as error:
            text = f"{name} in {self._folder} cannot be put aside: {os.strerror(error.errno or 0)}"
            raise TransientFailure(text) from error
