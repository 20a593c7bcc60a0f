"""Deliveries whose hits wait to be judged."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add a table."""
    op.create_table(
        "unjudged",
        sa.Column("delivery", NUMBER, primary_key=True, autoincrement=False),
        sqlite_strict=True,
    )
