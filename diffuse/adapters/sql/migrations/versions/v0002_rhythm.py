"""Rhythm: shares of employees, absences, duties, rules of attention, and what planners keep."""

import zlib
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
PENDING = sa.text("state IN ('claimed', 'held', 'planned', 'sending')")
SPECIAL = sa.text("occasion != ''")
KEY = ("bucket", "campaign", "employee", "key_point", "touch", "channel")
STATES = (
    "'cancelled', 'claimed', 'expired', 'failed', 'held', "
    "'planned', 'sending', 'sent', 'suppressed', 'unknown'"
)
OLD = (
    "id", "campaign", "key_point", "touch", "employee", "channel", "step", "publication", "variant",
    "language", "message_id", "state", "reason", "due_on", "due_at", "not_after", "created_at",
    "attempt", "lease_token", "lease_until", "fenced_at", "sent_at", "reply", "opened_at", "clicked_at",
    "answered_at", "answer", "acknowledged_at", "reached_on",
)  # fmt: skip
NUMBERS = frozenset({
    "id", "touch", "step", "publication", "due_at", "not_after", "created_at", "attempt", "lease_until",
    "fenced_at", "sent_at", "opened_at", "clicked_at", "answered_at", "acknowledged_at",
})  # fmt: skip
OPTIONAL = frozenset({
    "lease_token", "lease_until", "fenced_at", "sent_at", "opened_at", "clicked_at", "answered_at",
    "acknowledged_at", "reached_on",
})  # fmt: skip
WORDS = ("delayed_by", "occasion", "about", "duty")


def upgrade() -> None:
    """Add columns and tables; give every employee, delivery and event its bucket."""
    _add("employee", ("bucket", NUMBER, "0"))
    _add("event", ("bucket", NUMBER, "0"))
    _number()
    if op.get_bind().dialect.name == "postgresql":
        _alter_delivery()
        for table in ("employee", "event"):
            op.alter_column(table, "bucket", server_default=None)
    else:
        _rebuild_delivery()
    op.execute("UPDATE event SET bucket = (SELECT bucket FROM delivery WHERE delivery.id = event.delivery)")
    _indexes()
    _people()
    _planners()


def _add(table: str, *columns: tuple[str, sa.types.TypeEngine, str]) -> None:  # type: ignore[type-arg]
    for name, kind, default in columns:
        op.add_column(table, sa.Column(name, kind, nullable=False, server_default=sa.text(default)))


def _alter_delivery() -> None:
    """Give deliveries their new columns, and a key in which the messages of a share lie side by side."""
    _add("delivery", ("bucket", NUMBER, "0"))
    for name in ("wanted_on", *WORDS):
        _add("delivery", (name, TEXT, "''"))
    op.execute(
        "UPDATE delivery SET wanted_on = due_on,"
        " bucket = (SELECT bucket FROM employee WHERE employee.id = delivery.employee)"
    )
    for name in ("bucket", "wanted_on", *WORDS):
        op.alter_column("delivery", name, server_default=None)
    op.drop_constraint("uq_delivery_key", "delivery")
    op.drop_constraint("uq_delivery_message_id", "delivery")
    op.create_unique_constraint("uq_delivery_key", "delivery", KEY)
    op.drop_index("ix_delivery_due_on", "delivery")


def _rebuild_delivery() -> None:
    """Do the same where a table's key cannot be changed: move its rows out and into a new one.

    What refers to deliveries is checked when the migration is committed; they have the same numbers then.
    """
    connection = op.get_bind()
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    connection.exec_driver_sql("CREATE TEMPORARY TABLE moved AS SELECT * FROM delivery")
    op.drop_table("delivery")
    op.create_table(
        "delivery",
        sa.Column("id", NUMBER, sa.Identity(), primary_key=True),
        *(_column(name) for name in OLD[1:]),
        *(_column(name) for name in ("bucket", "wanted_on", *WORDS)),
        sa.ForeignKeyConstraint(["employee"], ["employee.id"]),
        sa.ForeignKeyConstraint(["publication"], ["publication.id"]),
        sa.UniqueConstraint(*KEY, name="uq_delivery_key"),
        sa.CheckConstraint(f"state IN ({STATES})", name="known"),
        sa.CheckConstraint("(lease_until IS NOT NULL) = (state IN ('claimed', 'sending'))", name="lease"),
        sa.CheckConstraint("state <> 'sent' OR sent_at IS NOT NULL", name="sent"),
        sa.CheckConstraint("touch >= 0 AND step >= 0 AND attempt >= 0", name="counts"),
        sqlite_strict=True,
    )
    names = ", ".join(OLD)
    connection.exec_driver_sql(
        f"INSERT INTO delivery ({names}, bucket, wanted_on, {', '.join(WORDS)})"  # noqa: S608 -- names only
        f" SELECT {names}, (SELECT bucket FROM employee WHERE employee.id = moved.employee),"
        " due_on, '', '', '', ''"
        " FROM moved ORDER BY id"
    )
    connection.exec_driver_sql("DROP TABLE moved")
    planned, leased = sa.text("state = 'planned'"), sa.text("state IN ('claimed', 'sending')")
    op.create_index("ix_delivery_planned", "delivery", ["due_at", "id"], sqlite_where=planned)
    op.create_index("ix_delivery_leased", "delivery", ["lease_until"], sqlite_where=leased)


def _column(name: str) -> sa.Column[Any]:
    kind = NUMBER if name in NUMBERS or name == "bucket" else TEXT
    return sa.Column(name, kind, nullable=name in OPTIONAL)


def _number() -> None:
    connection = op.get_bind()
    names = connection.scalars(sa.text("SELECT id FROM employee")).all()
    if names:
        rows = [{"bucket": _bucket(name), "id": name} for name in names]
        connection.execute(sa.text("UPDATE employee SET bucket = :bucket WHERE id = :id"), rows)


def _bucket(name: str) -> int:
    """Return the share of an employee as it was reckoned when this step was written."""
    return (zlib.crc32(name.encode()) * 2_654_435_761 % 2**32) >> 16


def _indexes() -> None:
    op.create_index("ix_delivery_due_on", "delivery", ["due_on", "bucket"])
    op.create_index(
        "ix_delivery_pending", "delivery", ["bucket"], sqlite_where=PENDING, postgresql_where=PENDING
    )
    op.create_index(
        "ix_delivery_occasion", "delivery", ["bucket"], sqlite_where=SPECIAL, postgresql_where=SPECIAL
    )
    op.create_index("ix_employee_bucket", "employee", ["bucket"])
    op.create_index("ix_event_bucket", "event", ["bucket", "at"])


def _people() -> None:
    op.create_table(
        "absence",
        sa.Column("employee", TEXT, sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("starts", TEXT, nullable=False),
        sa.Column("ends", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("employee", "starts"),
        sa.CheckConstraint("starts <= ends", name="days"),
        sqlite_strict=True,
    )
    op.create_table(
        "duty",
        sa.Column("role", TEXT, nullable=False),
        sa.Column("duty", TEXT, nullable=False),
        sa.Column("holder", TEXT, sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("substitute", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("role", "duty"),
        sqlite_strict=True,
    )


def _planners() -> None:
    op.create_table(
        "attention",
        sa.Column("id", NUMBER, sa.Identity(), primary_key=True),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("definition", TEXT, nullable=False),
        sa.Column("published_at", NUMBER, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "occasion",
        sa.Column("key", TEXT, primary_key=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("campaign", "kind")),
        sa.Column("employee", TEXT, sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("about", TEXT, nullable=False),
        sa.Column("duty", TEXT, nullable=False),
        sa.Column("since", TEXT, nullable=False),
        sa.Column("until", TEXT),
        sa.Column("bucket", NUMBER, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("ix_occasion_bucket", "occasion", ["bucket"])
    op.create_table(
        "chunk",
        sa.Column("first", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("last", NUMBER, nullable=False),
        sa.Column("revision", NUMBER, nullable=False),
        sa.Column("planned_revision", NUMBER, nullable=False),
        sa.Column("due_at", NUMBER, nullable=False),
        sa.Column("lease_token", TEXT),
        sa.Column("lease_until", NUMBER),
        sqlite_strict=True,
    )
    op.create_table(
        "snapshot",
        sa.Column("campaign", TEXT, nullable=False),
        sa.Column("first", NUMBER, nullable=False, autoincrement=False),
        sa.Column("last", NUMBER, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("cut", TEXT, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("campaign", "first"),
        sqlite_strict=True,
    )
