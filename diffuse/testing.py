"""Fakes that ship with diffuse, for its own tests and for those of its users.

The store has no fake of its own: ``sqlite://`` in memory is one, and runs the same SQL.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from diffuse.domain.delivery import Outcome, State
from diffuse.domain.message import Outgoing
from diffuse.errors import TransientFailure


class FrozenClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, at: datetime) -> None:
        """Start at an aware instant."""
        self.set(at)

    def now(self) -> datetime:
        """Return the instant at which the clock stands."""
        return self.at

    def advance(self, by: timedelta) -> None:
        """Move the clock."""
        self.at += by

    def set(self, at: datetime) -> None:
        """Put the clock to another instant; ValueError for one that does not say its offset."""
        if at.tzinfo is None:
            raise ValueError(f"{at} is not aware: give it a tzinfo")
        self.at = at.astimezone(UTC)


class MemoryChannel:
    """A channel that keeps what it was given; ``down`` makes it unreachable, ``replies`` scripts outcomes."""

    def __init__(self, clock: FrozenClock) -> None:
        """Start empty and reachable."""
        self.clock = clock
        self.accepted: list[Outgoing] = []
        self.down = ""
        self.replies: dict[str, State] = {}

    def send(self, batch: Sequence[Outgoing], fence: Callable[[int], bool]) -> Iterator[Outcome]:
        """Accept every message whose fence holds, or end it as ``replies`` says for its address."""
        if self.down:
            raise TransientFailure(self.down)
        for message in batch:
            state = self.replies.get(message.email, State.SENT)
            if state is not State.PLANNED and not fence(message.delivery):
                continue
            if state is State.SENT:
                self.accepted.append(message)
            yield Outcome(
                delivery=message.delivery,
                attempt=message.attempt,
                state=state,
                at=self.clock.now(),
                reply=f"scripted: {state}",
                retry_at=self.clock.now() + timedelta(minutes=1) if state is State.PLANNED else None,
            )

    def close(self) -> None:
        """Do nothing: there is no connection."""


class MemoryQueue:
    """A queue that counts its kicks."""

    def __init__(self) -> None:
        """Start without any."""
        self.kicks = 0

    def kick(self) -> None:
        """Count one hint."""
        self.kicks += 1


class FixedCalendar:
    """A calendar with the holidays that it is given."""

    def __init__(self, *days: date) -> None:
        """Keep the days."""
        self.days = frozenset(days)

    def holidays(self, region: str, years: Iterable[int]) -> frozenset[date]:
        """Return the days that lie in those years; none for an empty region."""
        wanted = set(years)
        return frozenset(day for day in self.days if day.year in wanted) if region else frozenset()
