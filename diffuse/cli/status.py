"""``diffuse status``: how many deliveries are in which state."""

from pathlib import Path

import click

from diffuse.cli.errors import open_app


@click.command()
@click.pass_obj
def status(config: Path | None) -> None:
    """Show, for each campaign, how many deliveries are in each state."""
    from rich.console import Console
    from rich.table import Table

    app = open_app(config)
    counts = app.ledger.counts()
    table = Table(title="Deliveries")
    for title in ("campaign", "state", "deliveries"):
        table.add_column(title, justify="right" if title == "deliveries" else "left")
    for campaign, states in sorted(counts.items()):
        for state, count in sorted(states.items()):
            table.add_row(campaign, state, str(count))
    Console().print(table if counts else "no delivery yet")
