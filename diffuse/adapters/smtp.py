"""Delivery by e-mail: one kept SMTP connection per thread, and the final dot only after the fence."""

import select
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache

from diffuse.adapters.mail_headers import mailbox_header
from diffuse.adapters.mail_server import TIMEOUT, MailServer, Security, words
from diffuse.adapters.mime import Sender, Skeleton
from diffuse.domain.delivery import Outcome, State, backoff
from diffuse.domain.message import Outgoing
from diffuse.errors import AuthoringError, PermanentFailure, TransientFailure, UnknownDelivery
from diffuse.ports import Clock

_SKELETONS = 512
_DONE, _GO_ON, _LATER, _NEVER = 2, 3, 4, 5
_CREDENTIALS_WANTED = frozenset({530, 534, 535, 538})
_CLOSING, _GIBBERISH = 421, -1


class SmtpChannel:
    """Hands messages to a mail server.

    A message is refused or put off for itself alone; only what concerns all messages (no connection, TLS,
    credentials, our own address) is raised. Call ``close`` when no thread is sending any more.
    """

    def __init__(  # noqa: PLR0913 one for each setting
        self,
        *,
        host: str,
        port: int,
        sender_name: str,
        sender_email: str,
        clock: Clock,
        security: Security = "starttls",
        username: str = "",
        password: str = "",
        timeout: timedelta = TIMEOUT,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Keep what a connection needs, as ``MailServer`` explains it; none is made yet.

        Raises:
            AuthoringError: when a setting cannot work.
        """
        try:
            mailbox_header("From", sender_name, sender_email)
        except PermanentFailure as failure:
            raise AuthoringError.of(str(failure), path=("sender_email",)) from failure
        self._server = MailServer(
            host=host,
            port=port,
            security=security,
            username=username,
            password=password,
            timeout=timeout,
            context=context,
        )
        self._sender, self._clock = Sender(name=sender_name, email=sender_email), clock
        self._skeleton = lru_cache(maxsize=_SKELETONS)(Skeleton.of)
        self._connections: dict[int, smtplib.SMTP] = {}

    def send(self, batch: Sequence[Outgoing], fence: Callable[[int], bool]) -> Iterator[Outcome]:
        """Deliver each message and yield how it ended, one by one.

        ``fence(delivery)`` is called when everything but the final dot has been handed over; when it
        returns False the connection is cut, and the message has no outcome.

        Raises:
            TransientFailure: when the server cannot be reached, or refuses TLS, our credentials or our
                address; messages without an outcome were not sent.
        """
        for outgoing in batch:
            outcome = self._deliver(outgoing, fence)
            if outcome is not None:
                yield outcome

    def close(self) -> None:
        """Take leave of the server on every connection."""
        while self._connections:
            _, connection = self._connections.popitem()
            with suppress(OSError):
                connection.quit()
            connection.close()

    def _deliver(self, outgoing: Outgoing, fence: Callable[[int], bool]) -> Outcome | None:
        try:
            message = self._skeleton(outgoing.baked).fill(outgoing, self._sender)
            self._hand_over(outgoing, message)
            if not self._fenced(outgoing, fence):
                return None
            reply = self._finish()
        except UnknownDelivery as failure:
            return self._outcome(outgoing, State.UNKNOWN, failure.reply)
        except PermanentFailure as failure:
            return self._outcome(outgoing, State.FAILED, failure.reply)
        except _NotNow as failure:
            return self._outcome(outgoing, State.PLANNED, failure.reply)
        return self._outcome(outgoing, State.SENT, reply)

    def _outcome(self, outgoing: Outgoing, state: State, reply: str) -> Outcome:
        now = self._clock.now()
        return Outcome(
            delivery=outgoing.delivery,
            attempt=outgoing.attempt,
            state=state,
            at=now,
            reply=reply,
            retry_at=now + backoff(outgoing.attempt) if state is State.PLANNED else None,
        )

    def _hand_over(self, outgoing: Outgoing, message: bytes) -> None:
        """Give the server everything but the final dot."""
        try:
            connection = self._begun()
            self._expect(_DONE, connection.rcpt(outgoing.email))
            self._expect(_GO_ON, connection.docmd("DATA"))
            connection.send(message.replace(b"\r\n.", b"\r\n.."))
        except OSError as loss:
            self._drop()
            text = f"the connection to {self._server} was lost before the end of the message: {loss}"
            raise _NotNow(text) from loss

    def _fenced(self, outgoing: Outgoing, fence: Callable[[int], bool]) -> bool:
        fenced = False
        try:
            fenced = fence(outgoing.delivery)
        finally:
            if not fenced:
                self._drop()
        return fenced

    def _finish(self) -> str:
        """Send the final dot and return the answer; from then on only an answer tells what happened."""
        connection = self._connections[threading.get_ident()]
        if connection.sock is None or _has_spoken(connection.sock):
            self._drop()
            text = f"{self._server} broke off before the end of the message"
            raise _NotNow(text)
        try:
            connection.send(b".\r\n")
            code, answer = connection.getreply()
        except OSError as loss:
            self._drop()
            text = f"no answer from {self._server} after the end of the message: {loss}"
            raise UnknownDelivery(text) from loss
        reply = words(code, answer)
        if code // 100 not in {_DONE, _LATER, _NEVER}:
            self._drop()
            text = f"no clear answer from {self._server} after the end of the message: {reply}"
            raise UnknownDelivery(text)
        if code == _CLOSING:
            self._drop()
        _judge(_DONE, code, reply)
        return reply

    def _expect(self, hundreds: int, answer: tuple[int, bytes]) -> None:
        """Check an answer before the dot; after a refusal the connection is ready for the next message."""
        code, text = answer
        if code // 100 == hundreds:
            return
        if code in {_CLOSING, _GIBBERISH}:
            self._drop()
        else:
            self._reset()
        reply = words(code, text)
        if code in _CREDENTIALS_WANTED:
            raise self._server.refusal(reply)
        _judge(hundreds, code, reply)

    def _begun(self) -> smtplib.SMTP:
        """Return this thread's connection with a mail begun; a new one when the server left the kept one."""
        kept = self._connections.get(threading.get_ident())
        if kept is not None:
            with suppress(OSError):
                answer = kept.mail(self._sender.email)
                if answer[0] != _CLOSING:
                    return self._accepted(kept, answer)
            self._drop()
        connection = self._connections[threading.get_ident()] = self._server.connect()
        return self._accepted(connection, connection.mail(self._sender.email))

    def _accepted(self, connection: smtplib.SMTP, answer: tuple[int, bytes]) -> smtplib.SMTP:
        try:
            self._expect(_DONE, answer)
        except PermanentFailure as refusal:
            text = (
                f"{self._server} refuses our own address {self._sender.email} ({refusal.reply}); nothing "
                "was sent: check the sender's address, and what this account may send as"
            )
            raise TransientFailure(text, reply=refusal.reply) from refusal
        return connection

    def _reset(self) -> None:
        try:
            self._connections[threading.get_ident()].rset()
        except OSError:
            self._drop()

    def _drop(self) -> None:
        if connection := self._connections.pop(threading.get_ident(), None):
            connection.close()


class _NotNow(TransientFailure):
    """Raised when this message alone is put off."""


def _judge(hundreds: int, code: int, reply: str) -> None:
    """Raise for an answer that is not the one expected."""
    if code // 100 == _NEVER:
        raise PermanentFailure(reply)
    if code // 100 != hundreds:
        raise _NotNow(reply)


def _has_spoken(connection: socket.socket) -> bool:
    """Tell whether the server closed or complained when it should be waiting for the end of the message."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
