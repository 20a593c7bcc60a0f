"""The way to a mail server: where it is, who we are there, and plain words when it does not let us in."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, TypeAlias, get_args

from diffuse.errors import AuthoringError, Problem, TransientFailure, nearest

Security: TypeAlias = Literal["none", "starttls", "tls"]
"""How a connection is protected: not at all, by STARTTLS (usually port 587), from the first byte (465)."""

TIMEOUT = timedelta(seconds=60)
DOT_TIMEOUT = timedelta(minutes=2)
"""A server may look at a message before it answers the final dot; RFC 5321 would give it ten minutes."""

CONNECTIONS = 8

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PERMANENT = 5
CREDENTIALS_WANTED = frozenset({530, 534, 535, 538})


@dataclass(frozen=True, kw_only=True, slots=True)
class MailServer:
    """A mail server and our account there.

    Attributes:
        username: empty when the server wants no credentials.
        timeout: for the connection and for each answer.
        dot_timeout: for the answer to the final dot.
        connections: how many to it one worker opens at most.
        context: for TLS; without it, certificates are checked against the authorities of this machine.

    Raises:
        AuthoringError: when a setting cannot work.
    """

    host: str
    port: int
    security: Security = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    timeout: timedelta = TIMEOUT
    dot_timeout: timedelta = DOT_TIMEOUT
    connections: int = CONNECTIONS
    context: ssl.SSLContext | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse settings that cannot work, all at once."""
        if problems := tuple(self._problems()):
            raise AuthoringError(*problems)

    def __str__(self) -> str:
        """Name the server in a sentence."""
        return f"the mail server at {self.host}:{self.port}"

    def connect(self) -> smtplib.SMTP:
        """Open a connection that is ready for mail.

        Raises:
            TransientFailure: when the server cannot be reached, or refuses TLS or our credentials.
        """
        connection: smtplib.SMTP | None = None
        try:
            connection = self._open()
            if self.security == "starttls":
                connection.starttls(context=self._tls())
            connection.ehlo_or_helo_if_needed()
            if self.username:
                connection.login(self.username, self.password)
        except OSError as error:
            if connection is not None:
                connection.close()
            raise self._trouble(error) from error
        return connection

    def refusal(self, reply: str) -> TransientFailure:
        """Say that our credentials, or their absence, are refused."""
        who = f"the credentials of {self.username!r}" if self.username else "mail without credentials"
        text = f"{self} refuses {who} ({reply}); nothing was sent: check the user name and the password"
        return TransientFailure(text, reply=reply)

    def refused(self, code: int, reply: str, sender: str) -> str:
        """Say that the server takes no message at all from us."""
        if code in CREDENTIALS_WANTED:
            return str(self.refusal(reply))
        return (
            f"{self} refuses our own address {sender} ({reply}); nothing was sent: "
            "check the sender's address, and what this account may send as"
        )

    def _open(self) -> smtplib.SMTP:
        seconds = self.timeout.total_seconds()
        if self.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=seconds, context=self._tls()
            )
        else:
            connection = smtplib.SMTP(self.host, self.port, timeout=seconds)
        if connection.sock is not None:
            # The final dot, small and after a large packet, must not wait until that one is acknowledged.
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _tls(self) -> ssl.SSLContext:
        # Without a context of ours smtplib would check no certificate.
        return self.context or ssl.create_default_context()

    def _trouble(self, error: OSError) -> TransientFailure:
        """Say why there is no connection, and what to look at."""
        reply = (
            words(error.smtp_code, error.smtp_error)
            if isinstance(error, smtplib.SMTPResponseException)
            else ""
        )
        match error:
            case smtplib.SMTPAuthenticationError() if error.smtp_code // 100 == _PERMANENT:
                return self.refusal(reply)
            case smtplib.SMTPNotSupportedError():
                what, remedy = f"{self} does not offer what is asked of it ({error})", "security and username"
            case ssl.SSLCertVerificationError():
                what = f"the certificate of {self} cannot be trusted ({error.verify_message})"
                remedy = (
                    "that the host is the name in the certificate and that this machine knows its authority"
                )
            case ssl.SSLError():
                what = f"TLS with {self} failed ({error.reason})"
                remedy = "security, which is usually tls on port 465 and starttls on port 587"
            case _:
                what = f"{self} cannot be reached ({reply or error})"
                remedy = "that it runs, its host, port and security, and the network"
        return TransientFailure(f"{what}; nothing was sent: check {remedy}", reply=reply)

    def _problems(self) -> Iterator[Problem]:
        if not self.host:
            yield Problem(found="the mail server has no host", expected="its name or address", path=("host",))
        known = get_args(Security)
        if self.security not in known:
            found, near = f"unknown security {self.security!r}", nearest(self.security, known)
            yield Problem(found=found, expected="none, starttls or tls", suggestion=near, path=("security",))
        if not (self.username + self.password).isascii():
            found = "the mail server's user name or password holds characters outside ASCII"
            yield Problem(
                found=found, expected="letters, digits and signs of plain ASCII", path=("password",)
            )
        if self.username and self.security == "none" and self.host not in _LOOPBACK:
            found = "the mail server's password would cross the network in clear"
            yield Problem(found=found, expected="security starttls or tls", path=("security",))


def words(code: int, text: bytes | str) -> str:
    """Return a server's answer as one line."""
    return " ".join(f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}".split())
