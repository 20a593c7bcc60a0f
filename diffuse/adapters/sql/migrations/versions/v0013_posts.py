"""Intranet posts, what became of them, and the deliveries of those who met one."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
STATES = ", ".join(
    f"'{state}'"
    for state in (
        "cancelled", "claimed", "expired", "failed", "held", "planned", "sending", "sent", "suppressed",
        "unknown",
    )
)  # fmt: skip


def upgrade() -> None:
    """Add two tables, and to deliveries the post that an employee met."""
    op.create_table(
        "post",
        sa.Column("id", NUMBER, sa.Identity(), primary_key=True),
        sa.Column("key", TEXT, nullable=False, unique=True),
        *(_text(name) for name in ("campaign", "key_point", "audience", "language", "channel")),
        sa.Column("publication", NUMBER, sa.ForeignKey("publication.id"), nullable=False),
        *(_text(name) for name in ("variant", "state", "reason", "wanted_on")),
        *(sa.Column(name, NUMBER, nullable=False) for name in ("due_at", "not_after", "attempt")),
        _text("lease_token"),
        sa.Column("lease_until", NUMBER),
        sa.Column("sent_at", NUMBER),
        *(_text(name) for name in ("remote", "url", "digest")),
        sa.Column("updated_at", NUMBER),
        sa.Column("withdrawn_at", NUMBER),
        sa.CheckConstraint(f"state IN ({STATES})", name="known"),
        sa.CheckConstraint("state <> 'sent' OR sent_at IS NOT NULL", name="sent"),
        sqlite_strict=True,
    )
    op.create_table(
        "post_attempt",
        sa.Column("id", NUMBER, sa.Identity(), primary_key=True),
        sa.Column("post", NUMBER, sa.ForeignKey("post.id"), nullable=False),
        _text("what"),
        _text("state"),
        sa.Column("publication", NUMBER, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        _text("reply"),
        sqlite_strict=True,
    )
    op.create_index("ix_post_attempt_post", "post_attempt", ["post"])
    op.add_column("delivery", sa.Column("post", NUMBER))
    met = sa.text("post IS NOT NULL")
    op.create_index(
        "ix_delivery_post",
        "delivery",
        ["post", "publication", "employee"],
        unique=True,
        sqlite_where=met,
        postgresql_where=met,
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=False)
