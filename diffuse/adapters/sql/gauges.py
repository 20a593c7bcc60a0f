"""Reads what monitors watch. What has to be counted is kept for a while, whoever asks how often."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, exists, func, select

from diffuse.adapters.sql.control import SqlControl
from diffuse.adapters.sql.engine import reading
from diffuse.adapters.sql.failures import place
from diffuse.adapters.sql.migrate import revisions
from diffuse.adapters.sql.overview import SqlOverview
from diffuse.adapters.sql.tables import QUARTER, attempt, control, delivery, pulse
from diffuse.adapters.sql.types import EPOCH, fixed, micros, one_of
from diffuse.domain.control import EVERYTHING
from diffuse.domain.delivery import State
from diffuse.errors import AuthoringError
from diffuse.ports import Flow, Reading

HOLD = 5.0
"""Seconds that counts are kept at least."""

SHARE = 20
"""Counts are kept this many times as long as counting took: at most a twentieth of the time goes into it."""

TAIL = 50_000
"""The newest rows of the log, which are counted each time.

Rows get their numbers in order, but the transactions that write them end in any order: one that is still open
while so many other rows are written would be missed.
"""

NEXT = 5_000
"""Due deliveries that are looked at for the oldest one.

Workers take them by quarters of an hour: where so many of one are due, another may be some minutes older.
"""

_ROW = delivery.c


@dataclass(frozen=True, kw_only=True, slots=True)
class _Counts:
    """What takes long to count, and until which second of the stopwatch it is kept."""

    flows: Mapping[str, Flow]
    attempts: Mapping[State, int]
    until: float


class SqlGauges:
    """The gauges of a database. Threads take turns: the second one finds what the first one has counted."""

    def __init__(self, engine: Engine, stopwatch: Callable[[], float]) -> None:
        """Use a database; ``stopwatch`` counts seconds."""
        self._engine = engine
        self._stopwatch = stopwatch
        self._control = SqlControl(engine)
        self._overview = SqlOverview(engine)
        self._log = _Log()
        self._kept: _Counts | None = None
        self._alone = threading.Lock()

    def read(self, now: datetime) -> Reading:
        """Return what there is to watch."""
        with self._alone:
            counts = self._counts(now)
        with reading(self._engine) as connection:
            oldest, expired = _oldest(connection, now), _expired(connection, now)
            ticked_at = _ticked_at(connection)
        return Reading(
            flows=counts.flows,
            attempts=counts.attempts,
            oldest=oldest,
            expired=expired,
            lanes=tuple(one.name for one in self._overview.lanes(now)),
            stops=tuple(self._control.stops()),
            ticked_at=ticked_at,
            posts=tuple(self._overview.posts()),
        )

    def ready(self) -> None:
        """Look whether the database answers and has the tables of this version."""
        with reading(self._engine) as connection:
            kept, head = revisions(connection)
        if kept != head:
            raise AuthoringError.of(
                f"the tables of {place(self._engine.url)} are those of revision {kept or 'none'}",
                f"revision {head}, that of this version of diffuse",
            )

    def _counts(self, now: datetime) -> _Counts:
        if self._kept is None or self._stopwatch() >= self._kept.until:
            began = self._stopwatch()
            flows = self._overview.flows(now)
            with reading(self._engine) as connection:
                attempts = self._log.count(connection)
            ended = self._stopwatch()
            until = ended + max(HOLD, SHARE * (ended - began))
            self._kept = _Counts(flows=flows, attempts=attempts, until=until)
        return self._kept


class _Log:
    """Counts the log of attempts by state; rows before the tail are counted once and remembered."""

    def __init__(self) -> None:
        self._before: Counter[State] = Counter()
        self._upto = 0
        """The last row that is counted in ``_before``."""

    def count(self, connection: Connection) -> Mapping[State, int]:
        """Return how many endings of each state there are."""
        last = connection.scalar(select(func.max(attempt.c.id))) or 0
        if last < self._upto:  # an older copy of the database stands at the same address
            self._before, self._upto = Counter(), 0
        tail = max(last - TAIL, self._upto)
        self._before += _endings(connection, self._upto, tail)
        self._upto = tail
        return self._before + _endings(connection, tail, last)


def _endings(connection: Connection, after: int, upto: int) -> Counter[State]:
    """Count the rows of the log after a row, by state."""
    if after == upto:
        return Counter()
    row = attempt.c
    among = select(row.state, func.count()).where(row.id > after, row.id <= upto).group_by(row.state)
    return Counter({State(state): number for state, number in connection.execute(among)})


def _oldest(connection: Connection, now: datetime) -> datetime | None:
    """Return when the oldest due delivery came due, among those that workers take next."""
    due = (
        _ROW.state == fixed(State.PLANNED),
        _ROW.quarter <= micros(now) // micros(EPOCH + QUARTER),
        _ROW.due_at <= now,
        _ROW.not_after > now,
        ~exists().where(control.c.campaign.in_((_ROW.campaign, EVERYTHING))),
    )
    taken_next = select(_ROW.due_at).where(*due).order_by(_ROW.quarter, _ROW.id).limit(NEXT).subquery()
    oldest: datetime | None = connection.scalar(select(func.min(taken_next.c.due_at)))
    return oldest


def _expired(connection: Connection, now: datetime) -> int:
    """Count the leases that have run out."""
    leased = one_of(_ROW.state, (State.CLAIMED, State.SENDING))
    return connection.scalar(select(func.count()).where(leased, _ROW.lease_until <= now)) or 0


def _ticked_at(connection: Connection) -> datetime | None:
    """Return when a worker last looked; a new database says 1970."""
    ticked_at = connection.scalar(select(pulse.c.ticked_at))
    return None if ticked_at in (None, EPOCH) else ticked_at
