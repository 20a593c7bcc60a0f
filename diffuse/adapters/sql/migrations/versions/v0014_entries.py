"""Who is signed in, and the links by which somebody can."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add a table."""
    op.create_table(
        "entry",
        sa.Column("digest", TEXT, primary_key=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("employee", TEXT, sa.ForeignKey("employee.id"), nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("identified_by", "post")),
        *(sa.Column(name, NUMBER, nullable=False) for name in ("at", "expires_at")),
        sa.CheckConstraint("kind IN ('link', 'session')", name="known"),
        sqlite_strict=True,
    )
    op.create_index("ix_entry_employee", "entry", ["employee"])
