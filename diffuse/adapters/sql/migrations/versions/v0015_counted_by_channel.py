"""Hits without a person are counted by channel."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Lay the table out anew: so far all of it came by mail."""
    op.rename_table("counted", "counted_by_mail")
    if op.get_bind().dialect.name == "postgresql":
        for name in ("pk_counted", "fk_counted_publication", "ck_counted_known"):
            op.execute(f"ALTER TABLE counted_by_mail DROP CONSTRAINT {name}")
    op.create_table(
        "counted",
        sa.Column(
            "publication", NUMBER, sa.ForeignKey("publication.id"), primary_key=True, autoincrement=False
        ),
        *(sa.Column(name, TEXT, primary_key=True) for name in ("key_point", "channel", "week", "kind")),
        sa.Column("hits", NUMBER, nullable=False),
        sa.CheckConstraint("kind IN ('acknowledged', 'answered', 'clicked', 'opened')", name="known"),
        sqlite_strict=True,
    )
    op.execute(
        "INSERT INTO counted (publication, key_point, channel, week, kind, hits) "
        "SELECT publication, key_point, 'email', week, kind, hits FROM counted_by_mail"
    )
    op.drop_table("counted_by_mail")
