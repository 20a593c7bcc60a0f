"""Keeps what was launched."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Engine, func, insert, select, text

from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.tables import publication
from diffuse.domain.campaign import Campaign
from diffuse.ports import Published


class SqlPublications:
    """The publications in a database; a publication never changes, so each is read once.

    Args:
        dump: writes a campaign as a text.
        load: reads a campaign from such a text.
        digest: SHA-256 of a campaign's canonical definition, in hexadecimal.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        dump: Callable[[Campaign], str],
        load: Callable[[str], Campaign],
        digest: Callable[[Campaign], str],
    ) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine
        self._dump = dump
        self._load = load
        self._digest = digest
        self._read: dict[int, Published] = {}

    def publish(self, campaign: Campaign, at: datetime) -> Published:
        """Keep a campaign's text; the same text as its newest publication returns that one."""
        digest, definition = self._digest(campaign), self._dump(campaign)
        with writing(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE publication IN SHARE ROW EXCLUSIVE MODE"))
            newest = connection.execute(
                select(publication.c.id, publication.c.digest)
                .where(publication.c.campaign == campaign.id)
                .order_by(publication.c.id.desc())
                .limit(1)
            ).first()
            if newest and newest.digest == digest:
                number = newest.id
            else:
                number = connection.execute(
                    insert(publication)
                    .values(campaign=campaign.id, digest=digest, definition=definition, published_at=at)
                    .returning(publication.c.id)
                ).scalar_one()
        return self.get(number)

    def running(self) -> Sequence[Published]:
        """Return the newest publication of each campaign, by campaign id."""
        newest = (
            select(func.max(publication.c.id))
            .group_by(publication.c.campaign)
            .order_by(publication.c.campaign)
        )
        with reading(self._engine) as connection:
            numbers = connection.scalars(newest).all()
        return tuple(self.get(number) for number in numbers)

    def get(self, publication: int) -> Published:
        """Return one publication; KeyError when there is none."""
        if publication not in self._read:
            self._read[publication] = self._fetch(publication)
        return self._read[publication]

    def _fetch(self, number: int) -> Published:
        with reading(self._engine) as connection:
            row = connection.execute(select(publication).where(publication.c.id == number)).first()
        if row is None:
            raise KeyError(number)
        return Published(
            id=number, digest=row.digest, campaign=self._load(row.definition), published_at=row.published_at
        )
