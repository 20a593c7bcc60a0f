"""A delivery's life: its key, its states, and which state may follow which."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.tracking import NAMED


class State(StrEnum):
    """The states of a delivery.

    ``sending`` is committed before the final dot of DATA; ``unknown`` means that the outside may or may
    not have accepted, and only evidence settles it.
    """

    PLANNED = "planned"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"
    HELD = "held"


FOLLOWS: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset(
        {
            State.CLAIMED,
            State.CANCELLED,
            State.EXPIRED,
            State.SUPPRESSED,
            State.HELD,
            State.FAILED,
            State.UNKNOWN,
        }
    ),
    State.CLAIMED: frozenset({State.PLANNED, State.SENDING, State.FAILED, State.UNKNOWN, State.CANCELLED}),
    State.SENDING: frozenset({State.SENT, State.FAILED, State.PLANNED, State.UNKNOWN}),
    State.UNKNOWN: frozenset({State.SENT, State.PLANNED}),
    State.HELD: frozenset({State.PLANNED, State.CANCELLED, State.EXPIRED, State.UNKNOWN}),
    State.SENT: frozenset({State.FAILED}),
    State.FAILED: frozenset({State.PLANNED}),
    State.EXPIRED: frozenset(),
    State.CANCELLED: frozenset(),
    State.SUPPRESSED: frozenset(),
}
"""Which states may follow a state.

What was sent fails only by a bounce for good. What is unknown leaves again only where the campaign or an
operator says so, what failed only by an operator.
An attempt that is refused after one of unknown fate ends unknown: the earlier one may have arrived. So does a
copy that waits to be sent, once a plan ends it or something comes back from the earlier one.
"""

PENDING = frozenset({State.PLANNED, State.CLAIMED, State.SENDING, State.HELD})
"""States from which a message may still leave."""

ATTENTION = (PENDING | {State.SENT, State.UNKNOWN}) - {State.HELD}
"""States that count against an employee's attention budget."""

GONE = frozenset({State.CANCELLED, State.SUPPRESSED, State.EXPIRED})
"""States of messages that never left and never will: the rhythm does not count them."""

LEASE = timedelta(minutes=2)
"""How long a worker may hold a claimed delivery before another one takes it over."""

FIRST_BACKOFF = timedelta(minutes=1)
LONGEST_BACKOFF = timedelta(hours=1)
JITTER = 0.5
"""By how much of itself a wait grows at most: what was refused together does not come back together."""

RETRY_FOR = timedelta(hours=24)
"""For how long after its first attempt a message that is refused for now is tried again."""

MAX_RESENDS = 3
"""How often a message of unknown fate is sent again at most, where its campaign asks for it."""


def backoff(attempt: int, delivery: int = 0) -> timedelta:
    """Return the wait after the given attempt (from 1) failed for now.

    It doubles up to an hour, and grows by up to half of itself, by a chance drawn from delivery and attempt.
    """
    doublings = max(0, min(attempt - 1, 10))
    chance = crc32(f"{delivery}.{attempt}".encode()) / _FULL if delivery else 0.0
    return min(FIRST_BACKOFF * (1 << doublings), LONGEST_BACKOFF) * (1 + JITTER * chance)


@dataclass(frozen=True, kw_only=True, slots=True)
class Touchpoint:
    """A message that the plan asks for; the first five fields are the delivery's unique key.

    Attributes:
        touch: how many messages of this key point the employee was given before.
        step: the ladder step, from 0.
        publication: the published text of the campaign that this delivery shows.
        due_on: the employee's local day.
        due_at: the instant (UTC) from which it may be sent.
        not_after: the instant (UTC) at which that day's window closes.
        wanted_on: the day on which the rhythm asked for it.
        state: planned, or held.
        reason: why it is held.
        occasion: for a message that the schedule does not repeat: what it is sent for.
        about: the employee whom such a message is about.
        duty: the duty that it is about, in words.
        opens, clicks: what is measured of it, as in ``Tracking``.
    """

    campaign: str
    key_point: str
    touch: int
    employee: str
    channel: str
    step: int
    publication: int
    variant: str
    language: str
    due_on: date
    due_at: datetime
    not_after: datetime
    message_id: str
    wanted_on: date
    state: State = State.PLANNED
    reason: str = ""
    occasion: str = ""
    about: str = ""
    duty: str = ""
    opens: str = NAMED
    clicks: str = NAMED


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What becomes of a delivery that is planned or held.

    Attributes:
        id: the delivery.
        state: planned, held, cancelled or expired.
        reason: why it is held, cancelled or expired.
        delayed_by: why it comes later than it was wanted.
        turn: its new day and window and its new text, when it is planned anew.
    """

    id: int
    state: State
    reason: str = ""
    delayed_by: str = ""
    turn: "Turn | None" = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """When a delivery may be sent, and what it shows; the fields are those of ``Touchpoint``."""

    publication: int
    variant: str
    language: str
    due_on: date
    due_at: datetime
    not_after: datetime
    opens: str = NAMED
    clicks: str = NAMED


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A delivery that a worker holds: (token, attempt) fences everything it writes about it.

    Attributes:
        name, email: the employee's.
        about: the name of the employee whom the message is about, empty for none.
        dated_at: the instant that its Date header carries, the same at every attempt.
        ambiguous: how many earlier attempts may or may not have been accepted.
        server: the mail server that it is meant for.
        opens, clicks: what is measured of it, as in ``Tracking``.
    """

    id: int
    token: str
    attempt: int
    campaign: str
    publication: int
    key_point: str
    employee: str
    name: str
    email: str
    variant: str
    language: str
    message_id: str
    dated_at: datetime
    about: str
    duty: str
    ambiguous: int
    server: str
    opens: str = NAMED
    clicks: str = NAMED


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """What the other side made of an attempt: sent, failed, unknown, or planned (not now), in its words."""

    delivery: int
    attempt: int
    state: State
    reply: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How an attempt ended.

    Attributes:
        state: sent, failed, unknown, or planned again.
        at: when that was known (UTC).
        reply: the other side's own words.
        retry_at: when to try again, for planned.
    """

    delivery: int
    attempt: int
    state: State
    at: datetime
    reply: str = ""
    retry_at: datetime | None = None


def judged(claimed: Claimed, ending: Ending, now: datetime, retry_for: timedelta = RETRY_FOR) -> Outcome:
    """Say what follows from an ending: what is refused for now is tried again, and given up in the end."""
    state, reply, retry_at = ending.state, ending.reply, None
    if state is State.PLANNED and now - claimed.dated_at < retry_for:
        retry_at = now + backoff(ending.attempt, ending.delivery)
    elif state is State.PLANNED:
        state, reply = State.FAILED, GIVEN_UP.format(hours=retry_for // timedelta(hours=1), reply=reply)
    return Outcome(
        delivery=ending.delivery,
        attempt=ending.attempt,
        state=state,
        at=now,
        reply=reply,
        retry_at=retry_at,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What a process of this machine that died had in hand, by its own journal.

    Attributes:
        token: its token.
        certain: whether every final dot it set is in the journal; not after a crash of the machine.
        dotted: the (delivery, attempt) pairs whose final dot it may have set.
        endings: the answers that it got.
    """

    token: str
    certain: bool
    dotted: frozenset[tuple[int, int]]
    endings: tuple[Ending, ...]

    def fate(self, delivery: int, attempt: int, state: State) -> Ending:
        """Return how an attempt ended whose delivery was claimed or sending when the process died."""
        for ending in self.endings:
            if (ending.delivery, ending.attempt) == (delivery, attempt):
                return ending
        never = state is State.CLAIMED or (self.certain and (delivery, attempt) not in self.dotted)
        return Ending(
            delivery=delivery,
            attempt=attempt,
            state=State.PLANNED if never else State.UNKNOWN,
            reply=HELD_BY_NOBODY if never else MAY_HAVE_ARRIVED,
        )


HELD_BY_NOBODY = "the worker that held it stopped; it is planned again"
MAY_HAVE_ARRIVED = "the worker stopped while the message was being accepted; it may have arrived"
GIVEN_UP = "given up after {hours} hours: {reply}"

_FULL = 2**32
_MIX = np.uint64(2_654_435_761)
_GOLDEN = 2_654_435_769
"""Of 2³², the golden section: a turn by it never comes back near the places of the days before."""


def spread(codes: NDArray[np.uint32], day: date) -> NDArray[np.float64]:
    """Give each employee a place in the window, in [0, 1): even over employees, another one each day.

    Args:
        codes: one unsigned 32-bit number per employee that never changes (a checksum of the id).
        day: the local day.
    """
    turned = np.uint64(day.toordinal() * _GOLDEN % _FULL)
    mixed = (codes.astype(np.uint64) * _MIX + turned) % np.uint64(_FULL)
    return mixed.astype(np.float64) / _FULL
