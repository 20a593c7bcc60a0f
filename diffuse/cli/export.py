"""``diffuse export``: results as CSV."""

from pathlib import Path

import click

from diffuse.cli.control import READER, reader
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
@click.option("--groups-only", is_flag=True, help="Nothing by name: neither deliveries nor employees.")
@READER
@click.pass_obj
def export(
    config: Path | None, folder: Path, excel: str | None, who: str | None, *, groups_only: bool
) -> None:
    """Write deliveries, employees, key_points, policies, weeks and departments as CSV (columns: docs/csv.md).

    The first two hold names: that they were read is logged ('diffuse access list').
    """
    from diffuse.adapters.csv_tables import CsvTables

    app = open_app(config)
    if not groups_only:
        app.person.read(reader(who), "export", people=len(app.directory.employees()))
    app.export.run(CsvTables(folder, excel=excel or ""), named=not groups_only)
    click.echo(f"written to {folder}")
