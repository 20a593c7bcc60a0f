"""Mails on an IMAP server (RFC 3501): those that nobody has seen, fetched without marking them."""

import imaplib
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
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
            AuthoringError: when the server cannot be trusted, refuses us or has no such folder.
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
                _close(self._open)
            self._open = None

    def taken(self, name: str) -> None:
        """Mark a mail as seen; nothing is deleted.

        Raises:
            TransientFailure: when the server does not do it; the mail is read again the next time.
        """
        if self._open is None:
            return
        try:
            answer, told = self._open.uid("STORE", name, "+FLAGS.SILENT", r"(\Seen)")
        except (OSError, imaplib.IMAP4.error) as error:
            raise TransientFailure(f"{self!r} does not answer: {error}") from error
        if answer != "OK":
            raise TransientFailure(f"{self!r} does not mark a mail as seen: {_words(told)}")

    def _connected(self) -> imaplib.IMAP4:
        server = self._reached()
        try:
            self._log_in(server)
            answer, _ = server.select(_quoted(self._folder))
        except BaseException:
            _close(server)
            raise
        if answer != "OK":
            _close(server)
            raise AuthoringError.of(f"{self!r}: no such folder", "returns_imap_folder that exists")
        return server

    def _reached(self) -> imaplib.IMAP4:
        try:
            if self._security == "tls":
                return imaplib.IMAP4_SSL(
                    self._host, self._port, ssl_context=self._context, timeout=self._timeout
                )
            server = imaplib.IMAP4(self._host, self._port, timeout=self._timeout)
            if self._security == "starttls":
                self._secure(server)
        except ssl.SSLCertVerificationError as error:
            found = f"the certificate of {self!r} cannot be trusted ({error.verify_message})"
            raise AuthoringError.of(
                found, "a certificate for the name in returns_imap_host, of an authority known here"
            ) from error
        except ssl.SSLError as error:
            found = f"TLS with {self!r} failed ({error.reason})"
            raise AuthoringError.of(
                found, "returns_imap_security and returns_imap_port that belong together"
            ) from error
        return server

    def _secure(self, server: imaplib.IMAP4) -> None:
        """Begin TLS; without it nothing is said to the server."""
        if "STARTTLS" not in server.capabilities:
            _close(server)
            found = f"{self!r} does not offer STARTTLS"
            raise AuthoringError.of(found, "returns_imap_security: tls, with its port")
        try:
            server.starttls(self._context)
        except BaseException:
            _close(server)
            raise

    def _log_in(self, server: imaplib.IMAP4) -> None:
        """Log in; by SASL PLAIN (RFC 4616), which alone takes letters with accents, where it is offered."""
        try:
            if "AUTH=PLAIN" in server.capabilities:
                said = f"\0{self._username}\0{self._password}".encode()
                server.authenticate("PLAIN", lambda _: said)
            else:
                server.login(self._username, self._password)
        except imaplib.IMAP4.abort:
            raise
        except (imaplib.IMAP4.error, UnicodeEncodeError):
            text = f"{self!r} refuses the login"
            # What was said to the server stands in the error: it is left out.
            raise AuthoringError.of(text, "returns_imap_username and _password that work") from None

    def _mails(self, server: imaplib.IMAP4) -> Iterator[tuple[str, bytes]]:
        _, found = server.uid("SEARCH", "UNSEEN")
        for number in (found[0] or b"").split():
            _, parts = server.uid("FETCH", number.decode(), f"(UID BODY.PEEK[]<0.{LARGEST}>)")
            for part in parts:
                if isinstance(part, tuple):
                    yield number.decode(), part[1]


def _close(server: imaplib.IMAP4) -> None:
    """Close the connection, whatever state it is in."""
    with suppress(OSError):
        server.shutdown()


def _words(told: list[bytes | None]) -> str:
    return b" ".join(one for one in told if one).decode("ascii", "replace")


def _quoted(folder: str) -> str:
    """Return the name of a folder in quotes, its letters beyond ASCII in modified UTF-7 (RFC 3501, 5.1.3)."""
    pieces = []
    for plain, letters in groupby(folder, key=lambda one: " " <= one <= "~"):
        text = "".join(letters)
        if plain:
            pieces.append(text.replace("&", "&-").replace("\\", r"\\").replace('"', r"\""))
        else:
            coded = b64encode(text.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
            pieces.append(f"&{coded}-")
    return f'"{"".join(pieces)}"'
