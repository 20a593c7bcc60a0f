"""``diffuse doubts``: acknowledgements that a program may have sent."""

import sys
from dataclasses import astuple, fields
from pathlib import Path

import click

from diffuse.cli.errors import open_app
from diffuse.cli.tables import table, wide_console


@click.command()
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV instead of a table.")
@click.pass_obj
def doubts(config: Path | None, *, as_csv: bool) -> None:
    """List acknowledgements to follow up: a mail scanner was at work in the same seconds."""
    from diffuse.adapters.csv_tables import print_table
    from diffuse.ports import Doubted

    columns = tuple(field.name for field in fields(Doubted))
    rows = [astuple(one) for one in open_app(config).hits.doubted()]
    if as_csv:
        print_table(sys.stdout, columns, rows)
        return
    shown = table("Doubtful acknowledgements", columns, rows, numbers={"delivery"})
    wide_console().print(shown if rows else "no acknowledgement is doubtful")
