"""A local mail server that keeps a Maildir, and can be told to misbehave."""

import asyncio
import json
import os
import re
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal, Self, TypeAlias

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session, syntax

from diffuse.ports import Clock

Stage: TypeAlias = Literal["rcpt", "data", "dot"]

HANG_UP, SILENCE = "hang up", "silence"

_ADDRESS = "127.0.0.1"
_ENOUGH = 10**9
_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What goes wrong with one attempt to reach a recipient.

    Attributes:
        at: after RCPT, after DATA, or after the final dot.
        reply: the answer, such as ``450 4.2.1 busy``; or ``HANG_UP``, or ``SILENCE``.
        stored: whether the message is kept all the same (after the dot).
    """

    at: Stage
    reply: str
    stored: bool = False


class Receiver:
    """Listens on this machine in a thread of its own, from ``with`` to its end.

    Every message kept is a file in ``maildir`` and a line of JSON in ``journal`` (received, message_id,
    rcpt, file), both written before it is accepted.

    Attributes:
        port: where it listens, once started.
        connections: how many connections there were.
    """

    def __init__(  # noqa: PLR0913 each one stands for itself
        self,
        *,
        maildir: Path,
        journal: Path,
        clock: Clock,
        port: int = 0,
        security: Literal["none", "starttls", "tls"] = "none",
        context: ssl.SSLContext | None = None,
        credentials: tuple[str, str] | None = None,
        faults: Mapping[str, Sequence[Fault]] | None = None,
        messages_per_connection: int = _ENOUGH,
        pipelining: bool = True,
        largest: int = 32 << 20,
    ) -> None:
        """Keep what is needed; nothing is opened yet.

        Args:
            port: 0 takes a free one.
            context: the server's side of TLS, when ``security`` asks for it.
            credentials: the only user name and password that may send; without them, everybody may.
            faults: for each recipient's address what goes wrong at its first attempt, its second …
            messages_per_connection: after these it answers 421 and closes.
            pipelining: whether commands may be sent before the answers to earlier ones.
            largest: bytes of a message; of a larger one it says 552.
        """
        self.port, self.connections = port, 0
        self._mailbox, self._security, self._context = _Mailbox(maildir, journal, clock), security, context
        self._credentials, self._limit = credentials, messages_per_connection
        self._pipelining, self._largest = pipelining, largest
        self._faults = {address: list(series) for address, series in (faults or {}).items()}
        self._open: set[_Conversation] = set()
        self._loop: asyncio.AbstractEventLoop
        self._done: asyncio.Event
        self._thread: threading.Thread

    def __enter__(self) -> Self:
        """Start, and return once connections are accepted."""
        listening: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(listening)), name="receiver")
        self._thread.start()
        self.port = listening.result()
        return self

    def __exit__(self, *_: object) -> None:
        """Close every connection and stop."""
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join()

    def hang_up(self) -> None:
        """Close every connection; new ones are accepted."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result()

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        """Say what is offered."""
        session.host_name = hostname
        return [*answers[:-1], "250-PIPELINING", answers[-1]] if self._pipelining else answers

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answer RCPT."""
        if fault := self._fault("rcpt", address):
            return await _misbehave(fault)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the message, then answer the final dot."""
        fault = next((fault for address in envelope.rcpt_tos if (fault := self._fault("dot", address))), None)
        if fault is None or fault.stored:
            for address in envelope.rcpt_tos:
                self._mailbox.keep(address, envelope.original_content or b"")
        return await _misbehave(fault) if fault else "250 2.0.0 kept"

    async def before_data(self, addresses: Sequence[str]) -> str:
        """Answer DATA for recipients in trouble; empty when nothing is wrong."""
        fault = next((fault for address in addresses if (fault := self._fault("data", address))), None)
        return await _misbehave(fault) if fault else ""

    def opened(self, conversation: "_Conversation") -> None:
        """Note a new connection."""
        self.connections += 1
        self._open.add(conversation)

    def closed(self, conversation: "_Conversation") -> None:
        """Note that a connection is gone."""
        self._open.discard(conversation)

    def _fault(self, stage: Stage, address: str) -> Fault | None:
        series = self._faults.get(address)
        return series.pop(0) if series and series[0].at == stage else None

    async def _serve(self, listening: Future[int]) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        implicit = self._context if self._security == "tls" else None
        try:
            server = await self._loop.create_server(self._conversation, _ADDRESS, self.port, ssl=implicit)
        except OSError as error:
            listening.set_exception(error)
            return
        listening.set_result(server.sockets[0].getsockname()[1])
        await self._done.wait()
        server.close()
        await self._hang_up()
        await server.wait_closed()

    async def _hang_up(self) -> None:
        conversations = tuple(self._open)
        for conversation in conversations:
            conversation.abort()
        await asyncio.gather(*[conversation.gone.wait() for conversation in conversations])

    def _conversation(self) -> "_Conversation":
        return _Conversation(
            self,
            hostname="localhost",
            data_size_limit=self._largest,
            tls_context=self._context if self._security == "starttls" else None,
            require_starttls=self._security == "starttls",
            auth_required=self._credentials is not None,
            auth_require_tls=self._security == "starttls",
            authenticator=self._authenticate,
            command_call_limit={"MAIL": self._limit, "*": _ENOUGH},
        )

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: object
    ) -> AuthResult:
        known = isinstance(given, LoginPassword) and self._credentials is not None
        right = known and given == LoginPassword(*(word.encode() for word in self._credentials or ()))
        return AuthResult(success=right, handled=False)


class _Conversation(SMTP):
    """One connection."""

    def __init__(self, receiver: Receiver, **options: object) -> None:
        super().__init__(receiver, **options)  # type: ignore[arg-type]
        self._receiver = receiver
        self.gone = asyncio.Event()

    def abort(self) -> None:
        """Cut the connection, without a word."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.transport is None:
            self._receiver.opened(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._receiver.closed(self)
        self.gone.set()

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 -- aiosmtpd's name
        addresses = self.envelope.rcpt_tos if self.envelope else []
        if answer := await self._receiver.before_data(addresses):
            await self.push(answer)
        else:
            await super().smtp_DATA(arg)


class _Mailbox:
    """A Maildir and the journal of what came into it."""

    def __init__(self, maildir: Path, journal: Path, clock: Clock) -> None:
        self._maildir, self._journal, self._clock, self._number = maildir, journal, clock, count(1)
        for folder in ("tmp", "new", "cur"):
            (maildir / folder).mkdir(parents=True, exist_ok=True)

    def keep(self, address: str, content: bytes) -> None:
        """Write a message under its final name in one step, then its line in the journal."""
        name = f"{time.time_ns()}.P{os.getpid()}Q{next(self._number)}.localhost"
        draft = self._maildir / "tmp" / name
        draft.write_bytes(content.replace(b"\r\n", b"\n"))
        draft.rename(self._maildir / "new" / name)
        found = _MESSAGE_ID.search(content)
        line = {
            "received": self._clock.now().isoformat(),
            "message_id": found[1].decode("ascii", "replace") if found else "",
            "rcpt": address,
            "file": name,
        }
        with self._journal.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(line) + "\n")


async def _misbehave(fault: Fault) -> str:
    """Return a scripted answer, or never return: cancelling a conversation closes it."""
    if fault.reply == HANG_UP:
        raise asyncio.CancelledError
    if fault.reply == SILENCE:
        await asyncio.Event().wait()
    return fault.reply
