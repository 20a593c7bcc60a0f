"""Announcements in chats that diffuse itself does not know, through Apprise.

https://github.com/caronc/apprise does not hand over the status of an answer, the service's own words or for
how long it asks us to wait; the status stands in what it logs, and nowhere else. So what is sure is little,
and the chats that diffuse knows are called without it.
"""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from diffuse.adapters.platforms.calls import SOON, TIMEOUT, WORDS
from diffuse.adapters.platforms.chat import OneWay, early
from diffuse.adapters.platforms.chat_text import cut, quiet
from diffuse.adapters.platforms.hook import clock, secrets_of
from diffuse.domain.post import Answer, Dressed, Post, Posted, Refused, Retry, Unsure
from diffuse.errors import AuthoringError

STATUS = re.compile(r"error=(\d{3})\b")
"""How Apprise logs the status of an answer."""

BUSY = frozenset({408, 425, 429, 503})
GATEWAY = 500
"""From this status on, nobody knows whether the message was taken; 503 says that it was not."""

LOGGERS = ("apprise", "urllib3.connectionpool")
"""They log addresses, and the addresses are secrets."""


class AppriseChat(OneWay):
    """One service of Apprise, or several with commas between them.

    Args:
        url: the address in the form of Apprise, such as ``rocket://…``; it is a secret.
        timeout: how long the services may take together.

    Raises:
        AuthoringError: when Apprise is not installed.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str = "apprise",
        timeout: timedelta = TIMEOUT,
        now: Callable[[], datetime] = clock,
    ) -> None:
        """Take the address; nothing is connected before the first call."""
        try:
            self._apprise: Any = import_module("apprise")
        except ImportError:
            raise AuthoringError.of(
                f"the channel {name} needs Apprise, which is not installed", "pip install 'diffuse[apprise]'"
            ) from None
        self._url, self._name, self._timeout, self._now = url, name, timeout, now

    @property
    def name(self) -> str:
        """The channel's name in campaigns and reports."""
        return self._name

    def dress(self, post: Post) -> Dressed:
        """Return title and text, which Apprise dresses for each service."""
        return Dressed("text/plain", f"{quiet(post.title)}\n\n{quiet(post.text)}")

    def post(self, post: Post) -> Answer:
        """Announce a post; only a success of every service is one."""
        return early(post, self._now()) or self._sent(post)

    def close(self) -> None:
        """Do nothing: Apprise keeps no connection."""

    def _sent(self, post: Post) -> Answer:
        with _blacked_out(secrets_of(self._url)):
            services = self._apprise.Apprise()
            services.add(self._url)
            result = services.notify(
                title=quiet(post.title),
                body=quiet(post.text),
                body_format="text",
                timeout=self._timeout.total_seconds(),
            )
        said = [(service.name, " ".join(entry.message for entry in service.logs())) for service in result]
        failed = [bool(service) for service in result].count(False)
        return _answer(post.key, result.status.name, said, failed)


def _answer(key: str, status: str, said: Sequence[tuple[str, str]], failed: int) -> Answer:
    """Make an answer of a status of Apprise and of what was logged, for each service."""
    words = cut("; ".join(f"{name}: {text or 'sent'}" for name, text in said), WORDS)
    if status == "SUCCESS":
        return Posted(key, "")
    if status == "NOMATCH":
        return Refused("Apprise does not understand the address; see its documentation of the service")
    if status == "PARTIAL":
        return Unsure(f"{failed} of {len(said)} services did not take the message: {words}")
    if status == "TIMEOUT":
        return Unsure(f"no answer came, and a chat cannot be asked: {words}")
    return _failed([STATUS.findall(text) for _, text in said], words)


def _failed(statuses: Sequence[Sequence[str]], words: str) -> Answer:
    """Say what a failure of every service means, as far as the statuses tell."""
    codes = [int(code) for found in statuses for code in found]
    if not codes or not all(statuses):
        return Unsure(f"Apprise does not say whether the message left: {words}")
    if any(code >= GATEWAY and code not in BUSY for code in codes):
        return Unsure(f"the service failed, and a chat cannot be asked: {words}")
    if all(code in BUSY for code in codes):
        return Retry(SOON, words)
    return Refused(f"the service does not take the message: {words}")


@contextmanager
def _blacked_out(secrets: Sequence[str]) -> Iterator[None]:
    """Keep secrets out of the logs while Apprise is at work."""

    def blacked(record: logging.LogRecord) -> bool:
        text = record.getMessage()
        for secret in secrets:
            text = text.replace(secret, "…")
        record.msg, record.args = text, ()
        return True

    loggers = [logging.getLogger(name) for name in LOGGERS]
    for logger in loggers:
        logger.addFilter(blacked)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(blacked)
