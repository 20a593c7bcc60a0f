"""``diffuse export``: results as CSV."""

from datetime import date, datetime
from pathlib import Path

import click

from diffuse.cli.errors import open_app


@click.command()
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("export"),
    show_default=True,
)
@click.option("--excel", type=click.Choice(["fr"]), help="Semicolons, byte order mark and decimal commas.")
@click.option(
    "--on",
    metavar="DAY",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day from which negative receipts are seen (year-month-day); today when left out.",
)
@click.pass_obj
def export(config: Path | None, folder: Path, excel: str | None, on: datetime | None) -> None:
    """Write deliveries, employees, key_points, policies, weeks, receipts as CSV (columns: docs/csv.md)."""
    from diffuse.adapters.csv_tables import CsvTables

    app = open_app(config)
    day: date | None = on.date() if on else None
    app.export.run(CsvTables(folder, excel=excel or ""), day)
    click.echo(f"written to {folder}")
