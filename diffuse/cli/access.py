"""``diffuse access``: who read what is kept by name."""

import sys
from pathlib import Path

import click

from diffuse.cli.errors import open_app
from diffuse.cli.tables import table, wide_console

COLUMNS = ("at", "who", "what", "whom", "people", "reason")


@click.group()
def access() -> None:
    """Look up who read, exported or erased what is kept by name."""


@access.command("list")
@click.option(
    "--person", default="", help="Only what was read about this employee alone (id of the directory)."
)
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="At most so many.")
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV instead of a table.")
@click.pass_context
def list_(context: click.Context, person: str, limit: int, *, as_csv: bool) -> None:
    """List reads, the last one first; 'whom' is a pseudonym, and stays when a person is erased."""
    from diffuse.adapters.csv_tables import print_table

    config: Path | None = context.find_root().obj
    found = open_app(config).person.reads(person, limit)
    if as_csv:
        print_table(sys.stdout, COLUMNS, found)
        return
    rows = (
        (f"{one.at:%Y-%m-%d %H:%M}", one.who, one.what, one.whom, one.people, one.reason) for one in found
    )
    titles = ("at (UTC)", *COLUMNS[1:])
    wide_console().print(table("Reads by name", titles, rows, numbers={"people"}) if found else "nobody yet")
