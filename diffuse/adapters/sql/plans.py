"""Reads what a plan is made from, a chunk of employees at a time, and records what it asks for."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    case,
    func,
    insert,
    literal,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from diffuse.adapters import snapshots
from diffuse.adapters.sql import tables
from diffuse.adapters.sql.choices import wished, with_wishes
from diffuse.adapters.sql.chunks import SqlChunks, mark, release
from diffuse.adapters.sql.engine import alone, reading, writing
from diffuse.adapters.sql.tables import delivery, employee, employee_role, event
from diffuse.adapters.sql.types import EPOCH, MICROSECOND, as_text, fixed, one_of
from diffuse.domain.delivery import GONE, PENDING, Change, State, Touchpoint
from diffuse.domain.messages import STATES, Messages
from diffuse.domain.pending import Occasion
from diffuse.domain.people import Absence
from diffuse.domain.population import NEVER_YET, Population, bucket
from diffuse.ports import Chunk, Kept, LeaseLost, Recorded

TURNED = ("publication", "variant", "language", "due_on", "due_at", "not_after", "opens", "clicks")
"""What becomes another with a new turn."""

_NUMBER = {state: place for place, state in enumerate(STATES)}
_ROW = delivery.c
EVER = date(1, 1, 1)
_DAY = timedelta(days=1)
_OCCASION = tuple(name for name in Occasion.__dataclass_fields__ if name != "touch")
_OPEN = [State.CANCELLED, State.EXPIRED, State.SUPPRESSED, State.PLANNED, State.HELD]
"""States of a message for an occasion that may still be sent, or in another message."""


class SqlPlans(SqlChunks):
    """What planners read and write, in a database."""

    def population(self, held: Chunk, acting: Mapping[str, Collection[str]]) -> Population:
        """Return the chunk's employees, by id, the roles that they have for others, and absences."""
        row = employee.c
        inside = row.bucket.between(held.first, held.last)
        people = select(
            row.id, row.language, row.time_zone, row.department, as_text(row.starts), as_text(row.ends),
            wished(),
        )  # fmt: skip
        roles = select(employee_role.c.employee, employee_role.c.role).join_from(employee_role, employee)
        away = select(tables.absence).join_from(tables.absence, employee)
        with reading(self._engine) as connection:
            rows = connection.execute(with_wishes(people).where(inside).order_by(row.id)).all()
            owned: dict[str, tuple[str, ...]] = {}
            for name, role in connection.execute(
                roles.where(inside).order_by(employee_role.c.employee, employee_role.c.place)
            ):
                owned[name] = (*owned.get(name, ()), role)
            absences = [Absence(**one) for one in connection.execute(away.where(inside)).mappings()]
        ids, languages, zones, departments, starts, ends, wishes = (
            zip(*rows, strict=True) if rows else ((),) * 7
        )
        return Population(
            ids=ids,
            languages=languages,
            zones=zones,
            departments=departments,
            roles=[owned.get(name, ()) for name in ids],
            acting=[tuple(sorted(acting.get(name, ()))) for name in ids],
            starts=_days(starts),
            ends=_days(ends),
            tracking=wishes,
        ).without(absences)

    def kept(self, held: Chunk, campaign: str) -> Kept | None:
        """Return the standing that was kept for a campaign and a chunk, or None."""
        row = tables.snapshot.c
        statement = select(row.digest, row.cut, row.data).where(
            row.campaign == campaign, row.first == held.first, row.last == held.last
        )
        with reading(self._engine) as connection:
            found = connection.execute(statement).first()
        if found is None:
            return None
        employees, standing = snapshots.load(found.data)
        return Kept(digest=found.digest, cut=found.cut, employees=employees, standing=standing)

    def messages(
        self, held: Chunk, population: Population, cuts: Mapping[str, date], until: date
    ) -> Messages:
        """Return the messages of a chunk: of each campaign those that its standing does not hold yet.

        Args:
            held: the chunk.
            population: its employees.
            cuts: for each campaign, the day from which on messages are wanted; those that are pending, and
                those of unknown fate, and those from which something came back since, however old they are.
            until: the last day that any message can have.
        """
        whole = sorted(name for name, cut in cuts.items() if cut == EVER)
        since = min((cut for cut in cuts.values() if cut != EVER), default=until)
        days = [since + timedelta(days=n) for n in range((until - since).days + 1)]
        share = _ROW.bucket.between(held.first, held.last)
        kept = _ROW.campaign.not_in(whole)
        news = select(event.c.delivery).where(
            event.c.bucket.between(held.first, held.last),
            event.c.at >= datetime.combine(since, time(), UTC) - timedelta(days=1),
        )
        pending, known = one_of(_ROW.state, PENDING), _ROW.state != fixed(State.UNKNOWN)
        queries = [_columns().where(_ROW.due_on.in_(days), share, kept)] if len(cuts) > len(whole) else []
        if queries:
            queries += [
                _columns().where(pending, share, kept, _ROW.due_on < since),
                _columns().where(_ROW.state == fixed(State.UNKNOWN), share, kept, _ROW.due_on < since),
                _columns().where(_ROW.id.in_(news), ~pending, known, kept, _ROW.due_on < since),
            ]
        if whole:
            queries.append(_columns().where(_ROW.campaign.in_(whole), share))
        with reading(self._engine) as connection:
            rows = [row for query in queries for row in _plain_rows(connection, query)]
        return _messages(rows, population)

    def occasions(self, held: Chunk) -> Sequence[Occasion]:
        """Return the occasions of a chunk's employees of which no message has left, or is about to."""
        row = tables.occasion.c
        share = _ROW.bucket.between(held.first, held.last)
        special = (share, _ROW.occasion != "")
        done = select(_ROW.occasion).where(*special, _ROW.state.not_in(_OPEN))
        touches = select(_ROW.campaign, _ROW.employee, func.max(_ROW.touch)).where(*special)
        statement = select(*(row[name] for name in _OCCASION)).where(
            row.bucket.between(held.first, held.last), row.key.not_in(done)
        )
        with reading(self._engine) as connection:
            found = connection.execute(statement.order_by(row.key)).mappings().all()
            last = {
                (campaign, name): touch
                for campaign, name, touch in connection.execute(
                    touches.group_by(_ROW.campaign, _ROW.employee)
                )
            }
        return tuple(
            Occasion(**one, touch=last.get((one["campaign"], one["employee"]), -1) + 1) for one in found
        )

    def ask(self, occasions: Collection[Occasion], *, only: str = "") -> None:
        """Keep occasions, each key once with its latest days, and let their employees be planned anew.

        Of the kind ``only``, all others are over from now on.
        """
        with reading(self._engine) as connection:
            if not any(_news(connection, occasions, only)):
                return
        row = tables.occasion.c
        with writing(self._engine) as connection:
            alone(connection, tables.occasion)
            new, moved = _news(connection, occasions, only)
            if new:
                connection.execute(insert(tables.occasion), new)
            if moved:
                same = row.key == bindparam("which")
                connection.execute(update(tables.occasion).where(same).values(until=bindparam("day")), moved)
            buckets = select(row.bucket).where(row.key.in_([one["which"] for one in moved])).distinct()
            changed = {*connection.scalars(buckets), *(one["bucket"] for one in new)}
            if changed:
                mark(connection, sorted(changed))

    def record(  # noqa: PLR0913 -- everything that a plan changes, in one transaction
        self,
        held: Chunk,
        *,
        new: Sequence[Touchpoint],
        changes: Sequence[Change],
        standings: Mapping[str, Kept],
        now: datetime,
        due_at: datetime,
    ) -> Recorded:
        """Record a plan and give the chunk back, all or nothing.

        Raises:
            LeaseLost: when another planner has taken the chunk over; nothing is recorded.
        """
        with writing(self._engine) as connection:
            if not release(connection, held, now, due_at):
                raise LeaseLost("another planner has taken these employees over")
            recorded = Recorded(
                added=_insert(connection, sorted(new, key=_order), now), changed=_change(connection, changes)
            )
            if recorded.added:
                connection.execute(insert(tables.tally).values(at=now, added=recorded.added))
            _keep(connection, held, standings)
        return recorded


def _news(
    connection: Connection, occasions: Collection[Occasion], only: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows of new occasions, and the last days of others that have changed or are over."""
    kept = {one.key: one for one in connection.execute(select(tables.occasion))}
    given = {one.key: one for one in occasions}
    days = {key: one.until for key, one in given.items() if key in kept}
    days |= {key: one.since - _DAY for key, one in kept.items() if one.kind == only and key not in given}
    moved = [{"which": key, "day": day} for key, day in days.items() if kept[key].until != day]
    new = [
        {**{name: getattr(one, name) for name in _OCCASION}, "bucket": bucket(one.employee)}
        for key, one in given.items()
        if key not in kept
    ]
    return new, moved


def _plain_rows(connection: Connection, query: Select[Any]) -> Sequence[tuple[Any, ...]]:
    """Return rows as the driver gives them: these may be millions, and every column is a number or a text."""
    rows: Sequence[tuple[Any, ...]] = connection.execute(query).cursor.fetchall()
    return rows


def _order(one: Touchpoint) -> datetime:
    return one.due_at


def _columns() -> Select[Any]:
    """Select the columns of ``Messages``, in their order; what has not happened comes as ``NEVER_YET``."""
    row = _ROW
    number = case({str(state): place for state, place in _NUMBER.items()}, value=row.state)
    pending = one_of(row.state, PENDING)
    instants = (row.opened_at, row.clicked_at, row.acknowledged_at, row.answered_at)
    return select(
        row.id,
        row.publication,
        row.campaign,
        row.key_point,
        row.variant,
        row.occasion,
        row.employee,
        row.touch,
        row.step,
        number.label("number"),
        as_text(row.due_on).label("due"),
        as_text(row.wanted_on).label("wanted"),
        _raw(row.not_after).label("closes"),
        *(func.coalesce(_raw(one), NEVER_YET).label(f"_{one.name}") for one in instants),
        case((row.answer.like("%:right"), 1), else_=0).label("right"),
        case((row.post.is_not(None), 1), else_=0).label("posted"),
        case((pending, row.reason), else_=literal("")).label("reason"),
    )


def _raw(column: Any) -> Any:  # noqa: ANN401 -- an instant as the number that is kept
    return type_coerce(column, BigInteger())


def _messages(rows: Sequence[tuple[Any, ...]], population: Population) -> Messages:
    (
        ids, publication, campaign, point, variant, occasion, who, touch, step, state, due, wanted, closes,
        opened, clicked, acknowledged, answered, right, posted, reason,
    ) = zip(*rows, strict=True) if rows else ((),) * 20  # fmt: skip
    came = np.array([_numbers(opened), _numbers(clicked)])
    first = np.where(came == NEVER_YET, np.iinfo(np.int64).max, came).min(
        axis=0, initial=np.iinfo(np.int64).max
    )
    row = population.row
    return Messages(
        id=_numbers(ids),
        publication=_numbers(publication),
        campaign=campaign,
        key_point=point,
        variant=variant,
        occasion=occasion,
        employee=np.fromiter((row[name] for name in who), dtype=np.int64, count=len(rows)),
        touch=_numbers(touch),
        step=_numbers(step),
        state=_numbers(state),
        due_on=_days(due),
        wanted_on=_days(wanted),
        not_after=_numbers(closes),
        opened=np.where(first == np.iinfo(np.int64).max, NEVER_YET, first),
        acknowledged=_numbers(acknowledged),
        answered=_numbers(answered),
        right=_numbers(right).astype(np.bool_),
        posted=_numbers(posted).astype(np.bool_),
        reason=reason,
    )


def _numbers(values: Sequence[int]) -> "np.ndarray[Any, np.dtype[np.int64]]":
    return np.array(values, dtype=np.int64)


def _days(values: Iterable[str | None]) -> "np.ndarray[Any, np.dtype[np.datetime64]]":
    return np.array([value or "NaT" for value in values], dtype="datetime64[D]")


_NEW = (
    *(name for name in Touchpoint.__dataclass_fields__),
    "created_at", "attempt", "reply", "answer", "delayed_by", "bucket",
)  # fmt: skip


def _insert(connection: Connection, new: Sequence[Touchpoint], now: datetime) -> int:
    """Insert new deliveries unless their key exists, by the driver itself: these may be a million."""
    if not new:
        return 0
    mark_of = "%s" if connection.dialect.name == "postgresql" else "?"
    names = ", ".join(_NEW)
    marks = ", ".join([mark_of] * len(_NEW))
    statement = f"INSERT INTO delivery ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608 -- names only
    result = connection.exec_driver_sql(
        statement, [_values(one, now) for one in new], execution_options={"preserve_rowcount": True}
    )
    return result.rowcount


def _values(one: Touchpoint, now: datetime) -> tuple[Any, ...]:
    return (
        one.campaign, one.key_point, one.touch, one.employee, one.channel, one.step, one.publication,
        one.variant, one.language, one.due_on.isoformat(), _micros(one.due_at), _micros(one.not_after),
        one.message_id, one.wanted_on.isoformat(), str(one.state), one.reason, one.occasion, one.about,
        one.duty, one.opens, one.clicks, _micros(now), 0, "", "", "", bucket(one.employee),
    )  # fmt: skip


def _micros(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def _change(connection: Connection, changes: Sequence[Change]) -> dict[State, int]:
    """Change deliveries that are still planned or held; return how many came to each state."""
    counts: dict[State, int] = {}
    for planned in (True, False):
        some = [one for one in changes if (one.turn is not None) == planned]
        columns = TURNED if planned else ()
        statement = (
            update(delivery)
            .where(_ROW.id == bindparam("which"), (_ROW.state == State.PLANNED) | (_ROW.state == State.HELD))
            .values(
                state=case((_ROW.ambiguous > 0, _bound("ambiguous_state")), else_=_bound("new_state")),
                reason=bindparam("new_reason"),
                delayed_by=case((bindparam("delay") == "", _ROW.delayed_by), else_=bindparam("delay")),
                **{name: _renewed(name) for name in columns},
            )
        )
        for state in {one.state for one in some}:
            rows = [
                {
                    "which": one.id,
                    "new_state": one.state,
                    # What may have arrived is not said to be gone.
                    "ambiguous_state": State.UNKNOWN if one.state in GONE else one.state,
                    "new_reason": one.reason,
                    "delay": one.delayed_by,
                    **{f"new_{name}": getattr(one.turn, name) for name in columns},
                }
                for one in sorted(some, key=_id)
                if one.state == state
            ]
            done = connection.execute(statement, rows, execution_options={"preserve_rowcount": True})
            counts[state] = counts.get(state, 0) + done.rowcount
    return counts


def _bound(name: str) -> ColumnElement[Any]:
    return bindparam(name, type_=_ROW.state.type)


def _renewed(name: str) -> ColumnElement[Any]:
    """Return what a column becomes; a message that may have arrived keeps its text, should it leave again."""
    new: ColumnElement[Any] = bindparam(f"new_{name}")
    if name in {"publication", "variant", "language", "opens", "clicks"}:
        return case((_ROW.ambiguous > 0, _ROW[name]), else_=new)
    return new


def _id(one: Change) -> int:
    return one.id


def _keep(connection: Connection, held: Chunk, standings: Mapping[str, Kept]) -> None:
    """Replace what was kept of some campaigns."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    for campaign, kept in standings.items():
        values = {
            "last": held.last,
            "digest": kept.digest,
            "cut": kept.cut,
            "data": snapshots.dump(kept.employees, kept.standing),
        }
        connection.execute(
            dialect.insert(tables.snapshot)
            .values(campaign=campaign, first=held.first, **values)
            .on_conflict_do_update(index_elements=["campaign", "first"], set_=values)
        )
