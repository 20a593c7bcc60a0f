"""Chats: one POST announces a post, and nothing can be asked, changed or taken back afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

import httpx

from diffuse.adapters.platforms.calls import LONGEST_WAIT, TIMEOUT, sent
from diffuse.adapters.platforms.hook import Hook, clock, dressed, encoded
from diffuse.domain.post import Answer, Dressed, Post, Posted, Refused, Retry, Unsure


class OneWay:
    """What no chat can do."""

    def lookup(self, key: str) -> Unsure:  # noqa: ARG002 -- whatever the key
        """Say that a chat cannot be asked."""
        return Unsure("a chat cannot be asked whether a message stands in it; look there yourself")

    def update(self, post: Post) -> Refused:  # noqa: ARG002 -- whatever the post
        """Say that a message stays as it is."""
        return Refused("a message in a chat cannot be changed; publish a new one that says what is new")

    def withdraw(self, key: str) -> Refused:  # noqa: ARG002 -- whatever the key
        """Say that only people can delete a message."""
        return Refused("a message in a chat cannot be withdrawn from here; delete it in the chat itself")


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """What a chat is told, and how its answer is read.

    Attributes:
        name: the channel's name in campaigns and reports, unless another is given.
        message: makes the message of a post; it becomes JSON.
        read: makes sense of an answer, a success or one of ``known``; it is given the chat's own words
            besides. It raises ValueError where there is no sense in it, and Declined where the chat refused.
        known: statuses besides the successes that ``read`` understands.
        query: makes what is added to the address for a post.
    """

    name: str
    message: Callable[[Post], object]
    read: Callable[[Post, httpx.Response, str], Posted]
    known: tuple[int, ...] = ()
    query: Callable[[Post], str] = lambda _: ""


class Chat(OneWay):
    """A place in a chat that an incoming webhook leads to.

    Args:
        url: the address of the webhook; it is a secret.
        timeout: how long the chat may be silent.
        verify: whether its certificate is checked.
        now: tells the time: a chat shows at once what it is given.

    Raises:
        AuthoringError: for an address that cannot be read.
    """

    dialect: ClassVar[Dialect]

    def __init__(
        self,
        url: str,
        *,
        name: str = "",
        timeout: timedelta = TIMEOUT,
        verify: bool = True,
        now: Callable[[], datetime] = clock,
    ) -> None:
        """Take the address; nothing is connected before the first call."""
        self._hook = Hook(url, timeout=timeout, verify=verify)
        self._name, self._now = name or self.dialect.name, now

    @property
    def name(self) -> str:
        """The channel's name in campaigns and reports."""
        return self._name

    def dress(self, post: Post) -> Dressed:
        """Return the message as it is sent."""
        return dressed(self.dialect.message(post))

    def post(self, post: Post) -> Answer:
        """Announce a post, not before its time; where no answer came, nobody knows if it stands there."""
        return early(post, self._now()) or sent(lambda: self._sent(post))

    def close(self) -> None:
        """Hang up; the next call connects anew."""
        self._hook.close()

    def _sent(self, post: Post) -> Posted:
        dialect = self.dialect
        body = encoded(dialect.message(post))
        response = self._hook.send(body, known=dialect.known, more=dialect.query(post))
        return dialect.read(post, response, self._hook.words(response))


def early(post: Post, now: datetime) -> Retry | None:
    """Say when it will be time for a post; None when it is."""
    wait = post.publish_at - now
    if wait <= timedelta(0):
        return None
    return Retry(min(wait, LONGEST_WAIT), "it is not time yet, and a chat shows at once what it is given")


def said_ok(post: Post, response: httpx.Response, _: str) -> Posted:
    """Read the answer of chats that say nothing but ``ok``: neither an id nor an address."""
    if response.text.strip() != "ok":
        raise ValueError("a webhook of this chat answers ok")
    return Posted(post.key, "")
