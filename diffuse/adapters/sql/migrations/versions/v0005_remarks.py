"""What employees write to the owner of a policy, and how long they had the page before they confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TEXTS = ("response", "policy", "version", "language", "statement", "text", "form")


def upgrade() -> None:
    """Add a table and a column."""
    op.add_column("acknowledgement", sa.Column("dwell", NUMBER))
    op.create_table(
        "remark",
        sa.Column("id", NUMBER, sa.Identity(), primary_key=True),
        sa.Column("delivery", NUMBER, sa.ForeignKey("delivery.id"), nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in TEXTS),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("held_until", NUMBER),
        sa.Column("forwarded_at", NUMBER),
        sa.UniqueConstraint("delivery", "form", name="uq_remark_form"),
        sqlite_strict=True,
    )
    waiting = sa.text("forwarded_at IS NULL")
    op.create_index("ix_remark_waiting", "remark", ["id"], sqlite_where=waiting, postgresql_where=waiting)
