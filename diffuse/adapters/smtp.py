"""Delivery by e-mail: kept connections to each mail server, and the final dot only after the fence."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from functools import lru_cache
from time import monotonic

from diffuse.adapters.mail_headers import mailbox_header
from diffuse.adapters.mail_server import MailServer
from diffuse.adapters.mime import Sender, Skeleton
from diffuse.adapters.smtp_batch import Batch
from diffuse.adapters.smtp_wire import Wire
from diffuse.domain.message import Outgoing
from diffuse.errors import AuthoringError, PermanentFailure
from diffuse.ports import Journal, Turn

MARGIN = timedelta(seconds=60)
"""How long a message may wait for its final dot once that may follow; the lease is so much longer."""

IDLE = timedelta(seconds=30)
"""How long a connection is kept without a message; many servers hang up after a minute or more."""

AT_FIRST = 0.25
"""Seconds that a server is thought to take for an answer until it has given some."""

_SKELETONS = 512


class SmtpChannel:
    """Hands messages to mail servers.

    A message is refused or put off for itself alone; what concerns all messages of a server (no connection,
    TLS, credentials, our own address, no answer) is told as that server's trouble.
    """

    def __init__(  # noqa: PLR0913 -- what makes a message and its envelope
        self,
        *,
        servers: Mapping[str, MailServer],
        sender_name: str,
        sender_email: str,
        sign: Callable[[bytes], bytes] | None = None,
        return_path: Callable[[int], str] | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        """Keep what connections need; none is made yet.

        Args:
            servers: by name; the first one takes messages that are meant for none of them.
            sign: returns the header lines that sign a message, to stand before it.
            return_path: returns the envelope sender of a delivery; without it, that is ``sender_email``.
            stop: when set, no further message is begun, and the server has a few seconds for its answers.

        Raises:
            AuthoringError: when a setting cannot work.
        """
        try:
            mailbox_header("From", sender_name, sender_email)
        except PermanentFailure as failure:
            raise AuthoringError.of(str(failure), path=("sender_email",)) from failure
        self.servers, self.stop = dict(servers), stop or threading.Event()
        self.sender = Sender(name=sender_name, email=sender_email)
        self.lease = max(server.dot_timeout for server in self.servers.values()) + MARGIN
        self.latency = AT_FIRST
        self._sign, self._return_path = sign, return_path
        self._skeleton = lru_cache(maxsize=_SKELETONS)(Skeleton.of)
        self._kept: dict[str, list[tuple[float, Wire]]] = {name: [] for name in self.servers}
        self._turns = ThreadPoolExecutor(1, thread_name_prefix="diffuse-turn")
        self._connects = ThreadPoolExecutor(8, thread_name_prefix="diffuse-connect")

    def send(self, batch: Sequence[Outgoing], turn: Turn, journal: Journal) -> Mapping[str, str]:
        """Deliver messages, and tell ``turn`` how each one ended; return the troubles of servers by name.

        One call at a time: connections are kept from one to the next.
        """
        return Batch(self, batch, turn, journal).deliver()

    def close(self) -> None:
        """Take leave of the servers on every connection."""
        for wires in self._kept.values():
            while wires:
                wires.pop()[1].close(politely=True)

    # --- what a batch needs ------------------------------------------------------------------------------

    def name_of(self, outgoing: Outgoing) -> str:
        """Return the server that takes a message."""
        return outgoing.server if outgoing.server in self.servers else next(iter(self.servers))

    def fill(self, outgoing: Outgoing) -> bytes:
        """Return a message as it travels, without its final dot.

        Raises:
            PermanentFailure: when it cannot be written.
        """
        message = self._skeleton(outgoing.baked).fill(outgoing, self.sender)  # no line begins with a dot
        return message if self._sign is None else self._sign(message) + message

    def turn_aside(self, work: Callable[[], frozenset[int]]) -> "Future[frozenset[int]]":
        """Let the database work while the connections go on."""
        return self._turns.submit(work)

    def connect(self, server: str) -> "Future[Wire]":
        """Open a connection without waiting for it."""
        return self._connects.submit(self._open, server)

    def taken(self, server: str) -> Wire | None:
        """Return a connection that was kept, if there is one that is not too old."""
        kept = self._kept[server]
        while kept:
            since, wire = kept.pop()
            if monotonic() - since < IDLE.total_seconds():
                wire.proven = True  # when it is gone, that is nobody's fault
                return wire
            wire.close(politely=True)
        return None

    def keep(self, wire: Wire) -> None:
        """Keep an idle connection for the next batch."""
        self._kept[wire.server].append((monotonic(), wire))

    def envelope_sender(self, outgoing: Outgoing) -> str:
        """Return the address that a message comes back to."""
        return self._return_path(outgoing.delivery) if self._return_path else self.sender.email

    def _open(self, server: str) -> Wire:
        way = self.servers[server]
        return Wire(
            way.connect(),
            server=server,
            sender=self.envelope_sender,
            patience=way.timeout.total_seconds(),
            dot_patience=way.dot_timeout.total_seconds(),
        )
