"""What comes back by mail, and the addresses that do not exist."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TEXTS = ("kind", "status", "matched", "reason", "address", "review", "subject")


def upgrade() -> None:
    """Add two tables."""
    op.create_table(
        "returned",
        sa.Column("id", NUMBER, sa.Identity(), primary_key=True),
        sa.Column("digest", TEXT, nullable=False, unique=True),
        sa.Column("delivery", NUMBER, sa.ForeignKey("delivery.id")),
        *(sa.Column(name, TEXT, nullable=False) for name in TEXTS),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sqlite_strict=True,
    )
    op.create_index("ix_returned_delivery", "returned", ["delivery"])
    op.create_table(
        "unreachable",
        sa.Column("employee", TEXT, sa.ForeignKey("employee.id"), primary_key=True),
        sa.Column("email", TEXT, nullable=False),
        sa.Column("since", NUMBER, nullable=False),
        sqlite_strict=True,
    )
