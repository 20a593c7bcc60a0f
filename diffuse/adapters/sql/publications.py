"""Keeps what was launched."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection, Engine, func, insert, select, text

from diffuse.adapters.sql import tables
from diffuse.adapters.sql.chunks import mark
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.revisions import keep_revisions, revisions_until
from diffuse.domain.campaign import Campaign
from diffuse.domain.message import Baked, Wording
from diffuse.domain.versions import Revision, asked_since
from diffuse.ports import Published

T = TypeVar("T")
Codec: TypeAlias = tuple[Callable[[T], str], Callable[[str], T]]
"""How a value is written as a text, equal ones as equal texts, and how it is read."""

WORDINGS_KEPT = 1024
"""Baked wordings held in memory, some 20 kB each."""


class SqlPublications:
    """The publications in a database; a publication never changes, so each is read once."""

    def __init__(self, engine: Engine, *, campaigns: Codec[Campaign], wordings: Codec[Baked]) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine
        self._dump_campaign, self._load_campaign = campaigns
        self._dump_baked, self._load_baked = wordings
        self._read: dict[int, Published] = {}
        self.wording = lru_cache(WORDINGS_KEPT)(self._wording)

    def publish(
        self,
        campaign: Campaign,
        wordings: Mapping[Wording, Baked],
        at: datetime,
        revisions: Sequence[Revision] = (),
    ) -> Published:
        """Keep a campaign's text with its wordings; when its newest publication has the same, return that."""
        definition = self._dump_campaign(campaign)
        baked = {key: self._dump_baked(one) for key, one in sorted(wordings.items())}
        digest = hashlib.sha256("\n".join((definition, *baked.values())).encode()).hexdigest()
        with writing(self._engine) as connection:
            number = _newest(connection, campaign.id, digest)
            if number is None:
                values = {
                    "campaign": campaign.id,
                    "digest": digest,
                    "definition": definition,
                    "published_at": at,
                }
                number = connection.execute(
                    insert(tables.publication).values(values).returning(tables.publication.c.id)
                ).scalar_one()
                rows = [{"publication": number, **key._asdict(), "baked": one} for key, one in baked.items()]
                if rows:
                    connection.execute(insert(tables.wording), rows)
                keep_revisions(connection, number, revisions)
                mark(connection)
        return self.get(number)

    def running(self) -> Sequence[Published]:
        """Return the newest publication of each campaign, by campaign id."""
        row = tables.publication.c
        newest = select(func.max(row.id)).group_by(row.campaign).order_by(row.campaign)
        with reading(self._engine) as connection:
            numbers = connection.scalars(newest).all()
        return tuple(self.get(number) for number in numbers)

    def earlier(self, campaign: str) -> Sequence[Published]:
        """Return every publication of a campaign, the newest first."""
        row = tables.publication.c
        statement = select(row.id).where(row.campaign == campaign).order_by(row.id.desc())
        with reading(self._engine) as connection:
            numbers = connection.scalars(statement).all()
        return tuple(self.get(number) for number in numbers)

    def get(self, publication: int) -> Published:
        """Return one publication; KeyError when there is none."""
        if publication not in self._read:
            self._read[publication] = self._fetch(publication)
        return self._read[publication]

    def _fetch(self, number: int) -> Published:
        statement = select(tables.publication).where(tables.publication.c.id == number)
        with reading(self._engine) as connection:
            row = connection.execute(statement).first()
            known = revisions_until(connection, row.campaign, number) if row else []
        if row is None:
            raise KeyError(f"publication {number}")
        return Published(
            id=number,
            digest=row.digest,
            campaign=self._load_campaign(row.definition),
            published_at=row.published_at,
            revisions=tuple(one for publication, one in known if publication == number),
            asked_since=asked_since(known),
        )

    def _wording(self, publication: int, wording: Wording) -> Baked:
        """Return a wording as it was baked for a publication; KeyError when there is none."""
        row = tables.wording.c
        statement = select(row.baked).where(
            row.publication == publication,
            *(getattr(row, name) == value for name, value in wording._asdict().items()),
        )
        with reading(self._engine) as connection:
            baked = connection.scalar(statement)
        if baked is None:
            raise KeyError(f"wording {'/'.join(wording)} of publication {publication}")
        return self._load_baked(baked)


def _newest(connection: Connection, campaign: str, digest: str) -> int | None:
    """Return the campaign's newest publication if it has that digest; until the end nobody else publishes."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE publication IN SHARE ROW EXCLUSIVE MODE"))
    row = tables.publication.c
    newest = connection.execute(
        select(row.id, row.digest).where(row.campaign == campaign).order_by(row.id.desc()).limit(1)
    ).first()
    return newest.id if newest and newest.digest == digest else None
