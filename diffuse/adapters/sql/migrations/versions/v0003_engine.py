"""The delivery engine: what an attempt needs, standstills, limits, lanes in trouble, the pulse, the tally."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add columns and tables; count the deliveries that exist."""
    for name in ("dated_at", "paced_at"):
        op.add_column("delivery", sa.Column(name, NUMBER))
    for name in ("ambiguous", "resends"):
        op.add_column("delivery", sa.Column(name, NUMBER, nullable=False, server_default=sa.text("0")))
    _quarters()
    unknown = sa.text("state = 'unknown'")
    op.create_index(
        "ix_delivery_unknown", "delivery", ["bucket"], sqlite_where=unknown, postgresql_where=unknown
    )
    for table, name in (("delivery", "server"), ("attempt", "worker")):
        op.add_column(table, sa.Column(name, TEXT, nullable=False, server_default=sa.text("''")))
    _tally()
    _standstills()
    _lanes()
    _pulse()


def _quarters() -> None:
    """Let workers take what is due by quarters of an hour, and find what they hold by their token."""
    planned, leased = sa.text("state = 'planned'"), sa.text("state IN ('claimed', 'sending')")
    op.drop_index("ix_delivery_leased", "delivery")
    op.create_index(
        "ix_delivery_leased", "delivery", ["lease_token"], sqlite_where=leased, postgresql_where=leased
    )
    kept = op.get_bind().dialect.name == "postgresql"  # SQLite can only add one that is computed when read
    op.drop_index("ix_delivery_planned", "delivery")
    op.add_column("delivery", sa.Column("quarter", NUMBER, sa.Computed("due_at / 900000000", persisted=kept)))
    op.create_index(
        "ix_delivery_planned", "delivery", ["quarter", "id"], sqlite_where=planned, postgresql_where=planned
    )


def _tally() -> None:
    _table("tally", _id(), _number("at"), _number("added"))
    op.execute("INSERT INTO tally (at, added) SELECT COALESCE(MAX(created_at), 0), COUNT(*) FROM delivery")


def _standstills() -> None:
    _table(
        "control",
        sa.Column("campaign", TEXT, primary_key=True),
        _text("state"),
        _text("reason"),
        _number("since"),
        sa.CheckConstraint("state IN ('cancelled', 'halted', 'paused')", name="known"),
    )


def _lanes() -> None:
    keys = (sa.Column(name, NUMBER, primary_key=True, autoincrement=False) for name in ("span", "start"))
    _table("pace", sa.Column("lane", TEXT, primary_key=True), *keys, _number("used"))
    _table(
        "lane",
        sa.Column("name", TEXT, primary_key=True),
        _number("failures"),
        _number("level"),
        sa.Column("until", NUMBER),
        _text("reason"),
    )


def _pulse() -> None:
    pulse = _table(
        "pulse",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=False),
        _text("incarnation"),
        _number("ticked_at"),
    )
    op.bulk_insert(pulse, [{"id": 1, "incarnation": secrets.token_hex(16), "ticked_at": 0}])


def _table(name: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    return op.create_table(name, *parts, sqlite_strict=True)


def _id() -> sa.Column[int]:
    return sa.Column("id", NUMBER, sa.Identity(), primary_key=True)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, NUMBER, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=False)
