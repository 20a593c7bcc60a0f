"""Keeps the deliveries: the queue's truth. Each method is one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, case, exists, func, select, update

from diffuse.adapters.sql.attempts import log, settle
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.tables import delivery, employee
from diffuse.adapters.sql.types import fixed, one_of
from diffuse.domain.delivery import FOLLOWS, LEASE, Claimed, Outcome, State

HELD_BY_NOBODY = "the worker that held it stopped; it is planned again"
MAY_HAVE_ARRIVED = "the worker stopped while the message was being accepted; it may have arrived"


class SqlLedger:
    """The ledger in a database. Every instant is the caller's; the database's own clock is never read."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine

    def claim(self, now: datetime, *, token: str, limit: int) -> Sequence[Claimed]:
        """Take due deliveries within their window, oldest first, for the length of a lease.

        Those of an employee who has left by the delivery's day stay where they are.
        """
        due = _locked(_due(now).limit(limit))
        statement = (
            update(delivery)
            .where(delivery.c.id.in_(due))
            .values(
                state=State.CLAIMED,
                lease_token=token,
                attempt=delivery.c.attempt + 1,
                lease_until=now + LEASE,
            )
            .returning(*(delivery.c[name] for name in Claimed.__dataclass_fields__ if name != "token"))
        )
        with writing(self._engine) as connection:
            claimed = [Claimed(token=token, **row) for row in connection.execute(statement).mappings()]
        return tuple(sorted(claimed, key=lambda one: (one.due_at, one.id)))

    def fence(self, claimed: Claimed, now: datetime) -> bool:
        """Commit that the final dot may follow; False when the lease was lost, and then it must not.

        The lease runs anew from here: the other side may take its time to answer the dot.
        """
        statement = (
            update(delivery)
            .where(*_owned(claimed), delivery.c.state == State.CLAIMED, delivery.c.lease_until > now)
            .values(state=State.SENDING, lease_until=now + LEASE, fenced_at=now)
        )
        with writing(self._engine) as connection:
            return connection.execute(statement).rowcount == 1

    def finish(self, claimed: Claimed, outcome: Outcome) -> bool:
        """Write how the attempt ended, and log it; False when another attempt owns the delivery by now.

        A late answer settles what has become unknown in the meantime.
        """
        if (outcome.delivery, outcome.attempt) != (claimed.id, claimed.attempt):
            return False
        before = [
            state
            for state in (State.CLAIMED, State.SENDING, State.UNKNOWN)
            if outcome.state in FOLLOWS[state]
        ]
        statement = (
            update(delivery).where(*_owned(claimed), delivery.c.state.in_(before)).values(**_ending(outcome))
        )
        with writing(self._engine) as connection:
            took_effect = connection.execute(statement).rowcount == 1
            if took_effect:
                log(connection, outcome.at, [(claimed.id, claimed.attempt, outcome.state, outcome.reply)])
            if took_effect and outcome.state == State.UNKNOWN:
                settle(connection, [claimed.id], outcome.at)
        return took_effect

    def recover(self, now: datetime) -> tuple[int, int]:
        """Settle expired leases: plan claimed ones again, call sending ones unknown; return both counts.

        A sending one of which a link was used in the meantime is sent.
        """
        row = delivery.c
        expired = select(row.id).where(
            one_of(row.state, (State.CLAIMED, State.SENDING)), row.lease_until <= now
        )
        safe = row.state == State.CLAIMED
        statement = (
            update(delivery)
            .where(row.id.in_(_locked(expired)))
            .values(
                state=case((safe, State.PLANNED.value), else_=State.UNKNOWN.value),
                reason=case((safe, HELD_BY_NOBODY), else_=MAY_HAVE_ARRIVED),
                lease_until=None,
            )
            .returning(row.id, row.attempt, row.state, row.reason)
        )
        with writing(self._engine) as connection:
            rows = connection.execute(statement).all()
            log(connection, now, rows)
            unknown = [one.id for one in rows if one.state == State.UNKNOWN]
            settle(connection, unknown, now)
        return len(rows) - len(unknown), len(unknown)

    def counts(self) -> dict[str, dict[str, int]]:
        """Return for each campaign the number of deliveries in each state, states without any left out."""
        row = delivery.c
        grouped = select(row.campaign, row.state, func.count()).group_by(row.campaign, row.state)
        counts: dict[str, dict[str, int]] = {}
        with reading(self._engine) as connection:
            for campaign, state, number in connection.execute(grouped.order_by(row.campaign, row.state)):
                counts.setdefault(campaign, {})[state] = number
        return counts


def _due(now: datetime) -> Select[Any]:
    row = delivery.c
    left = exists().where(employee.c.id == row.employee, employee.c.ends < row.due_on)
    return (
        select(row.id)
        .where(row.state == fixed(State.PLANNED), row.due_at <= now, row.not_after > now, ~left)
        .order_by(row.due_at, row.id)
    )


def _locked(rows: Select[Any]) -> Select[Any]:
    """Lock the rows while selecting them, and leave out those that another worker has locked.

    PostgreSQL evaluates such a common table expression once; SQLite holds its one write lock anyway.
    """
    found = rows.with_for_update(skip_locked=True, of=delivery).cte("found")
    return select(found.prefix_with("MATERIALIZED", dialect="postgresql").c.id)


def _owned(claimed: Claimed) -> tuple[ColumnElement[bool], ...]:
    row = delivery.c
    return row.id == claimed.id, row.lease_token == claimed.token, row.attempt == claimed.attempt


def _ending(outcome: Outcome) -> dict[str, Any]:
    """Return the columns that an outcome sets; what was sent needs no reason."""
    sent = outcome.state == State.SENT
    ending: dict[str, Any] = {
        "state": outcome.state,
        "reason": "" if sent else outcome.reply,
        "reply": outcome.reply,
        "lease_until": None,
    }
    if sent:
        ending["sent_at"] = outcome.at
    if outcome.state == State.PLANNED and outcome.retry_at is not None:
        ending["due_at"] = outcome.retry_at
    return ending
