"""A journal beside the database: what a process that was killed may have sent is read from it at once.

One file for each batch, in a folder of this machine. The process that sends holds a lock on it for as long as
it lives; whoever gets the lock knows that it is dead. What is written is in the system's memory before the
final dot leaves, so it outlives the process, and not a crash of the machine: after one only answers count.
"""

import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from diffuse.domain.delivery import Ending, Left, State
from diffuse.errors import AuthoringError, TransientFailure

SUFFIX = ".journal"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NO_BOOT = "unknown"
_OURS = re.compile(rf"[0-9a-f]{{32}}{re.escape(SUFFIX)}")
_DOT, _REPLY = "D", "R"
_DOTTED = re.compile(rf"{_DOT} (\d+) (\d+)", re.ASCII)
_REPLIED = re.compile(rf"{_REPLY} (\d+) (\d+) ({'|'.join(State)}) (.*)", re.ASCII | re.DOTALL)
_LONGEST_REPLY = 400


class DotJournals:
    """Keeps one journal for each batch in a folder, which all workers of this machine share."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; it is made when it does not exist.

        Raises:
            AuthoringError: when it cannot be used.
        """
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AuthoringError.of(
                f"the journal's folder {folder} cannot be made: {error.strerror}",
                "a folder of this machine that workers may write to",
                path=("journal",),
            ) from error

    @contextmanager
    def begin(self, token: str) -> Iterator["DotJournal"]:
        """Keep a journal; it is thrown away at the end, but not when that end is an exception.

        Raises:
            TransientFailure: when it cannot be written; nothing is sent without it.
        """
        path = self._folder / _name(token)
        draft = path.with_suffix(".draft")  # nobody looks at it before it is locked
        try:
            number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            fcntl.flock(number, fcntl.LOCK_EX)
            journal = DotJournal(number, path)
            journal.write([f"{token} {_boot()}"])
            draft.rename(path)
            yield journal
            path.unlink(missing_ok=True)
        finally:
            os.close(number)
            draft.unlink(missing_ok=True)

    def left(self) -> Iterator[AbstractContextManager[Left]]:
        """Yield what dead processes of this machine left; the end of a ``with`` block throws it away.

        Files that are no journals stay where they are.

        Raises:
            TransientFailure: when a journal cannot be read.
        """
        for path in sorted(one for one in self._folder.glob(f"*{SUFFIX}") if _OURS.fullmatch(one.name)):
            with _opened(path) as file:
                if file is None or not _lock(file.fileno()) or not path.exists():
                    continue
                lines = file.read().decode("utf-8", "replace").split("\n")
                token, blank, _ = lines[0].rpartition(" ")
                if not blank:
                    # It died before it wrote anything, so before it sent anything.
                    path.unlink(missing_ok=True)
                elif path.name == _name(token):
                    yield _inherited(path, read(lines))

    def count(self) -> int:
        """Count the journals of dead processes."""
        return sum(1 for _ in self.left())


class DotJournal:
    """The journal of one batch."""

    def __init__(self, number: int, path: Path) -> None:
        """Take the open, locked file."""
        self._number, self._path = number, path
        self._torn = False

    def dots(self, deliveries: Sequence[tuple[int, int]]) -> None:
        """Note (delivery, attempt) pairs whose final dot is about to be set."""
        self.write([f"{_DOT} {delivery} {attempt}" for delivery, attempt in deliveries])

    def replies(self, endings: Sequence[Ending]) -> None:
        """Note what the other side answered."""
        self.write(
            [f"{_REPLY} {one.delivery} {one.attempt} {one.state} {_short(one.reply)}" for one in endings]
        )

    def write(self, lines: Sequence[str]) -> None:
        """Add lines in one call.

        Raises:
            TransientFailure: when the disk is full or fails.
        """
        # What a full disk cut off must not run into what is written once there is room again.
        data = ("\n" * self._torn + "".join(f"{line}\n" for line in lines)).encode("utf-8", "replace")
        try:
            written = os.write(self._number, data)
        except OSError as error:
            raise _unwritable(self._path, error) from error
        self._torn = written != len(data)
        if self._torn:
            raise TransientFailure(
                f"the journal {self._path} cannot be written to its end; is the disk full?"
            )


def read(lines: Sequence[str]) -> Left:
    """Read the lines of a journal; its last one, and what a full disk cut off, are no whole lines."""
    token, _, boot = lines[0].rpartition(" ")
    whole = lines[1:-1]
    return Left(
        token=token,
        certain=boot == _boot() != _NO_BOOT,
        dotted=frozenset((int(one[1]), int(one[2])) for line in whole if (one := _DOTTED.fullmatch(line))),
        endings=tuple(
            Ending(delivery=int(one[1]), attempt=int(one[2]), state=State(one[3]), reply=one[4])
            for line in whole
            if (one := _REPLIED.fullmatch(line))
        ),
    )


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO | None]:
    """Open a journal; None when another process has thrown it away meanwhile."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield None
    except OSError as error:
        text = f"the journal {path} cannot be read ({error.strerror}): check who owns it"
        raise TransientFailure(text) from error
    else:
        with file:
            yield file


def _name(token: str) -> str:
    return f"{blake2b(token.encode(), digest_size=16).hexdigest()}{SUFFIX}"


@contextmanager
def _inherited(path: Path, left: Left) -> Iterator[Left]:
    yield left
    path.unlink(missing_ok=True)


def _lock(number: int) -> bool:
    """Take the lock of a journal, unless its writer lives."""
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _short(reply: str) -> str:
    return " ".join(reply.split())[:_LONGEST_REPLY]


def _boot() -> str:
    """Name the current run of the machine; what was written before it may have been lost."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return _NO_BOOT


def _unwritable(path: Path, error: OSError) -> TransientFailure:
    return TransientFailure(
        f"the journal {path} cannot be written ({error.strerror}); nothing is sent without it: "
        "check the disk and who owns the folder"
    )
