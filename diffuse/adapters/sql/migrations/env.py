"""Alembic runs this file at each upgrade; the transaction and its lock are the caller's."""

from alembic import context

from diffuse.adapters.sql.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True
)
context.run_migrations()
