"""Keeps the intranet posts, and begins the deliveries of those who meet one."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    and_,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.engine import reading, writing
from diffuse.domain.control import Standstill
from diffuse.domain.delivery import GONE, State
from diffuse.domain.population import bucket
from diffuse.domain.post import AlreadyThere
from diffuse.domain.posted import Ended
from diffuse.domain.posting import NO_HOURS, Meeting, Move, Posting, What
from diffuse.ports import Settled

THERE = "{by} says that it is there"
NOT_THERE = "{by} says that it is not there; it is planned again"
RETRIED = "{by} asks for another attempt"

_ROW = tables.post.c
_TOLD = tables.delivery.c
_READ = ("state", "publication", "variant", "attempt", "due_at", "digest", "withdrawn_at")
"""What decides about what a platform is asked."""

_ASKED = (State.SENT, State.UNKNOWN)
"""Besides planned: states of posts that a platform may be asked to change or to withdraw."""

_FIELDS = tuple(_ROW[name] for name in Posting.__dataclass_fields__)
_NEW = tuple(name for name in Posting.__dataclass_fields__ if name != "id")


class SqlPostings:
    """The posts in a database. Every instant is the caller's, whose clock is the database's."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine

    def all(self) -> Sequence[Posting]:
        """Return every post, by number."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(*_FIELDS).order_by(_ROW.id)).mappings().all()
        return [_posting(row) for row in rows]

    def get(self, number: int) -> Posting | None:
        """Return a post, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(select(*_FIELDS).where(_ROW.id == number)).mappings().first()
        return None if row is None else _posting(row)

    def add(self, new: Sequence[Posting]) -> int:
        """Add posts, each key once; return how many are new."""
        if not new:
            return 0
        added = 0
        with writing(self._engine) as connection:
            for one in new:
                values = {name: getattr(one, name) for name in _NEW}
                keep = _dialect(connection).insert(tables.post).values(**values, lease_token="")
                row = connection.execute(keep.on_conflict_do_nothing().returning(_ROW.id)).first()
                added += row is not None
        return added

    def move(self, number: int, move: Move, publication: int, variant: str) -> None:
        """Let a post that nobody holds come to another state, or be published at another time.

        One that has come to another state in the meantime stays as it is.
        """
        times = {name: at for name in ("due_at", "not_after") if (at := getattr(move, name)) is not None}
        with writing(self._engine) as connection:
            connection.execute(
                update(tables.post)
                .where(_ROW.id == number, _ROW.lease_token == "", _ROW.state == move.was)
                .values(
                    state=move.state, reason=move.reason, publication=publication, variant=variant, **times
                )
            )

    def take(self, posting: Posting, what: What, token: str, now: datetime, until: datetime) -> bool:
        """Hold a post while its platform is asked; False when somebody else does, or when it has changed.

        One that is to be published is ``sending`` from then on, and counts an attempt. ``posting`` is what
        the caller has read: of two who read the same, one holds it, and the other one afterwards does not.
        """
        free = or_(_ROW.lease_until.is_(None), _ROW.lease_until <= now)
        same = [_ROW[name] == getattr(posting, name) for name in _READ]
        changes: dict[str, Any] = {"lease_token": token, "lease_until": until}
        if what is What.POST:
            changes |= {"state": State.SENDING, "attempt": _ROW.attempt + 1, "withdrawn_at": None}
        with writing(self._engine) as connection:
            taken = connection.execute(
                update(tables.post)
                .where(_ROW.id == posting.id, *same, free)
                .values(**changes)
                .returning(_ROW.id)
            ).first()
        return taken is not None

    def end(self, number: int, token: str, ended: Ended, now: datetime) -> bool:
        """Write down how it ended, and let go; False when somebody else holds it by now."""
        changes: dict[str, Any] = {
            "state": ended.state,
            "reason": ended.reply,
            "lease_token": "",
            # What stays in somebody's hands, or is asked again about a post that stands, waits by its lease.
            "lease_until": None if ended.state is State.PLANNED else ended.retry_at,
        }
        if ended.state is State.PLANNED and ended.retry_at:
            changes["due_at"] = ended.retry_at
        if ended.not_after:
            changes["not_after"] = ended.not_after
        if ended.state is State.SENDING:
            changes["lease_token"] = token
        changes |= _standing(ended, now)
        with writing(self._engine) as connection:
            mine = and_(_ROW.id == number, _ROW.lease_token == token)
            row = connection.execute(
                update(tables.post).where(mine).values(**changes).returning(_ROW.publication)
            ).first()
            if row is not None:
                connection.execute(
                    insert(tables.post_attempt).values(
                        post=number,
                        what=ended.what,
                        state=ended.state,
                        publication=row.publication,
                        at=now,
                        reply=ended.reply,
                    )
                )
        return row is not None

    def put_off(self, channel: str, until: datetime) -> None:
        """Ask nothing more about the posts of a channel before an instant; what somebody holds is theirs."""
        waits = or_(_ROW.lease_until.is_(None), _ROW.lease_until < until)
        with writing(self._engine) as connection:
            connection.execute(
                update(tables.post)
                .where(_ROW.channel == channel, _ROW.state == State.PLANNED, _ROW.due_at < until)
                .values(due_at=until)
            )
            connection.execute(
                update(tables.post)
                .where(_ROW.channel == channel, _ROW.state.in_(_ASKED), _ROW.lease_token == "", waits)
                .values(lease_until=until)
            )

    def left(self, now: datetime) -> Sequence[Posting]:
        """Return the posts that somebody was publishing who has stopped."""
        gone = and_(_ROW.state == State.SENDING, _ROW.lease_until <= now)
        with reading(self._engine) as connection:
            rows = connection.execute(select(*_FIELDS).where(gone).order_by(_ROW.id)).mappings().all()
        return [_posting(row) for row in rows]

    def settle(self, ids: Collection[int], state: State, by: str, now: datetime) -> Settled:
        """Settle posts of unknown fate: sent, or planned again because they are not there."""
        is_there = state is State.SENT
        which = [_ROW.id.in_(sorted(ids)), _ROW.state == State.UNKNOWN]
        if not is_there:
            which.append(~_cancelled())
        reason = (THERE if is_there else NOT_THERE).format(by=by)
        since = func.coalesce(_ROW.sent_at, _asked_at(), literal(now, _ROW.sent_at.type))
        anew = {"due_at": now, "not_after": NO_HOURS}
        changes: dict[str, Any] = {"sent_at": since, "withdrawn_at": None} if is_there else anew
        with writing(self._engine) as connection:
            known = select(_ROW.id, _ROW.state).where(_ROW.id.in_(sorted(ids)))
            found = {number: State(kept) for number, kept in connection.execute(known)}
            done = _decide(connection, which, {"state": state, "reason": reason, **changes}, now)
        others = [kept for number, kept in found.items() if number not in done]
        return Settled(
            done=len(done),
            others={one: others.count(one) for one in dict.fromkeys(others)},
            missing=tuple(sorted(set(ids) - set(found))),
        )

    def retry(self, campaign: str, by: str, now: datetime) -> int:
        """Plan again the posts of a campaign that a platform refused; return how many."""
        which = (_ROW.campaign == campaign, _ROW.state == State.FAILED, ~_cancelled())
        hours = {"due_at": now, "not_after": NO_HOURS}  # it gets the next ones
        values = {"state": State.PLANNED, "reason": RETRIED.format(by=by), **hours}
        with writing(self._engine) as connection:
            return len(_decide(connection, which, values, now))

    def meet(self, meeting: Meeting) -> int:
        """Return the number of the delivery of whoever meets a post with its text; it begins then.

        In the rhythm it is one more message of its key point, on the step of the last one.
        """
        who, same = bucket(meeting.employee), _same(meeting)
        with writing(self._engine) as connection:
            if (known := connection.scalar(select(_TOLD.id).where(*same))) is not None:
                return int(known)
            _alone_with(connection, meeting.employee)
            if (known := connection.scalar(select(_TOLD.id).where(*same))) is not None:
                return int(known)
            touch, step = _next(connection, meeting, who)
            values = _met(meeting, who) | {"touch": touch, "step": step}
            connection.execute(insert(tables.tally).values(at=meeting.at, added=1))
            new = insert(tables.delivery).values(values).returning(_TOLD.id)
            return int(connection.execute(new).scalar_one())

    def met_by(self, number: int, employee: str) -> Sequence[int]:
        """Return the deliveries that began when an employee met a post, the newest first."""
        mine = (_TOLD.post == number, _TOLD.employee == employee)
        with reading(self._engine) as connection:
            return connection.scalars(select(_TOLD.id).where(*mine).order_by(_TOLD.id.desc())).all()


def _dialect(connection: Connection) -> Any:  # noqa: ANN401 -- two modules of one shape
    return postgresql if connection.dialect.name == "postgresql" else sqlite


def _decide(
    connection: Connection, which: Collection[ColumnElement[bool]], values: dict[str, Any], now: datetime
) -> set[int]:
    """Change posts that nobody holds by an operator's decision, and log it; return which."""
    free = or_(_ROW.lease_token == "", _ROW.lease_until <= now)  # a platform may rest meanwhile
    given = {**values, "lease_token": "", "lease_until": None}
    statement = update(tables.post).where(*which, free).values(given).returning(_ROW.id, _ROW.publication)
    rows = connection.execute(statement).all()
    logged = {"what": What.POST, "state": values["state"], "at": now, "reply": values["reason"]}
    if rows:
        each = [{"post": row.id, "publication": row.publication, **logged} for row in rows]
        connection.execute(insert(tables.post_attempt), each)
    return {row.id for row in rows}


def _asked_at() -> Any:  # noqa: ANN401 -- an expression of SQL
    """Select when a platform was last asked to publish a post."""
    log = tables.post_attempt.c
    last = select(func.max(log.at)).where(log.post == _ROW.id, log.what == What.POST)
    return last.correlate(tables.post).scalar_subquery()


def _cancelled() -> ColumnElement[bool]:
    row = tables.control.c
    return exists().where(row.campaign == _ROW.campaign, row.state == Standstill.CANCELLED)


def _posting(row: RowMapping) -> Posting:
    return Posting(**{**row, "state": State(row["state"])})


def _standing(ended: Ended, now: datetime) -> dict[str, Any]:
    """Return what changes in a post with what its platform said."""
    changes: dict[str, Any] = {}
    if ended.stands is not None:
        changes = {"remote": ended.stands.id, "url": ended.stands.url}
        changes |= (
            {"sent_at": func.coalesce(_ROW.sent_at, literal(now, _ROW.sent_at.type)), "withdrawn_at": None}
            if ended.what is What.POST
            else {"updated_at": now}
        )
    if ended.digest:
        # What was there already may show an earlier text: it is written again.
        is_old = isinstance(ended.stands, AlreadyThere) and ended.what is What.POST
        changes["digest"] = "" if is_old else ended.digest
    if ended.publication:
        changes |= {"publication": ended.publication, "variant": ended.variant}
    if ended.is_withdrawn:
        changes["withdrawn_at"] = now
    return changes


def _alone_with(connection: Connection, employee: str) -> None:
    """Let one meeting of an employee after the other through: each one takes the next number."""
    connection.execute(
        select(tables.employee.c.id).where(tables.employee.c.id == employee).with_for_update(key_share=True)
    )


def _next(connection: Connection, meeting: Meeting, who: int) -> tuple[int, int]:
    """Return the next touch of a pair and the step of its last message; what never left counts for no step.

    A pair begins again of which a text was acknowledged that has changed materially since.
    """
    posting = meeting.posting
    rows = connection.execute(
        select(_TOLD.touch, _TOLD.step, _TOLD.state, _TOLD.publication, _TOLD.acknowledged_at)
        .where(
            _TOLD.bucket == who,
            _TOLD.campaign == posting.campaign,
            _TOLD.employee == meeting.employee,
            _TOLD.key_point == posting.key_point,
        )
        .order_by(_TOLD.touch, _TOLD.id)
    ).all()
    counting = [row for row in rows if row.state not in GONE]
    if any(row.acknowledged_at and row.publication < meeting.since for row in counting):
        counting = [row for row in counting if row.publication >= meeting.since]
    return max((row.touch for row in rows), default=-1) + 1, counting[-1].step if counting else 0


def _same(meeting: Meeting) -> tuple[Any, ...]:
    return (
        _TOLD.post == meeting.posting.id,
        _TOLD.publication == meeting.posting.publication,
        _TOLD.employee == meeting.employee,
    )


def _met(meeting: Meeting, who: int) -> dict[str, Any]:
    """Return the row of a delivery that begins with a meeting: it was sent when its post was published."""
    posting = meeting.posting
    shown = ("campaign", "key_point", "channel", "publication", "variant", "language")
    return {
        **{name: getattr(posting, name) for name in shown},
        "post": posting.id,
        "employee": meeting.employee,
        "bucket": who,
        "state": State.SENT,
        "sent_at": posting.sent_at or meeting.at,
        "attempt": 0,
        "opens": meeting.tracking.opens,
        "clicks": meeting.tracking.clicks,
        **dict.fromkeys(("due_on", "wanted_on"), meeting.day),
        **dict.fromkeys(("due_at", "not_after", "created_at"), meeting.at),
        **dict.fromkeys(
            ("message_id", "reason", "reply", "answer", "delayed_by", "occasion", "about", "duty"), ""
        ),
    }
