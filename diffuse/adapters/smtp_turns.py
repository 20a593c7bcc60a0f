"""The turns of a batch: how messages ended is noted and told, whose dots may follow comes back."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from time import monotonic
from typing import NamedTuple

from diffuse.adapters.smtp_wire import Letter
from diffuse.domain.delivery import Ending
from diffuse.ports import Journal, Turn

AHEAD = 256
"""Messages whose final dot may follow at any time, at most: so many are unknown when another machine dies."""

LATE = 0.25
"""Seconds after which an ending waits for no others."""


class Turned(NamedTuple):
    """What a turn was asked and said: since when (monotonic) dots may follow, and of which messages not."""

    since: float
    allowed: frozenset[int]
    refused: frozenset[int]


class Turns:
    """One turn at a time, in a thread of its own: the connections go on meanwhile.

    Attributes:
        unused: messages that may have their dot and have none yet, as far as is known.
        gone: the messages that have ended.
    """

    def __init__(
        self,
        turn: Turn,
        journal: Journal,
        aside: Callable[[Callable[[], frozenset[int]]], "Future[frozenset[int]]"],
        wake: Callable[[object], None],
    ) -> None:
        """Take the turn, the journal, what runs a turn aside, and what is called when it is over."""
        self.unused = 0
        self.gone: set[int] = set()
        self._turn, self._journal, self._aside, self._wake = turn, journal, aside, wake
        self._fresh: list[Ending] = []
        self._ended: list[Ending] = []
        self._fenced: dict[int, float] = {}
        self._asked: tuple[float, frozenset[int]] = (0.0, frozenset())
        self._turning: Future[frozenset[int]] | None = None

    @property
    def under_way(self) -> bool:
        """Whether a turn has begun and not been taken."""
        return self._turning is not None

    @property
    def owed(self) -> bool:
        """Whether something has still to be told, or will be."""
        return bool(self._fresh or self._ended or self._turning)

    def fenced_at(self, delivery: int) -> float | None:
        """Return the monotonic instant from which a message may have its dot; None while it may not."""
        return self._fenced.get(delivery)

    def end(self, *endings: Ending) -> None:
        """Take how messages ended."""
        self._fresh += endings
        self.gone.update(one.delivery for one in endings)

    def note(self) -> None:
        """Note what was answered since the last time, so that it outlives this process."""
        if self._fresh:
            self._journal.replies(self._fresh)
            self._ended += self._fresh
            self._fresh = []

    def dots(self, letters: Sequence[Letter]) -> None:
        """Note dots that are about to leave."""
        self._journal.dots([(one.outgoing.delivery, one.outgoing.attempt) for one in letters])
        self.unused -= len(letters)

    def begin(self, wanted: Sequence[int], *, idle: bool) -> None:
        """Begin a turn if it is worth it: it is at once when the connections are idle."""
        self.note()
        late = monotonic() - self._asked[0] > LATE
        if wanted or (self._ended and (idle or late or len(self._ended) >= AHEAD)):
            ended, self._ended = self._ended, []
            self._asked = monotonic(), frozenset(wanted)
            self._turning = self._aside(lambda: frozenset(self._turn(ended, wanted)))
            self._turning.add_done_callback(self._wake)

    def take(self) -> Turned | None:
        """Take what a turn allowed, once it is over."""
        if self._turning is None or not self._turning.done():
            return None
        allowed, (since, asked) = self._turning.result(), self._asked
        self._turning = None
        self._fenced.update(dict.fromkeys(allowed, since))
        self.unused += len(allowed)
        return Turned(since, allowed, asked - allowed)

    def rest(self) -> None:
        """Wait for the turn under way: whoever settles this batch must find it at rest."""
        if self._turning is not None:
            wait([self._turning])
