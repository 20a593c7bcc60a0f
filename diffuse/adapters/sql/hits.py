"""Keeps what comes back."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    RowMapping,
    bindparam,
    case,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from diffuse.adapters.sql import arrivals, tables
from diffuse.adapters.sql.choices import wished
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.evidence import SqlEvidence, Witnessed
from diffuse.adapters.sql.types import one_of
from diffuse.adapters.sql.verdicts import SqlVerdicts, tally
from diffuse.domain.delivery import State
from diffuse.domain.events import Event, Kind
from diffuse.domain.evidence import LINK, Acknowledgement, Response
from diffuse.domain.measures import week_of
from diffuse.domain.people import ERASED
from diffuse.domain.remark import Remark
from diffuse.domain.tracking import strictest, tracking_of, wish
from diffuse.domain.verdicts import Hit, Verdict
from diffuse.ports import Doubted, Rejudged, Shown

LEFT = frozenset({State.SENDING, State.SENT, State.UNKNOWN})
"""States of messages that an employee may have in hand."""

_ROW = tables.delivery.c
_FIRST = {
    Kind.OPENED: _ROW.opened_at,
    Kind.CLICKED: _ROW.clicked_at,
    Kind.ANSWERED: _ROW.answered_at,
    Kind.ACKNOWLEDGED: _ROW.acknowledged_at,
}
_COUNTED = {
    Kind.OPENED: ("raw_opens", "human_opens"),
    Kind.CLICKED: ("raw_clicks", "human_clicks"),
}
_SHOWN = (
    "id",
    "publication",
    "key_point",
    "variant",
    "language",
    "employee",
    "acknowledged_at",
    "answer",
    "duty",
    "channel",
)
_OTHER = tables.employee.alias("other")
_LEFT = (
    select(
        *(_ROW[name] for name in _SHOWN),
        tables.employee.c.time_zone,
        _ROW.due_on,
        _ROW.opens,
        _ROW.clicks,
        wished(),
        func.coalesce(_OTHER.c.name, "").label("about"),
    )
    .join_from(tables.delivery, tables.employee, _ROW.employee == tables.employee.c.id)
    .join(tables.choice, _ROW.employee == tables.choice.c.employee, isouter=True)
    .join(_OTHER, _ROW.about == _OTHER.c.id, isouter=True)
    .where(
        _ROW.id.in_(bindparam("some", expanding=True)),
        one_of(_ROW.state, LEFT),
        ~tables.employee.c.id.startswith(ERASED),
    )
)


class SqlHits:
    """The events and acknowledgements in a database."""

    def __init__(
        self, engine: Engine, evidence: SqlEvidence | None = None, verdicts: SqlVerdicts | None = None
    ) -> None:
        """Use a database that has been upgraded; without ``evidence`` nothing is added to the chain."""
        self._engine = engine
        self._evidence = evidence
        self._verdicts = verdicts or SqlVerdicts()

    def shown(self, delivery: int) -> Shown | None:
        """Return a delivery that has left, or None."""
        return self.shown_many([delivery]).get(delivery)

    def shown_many(self, deliveries: Collection[int]) -> Mapping[int, Shown]:
        """Return those of some deliveries that have left, by their numbers."""
        with reading(self._engine) as connection:
            rows = connection.execute(_LEFT, {"some": sorted(deliveries)}).mappings()
            return {row["id"]: _shown(row) for row in rows}

    def record_many(
        self, hits: Sequence[Hit], counted: Sequence[tuple[Shown, Kind]] = ()
    ) -> Sequence[Verdict | None]:
        """Keep requests and judge them, all in one transaction; None for those of no delivery."""
        with writing(self._engine) as connection:
            _count(connection, counted)
            return self._verdicts.keep(connection, hits) if hits else []

    def keep_many(self, hits: Sequence[Hit], counted: Sequence[tuple[Shown, Kind]] = ()) -> None:
        """Keep requests, and note whose verdicts are owed, in one transaction."""
        with writing(self._engine) as connection:
            _count(connection, counted)
            self._verdicts.put_off(connection, hits)

    def judge_kept(self, limit: int) -> int:
        """Judge what was only kept, of some messages, in one transaction; return how many there were."""
        with writing(self._engine) as connection:
            return self._verdicts.catch_up(connection, limit)

    def rejudge(self, campaign: str, after: int, limit: int) -> Rejudged | None:
        """Judge the hits of some deliveries anew, in one transaction."""
        row = tables.hit.c
        some = select(row.delivery).where(row.delivery > after).distinct().order_by(row.delivery).limit(limit)
        if campaign:
            some = some.join_from(tables.hit, tables.delivery, row.delivery == _ROW.id)
            some = some.where(_ROW.campaign == campaign)
        with writing(self._engine) as connection:
            before = arrivals.lock(connection, connection.scalars(some).all())
            if not before:
                return None
            judged = self._verdicts.rejudge(connection, before)
        was, now = tally(one for fresh in judged.values() for one in fresh)
        return Rejudged(last=max(before), deliveries=len(before), before=was, now=now)

    def doubted(self) -> Sequence[Doubted]:
        """Return the acknowledgements that may be a program's, the newest first."""
        given = tables.acknowledgement.c
        columns = (*(given[name] for name in ("delivery", "policy", "version", "at", "doubt")),)
        statement = (
            select(*columns, _ROW.employee, _ROW.campaign, _ROW.key_point)
            .join_from(tables.acknowledgement, tables.delivery, given.delivery == _ROW.id)
            .where(given.doubt != "")
            .order_by(given.at.desc(), given.delivery)
        )
        with reading(self._engine) as connection:
            return [Doubted(**one) for one in connection.execute(statement).mappings()]

    def record(self, event: Event, reached_on: date, by: str = LINK) -> None:
        """Keep what comes from a person for sure, such as an answer; ``reached_on`` is the local day.

        The first of each kind sets the delivery's time.

        Raises:
            ValueError: for an acknowledgement, which is evidence: ``acknowledge`` keeps it with its text.
            KeyError: when there is no such delivery.
        """
        if event.kind == Kind.ACKNOWLEDGED:
            raise ValueError("an acknowledgement is kept with its text, by acknowledge()")
        is_answer = event.kind == Kind.ANSWERED
        proof = self._evidence.of_answer(event, by=by) if self._evidence and is_answer else None
        with writing(self._engine) as connection:
            _keep(connection, event, reached_on, _lock(connection, event.delivery))
            self._prove(connection, proof)

    def acknowledge(
        self, acknowledgement: Acknowledgement, reached_on: date, by: str = LINK, *, reason: str = ""
    ) -> bool:
        """Keep an acknowledgement and its event; False, and nothing changes, when there is one already.

        With a ``reason`` an officer gave it on behalf of the employee.

        Raises:
            KeyError: when there is no such delivery.
        """
        given = acknowledgement
        values = {name: getattr(given, name) for name in Acknowledgement.__dataclass_fields__}
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        keep = dialect.insert(tables.acknowledgement).on_conflict_do_nothing()
        proof = self._evidence.of_acknowledgement(given, reason=reason, by=by) if self._evidence else None
        with writing(self._engine) as connection:
            before = _lock(connection, given.delivery)
            accepted_at = before.sent_at or before.fenced_at
            values["doubt"] = self._verdicts.doubt_of(connection, given.delivery, accepted_at, given.at)
            is_first = (
                connection.execute(keep.values(values).returning(tables.acknowledgement.c.delivery)).first()
                is not None
            )
            if is_first:
                _keep(
                    connection,
                    Event(delivery=given.delivery, kind=Kind.ACKNOWLEDGED, at=given.at),
                    reached_on,
                    before,
                )
                self._prove(connection, proof)
        return is_first

    def remark(self, remark: Remark, reached_on: date, by: str = LINK) -> None:
        """Keep a question or a disagreement; the same form sent again changes nothing.

        Raises:
            KeyError: when there is no such delivery.
        """
        values = {name: getattr(remark, name) for name in Remark.__dataclass_fields__}
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        row = tables.remark.c
        keep = dialect.insert(tables.remark).values(values).on_conflict_do_nothing().returning(row.id)
        proof = self._evidence.of_remark(remark, by) if self._evidence else None
        with writing(self._engine) as connection:
            before = _lock(connection, remark.delivery)
            if connection.execute(keep).first() is not None:
                values = _first(_ROW.opened_at, remark.at, reached_on)
                connection.execute(update(tables.delivery).where(_ROW.id == remark.delivery).values(values))
                _arrive(connection, remark.at, before)
                self._prove(connection, proof)

    def remarks(self, delivery: int) -> Sequence[Remark]:
        """Return what was written about a delivery, in the order in which it came."""
        row = tables.remark.c
        names = [row[name] for name in Remark.__dataclass_fields__]
        statement = select(*names).where(row.delivery == delivery).order_by(row.id)
        with reading(self._engine) as connection:
            rows = connection.execute(statement).mappings().all()
        return [Remark(**{**one, "response": Response(one["response"])}) for one in rows]

    def _prove(self, connection: Connection, proof: Witnessed | None) -> None:
        """Chain what was just kept, in the same transaction and last: others wait for the chain's end."""
        if self._evidence and proof:
            self._evidence.append(connection, [proof])


def _shown(row: RowMapping) -> Shown:
    number = row["answer"].partition(":")[0]
    given = {name: row[name] for name in (*_SHOWN, "time_zone", "about")}
    return Shown(
        **{**given, "answer": int(number) if number else None},
        week=week_of(row["due_on"]),
        tracking=strictest(tracking_of(row["opens"], row["clicks"]), wish(row["wished"])),
    )


def _count(connection: Connection, counted: Sequence[tuple[Shown, Kind]]) -> None:
    """Add to the sums of a key point, a channel, a week and a kind; in the order in which others do so."""
    sums = Counter(
        (one.publication, one.key_point, one.channel, one.week, kind.value) for one, kind in counted
    )
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = tables.counted.c
    names = ("publication", "key_point", "channel", "week", "kind")
    for key, hits in sorted(sums.items()):
        one = dict(zip(names, key, strict=True))
        connection.execute(
            dialect.insert(tables.counted)
            .values(**one, hits=hits)
            .on_conflict_do_update(index_elements=names, set_={"hits": row.hits + hits})
        )


def _lock(connection: Connection, delivery: int) -> Row[Any]:
    """Let one hit of a delivery after the other through; return its row, KeyError when there is none."""
    return arrivals.lock(connection, [delivery])[delivery]


def _keep(connection: Connection, happened: Event, reached_on: date, before: Row[Any]) -> None:
    """Add an event to the log and fold it into its delivery, which has arrived then."""
    first = _FIRST[happened.kind]
    connection.execute(
        insert(tables.event).values(
            delivery=happened.delivery,
            kind=happened.kind,
            at=happened.at,
            detail=happened.detail,
            bucket=before.bucket,
        )
    )
    values = _first(first, happened.at, reached_on)
    if counted := _COUNTED.get(happened.kind):
        values |= {_ROW[name]: _ROW[name] + 1 for name in counted}
    if happened.kind == Kind.ANSWERED:
        values[_ROW.answer] = case((first.is_(None), happened.detail), else_=_ROW.answer)
    connection.execute(update(tables.delivery).where(_ROW.id == happened.delivery).values(values))
    _arrive(connection, happened.at, before)
    if happened.kind in {Kind.ANSWERED, Kind.ACKNOWLEDGED}:
        arrivals.relieve(connection, before)


def _first(column: ColumnElement[Any], at: datetime, reached_on: date) -> dict[Any, ColumnElement[Any]]:
    """Return what changes in a delivery when something came back: the first time of each kind stands."""
    return {
        column: func.coalesce(column, literal(at, column.type)),
        _ROW.reached_on: func.coalesce(_ROW.reached_on, literal(reached_on, _ROW.reached_on.type)),
    }


def _arrive(connection: Connection, at: datetime, before: Row[Any]) -> None:
    """Take a delivery of which something came back for one that has arrived, and was reached."""
    arrivals.arrive(connection, before, at)
    if before.reached_on is None:
        arrivals.spare(connection, [before])
