"""Mails on an IMAP server (RFC 3501): those that nobody has seen, fetched without marking them."""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from diffuse.errors import AuthoringError, TransientFailure

LARGEST = 20 * 1024 * 1024


class ImapMailbox:
    """One folder of an account. Implements ``ports.Mailbox``; each reading is one connection."""

    def __init__(  # noqa: PLR0913 -- what a connection needs
        self,
        *,
        host: str,
        port: int,
        security: Literal["tls", "starttls", "none"],
        username: str,
        password: str,
        folder: str = "INBOX",
        timeout: float = 10.0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Keep what a connection needs; none is made yet."""
        self._host, self._port, self._security = host, port, security
        self._username, self._password, self._folder = username, password, folder
        self._timeout = timeout
        self._context = context or ssl.create_default_context()
        self._open: imaplib.IMAP4 | None = None

    def __repr__(self) -> str:
        """Show the server and never the password."""
        return f"ImapMailbox({self._username}@{self._host}:{self._port}/{self._folder})"

    @contextmanager
    def unread(self) -> Iterator[Iterator[tuple[str, bytes]]]:
        """Give the mails that nobody has seen, by their unique ids.

        Raises:
            AuthoringError: when the server refuses us or has no such folder.
            TransientFailure: when it does not answer.
        """
        try:
            self._open = self._connected()
            yield self._mails(self._open)
        except (OSError, imaplib.IMAP4.error) as error:
            raise TransientFailure(f"{self!r} does not answer: {error}") from error
        finally:
            if self._open is not None:
                with suppress(OSError, imaplib.IMAP4.error):
                    self._open.logout()
            self._open = None

    def taken(self, name: str) -> None:
        """Mark a mail as seen; nothing is deleted."""
        if self._open is not None:
            self._open.uid("STORE", name, "+FLAGS.SILENT", r"(\Seen)")

    def _connected(self) -> imaplib.IMAP4:
        if self._security == "tls":
            server: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                self._host, self._port, ssl_context=self._context, timeout=self._timeout
            )
        else:
            server = imaplib.IMAP4(self._host, self._port, timeout=self._timeout)
        try:
            if self._security == "starttls":
                server.starttls(self._context)
            server.login(self._username, self._password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            server.shutdown()
            text = f"{self!r} refuses the login"
            raise AuthoringError.of(text, "returns_imap_username and _password that work") from error
        answer, _ = server.select(f'"{self._folder}"')
        if answer != "OK":
            server.shutdown()
            raise AuthoringError.of(f"{self!r}: no such folder", "returns_imap_folder that exists")
        return server

    def _mails(self, server: imaplib.IMAP4) -> Iterator[tuple[str, bytes]]:
        _, found = server.uid("SEARCH", "UNSEEN")
        for number in (found[0] or b"").split():
            _, parts = server.uid("FETCH", number.decode(), f"(UID BODY.PEEK[]<0.{LARGEST}>)")
            for part in parts:
                if isinstance(part, tuple):
                    yield number.decode(), part[1]
