"""Brings a database to the tables of this version; the steps lie in ``migrations/versions``."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, column, func, inspect, select, table

from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.failures import place
from diffuse.adapters.sql.tables import METADATA
from diffuse.errors import AuthoringError

if TYPE_CHECKING:
    from alembic.config import Config

LOCK = 7_305_881_202
"""The number of PostgreSQL's advisory lock under which one migrator works at a time."""

STEPS = Path(__file__).with_name("migrations") / "versions"
HEAD = max(step.name for step in STEPS.glob("v????_*.py"))[1:5]
"""The revision of this version's tables."""

_KEPT = table("alembic_version", column("version_num"))


def upgrade(engine: Engine, to: str = "head") -> None:
    """Bring the tables to this version: all steps or none; two at once work one after the other.

    Where nothing is to be done, as for nearly every command, Alembic is not even loaded, and nothing locked.

    Raises:
        AuthoringError: when a newer version of diffuse, or another program, made the tables.
        TransientFailure: when the database does not answer.
    """
    if to == "head":
        with reading(engine) as connection:
            if _kept(connection) == {HEAD}:
                return
    from alembic import command

    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
        _refuse_strangers(connection, place(engine.url))
        command.upgrade(_config(connection), to)


def revisions(connection: Connection) -> tuple[str, str]:
    """Return the revision of the tables, empty when there are none, and that of this version."""
    return ", ".join(sorted(_kept(connection))), HEAD


def _kept(connection: Connection) -> set[str]:
    """Return the revisions that the tables have; none when there are no tables yet."""
    if not inspect(connection).has_table(_KEPT.name):
        return set()
    return set(connection.scalars(select(_KEPT.c.version_num)))


def _refuse_strangers(connection: Connection, where: str) -> None:
    """Refuse tables that this version did not make and does not know."""
    from alembic.script import ScriptDirectory

    kept = _kept(connection)
    known = {script.revision for script in ScriptDirectory.from_config(_config(connection)).walk_revisions()}
    if not kept <= known:
        raise AuthoringError.of(
            f"the database {where} was made by a newer version of diffuse",
            "that version, or another database",
        )
    strange = sorted(set(inspect(connection).get_table_names()) & set(METADATA.tables)) if not kept else []
    if strange:
        raise AuthoringError.of(
            f"the database {where} holds tables of another program: {', '.join(strange)}",
            "a database of its own",
        )


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(STEPS.parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
