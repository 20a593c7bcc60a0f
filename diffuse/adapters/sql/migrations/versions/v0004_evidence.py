"""The evidence ledger: a chain of records that nothing changes, and the texts that they name."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BEGINNING = ("nonce", "person", "identified_by", "campaign", "policy", "version", "key_point")
MIDDLE = ("policy_sha256", "message_sha256", "language", "statement", "answer", "detail")
END = ("channel", "origin", "on_behalf_of", "reason", "previous", "content_sha256", "sha256")


def upgrade() -> None:
    """Make the tables; what was given before is chained when the installation, which has the key, opens."""
    op.create_table(
        "evidence",
        sa.Column("sequence", NUMBER, primary_key=True, autoincrement=False),
        *map(_text, BEGINNING),
        _number("delivery"),
        *map(_text, MIDDLE),
        _number("at"),
        *map(_text, END),
        sqlite_strict=True,
    )
    op.create_index("ix_evidence_delivery", "evidence", ["delivery"])
    op.create_table(
        "evidence_text", sa.Column("sha256", TEXT, primary_key=True), _text("text"), sqlite_strict=True
    )
    head = op.create_table(
        "evidence_head",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=False),
        _number("sequence"),
        _text("sha256"),
        _number("adopted"),
        sqlite_strict=True,
    )
    op.bulk_insert(head, [{"id": 1, "sequence": 0, "sha256": "0" * 64, "adopted": 0}])
    refuse = _on_postgresql if op.get_bind().dialect.name == "postgresql" else _on_sqlite
    for table in ("evidence", "evidence_text"):
        refuse(table)


def _on_sqlite(table: str) -> None:
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_{action.lower()} BEFORE {action} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'evidence is only added, never changed'); END"
        )


def _on_postgresql(table: str) -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION evidence_is_kept() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'evidence is only added, never changed'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION evidence_is_kept()"
    )


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, NUMBER, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=False)
