"""Databases for the benchmark of delivery: the shipped campaign, launched, and many messages that are due."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from pydantic import SecretStr
from sqlalchemy import Engine, insert, text

from diffuse import bootstrap
from diffuse.adapters.sql import tables
from diffuse.adapters.sql.engine import connect, reading, writing
from diffuse.adapters.sql.types import micros
from diffuse.domain.delivery import State
from diffuse.domain.population import bucket
from diffuse.ports import Published
from diffuse.settings import Settings

HERE = Path(__file__).parent
CAMPAIGN = HERE.parent / "campaigns" / "social-media"
LINKS = HERE / "links.yaml"
LOT, MOST = 50_000, 1_000_000
NAMES = ("Zoë Lavoie", "Marie-Ève Tremblay", "John O’Neill", "Ana Roy", "Émile Côté-Bélanger")
_INDEXES = [one for one in tables.delivery.indexes if not one.unique]

# In the order of the key, share after share of the employees: history is laid down before what is due.
_FILL = """
WITH RECURSIVE touches(touch) AS (
    SELECT :first UNION ALL SELECT touch + 1 FROM touches WHERE touch < :last
)
INSERT INTO delivery (campaign, key_point, touch, employee, channel, step, publication, variant, language,
    message_id, state, reason, due_on, wanted_on, due_at, not_after, created_at, attempt, reply, answer,
    delayed_by, occasion, about, duty, bucket, sent_at)
SELECT :campaign, said.key_point, touches.touch, whom.id, 'email', 0, said.publication, said.variant,
    said.language,
    '<bench.' || said.key_point || '.' || touches.touch || '.' || whom.id || '@universite.example>',
    :state, '', :day, :day, :due, :until, :due, 0, '', '', '', '', '', '', whom.bucket,
    CASE WHEN :state = 'sent' THEN :due END
FROM (SELECT id, bucket, row_number() OVER (ORDER BY bucket, id) AS place FROM employee) AS whom
JOIN (SELECT publication, key_point, variant, language,
        row_number() OVER (ORDER BY key_point, variant, language) AS place
    FROM wording WHERE key_point NOT IN ({special})) AS said ON said.place = whom.place % :wordings + 1
CROSS JOIN touches
WHERE whom.place > :after AND whom.place <= :until_place
ORDER BY whom.place, touches.touch
"""


class NotOurs(Exception):
    """Raised when a database holds employees of somebody else."""


def settings(database: str, folder: Path, port: int = 25, connections: int = 8) -> Settings:
    """Return the settings of an installation on a database; its journal lies in the folder."""
    return Settings(
        base_url="https://diffuse.universite.example",
        secret=SecretStr("benchmark" * 4),
        sender="Communications <communications@universite.example>",
        database_url=SecretStr(database),
        journal=folder / "journal",
        smtp_port=port,
        smtp_security="none",
        smtp_connections=connections,
    )


def launched(database: str, folder: Path, campaign: Path) -> Published:
    """Launch a campaign in a database; return its publication."""
    app = bootstrap.app(settings(database, folder))
    try:
        return app.publications.running()[0] if app.publications.running() else app.launch.run(campaign)[0]
    finally:
        app.close()


def fill(
    database: str, folder: Path, deliveries: int, employees: int = MOST, campaign: Path = CAMPAIGN
) -> float:
    """Fill the table with so many messages, the last for each employee due; return the seconds it took.

    Those before have been sent.
    """
    began, employees = perf_counter(), min(deliveries, employees)
    published = launched(database, folder, campaign)
    engine = connect(database)
    with writing(engine) as connection:
        if connection.execute(text("SELECT 1 FROM employee WHERE id NOT LIKE 'bench-%'")).first():
            raise NotOurs("the database holds employees; give the benchmark an empty one")
        if connection.dialect.name == "postgresql":
            connection.execute(text("TRUNCATE attempt, delivery, tally, employee CASCADE"))
        for index in _INDEXES:
            index.drop(connection, checkfirst=True)
    for some in _people(employees):
        with writing(engine) as connection:
            connection.execute(insert(tables.employee), some)
    history = deliveries // employees - 1
    for after in range(0, employees if history else 0, max(1, LOT // max(1, history))):
        _plan(engine, published, State.SENT, touches=(0, history - 1), places=(after, after + LOT // history))
    _plan(engine, published, State.PLANNED, touches=(history, history), places=(0, employees))
    with writing(engine) as connection:
        for index in _INDEXES:
            index.create(connection)
        connection.execute(insert(tables.tally).values(at=datetime.now(UTC), added=deliveries))
        if connection.dialect.name == "postgresql":
            connection.execute(text("ANALYZE"))
    engine.dispose()
    return perf_counter() - began


def _plan(
    engine: Engine, published: Published, state: State, *, touches: tuple[int, int], places: tuple[int, int]
) -> None:
    """Plan messages for some employees, each with one of the campaign's wordings, or let them have been sent.

    ``touches`` are the first and the last; ``places`` those among the employees, without the first.
    """
    special = ", ".join(f"'{one}'" for one in _special(published))
    number = text(f"SELECT count(*) FROM wording WHERE key_point NOT IN ({special})")  # noqa: S608 -- ours
    now = datetime.now(UTC)
    due = now - timedelta(minutes=16)
    with writing(engine) as connection:
        values = {
            "campaign": published.campaign.id,
            "first": touches[0],
            "last": touches[1],
            "after": places[0],
            "until_place": places[1],
            "state": state,
            "day": due.date().isoformat(),
            "due": micros(due),
            "until": micros(now + timedelta(hours=20)),
            "wordings": connection.execute(number).scalar_one(),
        }
        connection.execute(text(_FILL.format(special=special)), values)


def _special(published: Published) -> list[str]:
    """Name the key points of occasions: no schedule sends them."""
    return ["", *(point.id for _, point in published.campaign.key_points if point.occasion)]


def _people(number: int) -> Iterator[list[dict[str, object]]]:
    for first in range(0, number, LOT):
        rows = []
        for place in range(first, min(number, first + LOT)):
            one = f"bench-{place:07}"
            rows.append(
                {"id": one, "name": NAMES[place % len(NAMES)], "email": f"{one}@universite.example",
                 "language": "fr", "time_zone": "America/Toronto", "department": "", "manager": "",
                 "bucket": bucket(one)}
            )  # fmt: skip
        yield rows


def copy(prepared: Path, name: str) -> str:
    """Copy an SQLite file; return the address of the copy, once all of it is on the disk."""
    there = prepared.with_name(name)
    shutil.copy(prepared, there)
    os.sync()
    return f"sqlite:///{there}"


def sent(database: str) -> int:
    """Count the deliveries that were recorded as sent, with their attempts."""
    engine = connect(database)
    statement = "SELECT count(*) FROM delivery JOIN attempt ON attempt.delivery = delivery.id WHERE "
    with reading(engine) as connection:
        number: int = connection.execute(
            text(f"{statement} delivery.state = 'sent' AND delivery.reply LIKE '250%'")
        ).scalar_one()
    engine.dispose()
    return number
