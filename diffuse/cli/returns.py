"""``diffuse returns``: what came back by mail."""

import sys
from pathlib import Path

import click

from diffuse.cli.errors import open_app
from diffuse.cli.tables import table, wide_console
from diffuse.errors import AuthoringError

COLUMNS = (
    "id", "at", "kind", "reason", "status", "address", "delivery", "matched", "review", "subject", "size",
)  # fmt: skip


@click.group()
def returns() -> None:
    """Bounces, automatic answers and replies."""


@returns.command()
@click.pass_obj
def read(config: Path | None) -> None:
    """Read the mailbox once; a worker does so by itself."""
    app = open_app(config)
    if not app.receives:
        raise AuthoringError.of(
            "no mailbox is set", "returns_maildir, or returns_imap_host with its user name and password"
        )
    counts = app.receive.read()
    for kind, count in sorted(counts.items()):
        click.echo(f"{count} {kind}")
    if not counts:
        click.echo("nothing new came back")


@returns.command(name="list")
@click.option("--review", is_flag=True, help="Only what a person should look at.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="At most so many.")
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV instead of a table.")
@click.pass_obj
def list_(config: Path | None, limit: int, *, review: bool, as_csv: bool) -> None:
    """List what came back, the newest first."""
    from diffuse.adapters.csv_tables import print_table

    found = open_app(config).returns.listed(review=review, limit=limit)
    if as_csv:
        print_table(sys.stdout, COLUMNS, (tuple(getattr(one, name) for name in COLUMNS) for one in found))
        return
    titles = ("id", "at", "kind", "reason", "address", "delivery", "review")
    rows = (
        (
            one.id, f"{one.at:%Y-%m-%d %H:%M}", one.kind, one.reason, one.address,
            "" if one.delivery is None else one.delivery, one.review,
        )
        for one in found
    )  # fmt: skip
    shown = table("Came back", titles, rows, numbers={"id", "delivery"})
    wide_console().print(shown if found else "nothing came back")
    if len(found) == limit:
        click.echo(f"the first {limit}; more with --limit")


@returns.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**63 - 1))
@click.pass_obj
def show(config: Path | None, number: int) -> None:
    """Write a mail as it came to standard output; it is cut off where it was too long to keep."""
    raw = open_app(config).returns.raw(number)
    if raw is None:
        raise AuthoringError.of(f"nothing with the id {number} came back", "an id that returns list shows")
    sys.stdout.buffer.write(raw)
