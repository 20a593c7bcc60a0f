"""Fakes that ship with diffuse, for its own tests and for those of its users.

The store has no fake of its own: ``sqlite://`` in memory is one, and runs the same SQL.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime, timedelta

from diffuse.domain.delivery import LEASE, Ending, Left, State
from diffuse.domain.message import Outgoing
from diffuse.domain.post import (
    Absent,
    AlreadyThere,
    Answer,
    Dressed,
    Found,
    Gone,
    Post,
    Posted,
    Refused,
    Retry,
    Unsure,
    Withdrawn,
)
from diffuse.errors import DiffuseError
from diffuse.ports import Journal, Letter, Turn


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
        self.lease = LEASE
        self.accepted: list[Outgoing] = []
        self.down = ""
        self.replies: dict[str, State] = {}

    def send(self, batch: Sequence[Outgoing], turn: Turn, journal: Journal) -> Mapping[str, str]:
        """Accept every message that may be sent, or end it as ``replies`` says for its address."""
        if self.down:
            return {"": self.down}
        ended: list[Ending] = []
        for message in batch:
            state = self.replies.get(message.email, State.SENT)
            allowed = turn(ended, [message.delivery])
            ended = []
            if message.delivery in allowed:
                journal.dots([(message.delivery, message.attempt)])
                if state is State.SENT:
                    self.accepted.append(message)
                reply = f"scripted: {state}"
                ended = [Ending(delivery=message.delivery, attempt=message.attempt, state=state, reply=reply)]
                journal.replies(ended)
        turn(ended, ())
        return {}

    def close(self) -> None:
        """Do nothing: there is no connection."""


class MemoryLetters:
    """Keeps letters; ``fails`` is raised instead."""

    def __init__(self) -> None:
        """Start without any."""
        self.sent: list[Letter] = []
        self.fails: DiffuseError | None = None

    def send(self, letter: Letter) -> None:
        """Keep a letter."""
        if self.fails:
            raise self.fails
        self.sent.append(letter)


class MemoryJournals:
    """Journals that keep nothing: in one process nobody outlives anybody."""

    @contextmanager
    def begin(self, token: str) -> Iterator[Journal]:  # noqa: ARG002 -- nobody will ask for it
        """Give a journal."""
        yield MemoryJournal()

    def left(self) -> Iterator[AbstractContextManager[Left]]:
        """Yield nothing."""
        return iter(())


class MemoryJournal:
    """A journal that keeps nothing."""

    def dots(self, deliveries: Sequence[tuple[int, int]]) -> None:
        """Take note."""

    def replies(self, endings: Sequence[Ending]) -> None:
        """Take note."""


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


class MemoryPlatform:
    """An intranet platform in memory; ``posts`` is what people can read, by key.

    Attributes:
        answers: what it answers instead, one request after the other; nothing is done then.
        asked: every request: what, and the key.
        has_memory: whether it can be asked what became of a post, and change it; a chat cannot.
    """

    def __init__(self, name: str = "wordpress", *, has_memory: bool = True) -> None:
        """Begin without a post."""
        self._name = name
        self.posts: dict[str, Post] = {}
        self.answers: list[Retry | Refused | Unsure] = []
        self.asked: list[tuple[str, str]] = []
        self.has_memory = has_memory

    @property
    def name(self) -> str:
        """The channel's name."""
        return self._name

    def dress(self, post: Post) -> Dressed:
        """Return the HTML of a post as it is."""
        return Dressed("text/html", post.html)

    def post(self, post: Post) -> Answer:
        """Publish a post."""
        self.asked.append(("post", post.key))
        if self.answers:
            return self.answers.pop(0)
        if post.key in self.posts and self.has_memory:
            return AlreadyThere(post.key, self._url(post.key))
        self.posts[post.key] = post
        return Posted(post.key, self._url(post.key))

    def lookup(self, key: str) -> Found:
        """Say whether a post is there."""
        self.asked.append(("lookup", key))
        if self.answers:
            return self.answers.pop(0)
        if not self.has_memory:
            return Unsure("this platform cannot be asked")
        return Posted(key, self._url(key)) if key in self.posts else Absent()

    def update(self, post: Post) -> Answer:
        """Change a post that is there."""
        self.asked.append(("update", post.key))
        if self.answers:
            return self.answers.pop(0)
        if not self.has_memory or post.key not in self.posts:
            return Refused("there is no post that can be changed")
        self.posts[post.key] = post
        return Posted(post.key, self._url(post.key))

    def withdraw(self, key: str) -> Gone:
        """Take a post away."""
        self.asked.append(("withdraw", key))
        if self.answers:
            return self.answers.pop(0)
        if not self.has_memory:
            return Refused("this platform withdraws nothing")
        self.posts.pop(key, None)
        return Withdrawn()

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def _url(self, key: str) -> str:
        return f"https://intranet.example/{key}"
