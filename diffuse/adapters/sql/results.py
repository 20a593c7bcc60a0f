"""Reads the ledger for reports."""

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import Engine, RowMapping, select, tuple_

from diffuse.adapters.sql.engine import reading
from diffuse.adapters.sql.tables import delivery
from diffuse.domain.campaign import Campaign
from diffuse.ports import Published, Result

PAGE = 2000
"""Rows read at a time; no transaction stays open while they are used: a long report blocks no sender."""

_NAMED_OTHERWISE = {"delivery": "id", "attempts": "attempt"}
_COLUMNS = [
    delivery.c[_NAMED_OTHERWISE.get(name, name)].label(name)
    for name in Result.__dataclass_fields__
    if name != "policy"
]
_KEY = [delivery.c[name] for name in ("campaign", "employee", "key_point", "touch", "channel")]


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
        page: Sequence[RowMapping] = self._page(None)
        while page:
            for row in page:
                if row["publication"] not in policies:
                    policies[row["publication"]] = _policies(self._publications(row["publication"]).campaign)
                yield Result(**row, policy=policies[row["publication"]][row["key_point"]])
            page = self._page(page[-1])

    def _page(self, after: RowMapping | None) -> Sequence[RowMapping]:
        statement = select(*_COLUMNS).order_by(*_KEY).limit(PAGE)
        if after is not None:
            statement = statement.where(tuple_(*_KEY) > tuple_(*(after[column.name] for column in _KEY)))
        with reading(self._engine) as connection:
            return connection.execute(statement).mappings().all()


def _policies(campaign: Campaign) -> dict[str, str]:
    """Name the policy of each key point."""
    return {point.id: policy.id for policy, point in campaign.key_points}
