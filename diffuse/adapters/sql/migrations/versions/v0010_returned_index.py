"""Answers are found by the Message-ID that they answer; what came back is never changed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

LEFT = sa.text("fenced_at IS NOT NULL")
KEPT = "what came back is only added, never changed"


def upgrade() -> None:
    """Add an index over the messages that left, and refuse changes of the mails that came back."""
    op.create_index(
        "ix_delivery_message_id", "delivery", ["message_id"], sqlite_where=LEFT, postgresql_where=LEFT
    )
    if op.get_bind().dialect.name != "postgresql":
        op.execute(
            "CREATE TRIGGER returned_update BEFORE UPDATE ON returned "
            f"BEGIN SELECT RAISE(ABORT, '{KEPT}'); END"
        )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION returned_is_kept() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{KEPT}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER returned_kept BEFORE UPDATE ON returned "
        "FOR EACH ROW EXECUTE FUNCTION returned_is_kept()"
    )
