"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATES = (
    "'cancelled', 'claimed', 'expired', 'failed', 'held', "
    "'planned', 'sending', 'sent', 'suppressed', 'unknown'"
)
KINDS = "'acknowledged', 'answered', 'clicked', 'opened'"


def upgrade() -> None:
    """Create every table."""
    _people()
    _publication()
    _delivery()
    _logs()
    _acknowledgement()


def _number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=null)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=null)


def _id() -> sa.Column[int]:
    return sa.Column(
        "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), primary_key=True
    )


def _people() -> None:
    op.create_table(
        "employee",
        _text("id"),
        _text("name"),
        _text("email"),
        _text("language"),
        _text("time_zone"),
        _text("department"),
        _text("manager"),
        _text("starts", null=True),
        _text("ends", null=True),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("starts <= ends", name="days"),
        sqlite_strict=True,
    )
    op.create_table(
        "employee_role",
        _text("employee"),
        _number("place"),
        _text("role"),
        sa.PrimaryKeyConstraint("employee", "place"),
        sa.ForeignKeyConstraint(["employee"], ["employee.id"]),
        sqlite_strict=True,
    )


def _publication() -> None:
    op.create_table(
        "publication",
        _id(),
        _text("campaign"),
        _text("digest"),
        _text("definition"),
        _number("published_at"),
        sqlite_strict=True,
    )
    op.create_index("ix_publication_campaign", "publication", ["campaign", "id"])
    op.create_table(
        "wording",
        _number("publication"),
        _text("key_point"),
        _text("variant"),
        _text("language"),
        _text("baked"),
        sa.PrimaryKeyConstraint("publication", "key_point", "variant", "language"),
        sa.ForeignKeyConstraint(["publication"], ["publication.id"]),
        sqlite_strict=True,
    )


def _delivery() -> None:
    op.create_table(
        "delivery",
        _id(),
        _text("campaign"),
        _text("key_point"),
        _number("touch"),
        _text("employee"),
        _text("channel"),
        _number("step"),
        _number("publication"),
        _text("variant"),
        _text("language"),
        _text("message_id"),
        _text("state"),
        _text("reason"),
        _text("due_on"),
        _number("due_at"),
        _number("not_after"),
        _number("created_at"),
        _number("attempt"),
        _text("lease_token", null=True),
        _number("lease_until", null=True),
        _number("fenced_at", null=True),
        _number("sent_at", null=True),
        _text("reply"),
        _number("opened_at", null=True),
        _number("clicked_at", null=True),
        _number("answered_at", null=True),
        _text("answer"),
        _number("acknowledged_at", null=True),
        _text("reached_on", null=True),
        sa.ForeignKeyConstraint(["employee"], ["employee.id"]),
        sa.ForeignKeyConstraint(["publication"], ["publication.id"]),
        sa.UniqueConstraint("campaign", "employee", "key_point", "touch", "channel", name="uq_delivery_key"),
        sa.UniqueConstraint("message_id"),
        sa.CheckConstraint(f"state IN ({STATES})", name="known"),
        sa.CheckConstraint("(lease_until IS NOT NULL) = (state IN ('claimed', 'sending'))", name="lease"),
        sa.CheckConstraint("state <> 'sent' OR sent_at IS NOT NULL", name="sent"),
        sa.CheckConstraint("touch >= 0 AND step >= 0 AND attempt >= 0", name="counts"),
        sqlite_strict=True,
    )
    planned = sa.text("state = 'planned'")
    leased = sa.text("state IN ('claimed', 'sending')")
    op.create_index("ix_delivery_due_on", "delivery", ["due_on", "employee"])
    op.create_index(
        "ix_delivery_planned", "delivery", ["due_at", "id"], sqlite_where=planned, postgresql_where=planned
    )
    op.create_index(
        "ix_delivery_leased", "delivery", ["lease_until"], sqlite_where=leased, postgresql_where=leased
    )


def _logs() -> None:
    op.create_table(
        "attempt",
        _id(),
        _number("delivery"),
        _number("attempt"),
        _text("state"),
        _number("at"),
        _text("reply"),
        sa.ForeignKeyConstraint(["delivery"], ["delivery.id"]),
        sa.CheckConstraint(f"state IN ({STATES})", name="known"),
        sqlite_strict=True,
    )
    op.create_index("ix_attempt_delivery", "attempt", ["delivery"])
    op.create_table(
        "event",
        _id(),
        _number("delivery"),
        _text("kind"),
        _number("at"),
        _text("detail"),
        sa.ForeignKeyConstraint(["delivery"], ["delivery.id"]),
        sa.CheckConstraint(f"kind IN ({KINDS})", name="known"),
        sqlite_strict=True,
    )
    op.create_index("ix_event_delivery", "event", ["delivery"])


def _acknowledgement() -> None:
    op.create_table(
        "acknowledgement",
        _number("delivery"),
        _text("policy"),
        _text("version"),
        _text("language"),
        _text("statement"),
        _number("at"),
        sa.PrimaryKeyConstraint("delivery"),
        sa.ForeignKeyConstraint(["delivery"], ["delivery.id"]),
        sqlite_strict=True,
    )
