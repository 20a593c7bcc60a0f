"""Brings a database to the tables of this version; the steps lie in ``migrations/versions``."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, inspect, select

from diffuse.adapters.sql.engine import writing
from diffuse.adapters.sql.failures import place
from diffuse.adapters.sql.tables import METADATA
from diffuse.errors import AuthoringError

LOCK = 7_305_881_202
"""The number of PostgreSQL's advisory lock under which one migrator works at a time."""


def upgrade(engine: Engine, to: str = "head") -> None:
    """Bring the tables to this version: all steps or none; two at once work one after the other.

    Raises:
        AuthoringError: when a newer version of diffuse, or another program, made the tables.
        TransientFailure: when the database does not answer.
    """
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
        _refuse_strangers(connection, place(engine.url))
        command.upgrade(_config(connection), to)


def revisions(connection: Connection) -> tuple[str, str]:
    """Return the revision of the tables, empty when there are none, and that of this version."""
    kept = MigrationContext.configure(connection).get_current_heads()
    return ", ".join(kept), ", ".join(ScriptDirectory.from_config(_config(connection)).get_heads())


def _refuse_strangers(connection: Connection, where: str) -> None:
    """Refuse tables that this version did not make and does not know."""
    kept = MigrationContext.configure(connection).get_current_heads()
    known = {script.revision for script in ScriptDirectory.from_config(_config(connection)).walk_revisions()}
    if not known.issuperset(kept):
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


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
