"""Where mails come back: a Maildir of this machine, and a small IMAP server over a real socket."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from mailbox import Maildir as Written
from pathlib import Path

import pytest

from diffuse.adapters.imap import ImapMailbox
from diffuse.adapters.maildir import Maildir
from diffuse.errors import AuthoringError, TransientFailure
from diffuse.ports import Mailbox


def read(box: Mailbox, *, take: bool = True) -> list[bytes]:
    found = []
    with box.unread() as mails:
        for name, raw in mails:
            found.append(raw)
            if take:
                box.taken(name)
    return found


class Imap(socketserver.ThreadingTCPServer):
    """As much of RFC 3501 as one reader needs."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, mails: list[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.mails, self.seen, self.said = mails, set[int](), list[str]()


class Session(socketserver.StreamRequestHandler):
    server: Imap

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        for line in self.rfile:
            tag, _, command = line.decode().strip().partition(" ")
            self.server.said.append(command)
            for part in self._answer(command):
                self.wfile.write(part)
            ended = "NO refused" if "wrong" in command or "Nowhere" in command else "OK done"
            self.wfile.write(f"{tag} {ended}\r\n".encode())
            if command == "LOGOUT":
                return

    def _answer(self, command: str) -> Iterator[bytes]:
        words = command.split()
        if words[0] == "CAPABILITY":
            yield b"* CAPABILITY IMAP4rev1\r\n"
        elif words[0] == "SELECT":
            yield b"* %d EXISTS\r\n" % len(self.server.mails)
        elif words[:2] == ["UID", "SEARCH"]:
            unseen = [n for n in range(len(self.server.mails)) if n not in self.server.seen]
            yield b"* SEARCH" + b"".join(b" %d" % (n + 1) for n in unseen) + b"\r\n"
        elif words[:2] == ["UID", "FETCH"]:
            number = int(words[2])
            raw = self.server.mails[number - 1]
            yield b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n%s)\r\n" % (number, number, len(raw), raw)
        elif words[:2] == ["UID", "STORE"]:
            self.server.seen.add(int(words[2]) - 1)


@contextmanager
def imap(*mails: bytes) -> Iterator[Imap]:
    with Imap(list(mails)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def account(server: Imap, password: str = "right", folder: str = "INBOX") -> ImapMailbox:
    return ImapMailbox(
        host="127.0.0.1",
        port=server.server_address[1],
        security="none",
        username="bounces",
        password=password,
        folder=folder,
        timeout=5,
    )


def test_a_maildir_gives_each_mail_once_and_deletes_none(tmp_path: Path) -> None:
    written = Written(tmp_path / "box", create=True)
    for number in range(2):
        written.add(b"Subject: %d\n\nx\n" % number)
    box = Maildir(tmp_path / "box")
    assert len(read(box, take=False)) == 2
    assert sorted(read(box)) == [b"Subject: 0\n\nx\n", b"Subject: 1\n\nx\n"]
    assert read(box) == []
    assert len(written) == 2
    assert all(one.name.endswith(":2,S") for one in (tmp_path / "box" / "cur").iterdir())


def test_a_mail_that_another_worker_put_aside_is_nobodys_trouble(tmp_path: Path) -> None:
    Written(tmp_path / "box", create=True).add(b"Subject: x\n\nx\n")
    box = Maildir(tmp_path / "box")
    with box.unread() as mails:
        name, _ = next(mails)
        box.taken(name)
        box.taken(name)


def test_a_folder_that_is_no_maildir_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(AuthoringError, match="returns_maildir"):
        read(Maildir(tmp_path))


def test_an_imap_folder_gives_what_nobody_has_seen_and_marks_it_only_when_it_is_taken() -> None:
    with imap(b"Subject: one\r\n\r\nx", b"Subject: two\r\n\r\ny") as server:
        assert read(account(server), take=False) == server.mails
        assert server.seen == set()
        assert read(account(server)) == server.mails
        assert server.seen == {0, 1}
        assert read(account(server)) == []
        assert not any("EXPUNGE" in said or "Deleted" in said for said in server.said)


def test_an_imap_server_that_refuses_or_is_away_is_told_without_the_password() -> None:
    with imap() as server:
        with pytest.raises(AuthoringError, match="refuses the login") as refused:
            read(account(server, password="wrong"))
        with pytest.raises(AuthoringError, match="no such folder"):
            read(account(server, folder="Nowhere"))
        assert "wrong" not in f"{refused.value}{account(server)!r}"
    with pytest.raises(TransientFailure, match="does not answer"):
        read(account(server))
