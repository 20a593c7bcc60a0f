"""Keeps which version of a policy came with which publication, and why; rows are only added."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import Connection, Engine, and_, distinct, func, insert, or_, select

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.engine import reading
from diffuse.domain.versions import Revision
from diffuse.ports import Published

_ROW = tables.revision.c
_TOLD = tables.delivery.c
_WHO = tables.employee.c


def keep_revisions(connection: Connection, publication: int, revisions: Sequence[Revision]) -> None:
    """Keep the versions that a publication adds, in its transaction."""
    rows = [
        {
            **{name: getattr(one, name) for name in Revision.__dataclass_fields__},
            "publication": publication,
            # An id holds no space.
            "key_points": " ".join(one.key_points),
        }
        for one in revisions
    ]
    if rows:
        connection.execute(insert(tables.revision), rows)


def revisions_until(connection: Connection, campaign: str, publication: int) -> list[tuple[int, Revision]]:
    """Return the versions of a campaign's policies up to a publication, each with its own."""
    statement = (
        select(tables.revision)
        .join(tables.publication, tables.publication.c.id == _ROW.publication)
        .where(tables.publication.c.campaign == campaign, _ROW.publication <= publication)
        .order_by(_ROW.publication, _ROW.policy)
    )
    return [
        (
            row["publication"],
            Revision(
                policy=row["policy"],
                version=row["version"],
                previous=row["previous"],
                kind=row["kind"],
                reason=row["reason"],
                key_points=tuple(row["key_points"].split()),
            ),
        )
        for row in connection.execute(statement).mappings()
    ]


class SqlVersions:
    """Counts those whom a new version concerns, in a database."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine

    def acknowledged(self, running: Published, key_points: Collection[str], on: date) -> int:
        """Count the employees who acknowledged any of these key points as it is in force, and still work.

        Args:
            running: the publication in force.
            key_points: the key points.
            on: the day on which they work.
        """
        if not key_points:
            return 0
        in_force = [
            and_(_TOLD.key_point == name, _TOLD.publication >= running.asked_since.get(name, 0))
            for name in sorted(key_points)
        ]
        statement = (
            select(func.count(distinct(_TOLD.employee)))
            .join_from(
                tables.delivery,
                tables.employee,
                and_(_TOLD.bucket == _WHO.bucket, _TOLD.employee == _WHO.id),
            )
            .where(
                _TOLD.campaign == running.campaign.id,
                _TOLD.acknowledged_at.is_not(None),
                or_(*in_force),
                or_(_WHO.ends.is_(None), _WHO.ends >= on),
            )
        )
        with reading(self._engine) as connection:
            return connection.scalar(statement) or 0
