"""What came back is never changed."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEPT = "what came back is only added, never changed"


def upgrade() -> None:
    """Refuse changes of the mails that came back."""
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
