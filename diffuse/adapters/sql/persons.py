"""Everything that is kept about one employee: all of it to hand out, most of it to erase.

Evidence stays, and what it proves: deliveries, acknowledgements, answers, under the pseudonym of the chain.
A table that names a delivery or an employee is found by its columns, so that a new one is not forgotten.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Select,
    Table,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.chunks import mark
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.types import fixed, one_of
from diffuse.domain.delivery import State
from diffuse.domain.events import Kind
from diffuse.domain.evidence import GIVEN
from diffuse.domain.people import ERASED, erased_id
from diffuse.errors import AuthoringError, PermanentFailure
from diffuse.ports import Erased

Kept: TypeAlias = "Mapping[str, Sequence[Mapping[str, object]]]"
"""Rows by the name of their table."""

NAMELESS = "—"
NOWHERE = "erased@erased.invalid"
WENT = "the person was erased"

EVIDENCE = frozenset({"acknowledgement", "attempt", "event", "evidence", "remark"})
"""Tables that name deliveries and stay: evidence, what it proves, and the proof that it was sent."""

LOT = 500
CONTENT = ("nonce", *(name for name in GIVEN if name not in {"delivery", "at"}))
"""What a record of evidence loses when its time is over; ``at`` stays, and says that it was."""

_WHO, _TOLD, _CAME = tables.employee.c, tables.delivery.c, tables.event.c
_SIGNALS = (Kind.OPENED, Kind.CLICKED)
_WAITING = (State.PLANNED, State.HELD)


class SqlPersons:
    """Single employees in a database."""

    def __init__(self, engine: Engine, *, pseudonym: Callable[[str], str]) -> None:
        """Use a database that has been upgraded; ``pseudonym`` hides an employee as evidence does."""
        self._engine = engine
        self._pseudonym = pseudonym

    def kept(self, employee: str) -> Kept:
        """Return every row about an employee, by table.

        Raises:
            PermanentFailure: when nobody has that id.
        """
        with reading(self._engine) as connection:
            _known(connection, employee)
            found = {
                table.name: _rows(connection, table, mine)
                for table in tables.METADATA.sorted_tables
                if (mine := self._about(table, employee)) is not None
            }
        return {name: rows for name, rows in sorted(found.items()) if rows}

    def erase(self, employee: str, day: date) -> Erased:
        """Forget an employee: what is not evidence goes, and the rest stays under the pseudonym.

        Args:
            employee: the id in the directory.
            day: the last day of work that the pseudonym gets: nothing is planned for it.

        Raises:
            PermanentFailure: when nobody has that id.
            AuthoringError: when a message is on its way, or a duty is in the person's hands.
        """
        new = erased_id(self._pseudonym(employee))
        with writing(self._engine) as connection:
            who = _known(connection, employee)
            _refuse(connection, employee)
            if connection.scalar(select(_WHO.id).where(_WHO.id == new)) is None:
                connection.execute(insert(tables.employee).values(**_nobody(new, who, day)))
            # Somebody who came back after they were erased has first messages twice.
            earlier = connection.scalar(select(func.max(_TOLD.touch)).where(_TOLD.employee == new))
            touch = _TOLD.touch + (0 if earlier is None else earlier + 1)
            mine = _TOLD.employee == employee
            numbers = select(_TOLD.id).where(mine).scalar_subquery()
            signals = connection.execute(
                delete(tables.event).where(_CAME.delivery.in_(numbers), one_of(_CAME.kind, _SIGNALS))
            ).rowcount
            connection.execute(
                update(tables.attempt).where(tables.attempt.c.delivery.in_(numbers)).values(reply="")
            )
            for table in reversed(tables.METADATA.sorted_tables):
                if table.name not in EVIDENCE and "delivery" in table.c:
                    connection.execute(delete(table).where(table.c.delivery.in_(numbers)))
            _forget(connection, employee, new)
            deliveries = connection.execute(
                update(tables.delivery).where(mine).values(employee=new, touch=touch, **_blank())
            ).rowcount
            connection.execute(delete(tables.employee).where(_WHO.id == employee))
            mark(connection, [who.bucket])
        return Erased(pseudonym=new, deliveries=deliveries, signals=signals)

    def outdated(self, before: datetime) -> int:
        """Count the records of evidence of people who are erased that were given before an instant."""
        with reading(self._engine) as connection:
            found = select(func.count()).select_from(_outdated(before).subquery())
            return int(connection.scalar(found) or 0)

    def withhold(self, before: datetime) -> int:
        """Take what erased people gave before an instant, and leave the hashes: the chain still verifies."""
        proof = tables.evidence.c
        with writing(self._engine) as connection:
            found = connection.execute(_outdated(before)).all()
            for lot in (found[start : start + LOT] for start in range(0, len(found), LOT)):
                numbers = sorted({row.delivery for row in lot})
                places = [row.sequence for row in lot]
                connection.execute(
                    update(tables.evidence)
                    .where(proof.sequence.in_(places))
                    .values(delivery=0, **dict.fromkeys(CONTENT, ""))
                )
                _forget_given(connection, numbers)
        return len(found)

    def leavers(self, before: date) -> Sequence[str]:
        """Return the employees whose last day of work lies before a day, by id; the erased are left out."""
        statement = select(_WHO.id).where(_WHO.ends < before, ~_WHO.id.startswith(ERASED)).order_by(_WHO.id)
        with reading(self._engine) as connection:
            return connection.scalars(statement).all()

    def _about(self, table: Table, employee: str) -> Any:  # noqa: ANN401 -- a condition, or None
        """Return which rows of a table are about an employee; None where none can be."""
        if table.name == "employee":
            return _WHO.id == employee
        pseudonym = self._pseudonym(employee)
        named = [table.c[name] == employee for name in ("employee", "about", "holder") if name in table.c]
        named += [table.c[name] == pseudonym for name in ("person", "whom") if name in table.c]
        if "delivery" in table.c and table.name != "evidence":
            mine = select(_TOLD.id).where(_TOLD.employee == employee)
            named.append(table.c.delivery.in_(mine.scalar_subquery()))
        return or_(*named) if named else None


def _rows(connection: Connection, table: Table, mine: Any) -> list[Mapping[str, object]]:  # noqa: ANN401
    order = list(table.primary_key.columns)
    found = connection.execute(select(table).where(mine).order_by(*order)).mappings()
    return [{name: _readable(value) for name, value in row.items()} for row in found]


def _readable(value: object) -> object:
    """Return a mail that came back as text; everything else as it is."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _known(connection: Connection, employee: str) -> Row[Any]:
    row = connection.execute(select(tables.employee).where(_WHO.id == employee)).first()
    if row is None:
        text = f"nobody has the id {employee!r}; 'diffuse person' takes an id of the directory"
        raise PermanentFailure(text)
    return row


def _refuse(connection: Connection, employee: str) -> None:
    """Refuse to erase somebody whose message a worker holds, or who answers for something."""
    moving = select(_TOLD.id).where(
        _TOLD.employee == employee, one_of(_TOLD.state, (State.CLAIMED, State.SENDING))
    )
    if connection.scalar(moving.limit(1)) is not None:
        raise AuthoringError.of(f"a message to {employee!r} is on its way", "the same again in some minutes")
    held = select(tables.duty.c.duty).where(tables.duty.c.holder == employee)
    if duty := connection.scalar(held.limit(1)):
        raise AuthoringError.of(
            f"{employee!r} still holds the duty {duty!r}",
            "another holder first: 'diffuse duties' with a file that names one",
        )


def _nobody(new: str, who: Row[Any], day: date) -> dict[str, object]:
    """Return the row under which deliveries stay: it keeps its bucket, and says nothing of the person."""
    return {
        "id": new,
        "name": NAMELESS,
        "email": NOWHERE,
        "language": who.language,
        "time_zone": "UTC",
        "department": "",
        "manager": "",
        "starts": None,
        "ends": min(day, who.ends) if who.ends else day,
        "bucket": who.bucket,
        "tracking": "off",
    }


def _blank() -> dict[str, object]:
    """Return what an erased person's deliveries say: what was sent when, and what was given, no more."""
    waits = one_of(_TOLD.state, _WAITING)
    state = _case(waits, State.CANCELLED)
    return {
        "opened_at": None,
        "clicked_at": None,
        "reached_on": None,
        "reply": "",
        "reason": WENT,
        "delayed_by": "",
        "state": state,
        "opens": "off",
        "clicks": "off",
    }


def _case(waits: Any, state: State) -> Any:  # noqa: ANN401 -- expressions
    return case((waits, fixed(state)), else_=_TOLD.state)


def _forget(connection: Connection, employee: str, new: str) -> None:
    """Take the person out of everything that names employees."""
    for table in (tables.employee_role, tables.absence, tables.choice, tables.unreachable, tables.entry):
        connection.execute(delete(table).where(table.c.employee == employee))
    asked = tables.occasion.c
    connection.execute(
        delete(tables.occasion).where(or_(asked.employee == employee, asked.about == employee))
    )
    connection.execute(update(tables.delivery).where(_TOLD.about == employee).values(about=new, duty=""))
    connection.execute(update(tables.employee).where(_WHO.manager == employee).values(manager=""))
    connection.execute(update(tables.duty).where(tables.duty.c.substitute == employee).values(substitute=""))
    who = select(_WHO.bucket).where(_WHO.id == employee).scalar_subquery()
    kept = tables.snapshot.c
    connection.execute(delete(tables.snapshot).where(and_(kept.first <= who, who <= kept.last)))


def signals_before(at: datetime) -> Select[Any]:
    """Select the events before an instant that are signals only."""
    return select(_CAME.id, _CAME.delivery).where(
        one_of(_CAME.kind, _SIGNALS), _CAME.at < literal(at, _CAME.at.type)
    )


def _outdated(before: datetime) -> Select[Any]:
    """Select what people who are erased gave, where all that they gave with a message is so old."""
    proof, other = tables.evidence.c, tables.evidence.alias("other").c
    limit = literal(before, proof.at.type)
    younger = select(other.sequence).where(other.delivery == proof.delivery, other.at >= limit)
    return (
        select(proof.sequence, proof.delivery)
        .join_from(tables.evidence, tables.delivery, proof.delivery == _TOLD.id)
        .where(proof.at < limit, _TOLD.employee.startswith(ERASED), ~younger.exists())
        .order_by(proof.sequence)
    )


def _forget_given(connection: Connection, deliveries: Sequence[int]) -> None:
    """Take answers and acknowledgements off deliveries, and out of the log."""
    for table in tables.METADATA.sorted_tables:
        if table.name in EVIDENCE - {"attempt", "evidence"}:
            connection.execute(delete(table).where(table.c.delivery.in_(deliveries)))
    connection.execute(
        update(tables.delivery)
        .where(_TOLD.id.in_(deliveries))
        .values(acknowledged_at=None, answered_at=None, answer="")
    )
