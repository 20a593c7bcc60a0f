"""Journals in real files: what a killed process, a full disk or somebody else leaves in the folder."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Barrier

import pytest

from diffuse.adapters import dot_journal
from diffuse.adapters.dot_journal import DotJournal, DotJournals
from diffuse.domain.delivery import Ending, Left, State
from diffuse.errors import AuthoringError, TransientFailure

TOKEN = "worker-1.7"
REPLY = Ending(delivery=1, attempt=2, state=State.SENT, reply="250 2.0.0 kept")
WRITER = """
import sys, time
from pathlib import Path
from diffuse.adapters.dot_journal import DotJournals
from diffuse.domain.delivery import Ending, State

with DotJournals(Path(sys.argv[1])).begin(sys.argv[2]) as journal:
    journal.dots([(1, 2), (3, 1)])
    journal.replies([Ending(delivery=1, attempt=2, state=State.SENT, reply="250 2.0.0 kept")])
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def journals(tmp_path: Path) -> DotJournals:
    return DotJournals(tmp_path / "journal")


def files(folder: Path) -> list[Path]:
    return sorted((folder / "journal").iterdir())


@contextmanager
def writer(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process that has noted two dots and one reply, and lives on; it is killed at the end."""
    command = [sys.executable, "-c", WRITER, str(folder / "journal"), TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def killed(folder: Path) -> None:
    with writer(folder) as process:
        process.kill()  # SIGKILL: nothing of it runs any more
        assert process.wait() == -9


def settled(journals: DotJournals) -> list[Left]:
    found = []
    for inherited in journals.left():
        with inherited as left:
            found.append(left)
    return found


class Died(Exception):
    """Stands for whatever ends a batch."""


@contextmanager
def dying(journals: DotJournals, token: str = TOKEN) -> Iterator[DotJournal]:
    """Keep a journal in a batch that dies of an exception."""
    with suppress(Died), journals.begin(token) as journal:
        yield journal
        raise Died


def leave(journals: DotJournals, token: str = TOKEN) -> None:
    """Leave a journal of two dots and one reply behind."""
    with dying(journals, token) as journal:
        journal.dots([(1, 2), (3, 1)])
        journal.replies([REPLY])


def test_dots_and_replies_survive_a_process_that_is_killed(journals: DotJournals, tmp_path: Path) -> None:
    killed(tmp_path)
    (left,) = settled(journals)
    assert left == Left(token=TOKEN, certain=True, dotted=frozenset({(1, 2), (3, 1)}), endings=(REPLY,))
    assert left.fate(1, 2, State.SENDING) == REPLY
    assert left.fate(3, 1, State.SENDING).state is State.UNKNOWN
    assert left.fate(4, 1, State.SENDING).state is State.PLANNED
    assert files(tmp_path) == []


def test_the_journal_of_a_living_process_is_not_taken(journals: DotJournals, tmp_path: Path) -> None:
    with writer(tmp_path) as process:
        assert settled(journals) == []
        assert len(files(tmp_path)) == 1
        process.kill()
        process.wait()
        assert [left.token for left in settled(journals)] == [TOKEN]


def test_a_journal_that_ended_well_leaves_nothing(journals: DotJournals, tmp_path: Path) -> None:
    with journals.begin(TOKEN) as journal:
        journal.dots([(1, 1)])
        assert journals.count() == 0
    assert files(tmp_path) == []


def test_journals_are_there_even_when_none_is_left(journals: DotJournals) -> None:
    assert bool(journals) is True
    assert journals.count() == 0
    leave(journals)
    assert journals.count() == 1


def test_what_is_not_settled_is_left_to_the_next_one(journals: DotJournals) -> None:
    leave(journals)
    for inherited in journals.left():
        with suppress(Died), inherited:
            raise Died
    assert [left.token for left in settled(journals)] == [TOKEN]
    assert settled(journals) == []


@pytest.mark.parametrize("torn", ["D 5", "D 5 1", "R 3 1 sent 250 OK", "R 3 1 se", "\xff"])
def test_a_torn_last_line_counts_for_nothing(journals: DotJournals, tmp_path: Path, torn: str) -> None:
    leave(journals)
    (path,) = files(tmp_path)
    path.write_bytes(path.read_bytes() + torn.encode("latin-1"))
    (left,) = settled(journals)
    assert (left.dotted, left.endings) == (frozenset({(1, 2), (3, 1)}), (REPLY,))


@pytest.mark.parametrize("cut", range(1, 60, 3))
def test_wherever_a_journal_was_cut_it_can_be_read(journals: DotJournals, tmp_path: Path, cut: int) -> None:
    leave(journals)
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    for left in settled(journals):
        assert left.dotted <= {(1, 2), (3, 1)}
        assert left.endings in {(), (REPLY,)}
    assert files(tmp_path) == []


def test_a_reply_in_several_lines_and_without_words_is_read_back_in_one(journals: DotJournals) -> None:
    wordy = Ending(delivery=1, attempt=1, state=State.FAILED, reply="550 no\r\nD 9 9\n such  mailbox\u2028é")
    silent = Ending(delivery=2, attempt=1, state=State.UNKNOWN)
    with dying(journals) as journal:
        journal.replies([wordy, silent])
    (left,) = settled(journals)
    assert left.dotted == frozenset()
    assert [one.reply for one in left.endings] == ["550 no D 9 9 such mailbox é", ""]


def test_after_a_crash_of_the_machine_nothing_is_certain(
    journals: DotJournals, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(journals)
    monkeypatch.setattr(dot_journal, "_boot", lambda: "another-run")
    (left,) = settled(journals)
    assert not left.certain
    assert left.fate(4, 1, State.SENDING).state is State.UNKNOWN
    assert left.fate(1, 2, State.SENDING) == REPLY


def test_of_many_settlers_at_once_each_journal_has_one(journals: DotJournals, tmp_path: Path) -> None:
    for number in range(20):
        leave(journals, f"worker-1.{number}")
    start = Barrier(4)

    def settle(_: int) -> list[str]:
        start.wait()
        return [left.token for left in settled(DotJournals(tmp_path / "journal"))]

    with ThreadPoolExecutor(4) as pool:
        found = [token for tokens in pool.map(settle, range(4)) for token in tokens]
    found += [left.token for left in settled(journals)]  # one that somebody else looked at was passed over
    assert sorted(found) == sorted(f"worker-1.{number}" for number in range(20))
    assert files(tmp_path) == []


def test_a_journal_that_is_being_settled_is_passed_over(journals: DotJournals, tmp_path: Path) -> None:
    leave(journals)
    other = DotJournals(tmp_path / "journal")
    for inherited in journals.left():
        with inherited as left:
            assert settled(other) == []
            assert left.token == TOKEN
    assert settled(other) == []


# --- a full disk --------------------------------------------------------------------------------------


class Disk:
    """A disk with room for so many bytes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room = 10**9
        self._write = os.write
        monkeypatch.setattr(os, "write", self.write)

    def write(self, number: int, data: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self._write(number, data[: self.room])
        self.room -= written
        return written


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def test_without_room_for_a_journal_nothing_begins_and_nothing_is_left(
    journals: DotJournals, tmp_path: Path, disk: Disk
) -> None:
    for room in (0, 5):
        disk.room = room
        with pytest.raises(TransientFailure, match=r"check the disk|is the disk full"), journals.begin(TOKEN):
            pytest.fail("it began without a journal")
    assert files(tmp_path) == []


@pytest.mark.parametrize("room", range(12))
def test_what_a_full_disk_cut_off_spoils_nothing_that_follows(
    journals: DotJournals, disk: Disk, room: int
) -> None:
    with dying(journals) as journal:
        journal.dots([(1, 2)])
        disk.room = room
        with pytest.raises(TransientFailure):
            journal.dots([(77, 1), (88, 1)])
        disk.room = 10**9
        journal.replies([REPLY])
    (left,) = settled(journals)
    assert left.endings == (REPLY,)
    assert (1, 2) in left.dotted
    assert left.dotted <= {(1, 2), (77, 1)}


def test_a_full_device_is_named_with_its_reason() -> None:
    number = os.open("/dev/full", os.O_WRONLY)
    try:
        journal = DotJournal(number, Path("here.journal"))
        with pytest.raises(TransientFailure, match=r"here\.journal cannot be written \(No space left"):
            journal.dots([(1, 1)])
    finally:
        os.close(number)


# --- the folder ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["notes.journal", f"{'a' * 32}.journal", "core.1234", f"{'b' * 32}.draft"])
def test_what_somebody_else_put_into_the_folder_stays(
    journals: DotJournals, tmp_path: Path, name: str
) -> None:
    foreign = tmp_path / "journal" / name
    foreign.write_text("a trip to\nD day one\nR was warm and sunny\n")
    leave(journals)
    assert [left.token for left in settled(journals)] == [TOKEN]
    assert files(tmp_path) == [foreign]


def test_a_folder_with_the_name_of_a_journal_is_no_journal(journals: DotJournals, tmp_path: Path) -> None:
    (tmp_path / "journal" / "old.journal").mkdir()
    assert settled(journals) == []


def test_a_journal_that_cannot_be_read_is_named(journals: DotJournals, tmp_path: Path) -> None:
    (tmp_path / "journal" / f"{'a' * 32}.journal").mkdir()
    with pytest.raises(TransientFailure, match=r"a\.journal cannot be read \(Is a directory\): check who"):
        settled(journals)


@pytest.mark.parametrize("content", [b"", b"\0\0\0\0"])
def test_a_journal_that_a_crash_left_empty_is_thrown_away(
    journals: DotJournals, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "journal" / f"{'a' * 32}.journal").write_bytes(content)
    assert settled(journals) == []
    assert files(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_refused_by_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AuthoringError, match="cannot be made: Not a directory"):
        DotJournals(tmp_path / "file" / "journal")
