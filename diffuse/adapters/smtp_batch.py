"""One batch of messages on its way through the connections to the mail servers.

Three things go on at once: connections carry messages, the database writes what ended and allows what follows
(in a thread of its own, one turn at a time), and messages are filled while nobody waits for anything else.
"""

import selectors
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Protocol

from diffuse.adapters.mail_server import MailServer
from diffuse.adapters.mime import Sender
from diffuse.adapters.smtp_queue import Queue
from diffuse.adapters.smtp_turns import AHEAD, Turned, Turns
from diffuse.adapters.smtp_wire import Letter, Lost, Refused, Wire
from diffuse.domain.delivery import Ending, State
from diffuse.domain.message import Outgoing
from diffuse.errors import PermanentFailure, TransientFailure
from diffuse.ports import Journal, Turn

TOGETHER = 65_536
"""Bytes of a message, at most, that leave together with its final dot: a socket takes so many at once."""

AT_ONCE = 1.0
"""Seconds: no more messages are allowed at once than the connections carry in so much time."""

PATIENCE = 30.0
"""Seconds within which an allowed message must get its dot, half of what its lease has to spare."""

DRAIN = 15.0
"""Seconds that servers have for their answers once the worker is told to stop."""

HEAR_OUT = 5.0
"""Seconds that they have for them when the database has gone away."""

SILENCES = 2
"""Connections on which a server may fall silent, without an answer on any other, until it is in trouble."""

TICK = 0.25
STOPPED = "the worker was told to stop"
TOO_LATE = "the message waited too long for its turn; it was not sent"


class Ways(Protocol):
    """What a batch needs of the channel: the ways to servers, connections, and messages as they travel."""

    stop: threading.Event
    sender: Sender
    latency: float

    @property
    def servers(self) -> Mapping[str, MailServer]:
        """The mail servers by name."""

    def name_of(self, outgoing: Outgoing) -> str:
        """Return the server that takes a message."""

    def fill(self, outgoing: Outgoing) -> bytes:
        """Return a message as it travels, without its final dot."""

    def turn_aside(self, work: Callable[[], frozenset[int]]) -> Future[frozenset[int]]:
        """Let the database work while the connections go on."""

    def connect(self, server: str) -> Future[Wire]:
        """Open a connection without waiting for it."""

    def taken(self, server: str) -> Wire | None:
        """Return a connection that was kept, if there is one."""

    def keep(self, wire: Wire) -> None:
        """Keep an idle connection for the next batch."""


class Batch:
    """Hands a batch over; everything but the turns happens in the thread that calls it."""

    def __init__(self, channel: Ways, batch: Sequence[Outgoing], turn: Turn, journal: Journal) -> None:
        """Take the messages; nothing is sent yet."""
        self._channel = channel
        self._ear, self._mouth = socket.socketpair()
        # Nothing here refers to the batch itself: it must be gone with its messages once it is over.
        self._wake = partial(_wake, self._mouth)
        self._turns = Turns(turn, journal, channel.turn_aside, self._wake)
        fill = partial(_letter, channel, self._turns)
        self._queues = {name: Queue(server.connections, fill) for name, server in channel.servers.items()}
        for one in batch:
            self._queues[channel.name_of(one)].add(one)
        self._all = {one.delivery: one for one in batch}
        self._wires: list[Wire] = []
        self._opening: dict[Future[Wire], str] = {}
        self._stopped_at = 0.0
        self._selector = selectors.DefaultSelector()

    def deliver(self) -> dict[str, str]:
        """Deliver until nothing is left; return the troubles of servers by name."""
        self._ear.settimeout(0)
        self._selector.register(self._ear, selectors.EVENT_READ, None)
        try:
            while self._going_on():
                self._heed_stop()
                self._connect()
                self._assign()
                news = self._take_turns()
                self._listen(wait=not news)
                self._turns.note()
                self._set_dots()
                self._check_deadlines()
        except BaseException:
            self._hear_out()
            for wire in self._wires:
                wire.close()
            self._turns.rest()
            raise
        finally:
            self._leave()
        return {name: queue.trouble for name, queue in self._queues.items() if queue.trouble}

    def _hear_out(self) -> None:
        """Note the answers to dots that have left: the database is gone, and the journal will tell it."""
        end = monotonic() + HEAR_OUT
        while any(one.dot_ends for one in self._letters()) and monotonic() < end:
            for queue in self._queues.values():
                queue.drop()
            self._listen(wait=True)
            self._turns.note()

    def _going_on(self) -> bool:
        wires = any(wire.letters for wire in self._wires)
        return wires or self._turns.owed or any(self._queues.values())

    def _leave(self) -> None:
        """Keep idle connections; those that open too late are closed."""
        for wire in self._wires:
            if not wire.letters and wire.socket.fileno() >= 0:
                self._channel.keep(wire)
        for future in self._opening:
            future.add_done_callback(_close_late)
        self._selector.close()
        self._ear.close()
        self._mouth.close()

    # --- connections -------------------------------------------------------------------------------------

    def _connect(self) -> None:
        """See to it that each server with work has as many connections as may be of use."""
        for name, queue in self._queues.items():
            mine = [wire for wire in self._wires if wire.server == name]
            opening = sum(one == name for one in self._opening.values())
            lacking = min(len(queue) - sum(wire.room for wire in mine), queue.most - len(mine)) - opening
            for _ in range(0 if queue.trouble else lacking):
                wire = self._channel.taken(name)
                if wire is not None:
                    self._join(wire)
                else:
                    future = self._channel.connect(name)
                    self._opening[future] = name
                    future.add_done_callback(self._wake)

    def _join(self, wire: Wire) -> None:
        self._wires.append(wire)
        self._selector.register(wire.socket, selectors.EVENT_READ, wire)

    def _greet(self) -> None:
        """Take connections that have opened; a server to which none can be opened is in trouble."""
        for future in [future for future in self._opening if future.done()]:
            name = self._opening.pop(future)
            try:
                self._join(future.result())
            except (TransientFailure, Lost) as failure:
                have = sum(wire.server == name for wire in self._wires)
                self._queues[name].most = max(1, have)  # it may allow us no more than these
                if not have and name not in self._opening.values():
                    self._in_trouble(name, str(failure))

    def _in_trouble(self, name: str, text: str) -> None:
        """Send nothing more to a server; what was allowed already is planned again."""
        queue = self._queues[name]
        queue.trouble = queue.trouble or text
        self._drop(queue, text)

    def _drop(self, queue: Queue, text: str) -> None:
        for one in queue.drop():
            if self._turns.fenced_at(one.delivery) is not None:
                self._turns.end(_ending(one, State.PLANNED, text))

    # --- messages ----------------------------------------------------------------------------------------

    def _assign(self) -> None:
        """Give each connection that has room a message, and fill one that follows: answers wait meanwhile."""
        for wire in tuple(self._wires):
            queue = self._queues[wire.server]
            while wire.room and (letter := queue.next()) is not None:
                wire.begin(letter)
            if wire.writing and not wire.watched:
                self._flush(wire)
        for queue in self._queues.values():
            if queue.eager:
                queue.fill()

    # --- turns -------------------------------------------------------------------------------------------

    def _take_turns(self) -> bool:
        """Take what the last turn allowed, say if there was one, and begin the next when it is worth it."""
        turned = self._turns.take()
        if turned is not None:
            self._allow(turned)
        if not self._turns.under_way:
            idle = not any(wire.letters for wire in self._wires)
            self._turns.begin(self._wanted(), idle=idle)
        return turned is not None

    def _wanted(self) -> list[int]:
        """Return the messages to be allowed next, once half of those that were allowed are gone."""
        if self._stopped_at or not self._wires:
            return []
        ahead = self._ahead()
        if self._turns.unused > ahead // 2:
            return []
        letters = list(self._unsent())
        queued = [one.delivery for queue in self._queues.values() for one in queue.waiting(AHEAD)]
        fresh = [number for number in queued if self._turns.fenced_at(number) is None]
        allowed = sum(letter.fenced_at is not None for letter in letters) + len(queued) - len(fresh)
        self._turns.unused = allowed
        if allowed > ahead // 2:
            return []
        found = [one.outgoing.delivery for one in letters if one.fenced_at is None and one.refusal is None]
        return [*found, *fresh][: ahead - allowed]

    def _ahead(self) -> int:
        """Return how many messages may be allowed at once: what the servers answer in a second."""
        each = AT_ONCE / max(self._channel.latency, AT_ONCE / AHEAD)
        return max(len(self._wires), 1, min(AHEAD, int(len(self._wires) * each)))

    def _unsent(self) -> Iterator[Letter]:
        """Yield the letters without a dot, those on a connection first."""
        return (letter for letter in self._letters() if not letter.dot_ends)

    def _letters(self) -> Iterator[Letter]:
        for wire in self._wires:
            yield from wire.letters
        for queue in self._queues.values():
            yield from queue.letters

    def _allow(self, turned: Turned) -> None:
        """Let those messages be sent that may be, and drop those that may not."""
        here = {one.delivery for queue in self._queues.values() for one in queue.waiting()} | self._turns.gone
        for letter in self._letters():
            here.add(letter.outgoing.delivery)
            if letter.outgoing.delivery in turned.allowed:
                letter.fenced_at = turned.since
        # Those were dropped while the database allowed them.
        for one in (self._all[number] for number in sorted(turned.allowed - here)):
            why = self._queues[self._channel.name_of(one)].trouble or STOPPED
            self._turns.end(_ending(one, State.PLANNED, why))
        if turned.refused:
            self._forget(turned.refused)

    def _staged(self) -> list[tuple[Wire, Letter]]:
        """Return the letters that wait for nothing but their dot, and may have it."""
        both = ((wire, wire.staged) for wire in self._wires if not wire.watched)
        return [(wire, one) for wire, one in both if one is not None and one.fenced_at is not None]

    def _set_dots(self) -> None:
        """Set dots, each noted first; a letter, its dot and the next envelope leave together if they can."""
        now, staged = monotonic(), self._staged()
        for wire, one in staged:
            if self._stopped_at or now - (one.fenced_at or 0.0) > PATIENCE:
                self._lose(wire, Lost(STOPPED if self._stopped_at else TOO_LATE))
        ready = [(wire, one) for wire, one in staged if wire in self._wires]
        if ready:
            self._turns.dots([one for _, one in ready])
        for wire, one in ready:
            wire.dot(one)
            self._follow_up(wire)
            self._flush(wire)

    def _forget(self, refused: frozenset[int]) -> None:
        """Drop messages that may not be sent: a connection that holds one is cut, before its dot."""
        for queue in self._queues.values():
            queue.forget(refused)
        for wire in tuple(self._wires):
            gone = [letter for letter in wire.letters if letter.outgoing.delivery in refused]
            for letter in gone:
                wire.letters.remove(letter)
            if gone:
                self._lose(wire, Lost("the message may not be sent any more"))

    # --- what is heard -----------------------------------------------------------------------------------

    def _listen(self, *, wait: bool) -> None:
        """Wait until something happens, for a moment at most; not at all when there may be dots to set."""
        for key, _ in self._selector.select(self._pause() if wait else 0.0):
            if key.data is None:
                with suppress(BlockingIOError):
                    self._ear.recv(4096)
                continue
            wire: Wire = key.data
            if wire not in self._wires:
                continue
            try:
                wire.receive()
            except (Lost, Refused) as failure:
                self._lose(wire, failure)
            else:
                self._heard(wire)
                self._follow_up(wire)
                if not _leaves_whole(wire.staged):
                    self._flush(wire)
        self._greet()

    def _follow_up(self, wire: Wire) -> None:
        """Let the next envelope travel with a dot: sent after it, both sides would wait for one another."""
        if wire.room and (letter := self._queues[wire.server].ready()) is not None:
            wire.begin(letter)

    def _pause(self) -> float:
        """Return how long nothing need be done."""
        busy = any(queue.eager for queue in self._queues.values())
        awaited = self._turns.under_way or self._opening or any(wire.letters for wire in self._wires)
        return 0.0 if not awaited or (busy and self._wires) else TICK

    def _heard(self, wire: Wire) -> None:
        endings, wire.ended = wire.ended, []
        if endings:
            self._queues[wire.server].silences = 0
            self._turns.end(*endings)
            if wire.proven:
                self._channel.latency += (wire.latency - self._channel.latency) / 8

    def _flush(self, wire: Wire) -> None:
        try:
            wire.flush()
        except Lost as failure:
            self._lose(wire, failure)
            return
        if wire.watched != wire.writing:
            wire.watched = wire.writing
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if wire.watched else 0)
            self._selector.modify(wire.socket, events, wire)

    def _lose(self, wire: Wire, failure: Lost | Refused) -> None:
        """Give a connection up, and say how each of its letters ended."""
        self._wires.remove(wire)
        self._selector.unregister(wire.socket)
        wire.close()
        self._heard(wire)
        server = self._channel.servers[wire.server]
        if isinstance(failure, Refused):
            text = server.refused(failure.code, failure.reply, self._channel.sender.email)
            self._in_trouble(wire.server, text)
        for place, letter in reversed(tuple(enumerate(wire.letters))):
            self._lost(wire, letter, str(failure), blameless=wire.proven or place > 0)

    def _lost(self, wire: Wire, letter: Letter, why: str, *, blameless: bool) -> None:
        """Say what follows for a letter whose connection is gone: nothing, another try, or nobody knows."""
        server, queue = self._channel.servers[wire.server], self._queues[wire.server]
        ours = why in {STOPPED, TOO_LATE}
        if not wire.accepted_nothing(letter):
            text = f"no answer from {server} after the end of the message: {why}"
            self._turns.end(letter.ending(State.UNKNOWN, text))
        elif blameless and not (queue.trouble or ours or self._stopped_at):
            again = Letter(outgoing=letter.outgoing, data=letter.data, fenced_at=letter.fenced_at)
            queue.put_back(again)
        elif letter.fenced_at is not None or not (ours or queue.trouble):
            text = f"the connection to {server} was lost before the end of the message: {why}"
            text = why if ours else letter.refusal[1] if letter.refusal else text
            self._turns.end(letter.ending(State.PLANNED, text))

    def _check_deadlines(self) -> None:
        """Give up on connections whose server has been silent for too long."""
        now = monotonic()
        for wire in tuple(self._wires):
            if wire.deadline is not None and now > wire.deadline:
                server = self._channel.servers[wire.server]
                queue = self._queues[wire.server]
                queue.silences += 1
                if queue.silences >= SILENCES:
                    self._in_trouble(wire.server, f"{server} did not answer in time")
                self._lose(wire, Lost("it did not answer in time"))

    def _heed_stop(self) -> None:
        """Once told to stop, begin nothing more, and wait a few seconds for answers."""
        if not self._channel.stop.is_set():
            return
        now = monotonic()
        if not self._stopped_at:
            self._stopped_at = now
            for queue in self._queues.values():
                self._drop(queue, STOPPED)
        for wire in tuple(self._wires):
            # A second letter behind a dot is cut off with the first one, once that is answered.
            begun = wire.letters and all(not letter.dot_ends for letter in wire.letters)
            if begun or (wire.letters and now - self._stopped_at > DRAIN):
                self._lose(wire, Lost(STOPPED))


def _letter(channel: Ways, turns: Turns, outgoing: Outgoing) -> Letter | None:
    """Fill a message; one that cannot be written fails alone."""
    try:
        data = channel.fill(outgoing)
    except PermanentFailure as failure:
        turns.end(_ending(outgoing, State.FAILED, failure.reply))
        return None
    return Letter(outgoing=outgoing, data=data, fenced_at=turns.fenced_at(outgoing.delivery))


def _wake(mouth: socket.socket, _future: object) -> None:
    """Wake the loop from another thread."""
    with suppress(OSError):
        mouth.send(b"!")


def _leaves_whole(letter: Letter | None) -> bool:
    """Tell whether the socket will take a letter together with its dot: so far, nothing of it has left."""
    return letter is not None and letter.fenced_at is not None and len(letter.data) <= TOGETHER


def _ending(outgoing: Outgoing, state: State, reply: str) -> Ending:
    return Ending(delivery=outgoing.delivery, attempt=outgoing.attempt, state=state, reply=reply)


def _close_late(future: "Future[Wire]") -> None:
    if not future.cancelled() and future.exception() is None:
        future.result().close(politely=True)
