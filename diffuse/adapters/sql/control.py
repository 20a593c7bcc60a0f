"""Keeps what stands still, and changes deliveries the way operators decide, some thousands at a time."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, case, delete, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from diffuse.adapters.sql.attempts import log
from diffuse.adapters.sql.chunks import mark
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.tables import control, delivery
from diffuse.adapters.sql.types import fixed, one_of
from diffuse.domain.control import EVERYTHING, Standstill, Stop
from diffuse.domain.delivery import PENDING, State
from diffuse.ports import Settled, Waiting

LOT = 2_000
"""Deliveries changed in one transaction: workers wait no longer than for these."""

FOUND = 20 * LOT
"""Deliveries looked up at a time."""

YOUNG = timedelta(hours=1)
"""For how long after a stop something that was under way can still come to be planned."""

PAUSED = "paused by an operator"
CANCELLED = "cancelled by an operator"
ACCEPTED = "{by} says that it was accepted"
NOT_ACCEPTED = "{by} says that it was not accepted; it is planned again"
RETRIED = "{by} asks for another attempt"

_ROW = delivery.c
_PENDING = one_of(_ROW.state, PENDING)
"""Written as in the condition of the index, which SQLite then uses."""

_PLANNED = (_ROW.state == fixed(State.PLANNED),)
_HELD = (_PENDING, _ROW.state == fixed(State.HELD))
_PAUSED = (*_HELD, _ROW.reason.like(f"{PAUSED}%"))


class SqlControl:
    """The stops in a database; a worker looks at them whenever it takes deliveries."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine

    def stops(self) -> Sequence[Stop]:
        """Return what stands still, by campaign; ``EVERYTHING`` first."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(control).order_by(control.c.campaign)).all()
        return tuple(_stop(*row) for row in rows)

    def pause(self, campaign: str, reason: str, now: datetime) -> int:
        """Let nothing more of a campaign leave, at once, and hold what is planned; return how many are held.

        A campaign that is cancelled stays so.
        """
        self._stand(campaign, Standstill.PAUSED, reason, now)
        return self._hold(campaign) if self._stop(campaign, Standstill.PAUSED) else 0

    def resume(self, campaign: str, now: datetime) -> int:  # noqa: ARG002 -- the port's signature
        """End a pause, and plan again what it held; return how many."""
        self._go(campaign, Standstill.PAUSED)
        return self._change(campaign, _PAUSED, state=State.PLANNED, reason="")

    def cancel(self, campaign: str, reason: str, now: datetime) -> int:
        """Let nothing more of a campaign leave, at once; cancel what is planned or held, return how many.

        A copy of what may have arrived already is of unknown fate then: it is not said that it did not.
        """
        self._stand(campaign, Standstill.CANCELLED, reason, now, replace=True)
        return self._cancel(campaign)

    def lift(self, campaign: str, now: datetime) -> bool:  # noqa: ARG002 -- the port's signature
        """End a cancellation, so that the campaign is planned from now on; False when there is none."""
        if not self._stop(campaign, Standstill.CANCELLED):
            return False
        self._cancel(campaign)  # what was in a worker's hands when it was cancelled
        return self._go(campaign, Standstill.CANCELLED) is not None

    def halt(self, reason: str, now: datetime) -> None:
        """Let nothing leave at all; what is halted already keeps its reason."""
        self._stand(EVERYTHING, Standstill.HALTED, reason, now)

    def confirm(self, now: datetime) -> Stop | None:  # noqa: ARG002 -- the port's signature
        """Let everything go on; return what stood still, or None."""
        return self._go(EVERYTHING, Standstill.HALTED)

    def enforce(self, now: datetime) -> int:
        """Hold or cancel what came to be planned while a stop began; return how many."""
        young = [one for one in self.stops() if one.campaign != EVERYTHING and now - one.since < YOUNG]
        return sum(
            self._hold(one.campaign) if one.state is Standstill.PAUSED else self._cancel(one.campaign)
            for one in young
        )

    def waiting(self, state: State, campaign: str | None = None, *, limit: int) -> Sequence[Waiting]:
        """Return deliveries in a state, by id."""
        where = [_ROW.state == fixed(state)] + ([] if campaign is None else [_ROW.campaign == campaign])
        names = ("id", "campaign", "key_point", "employee", "state", "reason", "due_at", "attempt", "server")
        columns = (*(_ROW[name] for name in names), _ROW.fenced_at.label("since"))
        with reading(self._engine) as connection:
            rows = connection.execute(select(*columns).where(*where).order_by(_ROW.id).limit(limit))
            return tuple(Waiting(**{**one, "state": State(one["state"])}) for one in rows.mappings())

    def settle(self, ids: Collection[int], state: State, by: str, now: datetime) -> Settled:
        """Settle deliveries of unknown fate: sent, or planned again because they were not accepted."""
        sent = state is State.SENT
        reason = (ACCEPTED if sent else NOT_ACCEPTED).format(by=by)
        values: dict[str, Any] = _again(now) | {"ambiguous": 0}
        if sent:
            values = {"state": State.SENT, "sent_at": func.coalesce(_ROW.fenced_at, _ROW.due_at)}
        where = [_ROW.id.in_(sorted(ids)), _ROW.state == fixed(State.UNKNOWN)]
        if not sent:
            where.append(~_cancelled())
        with writing(self._engine) as connection:
            found = connection.execute(select(_ROW.id, _ROW.state).where(_ROW.id.in_(sorted(ids)))).all()
            done = _decide(connection, where, values | {"reason": reason}, by, now)
        others: dict[State, int] = {}
        for row in found:
            if row.id not in done:
                others[State(row.state)] = others.get(State(row.state), 0) + 1
        missing = tuple(sorted(set(ids) - {row.id for row in found}))
        return Settled(done=len(done), others=others, missing=missing)

    def retry(self, campaign: str, by: str, now: datetime) -> int:
        """Plan again what failed of a campaign, unless it may have arrived; return how many."""
        failed = (_ROW.state == fixed(State.FAILED), _ROW.ambiguous == 0, ~_cancelled())
        values = _again(now) | {"reason": RETRIED.format(by=by)}
        count = 0
        for where in self._lots(campaign, failed):
            with writing(self._engine) as connection:
                count += len(_decide(connection, where, values, by, now))
        return count

    def _stand(
        self, campaign: str, state: Standstill, reason: str, now: datetime, *, replace: bool = False
    ) -> None:
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        values = {"state": state, "reason": reason, "since": now}
        statement = dialect.insert(control).values(campaign=campaign, **values)
        with writing(self._engine) as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=["campaign"], set_=values)
                if replace
                else statement.on_conflict_do_nothing()
            )

    def _stop(self, campaign: str, state: Standstill) -> Stop | None:
        return next((one for one in self.stops() if (one.campaign, one.state) == (campaign, state)), None)

    def _go(self, campaign: str, state: Standstill) -> Stop | None:
        """End a stop, and let everybody be planned anew; return it, or None when there is none."""
        row = control.c
        ended = delete(control).where(row.campaign == campaign, row.state == state).returning(*row)
        with writing(self._engine) as connection:
            found = connection.execute(ended).first()
            if found is None:
                return None
            mark(connection)
        return _stop(*found)

    def _hold(self, campaign: str) -> int:
        stop = self._stop(campaign, Standstill.PAUSED)
        # Not when the pause has ended meanwhile: nobody would end it for these.
        values = {"state": State.HELD, "reason": _said(PAUSED, stop.reason if stop else "")}
        return self._change(campaign, (*_PLANNED, _stopped(Standstill.PAUSED)), **values)

    def _cancel(self, campaign: str) -> int:
        stop = self._stop(campaign, Standstill.CANCELLED)
        state = case((_ROW.ambiguous > 0, State.UNKNOWN.value), else_=State.CANCELLED.value)
        values = {"state": state, "reason": _said(CANCELLED, stop.reason if stop else "")}
        return sum(
            self._change(campaign, (*which, _stopped(Standstill.CANCELLED)), **values)
            for which in (_PLANNED, _HELD)
        )

    def _change(self, campaign: str, which: Sequence[ColumnElement[bool]], **values: object) -> int:
        count = 0
        for where in self._lots(campaign, which):
            with writing(self._engine) as connection:
                changed = update(delivery).where(*where).values(values).returning(_ROW.id)
                count += len(connection.execute(changed).all())
        return count

    def _lots(
        self, campaign: str, which: Sequence[ColumnElement[bool]]
    ) -> Iterator[tuple[ColumnElement[bool], ...]]:
        """Yield the conditions of one lot after the other; what another one has locked is left out."""
        every = select(_ROW.id).where(_ROW.campaign == campaign, *which).limit(FOUND)
        last: list[int] = []
        while True:
            with reading(self._engine) as connection:
                found = sorted(connection.scalars(every))
            if not found or found == last:
                return
            last = found
            for start in range(0, len(found), LOT):
                lot = select(_ROW.id).where(_ROW.id.in_(found[start : start + LOT]), *which)
                yield (_ROW.id.in_(_locked(lot)),)


def _locked(rows: Select[Any]) -> Select[Any]:
    """Lock deliveries without waiting for anybody, so that nobody waits for one another in a circle."""
    found = rows.with_for_update(skip_locked=True, of=delivery).cte("found")
    return select(found.prefix_with("MATERIALIZED", dialect="postgresql").c.id)


def _stopped(state: Standstill) -> ColumnElement[bool]:
    return exists().where(control.c.campaign == _ROW.campaign, control.c.state == state)


def _cancelled() -> ColumnElement[bool]:
    return _stopped(Standstill.CANCELLED)


def _again(now: datetime) -> dict[str, Any]:
    """Return what a delivery needs that nobody has got: it is due now, with a date and a span of its own."""
    return {"state": State.PLANNED, "due_at": now, "dated_at": None}


def _decide(
    connection: Connection,
    where: Collection[ColumnElement[bool]],
    values: dict[str, Any],
    by: str,
    now: datetime,
) -> set[int]:
    """Change deliveries by an operator's decision, and log it; return which."""
    columns = (_ROW.id, _ROW.attempt, _ROW.state, _ROW.reason)
    statement = update(delivery).where(*where).values(values).returning(*columns)
    rows = connection.execute(statement).all()
    log(connection, now, rows, by)
    if values["state"] is State.PLANNED and rows:
        mark(connection)
    return {row.id for row in rows}


def _said(what: str, reason: str) -> str:
    return f"{what}: {reason}" if reason else what


def _stop(campaign: str, state: str, reason: str, since: datetime) -> Stop:
    return Stop(campaign=campaign, state=Standstill(state), reason=reason, since=since)
