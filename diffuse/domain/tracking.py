"""What is measured of a message: its opening and its links, by name, without a name, or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from diffuse.domain.events import Kind
from diffuse.domain.policy import refuse
from diffuse.errors import Problem, nearest

NAMED, AGGREGATE, OFF = "named", "aggregate", "off"

MODES = (NAMED, AGGREGATE, OFF)
"""From the laxest to the strictest: kept for each person, counted without the person, not measured."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tracking:
    """What is measured; answers and acknowledgements are evidence, which somebody gives, and stay untouched.

    Attributes:
        opens: whether loads of the message's image are kept: ``named``, ``aggregate`` or ``off``, which puts
            no image into the message.
        clicks: whether following its links is kept, in the same words; with ``off`` links lead straight to
            their destinations.
    """

    opens: str = NAMED
    clicks: str = NAMED

    def __post_init__(self) -> None:
        """Refuse a mode that does not exist."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with these modes alone."""
        for name in ("opens", "clicks"):
            yield from mode_problems(name, getattr(self, name))

    def of(self, kind: Kind) -> str:
        """Return the mode that holds for what comes back; answers and acknowledgements are always named."""
        return {Kind.OPENED: self.opens, Kind.CLICKED: self.clicks}.get(kind, NAMED)


def mode_problems(field: str, mode: str) -> Iterator[Problem]:
    """Yield what is wrong with a mode."""
    if mode not in MODES:
        yield Problem(
            path=(field,),
            found=f"{mode!r}",
            expected=f"one of {', '.join(MODES)}",
            suggestion=nearest(mode, MODES),
        )


EVERYTHING = Tracking()
NOTHING = Tracking(opens=OFF, clicks=OFF)


def strictest(*wanted: Tracking) -> Tracking:
    """Return what remains of what the organisation, a campaign and a person allow."""
    return tracking_of(
        _strictest(*(one.opens for one in wanted)), _strictest(*(one.clicks for one in wanted))
    )


@cache
def wish(mode: str) -> Tracking:
    """Return what a person allows: one mode for both; nothing said allows everything."""
    return Tracking(opens=mode or NAMED, clicks=mode or NAMED)


@cache
def tracking_of(opens: str, clicks: str) -> Tracking:
    """Return a pair of modes, the same object each time: millions of deliveries have a handful of them."""
    return Tracking(opens=opens, clicks=clicks)


def _strictest(*modes: str) -> str:
    return max(modes, key=MODES.index, default=NAMED)
