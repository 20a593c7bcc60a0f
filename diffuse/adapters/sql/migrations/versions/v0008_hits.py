"""Every hit, and who caused it by which rules; what was counted before stays as it was counted."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add two tables and some columns; opens and clicks of earlier days were all taken for a person's."""
    for what in ("opens", "clicks"):
        for whose in ("raw", "human", "unsure"):
            op.add_column(
                "delivery", sa.Column(f"{whose}_{what}", NUMBER, nullable=False, server_default=sa.text("0"))
            )
    op.add_column("event", sa.Column("hit", NUMBER))
    op.add_column("event", sa.Column("withdrawn", NUMBER))
    op.add_column("acknowledgement", sa.Column("doubt", TEXT, nullable=False, server_default=sa.text("''")))
    op.create_table(
        "hit",
        sa.Column("id", NUMBER, sa.Identity(), primary_key=True),
        sa.Column("delivery", NUMBER, sa.ForeignKey("delivery.id"), nullable=False),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("day", TEXT, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("links", NUMBER, nullable=False),
        sa.Column("method", TEXT, nullable=False),
        sa.Column("agent", TEXT),
        *(sa.Column(name, TEXT, nullable=False) for name in ("prefetch", "network", "detail")),
        sa.CheckConstraint("what IN ('click', 'decoy', 'form', 'mutated', 'open', 'page')", name="known"),
        sqlite_strict=True,
    )
    op.create_index("ix_hit_delivery", "hit", ["delivery"])
    op.create_table(
        "judgement",
        sa.Column("id", NUMBER, sa.Identity(), primary_key=True),
        sa.Column("hit", NUMBER, sa.ForeignKey("hit.id"), nullable=False),
        *(sa.Column(name, NUMBER, nullable=False) for name in ("delivery", "rules")),
        *(sa.Column(name, TEXT, nullable=False) for name in ("verdict", "reasons")),
        sa.CheckConstraint("verdict IN ('human', 'machine', 'proxied', 'unsure')", name="known"),
        sqlite_strict=True,
    )
    op.create_index("ix_judgement_delivery", "judgement", ["delivery"])
    _count()


def _count() -> None:
    for what, kind, first in (("opens", "opened", "opened_at"), ("clicks", "clicked", "clicked_at")):
        known = f"SELECT count(*) FROM event WHERE event.delivery = delivery.id AND kind = '{kind}'"  # noqa: S608
        op.execute(
            f"UPDATE delivery SET raw_{what} = ({known}), human_{what} = ({known}) "  # noqa: S608 -- names of ours
            f"WHERE {first} IS NOT NULL"
        )
