"""What waits for one mail server: messages to be filled, and letters that a connection can take."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice

from diffuse.adapters.smtp_wire import Letter
from diffuse.domain.message import Outgoing


class Queue:
    """The part of a batch that goes to one server, and what is known of that server while it lasts.

    Attributes:
        most: connections that it allows at most.
        trouble: why nothing more goes there; empty while it does.
        silences: connections on which it has fallen silent since its last answer.
    """

    def __init__(self, most: int, fill: Callable[[Outgoing], Letter | None]) -> None:
        """Start empty; ``fill`` writes a message, or ends it when that cannot be done."""
        self.most, self.trouble, self.silences = most, "", 0
        self._fill = fill
        self._waiting: deque[Outgoing] = deque()
        self._filled: deque[Letter] = deque()

    def __len__(self) -> int:
        """Count what waits."""
        return len(self._waiting) + len(self._filled)

    @property
    def eager(self) -> bool:
        """Whether a letter may be filled ahead: one for each connection."""
        return bool(self._waiting) and len(self._filled) < self.most

    @property
    def letters(self) -> Iterable[Letter]:
        """The letters that are filled."""
        return self._filled

    def waiting(self, number: int | None = None) -> Iterator[Outgoing]:
        """Yield the messages that are not filled yet, in their order, so many at most."""
        return islice(self._waiting, number)

    def add(self, outgoing: Outgoing) -> None:
        """Put a message at the end."""
        self._waiting.append(outgoing)

    def fill(self) -> None:
        """Fill the next message."""
        letter = self._fill(self._waiting.popleft())
        if letter is not None:
            self._filled.append(letter)

    def next(self) -> Letter | None:
        """Take the next letter, filled now if need be."""
        while not self._filled and self._waiting:
            self.fill()
        return self.ready()

    def ready(self) -> Letter | None:
        """Take the next letter if it is filled already."""
        return self._filled.popleft() if self._filled else None

    def put_back(self, letter: Letter) -> None:
        """Let a letter be the next one."""
        self._filled.appendleft(letter)

    def drop(self) -> list[Outgoing]:
        """Forget everything; return it."""
        dropped = [*(letter.outgoing for letter in self._filled), *self._waiting]
        self._filled.clear()
        self._waiting.clear()
        return dropped

    def forget(self, deliveries: Collection[int]) -> None:
        """Forget some."""
        self._filled = deque(one for one in self._filled if one.outgoing.delivery not in deliveries)
        self._waiting = deque(one for one in self._waiting if one.delivery not in deliveries)
