"""``diffuse export``: results as CSV."""

from datetime import date, datetime
from pathlib import Path

import click

from diffuse.cli.control import READER, reader
from diffuse.cli.errors import open_app
from diffuse.domain.posting import STANDINGS


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
@click.option(
    "--groups-only", is_flag=True, help="Nothing of single people: no deliveries, employees, receipts."
)
@READER
@click.pass_obj
def export(  # noqa: PLR0913 -- one option each
    config: Path | None,
    folder: Path,
    excel: str | None,
    on: datetime | None,
    who: str | None,
    *,
    groups_only: bool,
) -> None:
    """Write deliveries, employees, receipts, key_points, policies, posts, weeks, departments as CSV.

    The first three tell of single people: that they were read is logged ('diffuse access list'). docs/csv.md
    says what stands in each column.
    """
    from diffuse.adapters.csv_tables import CsvTables

    app = open_app(config)
    if not groups_only:
        app.person.read(reader(who), "export", people=len(app.directory.employees()))
    day: date | None = on.date() if on else None
    report = app.export.run(CsvTables(folder, excel=excel or ""), day, named=not groups_only)
    click.echo(f"written to {folder}")
    if standings := report.posts.standings:
        found = ", ".join(f"{standings[state]} {state}" for state in STANDINGS if state in standings)
        click.echo(f"posts: {found}; posts.csv says whom they reach, and why one is not there")
