"""Reads the ledger for reports."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Engine, RowMapping, Select, and_, case, func, select, tuple_

from diffuse.adapters.sql.engine import reading
from diffuse.adapters.sql.tables import counted, delivery, employee, evidence, publication
from diffuse.adapters.sql.types import fixed
from diffuse.domain.campaign import Campaign
from diffuse.domain.events import Kind
from diffuse.domain.evidence import Response
from diffuse.ports import Count, Published, Result

PAGE = 2000
"""Rows read at a time; no transaction stays open while they are used: a long report blocks no sender."""

_CONFIRMED = (
    select(func.min(evidence.c.identified_by))
    .where(evidence.c.delivery == delivery.c.id, evidence.c.answer == fixed(Response.ACKNOWLEDGE))
    .scalar_subquery()
)
"""How whoever acknowledged was identified, of which there is one record at most; nothing where none is left.

A minimum, as no database is tempted then to walk the chain in its order.
"""

_ELSEWHERE = {
    "delivery": delivery.c.id,
    "attempts": delivery.c.attempt,
    "identified_by": func.coalesce(case((delivery.c.acknowledged_at.is_not(None), _CONFIRMED)), ""),
}
_COLUMNS = [
    (_ELSEWHERE[name] if name in _ELSEWHERE else delivery.c[name]).label(name)
    for name in Result.__dataclass_fields__
    if name != "policy"
]
_KEY = [delivery.c[name] for name in ("employee", "key_point", "touch", "channel")]


class SqlResults:
    """The deliveries of a database, with everything that came back.

    Args:
        publications: gives a publication by its id; asked once for each publication and reading.
    """

    def __init__(self, engine: Engine, *, publications: Callable[[int], Published]) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine
        self._publications = publications

    def results(self) -> Iterator[Result]:
        """Yield every delivery, by campaign, employee, key point and touch; memory stays bounded.

        Each row is whole, and none comes twice; a later page may know of later events.
        """
        policies: dict[int, dict[str, str]] = {}
        for row in chain.from_iterable(self._rows(campaign) for campaign in self._campaigns()):
            if row["publication"] not in policies:
                policies[row["publication"]] = _policies(self._publications(row["publication"]).campaign)
            yield Result(**row, policy=policies[row["publication"]][row["key_point"]])

    def counts(self) -> Sequence[Count]:
        """Return the hits that were counted without a person, in a fixed order."""
        columns = [counted.c[name] for name in Count._fields]
        with reading(self._engine) as connection:
            rows = connection.execute(select(*columns).order_by(*columns[:5])).mappings().all()
        return [Count(**{**row, "kind": Kind(row["kind"])}) for row in rows]

    def _campaigns(self) -> Sequence[str]:
        row = publication.c
        with reading(self._engine) as connection:
            return connection.scalars(select(row.campaign).distinct().order_by(row.campaign)).all()

    def _rows(self, campaign: str) -> Iterator[RowMapping]:
        """Yield one campaign's rows: employees in their order, and each one's deliveries off the key."""
        same = (delivery.c.bucket == employee.c.bucket, delivery.c.employee == employee.c.id)
        pages = (
            select(*_COLUMNS)
            .join_from(employee, delivery, and_(*same))
            .where(delivery.c.campaign == campaign)
            .order_by(employee.c.id, *_KEY[1:])
            .limit(PAGE)
        )
        page = self._page(pages)
        while page:
            yield from page
            last = tuple(page[-1][column.name] for column in _KEY)
            later = (employee.c.id >= last[0], tuple_(employee.c.id, *_KEY[1:]) > tuple_(*last))
            page = self._page(pages.where(*later))

    def _page(self, statement: Select[Any]) -> Sequence[RowMapping]:
        with reading(self._engine) as connection:
            return connection.execute(statement).mappings().all()


def _policies(campaign: Campaign) -> dict[str, str]:
    """Name the policy of each key point."""
    return {point.id: policy.id for policy, point in campaign.key_points}
