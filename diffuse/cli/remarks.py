"""``diffuse remarks``: what employees asked, or did not agree with."""

import sys
from pathlib import Path

import click

from diffuse.cli.errors import open_app
from diffuse.cli.tables import table, wide_console

COLUMNS = ("id", "delivery", "employee", "response", "policy", "version", "text", "at", "forwarded_at")


@click.command()
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV instead of a table.")
@click.pass_obj
def remarks(config: Path | None, *, as_csv: bool) -> None:
    """List questions and disagreements, the newest first, and when the policy's owner got them."""
    from diffuse.adapters.csv_tables import print_table

    found = open_app(config).remarks.all()
    rows = [
        (number, one.delivery, employee, one.response, one.policy, one.version, one.text, one.at, forwarded)
        for number, employee, one, forwarded in found
    ]
    if as_csv:
        print_table(sys.stdout, COLUMNS, rows)
        return
    titles = ("id", "employee", "response", "policy", "text", "at", "forwarded")
    listed = (
        (one[0], one[2], one[3], f"{one[4]} {one[5]}", one[6], f"{one[7]:%Y-%m-%d %H:%M}", _when(one[8]))
        for one in rows
    )
    shown = table("Questions and disagreements", titles, listed, numbers={"id"})
    wide_console().print(shown if rows else "nobody has asked anything")


def _when(at: object) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "not yet"
