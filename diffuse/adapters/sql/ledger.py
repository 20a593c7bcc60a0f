"""Keeps the deliveries: the queue's truth. Each method is one transaction."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    bindparam,
    case,
    exists,
    func,
    select,
    text,
    update,
)

from diffuse.adapters.sql import lanes, sets
from diffuse.adapters.sql.attempts import log, settle
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.tables import QUARTER, control, delivery, employee
from diffuse.adapters.sql.types import EPOCH, Instant, fixed, micros, one_of, plain
from diffuse.domain.control import EVERYTHING
from diffuse.domain.delivery import (
    HELD_BY_NOBODY,
    LEASE,
    MAX_RESENDS,
    MAY_HAVE_ARRIVED,
    Claimed,
    Left,
    Outcome,
    State,
)
from diffuse.domain.traffic import Recipient, Server, Traffic
from diffuse.ports import Turned

ONE_SERVER = Traffic(servers=(Server(name=""),))

LOOKS = 40
"""How often a claim looks at further deliveries when limits put off all of those that it found."""

_ROW = delivery.c
_ENDED = (
    ("id", "bigint"), ("attempt", "bigint"), ("state", "text"), ("reply", "text"), ("at", "bigint"),
    ("retry_at", "bigint"),
)  # fmt: skip
_END = """
UPDATE delivery SET
    state = CASE WHEN ended.state = 'failed' AND ambiguous > 0 THEN 'unknown' ELSE ended.state END,
    reason = CASE WHEN ended.state = 'sent' THEN '' ELSE ended.reply END,
    reply = ended.reply,
    lease_until = NULL,
    sent_at = CASE WHEN ended.state = 'sent' THEN ended.at ELSE sent_at END,
    due_at = CASE WHEN ended.state = 'planned' THEN COALESCE(ended.retry_at, due_at) ELSE due_at END,
    ambiguous = ambiguous + CASE WHEN ended.state = 'unknown' THEN 1 ELSE 0 END
FROM {ended} AS ended
WHERE delivery.id = ended.id AND delivery.attempt = ended.attempt
    AND COALESCE(delivery.lease_token, '') = :token
    AND (delivery.state = 'sending'
        OR delivery.state = 'claimed' AND ended.state IN ('planned', 'failed')
        OR delivery.state = 'unknown' AND ended.state = 'sent')
RETURNING delivery.id, delivery.attempt, delivery.state, delivery.reply
"""
# A plain comparison of the token would let SQLite begin with its index instead of the rows that are named.
_WISH = (("id", "bigint"), ("attempt", "bigint"))
_FENCE = """
UPDATE delivery SET state = 'sending', lease_until = :until, fenced_at = :now
FROM {wanted} AS wanted
WHERE delivery.id = wanted.id AND delivery.attempt = wanted.attempt
    AND COALESCE(delivery.lease_token, '') = :token
    AND delivery.state = 'claimed' AND delivery.lease_until > :now
    AND NOT EXISTS (SELECT 1 FROM control WHERE control.campaign IN (delivery.campaign, :everything))
RETURNING delivery.id
"""
_CLAIM = """
UPDATE delivery SET state = 'claimed', lease_token = :token, lease_until = :until, attempt = attempt + 1,
    dated_at = COALESCE(dated_at, due_at), server = :server
WHERE id IN {taken}
"""

# The states are named as in the condition of the index by token.
_HOLD_ON = text("""
UPDATE delivery SET lease_until = :until
WHERE state IN ('claimed', 'sending') AND lease_token = :token AND state = 'claimed'
    AND lease_until > :now AND lease_until < :aged
""")


class SqlLedger:
    """The ledger in a database. Every instant is the caller's, whose clock is the database's."""

    def __init__(self, engine: Engine, traffic: Traffic = ONE_SERVER) -> None:
        """Use a database that has been upgraded; ``traffic`` says what may go where."""
        self._engine, self._traffic = engine, traffic

    def claim(self, now: datetime, *, token: str, limit: int) -> Sequence[Claimed]:
        """Take due deliveries within their window for the length of a lease, by quarters of an hour.

        Those of an employee who has left by the delivery's day stay where they are; while everything is
        halted, all do.
        """
        with reading(self._engine) as connection:
            if not connection.execute(_ANY_DUE, _at(now)).first() or self._closed(connection, now):
                return ()
        with writing(self._engine) as connection:
            if self._closed(connection, now):
                return ()
            for _ in range(LOOKS):
                rows = connection.execute(_WANTED, {**_at(now), "limit": limit}).all()
                routes = lanes.routes(connection, now, self._traffic, [_recipient(row) for row in rows])
                if routes.server or not routes.put_off:
                    return _taken(connection, now, token, rows, routes.server)
        return ()

    def _closed(self, connection: Connection, now: datetime) -> bool:
        return _halted(connection) or lanes.shut(connection, now, self._traffic)

    def turn(  # noqa: PLR0913 -- everything that changes between two rounds of messages, in one transaction
        self,
        now: datetime,
        token: str,
        *,
        ended: Sequence[Outcome],
        wanted: Sequence[tuple[int, int]],
        lease: timedelta,
        heard: Collection[tuple[str, str]] = (),
    ) -> Turned:
        """Write how attempts ended, and commit that the final dots of others may follow, in one transaction.

        What another token owns by now is left alone; what is still claimed is held on to. No dot may follow
        of what an operator has stopped. An answer that comes late settles what has become unknown meanwhile.
        """
        with writing(self._engine) as connection:
            recorded = _end(connection, now, token, ended)
            allowed = _fence(connection, now, token, wanted, now + lease)
            _hold_on(connection, now, token)
            lanes.learn(connection, now, heard)
        return Turned(allowed=allowed, recorded=recorded)

    def give_back(self, now: datetime, token: str, why: Mapping[str, str]) -> int:
        """Plan again what is still claimed, with the reason by mail server; return how many."""
        reason: Any = _ROW.reason
        if why:
            reason = case(dict(why), value=_ROW.server, else_=_ROW.reason)
        statement = (
            update(delivery)
            .where(_owned(token), _ROW.state == fixed(State.CLAIMED))
            .values(state=State.PLANNED, reason=reason, lease_until=None)
            .returning(_ROW.id, _ROW.attempt, _ROW.state, _ROW.reason)
        )
        with writing(self._engine) as connection:
            rows = connection.execute(statement).all()
            log(connection, now, rows, token)
            heard = [(Server(name=name).lane, trouble) for name, trouble in why.items()]
            lanes.learn(connection, now, heard, at_once=True)
        return len(rows)

    def recover(self, now: datetime) -> tuple[int, int]:
        """Settle expired leases: plan claimed ones again, call sending ones unknown; return both counts.

        A sending one of which a link was used in the meantime is sent.
        """
        expired = select(_ROW.id).where(_leased(), _ROW.lease_until <= now)
        with reading(self._engine) as connection:
            if connection.execute(expired.limit(1)).first() is None:
                return 0, 0
        safe = _ROW.state == fixed(State.CLAIMED)
        statement = (
            update(delivery)
            .where(_ROW.id.in_(_locked_ids(expired)))
            .values(
                state=case((safe, State.PLANNED.value), else_=State.UNKNOWN.value),
                reason=case((safe, HELD_BY_NOBODY), else_=MAY_HAVE_ARRIVED),
                ambiguous=_ROW.ambiguous + case((safe, 0), else_=1),
                lease_until=None,
            )
            .returning(_ROW.id, _ROW.attempt, _ROW.state, _ROW.reason)
        )
        with writing(self._engine) as connection:
            rows = connection.execute(statement).all()
            log(connection, now, rows)
            unknown = [one.id for one in rows if one.state == State.UNKNOWN]
            settle(connection, unknown, now)
        return len(rows) - len(unknown), len(unknown)

    def settle_left(self, now: datetime, left: Left) -> Mapping[State, int]:
        """Settle what a dead process had in hand; return how many came to each state."""
        owned = select(_ROW.id, _ROW.attempt, _ROW.state).where(_owned(left.token), _leased())
        answered = [
            Outcome(delivery=one.delivery, attempt=one.attempt, state=one.state, at=now, reply=one.reply)
            for one in left.endings
            if one.state is State.SENT
        ]
        with writing(self._engine) as connection:
            fates = [left.fate(row.id, row.attempt, State(row.state)) for row in connection.execute(owned)]
            ended = [
                Outcome(delivery=one.delivery, attempt=one.attempt, state=one.state, at=now, reply=one.reply)
                for one in fates
            ]
            counts = Counter(_end(connection, now, left.token, ended))
            # Those that became unknown before anybody could read the journal.
            counts.update(_end(connection, now, left.token, answered))
        return counts

    def resend(self, now: datetime, campaigns: Collection[str]) -> int:
        """Plan the messages of unknown fate of some campaigns again, as they were; return how many."""
        if not campaigns:
            return 0
        lost = (
            _ROW.state == fixed(State.UNKNOWN),
            _ROW.campaign.in_(sorted(campaigns)),
            _ROW.resends < MAX_RESENDS,
        )
        with reading(self._engine) as connection:
            if connection.execute(select(_ROW.id).where(*lost).limit(1)).first() is None:
                return 0
        statement = (
            update(delivery)
            .where(_ROW.id.in_(_locked_ids(select(_ROW.id).where(*lost))))
            .values(state=State.PLANNED, due_at=now, resends=_ROW.resends + 1)
            .returning(_ROW.id, _ROW.attempt, _ROW.state, _ROW.reason)
        )
        with writing(self._engine) as connection:
            rows = connection.execute(statement).all()
            log(connection, now, rows)
        return len(rows)

    def counts(self) -> dict[str, dict[str, int]]:
        """Return for each campaign the number of deliveries in each state, states without any left out."""
        grouped = select(_ROW.campaign, _ROW.state, func.count()).group_by(_ROW.campaign, _ROW.state)
        counts: dict[str, dict[str, int]] = {}
        with reading(self._engine) as connection:
            for campaign, state, number in connection.execute(grouped.order_by(_ROW.campaign, _ROW.state)):
                counts.setdefault(campaign, {})[state] = number
        return counts


def _halted(connection: Connection) -> bool:
    """Tell whether nothing may leave."""
    everything = select(control.c.campaign).where(control.c.campaign == EVERYTHING)
    return connection.execute(everything).first() is not None


def _due() -> Select[Any]:
    """Select due deliveries; ``quarter`` is the index's first column, and ``due_at`` the truth."""
    now = bindparam("now", type_=Instant())
    return (
        select(_ROW.id)
        .where(
            _ROW.state == fixed(State.PLANNED),
            _ROW.quarter <= bindparam("quarter"),
            _ROW.due_at <= now,
            _ROW.not_after > now,
        )
        .order_by(_ROW.quarter, _ROW.id)
    )


def _at(now: datetime) -> dict[str, Any]:
    return {"now": now, "quarter": micros(now) // micros(EPOCH + QUARTER)}


_OF_DELIVERY = (
    "id", "attempt", "campaign", "publication", "key_point", "employee", "variant", "language", "message_id",
    "duty", "ambiguous", "opens", "clicks",
)  # fmt: skip


_CLAIMED = (*_OF_DELIVERY[2:], "name", "email", "about", "dated_at")


def _wanted() -> Select[Any]:
    """Select due deliveries with all that sending needs, without those that an operator has stopped."""
    about = employee.alias("whom")
    stopped = exists().where(control.c.campaign == _ROW.campaign)
    return (
        _due()
        .join_from(delivery, employee, employee.c.id == _ROW.employee)
        .outerjoin(about, about.c.id == _ROW.about)
        .where(employee.c.ends.is_(None) | (employee.c.ends >= _ROW.due_on), ~stopped)
        .with_only_columns(
            *(_ROW[name] for name in _OF_DELIVERY),
            employee.c.name,
            employee.c.email,
            func.coalesce(about.c.name, "").label("about"),
            func.coalesce(_ROW.dated_at, _ROW.due_at).label("dated_at"),
            _ROW.not_after,
            _ROW.paced_at,
        )
    )


def _locked(rows: Select[Any]) -> Select[Any]:
    """Lock the deliveries while selecting them, and leave out those that another worker has locked.

    SQLite holds its one write lock anyway.
    """
    return rows.with_for_update(skip_locked=True, of=delivery)


_ANY_DUE = _due().limit(1)
_WANTED = _locked(_wanted().limit(bindparam("limit")))


def _locked_ids(rows: Select[Any]) -> Select[Any]:
    """Do so in a common table expression, which PostgreSQL then evaluates once."""
    found = _locked(rows).cte("found")
    return select(found.prefix_with("MATERIALIZED", dialect="postgresql").c.id)


def _recipient(row: Row[Any]) -> Recipient:
    number, *_, email, _about, _dated_at, closes, paced_at = tuple(row)
    domain = email.rpartition("@")[2].lower()
    return Recipient(delivery=number, domain=domain, closes=closes, paced_at=paced_at)


def _taken(
    connection: Connection, now: datetime, token: str, rows: Sequence[Row[Any]], servers: Mapping[int, str]
) -> tuple[Claimed, ...]:
    """Claim the deliveries that have a server, in their order."""
    for server in sorted(set(servers.values())):
        taken = [number for number, name in servers.items() if name == server]
        connection.execute(
            text(_CLAIM.format(taken=sets.ids(connection, "taken"))),
            {"taken": sets.packed(taken), "token": token, "until": micros(now + LEASE), "server": server},
        )
    return tuple(_claimed(row, token, servers[row.id]) for row in rows if row.id in servers)


def _claimed(row: Row[Any], token: str, server: str) -> Claimed:
    number, attempt, *rest = tuple(row)
    given = dict(zip(_CLAIMED, rest, strict=False))
    return Claimed(id=number, attempt=attempt + 1, token=token, server=server, **given)


def _end(connection: Connection, now: datetime, token: str, ended: Sequence[Outcome]) -> dict[State, int]:
    """Write how attempts ended, and log it; return how many came to each state."""
    if not ended:
        return {}
    given = [
        (
            one.delivery, one.attempt, one.state, plain(one.reply), micros(one.at),
            None if one.retry_at is None else micros(one.retry_at),
        )
        for one in ended
    ]  # fmt: skip
    done = connection.execute(
        text(_END.format(ended=sets.rows(connection, "ended", _ENDED))),
        {"ended": sets.packed(given), "token": token},
    ).all()
    log(connection, now, done, token)
    unknown = [one.id for one in done if one.state == State.UNKNOWN]
    if unknown:
        settle(connection, unknown, now)
    return Counter(State(one.state) for one in done)


def _fence(
    connection: Connection,
    now: datetime,
    token: str,
    wanted: Sequence[tuple[int, int]],
    until: datetime,
) -> frozenset[int]:
    if not wanted:
        return frozenset()
    rows = connection.execute(
        text(_FENCE.format(wanted=sets.rows(connection, "wanted", _WISH))),
        {
            "wanted": sets.packed(wanted),
            "token": token,
            "now": micros(now),
            "until": micros(until),
            "everything": EVERYTHING,
        },
    )
    return frozenset(row.id for row in rows)


def _hold_on(connection: Connection, now: datetime, token: str) -> None:
    """Let the lease on what is still claimed run anew, once a third of it has passed."""
    connection.execute(
        _HOLD_ON,
        {
            "token": token,
            "now": micros(now),
            "until": micros(now + LEASE),
            "aged": micros(now + 2 * LEASE / 3),
        },
    )


def _leased() -> ColumnElement[bool]:
    return one_of(_ROW.state, (State.CLAIMED, State.SENDING))


def _owned(token: str) -> ColumnElement[bool]:
    """Test for a token among the few deliveries that are leased at all."""
    return _leased() & (_ROW.lease_token == token)
