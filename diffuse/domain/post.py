"""An intranet post: one text for many people, and what a platform can answer about it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from diffuse.errors import PermanentFailure

KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST_KEY = 64
"""Characters: what the strictest platform still takes for the address of a page."""


class NotAKey(PermanentFailure):
    """Raised for a key that no platform could carry; it is made by a program, so a program must be mended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """One text, in one language, for everybody who may read it where it is published.

    Attributes:
        key: names the post on every platform, always the same for the same delivery: lower-case letters,
            digits and single hyphens, at most 64; platforms keep it in the address of the page.
        title: one line of plain text.
        html: the body. It is cleaned again before it leaves: nobody relies on that.
        text: the same body in plain text, for platforms that show no HTML.
        language: ``fr`` or ``en``.
        publish_at: from when on people may read it, in UTC and aware; an instant that is over means now.
        url: where the reader confirms; empty when nothing is to be confirmed. It is in html and text already;
            platforms that show a button use it besides.
    """

    key: str
    title: str
    html: str
    text: str
    language: str
    publish_at: datetime
    url: str = ""

    def __post_init__(self) -> None:
        """Refuse what would be another post on another platform, or on none."""
        if len(self.key) > LONGEST_KEY or not KEY.fullmatch(self.key):
            raise NotAKey(f"{self.key!r} is no key of a post; use a-z, 0-9 and single hyphens")


@dataclass(frozen=True, slots=True)
class Dressed:
    """A post as a platform is given it: what an officer looks at before anything is published.

    ``media_type`` is ``text/html``, ``text/x-wiki``, ``application/json`` or ``text/plain``.
    """

    media_type: str
    content: str


@dataclass(frozen=True, slots=True)
class Posted:
    """It stands on the platform: under ``id`` for programs, at ``url`` for people (may be empty: no page)."""

    id: str
    url: str


@dataclass(frozen=True, slots=True)
class AlreadyThere:
    """It had been there before: nothing was added."""

    id: str
    url: str


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no post of that key."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """People can no longer read it; so it also says when there was nothing to withdraw."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now. Nothing was published; the platform may be asked again ``after`` that time.

    ``reason`` holds the platform's own words, without anything secret.
    """

    after: timedelta
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Never like this: text, credentials or platform must be mended. Nothing was published."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """The request left, no answer came, and this platform cannot be asked what became of it.

    Whoever gets this does not try again by itself: that could publish twice. A look-up answers so where
    nothing can be looked up.
    """

    reason: str


Answer: TypeAlias = Posted | AlreadyThere | Retry | Refused | Unsure
Found: TypeAlias = Posted | Absent | Retry | Refused | Unsure
Gone: TypeAlias = Withdrawn | Retry | Refused | Unsure
