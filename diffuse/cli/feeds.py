"""``diffuse feeds``: where the feeds of posts are found."""

import sys
from pathlib import Path

import click

from diffuse.cli.errors import open_app
from diffuse.cli.tables import table, wide_console

COLUMNS = ("channel", "audience", "language", "posts", "address")


@click.command()
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV instead of a table.")
@click.pass_obj
def feeds(config: Path | None, *, as_csv: bool) -> None:
    """List the Atom feeds that campaigns post to, and their addresses.

    Whoever has an address can read the feed: give it to the intranet, and to nobody outside.
    """
    from diffuse.adapters.csv_tables import print_table

    rows = [(*one.name, one.posts, one.address) for one in open_app(config).feeds.all()]
    if as_csv:
        print_table(sys.stdout, COLUMNS, rows)
        return
    shown = table("Feeds", COLUMNS, rows, numbers={"posts"})
    wide_console().print(shown if rows else "no campaign posts to a feed: add 'feed' to its channels")
