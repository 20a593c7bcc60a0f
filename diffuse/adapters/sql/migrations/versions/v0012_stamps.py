"""Timestamps of the chain of evidence."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add a table that refuses changes, as the evidence itself does."""
    op.create_table(
        "evidence_stamp",
        sa.Column("sequence", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sqlite_strict=True,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER evidence_stamp_kept BEFORE UPDATE OR DELETE ON evidence_stamp "
            "FOR EACH ROW EXECUTE FUNCTION evidence_is_kept()"
        )
        return
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER evidence_stamp_{action.lower()} BEFORE {action} ON evidence_stamp "
            "BEGIN SELECT RAISE(ABORT, 'evidence is only added, never changed'); END"
        )
