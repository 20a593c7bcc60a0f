"""Guard: brings everything to a standstill when the clock, or the database, is not what it was."""

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from diffuse.ports import Clock, Control, Memory, Pulse, Seen

TOLERANCE = timedelta(minutes=10)
"""A clock that is set right moves less than this."""

EVERY = 1.0
"""Seconds: a look so soon after the last one is left out, so it may be asked for as often as one likes."""

HELD = "Nothing is sent until you say so: {check}, then run 'diffuse resume'"
JUMPED = "the clock has jumped {by} {way} ({at:%Y-%m-%d %H:%M} UTC now). "
AHEAD = "a worker noted {then:%Y-%m-%d %H:%M} UTC in the database, but it is {at:%Y-%m-%d %H:%M} UTC now. "
REPLACED = "the database at {address} is another one than before. "
OLDER = (
    "the database is an older copy of itself: a worker saw it at {then:%Y-%m-%d %H:%M:%S} UTC, and it knows "
    "nothing after {tick:%Y-%m-%d %H:%M:%S} UTC; what left in between would leave again. "
)
THE_CLOCK = "check the clock of the database's machine"
THE_DATABASE = "check that it is the database that you want, and settle what it does not know"

_log = logging.getLogger("diffuse.guard")


class Guard:
    """Looks at the clock and at the database before each round, and before each batch of a long one."""

    def __init__(
        self,
        *,
        clock: Clock,
        stopwatch: Callable[[], float],
        control: Control,
        pulse: Pulse,
        memory: Memory,
    ) -> None:
        """Take the collaborators; ``stopwatch`` counts seconds whatever becomes of the clock."""
        self._clock = clock
        self._stopwatch = stopwatch
        self._control = control
        self._pulse = pulse
        self._memory = memory
        self._alone = threading.Lock()
        self._last: tuple[datetime, float] | None = None

    def check(self) -> None:
        """Halt everything when something is not what it was; keep how it is for the next time."""
        with self._alone:
            if self._last is None or self._stopwatch() - self._last[1] >= EVERY:
                self._look()

    def _look(self) -> None:
        before = self._memory.read()  # first: a database is never older than what was noted of it before
        seen = self._pulse.read()
        now, seconds = self._clock.now(), self._stopwatch()
        reason = "".join(self._clock_trouble(seen, now, seconds)) or "".join(_database_trouble(before, seen))
        if reason:
            self._control.halt(reason, now)
            _log.error("everything is halted: %s", reason)
        self._last = now, seconds
        self._memory.keep(self._pulse.beat(now, anew=bool(reason)))

    def _clock_trouble(self, seen: Seen, now: datetime, seconds: float) -> Iterator[str]:
        held = HELD.format(check=THE_CLOCK)
        if self._last is not None:
            then, began = self._last
            jump = now - then - timedelta(seconds=seconds - began)
            if abs(jump) > TOLERANCE:
                way = "ahead" if jump > timedelta() else "back"
                yield JUMPED.format(by=_rounded(abs(jump)), way=way, at=now) + held
                return
        if seen.ticked_at - now > TOLERANCE:
            yield AHEAD.format(then=seen.ticked_at, at=now) + held


def _database_trouble(before: Seen | None, seen: Seen) -> Iterator[str]:
    if before is None:
        return
    held = HELD.format(check=THE_DATABASE)
    other_data = "" not in {before.server, seen.server} and before.server != seen.server
    if before.incarnation == seen.incarnation and seen.ticked_at < before.ticked_at:
        yield OLDER.format(then=before.ticked_at, tick=seen.ticked_at) + held
    elif before.address == seen.address != "" and (before.incarnation != seen.incarnation or other_data):
        yield REPLACED.format(address=seen.address) + held


def _rounded(span: timedelta) -> str:
    minutes = round(span / timedelta(minutes=1))
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"  # noqa: PLR2004 -- two hours
