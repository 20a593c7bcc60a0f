"""``diffuse export``: results as CSV."""

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
@click.pass_obj
def export(config: Path | None, folder: Path, excel: str | None) -> None:
    """Write deliveries, employees, key_points, policies, weeks and departments as CSV (columns: docs/csv.md)."""
    from diffuse.adapters.csv_tables import CsvTables

    app = open_app(config)
    app.export.run(CsvTables(folder, excel=excel or ""))
    click.echo(f"written to {folder}")
