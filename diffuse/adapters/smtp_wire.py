"""One SMTP connection that never blocks: envelopes ahead, the final dot held until it may be set.

Where the server offers PIPELINING (RFC 2920), MAIL, RCPT and DATA of the next message travel together with
the final dot of the one before: a message costs one round trip.
"""

import smtplib
import socket
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Literal, TypeAlias

from diffuse.adapters.mail_server import CREDENTIALS_WANTED, words
from diffuse.domain.delivery import Ending, State
from diffuse.domain.message import Outgoing

Asked: TypeAlias = Literal["mail", "rcpt", "data", "void", "dot", "rset"]

_DONE, _GO_ON, _LATER, _NEVER = 2, 3, 4, 5
_STATES = {_DONE: State.SENT, _LATER: State.PLANNED, _NEVER: State.FAILED}
_CLOSING = 421
_QUICK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux alone has it
_CHUNK = 65_536
_LONGEST_LINE = 4096


class Lost(Exception):
    """Raised when the connection is of no use any more; the text says why."""


class Refused(Exception):
    """Raised when the server refuses us whatever the message; ``reply`` is its own words."""

    def __init__(self, code: int, reply: str) -> None:
        """Keep the answer."""
        super().__init__(reply)
        self.code, self.reply = code, reply


@dataclass(kw_only=True, slots=True, eq=False)
class Letter:
    """A message on its way.

    Attributes:
        data: the message as it travels, without the final dot.
        fenced_at: the monotonic instant from which its final dot may follow; None while it may not.
        staged: whether everything but the dot is on its way to the server.
        dot_ends: the number of bytes on the wire with its dot; 0 while it has none.
        refusal: the first answer that was not the expected one.
    """

    outgoing: Outgoing
    data: bytes
    fenced_at: float | None = None
    staged: bool = False
    dot_ends: int = 0
    refusal: tuple[int, str] | None = None

    def ending(self, state: State, reply: str) -> Ending:
        """Say how its attempt ended."""
        one = self.outgoing
        return Ending(delivery=one.delivery, attempt=one.attempt, state=state, reply=reply)


class Wire:
    """A connection, and the letters on it: the first may be waiting for its answer, a second one follows.

    Attributes:
        letters: those that have no ending yet.
        ended: how letters ended since somebody took that note.
        deadline: the monotonic instant by which the server must have spoken; None while it owes nothing.
        proven: whether it has carried a message before.
        latency: seconds that the server took for its last answer to a dot.
        watched: whether somebody waits for the socket to take more.
    """

    def __init__(
        self,
        connection: smtplib.SMTP,
        *,
        server: str,
        sender: Callable[[Outgoing], str],
        patience: float,
        dot_patience: float,
    ) -> None:
        """Take a connection over from smtplib, between two commands.

        Args:
            server: the name under which messages are meant for it.
            sender: returns the envelope sender of a message.
            patience, dot_patience: seconds that the server has for an answer, and for one to the dot.
        """
        if connection.sock is None:
            raise Lost("the connection is closed")
        self.server = server
        self.letters: deque[Letter] = deque()
        self.ended: list[Ending] = []
        self.deadline: float | None = None
        self.proven, self.latency, self.watched = False, 0.0, False
        self.socket: socket.socket = connection.sock
        self.socket.settimeout(0)
        self._connection, self._sender = connection, sender
        self._patience, self._dot_patience = patience, dot_patience
        self._pipelining = connection.has_extn("pipelining")
        self._expected: deque[tuple[Asked, Letter | None]] = deque()
        self._unsent: deque[bytes] = deque()
        self._read, self._reply = b"", list[bytes]()
        self._out: list[bytes | memoryview] = []
        self._queued, self._gone, self._dotted_at = 0, 0, 0.0

    # --- what the channel asks ---------------------------------------------------------------------------

    @property
    def room(self) -> bool:
        """Whether another letter may be begun: one, and a second one behind a dot that has left."""
        if not self.letters:
            return True
        return self._pipelining and len(self.letters) == 1 and bool(self.letters[0].dot_ends)

    @property
    def writing(self) -> bool:
        """Whether bytes wait for the socket to take them."""
        return bool(self._out)

    def begin(self, letter: Letter) -> None:
        """Give the server the envelope."""
        self.letters.append(letter)
        sender = f"MAIL FROM:<{self._sender(letter.outgoing)}>\r\n".encode()
        recipient = b"RCPT TO:<%s>\r\n" % letter.outgoing.email.encode()
        if self._pipelining:
            self._expected += (("mail", letter), ("rcpt", letter), ("data", letter))
            self._say(b"".join((sender, recipient, b"DATA\r\n")))
            if self._expected[0][1] is letter:
                self._wait()
        else:
            self._ask("mail", letter, sender)
            self._ask("rcpt", letter, recipient)
            self._ask("data", letter, b"DATA\r\n")

    @property
    def staged(self) -> Letter | None:
        """The letter that the server is to have, but for its dot; it may still be on its way there."""
        for letter in self.letters:
            if letter.staged and not letter.dot_ends:
                return letter
        return None

    def dot(self, letter: Letter) -> None:
        """Set the final dot of the staged letter."""
        self._ask("dot", letter, b".\r\n")
        letter.dot_ends, self._dotted_at = self._queued, monotonic()

    def accepted_nothing(self, letter: Letter) -> bool:
        """Tell whether a letter's dot is still here, so that nobody can have accepted it."""
        return not letter.dot_ends or letter.dot_ends > self._gone

    def close(self, *, politely: bool = False) -> None:
        """Cut the connection; what was not ended by a dot is not delivered."""
        if politely:
            with suppress(OSError):
                self.socket.send(b"QUIT\r\n")
        self._connection.close()

    # --- what comes and goes -----------------------------------------------------------------------------

    def flush(self) -> None:
        """Write as much as the socket takes.

        Raises:
            Lost: when the connection is gone.
        """
        while self._out:
            data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
            try:
                sent = self.socket.send(data)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return
            except OSError as error:
                raise Lost(str(error)) from error
            self._gone += sent
            self._out = [] if sent == len(data) else [memoryview(data)[sent:]]

    def receive(self) -> None:
        """Read what the server said.

        Raises:
            Lost: when the connection is gone, or the server speaks out of turn.
            Refused: when the server refuses us whatever the message.
        """
        gone = self._fill()
        *lines, self._read = self._read.split(b"\n")
        for line in lines:
            if len(line) > _LONGEST_LINE:
                raise Lost("the server does not speak SMTP: a line without end")
            self._reply.append(line[4:].rstrip(b"\r"))
            if line[3:4] != b"-":
                text, self._reply = b" ".join(self._reply), []
                self._heard(int(line[:3]) if line[:3].isdigit() else -1, text)
        if lines:
            self._wait()
        if not self._out:
            self._acknowledge()  # what follows would do so
        if gone or len(self._read) > _LONGEST_LINE:
            raise Lost(gone or "the server does not speak SMTP: a line without end")

    def _fill(self) -> str:
        """Read until there is nothing more; return why there never will be, or nothing."""
        while True:
            try:
                data = self.socket.recv(_CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return ""
            except OSError as error:
                return str(error)
            if not data:
                return "the server closed the connection"
            self._read += data
            if len(data) < _CHUNK and not isinstance(self.socket, ssl.SSLSocket):
                return ""

    def _acknowledge(self) -> None:
        """Let the system acknowledge at once: a server may hold back its next answer until it does."""
        if _QUICK is not None:
            with suppress(OSError):
                self.socket.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)

    # --- the dialogue ------------------------------------------------------------------------------------

    def _ask(self, asked: Asked, letter: Letter | None, line: bytes) -> None:
        """Send a command; without PIPELINING, keep it until the one before is answered."""
        at_once = self._pipelining or not self._expected
        self._expected.append((asked, letter))
        if at_once:
            self._say(line)
        else:
            self._unsent.append(line)
        if len(self._expected) == 1:
            self._wait()

    def _say(self, data: bytes) -> None:
        self._out.append(data)
        self._queued += len(data)

    def _wait(self) -> None:
        """Set the deadline for the answer that is owed next."""
        if not self._expected:
            self.deadline = None
        else:
            slow = self._expected[0][0] == "dot"
            self.deadline = monotonic() + (self._dot_patience if slow else self._patience)

    def _heard(self, code: int, text: bytes) -> None:
        """Take one answer."""
        if not self._expected:
            raise Lost(f"the server spoke out of turn: {words(code, text)}")
        asked, letter = self._expected.popleft()
        if asked == "rset" or letter is None:
            if code // 100 != _DONE:
                raise Lost(words(code, text))
        elif asked == "dot":
            self._answered(letter, code, words(code, text))
        else:
            self._prepared(asked, letter, code, text)
        if code == _CLOSING:
            raise Lost(words(code, text))
        if self._unsent:
            self._say(self._unsent.popleft())

    def _prepared(self, asked: Asked, letter: Letter, code: int, text: bytes) -> None:
        """Take an answer before the dot."""
        good = code // 100 == (_GO_ON if asked == "data" else _DONE)
        if good and asked in {"mail", "rcpt"}:
            return
        if not good and letter.refusal is None and asked != "void":
            reply = words(code, text)
            letter.refusal = (code, reply)
            if code in CREDENTIALS_WANTED or (asked == "mail" and code // 100 == _NEVER):
                raise Refused(code, reply)
            if code // 100 not in {_LATER, _NEVER}:
                raise Lost(f"the server does not speak SMTP: {reply}")
        if asked == "data" and good:
            self._go_on(letter)
        elif asked in {"data", "void"}:
            self._turned_away(letter)
        elif letter.refusal and not self._pipelining:
            self._unsent.clear()
            self._expected.clear()
            self._turned_away(letter)

    def _go_on(self, letter: Letter) -> None:
        """Give the server everything but the dot.

        A server whose recipient was refused may wait for a message all the same: it gets none.
        """
        if letter.refusal is not None:
            self._ask("void", letter, b".\r\n")
            return
        letter.staged = True
        self._say(letter.data)

    def _turned_away(self, letter: Letter) -> None:
        """End a letter that the server refused before the dot, and begin anew."""
        code, reply = letter.refusal or (0, "")
        self.letters.remove(letter)
        self.ended.append(letter.ending(State.FAILED if code // 100 == _NEVER else State.PLANNED, reply))
        if code != _CLOSING:
            self._ask("rset", None, b"RSET\r\n")

    def _answered(self, letter: Letter, code: int, reply: str) -> None:
        """Take the answer to the dot: from here on only it tells what happened."""
        self.proven, self.latency = True, monotonic() - self._dotted_at
        self.letters.remove(letter)
        state = _STATES.get(code // 100)
        if state is None:
            text = f"no clear answer after the end of the message: {reply}"
            self.ended.append(letter.ending(State.UNKNOWN, text))
            raise Lost(text)
        self.ended.append(letter.ending(state, reply))
