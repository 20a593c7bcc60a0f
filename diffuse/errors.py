"""The whole error tree, split by remedy: what the reader of the text should do.

* ``DiffuseError``
    * ``AuthoringError``: mend the file, the setting or the call; it holds every problem found.
    * ``TransientFailure``: try later; nothing was sent and nothing is lost.
    * ``PermanentFailure``: never try again; the text says why.
    * ``UnknownDelivery``: the outside may or may not have accepted; only evidence can settle it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TypeAlias

FieldPath: TypeAlias = tuple[str | int, ...]
"""Where a value stands inside a definition: ``("policies", 0, "key_points", 2, "audience")``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One mistake in something a person wrote: what was found, what is expected, what was meant.

    ``line`` and ``column`` count from 1; 0 means that the place is not known.
    """

    found: str
    expected: str
    suggestion: str = ""
    path: FieldPath = ()
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Give ``file:line:column: found; expected …; did you mean …``, leaving out what is not known."""
        place = ":".join(str(part) for part in (self.file, self.line, self.line and self.column) if part)
        if not place and self.path:
            place = dotted(self.path)
        parts = [self.found, f"expected {self.expected}" if self.expected else ""]
        if self.suggestion:
            parts.append(f"did you mean {self.suggestion!r}?")
        text = "; ".join(part for part in parts if part)
        return f"{place}: {text}" if place else text

    def under(self, *prefix: str | int) -> "Problem":
        """Return this problem seen from a definition that holds it below ``prefix``."""
        return replace(self, path=(*prefix, *self.path))


def dotted(path: FieldPath) -> str:
    """Write a field path the way people say it: ``policies[0].key_points[2].audience``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that looks most like ``name``, or an empty text."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return close[0] if close else ""


class DiffuseError(Exception):
    """Base of everything that diffuse raises on purpose."""


class AuthoringError(DiffuseError):
    """Raised when a file, a setting or a call must be mended; ``problems`` holds all of them."""

    def __init__(self, *problems: Problem) -> None:
        """Keep every problem; the text has one line for each."""
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems

    @classmethod
    def of(cls, found: str, expected: str = "", **place: object) -> "AuthoringError":
        """Build the error of a single problem."""
        return cls(Problem(found=found, expected=expected, **place))  # type: ignore[arg-type]


class TransientFailure(DiffuseError):
    """Raised when the same thing may succeed later; ``reply`` keeps the other side's own words."""

    def __init__(self, text: str, *, reply: str = "") -> None:
        """Keep the other side's words beside ours."""
        super().__init__(text)
        self.reply = reply or text


class PermanentFailure(DiffuseError):
    """Raised when trying again is pointless; ``reply`` keeps the other side's own words."""

    def __init__(self, text: str, *, reply: str = "") -> None:
        """Keep the other side's words beside ours."""
        super().__init__(text)
        self.reply = reply or text


class UnknownDelivery(DiffuseError):
    """Raised when the connection died after the message's last byte and before any answer."""

    def __init__(self, text: str, *, reply: str = "") -> None:
        """Keep what was seen last."""
        super().__init__(text)
        self.reply = reply or text
