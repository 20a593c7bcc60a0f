"""A journal beside the database: what a process that was killed may have sent is read from it at once.

One file for each batch, in a folder of this machine. The process that sends holds a lock on it for as long as
it lives; whoever gets the lock knows that it is dead. What is written is in the system's memory before the
final dot leaves, so it outlives the process, and not a crash of the machine: after one only answers count.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

from diffuse.domain.delivery import Ending, Left, State
from diffuse.errors import AuthoringError, TransientFailure

SUFFIX = ".journal"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NO_BOOT = "unknown"
_DOT, _REPLY = "D", "R"
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
        path = self._folder / f"{blake2b(token.encode(), digest_size=16).hexdigest()}{SUFFIX}"
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

    def left(self) -> Iterator[AbstractContextManager[Left]]:
        """Yield what dead processes of this machine left; the end of a ``with`` block throws it away."""
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            with suppress(FileNotFoundError), path.open("rb") as file:
                if not _lock(file.fileno()) or not path.exists():
                    continue
                lines = file.read().decode("utf-8", "replace").split("\n")
                if " " in lines[0]:
                    yield _inherited(path, read(lines))
                else:
                    path.unlink(
                        missing_ok=True
                    )  # it died before it wrote anything, so before it sent anything

    def __len__(self) -> int:
        """Count the journals of dead processes."""
        return sum(1 for _ in self.left())


class DotJournal:
    """The journal of one batch."""

    def __init__(self, number: int, path: Path) -> None:
        """Take the open, locked file."""
        self._number, self._path = number, path

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
        data = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
        try:
            written = os.write(self._number, data)
        except OSError as error:
            raise _unwritable(self._path, error) from error
        if written != len(data):
            raise TransientFailure(
                f"the journal {self._path} cannot be written to its end; is the disk full?"
            )


def read(lines: Sequence[str]) -> Left:
    """Read the lines of a journal; the last one may have been cut by the death of its writer."""
    token, _, boot = lines[0].rpartition(" ")
    whole = [line.split(" ", 4) for line in lines[1:-1]]
    return Left(
        token=token,
        certain=boot == _boot() != _NO_BOOT,
        dotted=frozenset((int(line[1]), int(line[2])) for line in whole if line[0] == _DOT),
        endings=tuple(
            Ending(delivery=int(line[1]), attempt=int(line[2]), state=State(line[3]), reply=line[4])
            for line in whole
            if line[0] == _REPLY
        ),
    )


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
