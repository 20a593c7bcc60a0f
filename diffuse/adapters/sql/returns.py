"""Keeps mails that came back, and what follows from them, in one transaction each."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, and_, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from diffuse.adapters.sql.attempts import log
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.hits import LEFT
from diffuse.adapters.sql.tables import delivery, employee, returned, unreachable
from diffuse.adapters.sql.types import fixed, one_of
from diffuse.domain.delivery import State
from diffuse.domain.population import bucket
from diffuse.domain.returned import PROVEN, Kind
from diffuse.ports import Known, Returned

REPEATED = 2
"""So many messages must come back from an address that does not exist before none is sent there any more."""

NO_SUCH_USER = "no_such_user"
IT_CAME_BACK = "an answer to it came back"
BOUNCED = "bounced: {why}"
UNREACHABLE = "its address does not exist, by repeated bounces; mend it in the directory"

_TOLD = delivery.c
_WHO = employee.c
_ROW = returned.c
_LISTED = tuple(column for column in returned.columns if column.name != "raw")


class SqlReturns:
    """The returned mails in a database."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine

    def known(self, number: int) -> Known | None:
        """Return a delivery that has left, or None."""
        with reading(self._engine) as connection:
            row = connection.execute(_known().where(_TOLD.id == number)).first()
        return Known(*row) if row else None

    def sent_to(
        self, addresses: Collection[str], message_ids: Collection[str], since: datetime
    ) -> tuple[Known, str] | None:
        """Return the delivery to one of some addresses that a mail is about, and how it was found.

        With Message-IDs it must have one of them; without any, it is the last one sent after ``since``.
        Without addresses, whoever has our Message-ID has the message: a keyed hash is in it.
        """
        if not addresses:
            return self._with_id(message_ids)
        lower = {one.lower() for one in addresses}
        with reading(self._engine) as connection:
            people = connection.scalars(select(_WHO.id).where(func.lower(_WHO.email).in_(lower))).all()
            if not people:
                return None
            shares = sorted({bucket(one) for one in people})
            theirs = _known().where(_TOLD.bucket.in_(shares), _TOLD.employee.in_(people))
            if message_ids:
                found, how = theirs.where(_TOLD.message_id.in_(set(message_ids))), "message-id"
            else:
                found, how = theirs.where(_TOLD.sent_at >= since), "recipient"
            row = connection.execute(found.order_by(_TOLD.sent_at.desc(), _TOLD.id.desc()).limit(1)).first()
        return (Known(*row), how) if row else None

    def _with_id(self, message_ids: Collection[str]) -> tuple[Known, str] | None:
        same = _known().where(_TOLD.message_id.in_(set(message_ids)), _TOLD.fenced_at.is_not(None))
        with reading(self._engine) as connection:
            row = connection.execute(same.order_by(_TOLD.id.desc()).limit(1)).first()
        return (Known(*row), "message-id") if row else None

    def keep(self, mail: Returned) -> bool:
        """Keep a mail and settle its delivery; False, and nothing changes, when it was kept before."""
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        values = {name: getattr(mail, name) for name in Returned.__dataclass_fields__ if name != "id"}
        statement = dialect.insert(returned).values(values).on_conflict_do_nothing().returning(_ROW.id)
        with writing(self._engine) as connection:
            if connection.execute(statement).first() is None:
                return False
            if mail.delivery is not None:
                _settle(connection, mail)
        return True

    def suppress(self, now: datetime) -> int:
        """Suppress what is planned for addresses that do not exist; return how many."""
        dead = select(unreachable.c.employee).join(
            employee, and_(_WHO.id == unreachable.c.employee, _WHO.email == unreachable.c.email)
        )
        with reading(self._engine) as connection:
            people = connection.scalars(dead).all()
        if not people:
            return 0
        statement = (
            update(delivery)
            .where(
                _TOLD.bucket.in_(sorted({bucket(one) for one in people})),
                _TOLD.employee.in_(people),
                _TOLD.state == fixed(State.PLANNED),
                _TOLD.ambiguous == 0,
            )
            .values(state=State.SUPPRESSED, reason=UNREACHABLE)
            .returning(_TOLD.id, _TOLD.attempt, _TOLD.state, _TOLD.reason)
        )
        with writing(self._engine) as connection:
            rows = connection.execute(statement).all()
            log(connection, now, rows)
        return len(rows)

    def listed(self, *, review: bool, limit: int) -> Sequence[Returned]:
        """Return mails that came back, the newest first, without their text; or those for review alone."""
        statement = select(*_LISTED).order_by(_ROW.id.desc()).limit(limit)
        if review:
            statement = statement.where(_ROW.review != "")
        with reading(self._engine) as connection:
            rows = connection.execute(statement).mappings().all()
        return [Returned(**row, raw=b"") for row in rows]

    def raw(self, number: int) -> bytes | None:
        """Return a mail as it came, or None."""
        with reading(self._engine) as connection:
            found = connection.scalar(select(_ROW.raw).where(_ROW.id == number))
        return None if found is None else bytes(found)


def _known() -> Select[Any]:
    return (
        select(_TOLD.id, _TOLD.employee, _WHO.email, _WHO.time_zone)
        .join_from(delivery, employee, _TOLD.employee == _WHO.id)
        .where(one_of(_TOLD.state, [*LEFT, State.FAILED]), _TOLD.attempt > 0)
    )


def _settle(connection: Connection, mail: Returned) -> None:
    """Take a delivery of unknown fate for sent, for our server had it; and a bounced one for failed.

    What somebody has opened did arrive: such a one stays as it is.
    """
    same = _TOLD.id == mail.delivery
    sent = {
        "state": State.SENT,
        "reason": IT_CAME_BACK,
        "sent_at": func.coalesce(_TOLD.fenced_at, _TOLD.due_at),
    }
    _become(connection, mail.at, [same, _TOLD.state == fixed(State.UNKNOWN)], sent)
    if mail.kind != Kind.PERMANENT:
        return
    why = " ".join(one for one in (mail.reason, mail.status) if one)
    failed = {"state": State.FAILED, "reason": BOUNCED.format(why=why)}
    where = [same, _TOLD.state == fixed(State.SENT), _TOLD.reached_on.is_(None)]
    if _become(connection, mail.at, where, failed) and mail.reason == NO_SUCH_USER:
        _count(connection, mail)


def _become(connection: Connection, at: datetime, where: list[Any], values: dict[str, Any]) -> int:
    statement = (
        update(delivery)
        .where(*where)
        .values(values)
        .returning(_TOLD.id, _TOLD.attempt, _TOLD.state, _TOLD.reason)
    )
    rows = connection.execute(statement).all()
    log(connection, at, rows)
    return len(rows)


def _count(connection: Connection, mail: Returned) -> None:
    """Write an address off that does not exist, when that was said of another message too.

    Only of bounces that show our message: anybody can make up one that names an address.
    """
    who, email = connection.execute(
        select(_WHO.id, _WHO.email)
        .join_from(delivery, employee, _TOLD.employee == _WHO.id)
        .where(_TOLD.id == mail.delivery)
    ).one()
    times = connection.scalar(
        select(func.count(_ROW.delivery.distinct()))
        .join_from(returned, delivery, _ROW.delivery == _TOLD.id)
        .where(
            _TOLD.bucket == bucket(who),
            _TOLD.employee == who,
            _ROW.kind == Kind.PERMANENT.value,
            _ROW.reason == NO_SUCH_USER,
            _ROW.matched.in_(sorted(PROVEN)),
            func.lower(_ROW.address) == email.lower(),
        )
    )
    if (times or 0) < REPEATED:
        return
    gone = unreachable.c
    changed = update(unreachable).where(gone.employee == who).values(email=email, since=mail.at)
    if not connection.execute(changed).rowcount:
        connection.execute(insert(unreachable).values(employee=who, email=email, since=mail.at))
