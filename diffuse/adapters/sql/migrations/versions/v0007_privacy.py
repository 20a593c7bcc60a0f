"""Privacy: what is measured of each message, counts without a person, and who read what by name."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
CONTENT = (
    "nonce", "person", "identified_by", "campaign", "policy", "version", "key_point", "policy_sha256",
    "message_sha256", "language", "statement", "answer", "detail", "channel", "origin", "on_behalf_of",
    "reason",
)  # fmt: skip
LINKS = ("sequence", "at", "previous", "content_sha256", "sha256")
KEPT = "who read what is only added, never changed"


def upgrade() -> None:
    """Everything that was planned before was measured by name, and stays so."""
    op.add_column("employee", _text("tracking", ""))
    for name in ("opens", "clicks"):
        op.add_column("delivery", _text(name, "named"))
    op.create_table(
        "choice",
        sa.Column("employee", TEXT, sa.ForeignKey("employee.id"), primary_key=True),
        _text("tracking"),
        _number("at"),
        sqlite_strict=True,
    )
    op.create_table(
        "counted",
        sa.Column(
            "publication", NUMBER, sa.ForeignKey("publication.id"), primary_key=True, autoincrement=False
        ),
        *(sa.Column(name, TEXT, primary_key=True) for name in ("key_point", "week", "kind")),
        _number("hits"),
        sa.CheckConstraint("kind IN ('acknowledged', 'answered', 'clicked', 'opened')", name="known"),
        sqlite_strict=True,
    )
    op.create_table(
        "access_log",
        sa.Column("id", NUMBER, sa.Identity(), primary_key=True),
        _number("at"),
        *(_text(name) for name in ("who", "what", "whom")),
        _number("people"),
        _text("reason"),
        sqlite_strict=True,
    )
    _only_added()
    _may_be_withheld()


def _may_be_withheld() -> None:
    """Let a record of evidence lose its content and keep its hashes, and nothing else."""
    gone = " AND ".join(f"NEW.{name} = ''" for name in CONTENT)
    same = " AND ".join(f"NEW.{name} = OLD.{name}" for name in LINKS)
    other = f"NOT ({gone} AND NEW.delivery = 0 AND {same})"
    if op.get_bind().dialect.name != "postgresql":
        op.execute("DROP TRIGGER evidence_update")
        op.execute(
            f"CREATE TRIGGER evidence_update BEFORE UPDATE ON evidence WHEN {other} "
            "BEGIN SELECT RAISE(ABORT, 'evidence is only added, never changed'); END"
        )
        return
    op.execute("DROP TRIGGER evidence_kept ON evidence")
    for name, when in (("kept BEFORE DELETE", ""), ("changed BEFORE UPDATE", f"WHEN ({other}) ")):
        op.execute(
            f"CREATE TRIGGER evidence_{name} ON evidence FOR EACH ROW {when}"
            "EXECUTE FUNCTION evidence_is_kept()"
        )


def _only_added() -> None:
    if op.get_bind().dialect.name != "postgresql":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER access_log_{action.lower()} BEFORE {action} ON access_log "
                f"BEGIN SELECT RAISE(ABORT, '{KEPT}'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION access_is_kept() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{KEPT}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER access_log_kept BEFORE UPDATE OR DELETE ON access_log "
        "FOR EACH ROW EXECUTE FUNCTION access_is_kept()"
    )


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, NUMBER, nullable=False)


def _text(name: str, default: str | None = None) -> sa.Column[str]:
    written = None if default is None else sa.text(f"'{default}'")
    return sa.Column(name, TEXT, nullable=False, server_default=written)
