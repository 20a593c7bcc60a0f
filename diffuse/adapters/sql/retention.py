"""Forgets signals whose time is over, some thousands at a time, so that nobody waits for it."""

from datetime import datetime

from sqlalchemy import Engine, Select, case, delete, func, literal, select, update

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.persons import signals_before

AT_A_TIME = 2000

_ROW = tables.delivery.c


class SqlRetention:
    """The signals in a database: opens and clicks by name, and the requests that they were judged by."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine

    def signals(self, before: datetime) -> int:
        """Count the opens and clicks before an instant, the requests, and the mails that came back."""
        all_three = (signals_before(before), _hits_before(before), _mails_before(before))
        with reading(self._engine) as connection:
            counted = [
                connection.scalar(select(func.count()).select_from(one.subquery())) for one in all_three
            ]
        return sum(int(number or 0) for number in counted)

    def forget(self, before: datetime) -> int:
        """Forget them, in the logs and on deliveries; return how many."""
        done = 0
        while lot := self._hits(before):
            done += lot
        while lot := self._mails(before):
            done += lot
        while lot := self._lot(before):
            done += lot
        return done

    def sweep(self, now: datetime) -> int:
        """Forget the sessions and links for signing in whose time is over; return how many."""
        over = tables.entry.c.expires_at <= literal(now, tables.entry.c.expires_at.type)
        with writing(self._engine) as connection:
            return connection.execute(delete(tables.entry).where(over)).rowcount

    def _hits(self, before: datetime) -> int:
        with writing(self._engine) as connection:
            found = connection.scalars(_hits_before(before).limit(AT_A_TIME)).all()
            connection.execute(delete(tables.judgement).where(tables.judgement.c.hit.in_(found)))
            connection.execute(delete(tables.hit).where(tables.hit.c.id.in_(found)))
        return len(found)

    def _mails(self, before: datetime) -> int:
        with writing(self._engine) as connection:
            found = connection.scalars(_mails_before(before).limit(AT_A_TIME)).all()
            connection.execute(delete(tables.returned).where(tables.returned.c.id.in_(found)))
        return len(found)

    def _lot(self, before: datetime) -> int:
        with writing(self._engine) as connection:
            found = connection.execute(signals_before(before).limit(AT_A_TIME)).all()
            if not found:
                return 0
            connection.execute(delete(tables.event).where(tables.event.c.id.in_([row.id for row in found])))
            values = {
                column: case((column < literal(before, column.type), None), else_=column)
                for column in (_ROW.opened_at, _ROW.clicked_at)
            }
            numbers = sorted({row.delivery for row in found})
            connection.execute(update(tables.delivery).where(_ROW.id.in_(numbers)).values(values))
        return len(found)


def _hits_before(at: datetime) -> Select[tuple[int]]:
    """Select the requests before an instant."""
    return select(tables.hit.c.id).where(tables.hit.c.at < literal(at, tables.hit.c.at.type))


def _mails_before(at: datetime) -> Select[tuple[int]]:
    """Select the mails that came back before an instant."""
    return select(tables.returned.c.id).where(tables.returned.c.at < literal(at, tables.returned.c.at.type))
