"""Rhythm: shares of employees, absences, duties, rules of attention, and what planners keep."""

import zlib

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
DEFAULTED = (
    ("employee", "bucket"),
    ("event", "bucket"),
    *(("delivery", name) for name in ("bucket", "wanted_on", "delayed_by", "occasion", "about", "duty")),
)
"""Columns that need a default only until the rows that exist are filled."""


def upgrade() -> None:
    """Add columns and tables; give every employee, delivery and event its bucket."""
    _add("employee", ("bucket", NUMBER, "0"))
    _add("event", ("bucket", NUMBER, "0"))
    words = (
        ("delayed_by", TEXT, "''"),
        ("occasion", TEXT, "''"),
        ("about", TEXT, "''"),
        ("duty", TEXT, "''"),
    )
    _add("delivery", ("bucket", NUMBER, "0"), ("wanted_on", TEXT, "''"), *words)
    _fill()
    if op.get_bind().dialect.name == "postgresql":
        for table, name in DEFAULTED:
            op.alter_column(table, name, server_default=None)
    _indexes()
    _people()
    _planners()


def _add(table: str, *columns: tuple[str, sa.types.TypeEngine, str]) -> None:  # type: ignore[type-arg]
    for name, kind, default in columns:
        op.add_column(table, sa.Column(name, kind, nullable=False, server_default=sa.text(default)))


def _fill() -> None:
    connection = op.get_bind()
    names = connection.scalars(sa.text("SELECT id FROM employee")).all()
    if names:
        rows = [{"bucket": _bucket(name), "id": name} for name in names]
        connection.execute(sa.text("UPDATE employee SET bucket = :bucket WHERE id = :id"), rows)
    connection.execute(
        sa.text(
            "UPDATE delivery SET wanted_on = due_on,"
            " bucket = (SELECT bucket FROM employee WHERE employee.id = delivery.employee)"
        )
    )
    connection.execute(
        sa.text("UPDATE event SET bucket = (SELECT bucket FROM delivery WHERE delivery.id = event.delivery)")
    )


def _bucket(name: str) -> int:
    """Return the share of an employee as it was reckoned when this step was written."""
    return (zlib.crc32(name.encode()) * 2_654_435_761 % 2**32) >> 16


def _indexes() -> None:
    op.drop_index("ix_delivery_due_on", "delivery")
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
        sa.Column("substitute", TEXT, sa.ForeignKey("employee.id")),
        sa.PrimaryKeyConstraint("role", "duty"),
        sqlite_strict=True,
    )
    op.create_table(
        "handover",
        sa.Column("id", NUMBER, sa.Identity(), primary_key=True),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("duty", TEXT, nullable=False),
        sa.Column("holder", TEXT, sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("substitute", TEXT, sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("starts", TEXT, nullable=False),
        sa.Column("ends", TEXT),
        sa.UniqueConstraint("role", "duty", "holder", "substitute", "starts", name="uq_handover_key"),
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
        sa.Column("touch", NUMBER, nullable=False),
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
