"""Which version of a policy came with which publication, why, and what it asks again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table; older publications have no rows, and their texts are compared all the same."""
    op.create_table(
        "revision",
        sa.Column(
            "publication", NUMBER, sa.ForeignKey("publication.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("policy", TEXT, primary_key=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("version", "previous", "kind")),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("key_points", TEXT, nullable=False),
        sa.CheckConstraint("kind IN ('first', 'material', 'minor')", name="known"),
        sqlite_strict=True,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION revision_is_kept() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'a version is only added, never changed'; END $$"
        )
        op.execute(
            "CREATE TRIGGER revision_kept BEFORE UPDATE OR DELETE ON revision "
            "FOR EACH ROW EXECUTE FUNCTION revision_is_kept()"
        )
        return
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER revision_{action.lower()} BEFORE {action} ON revision "
            f"BEGIN SELECT RAISE(ABORT, 'a version is only added, never changed'); END"
        )
