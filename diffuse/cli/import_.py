"""``diffuse import``: bring the directory in line with a CSV file."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from diffuse.cli.errors import open_app

SHOWN = 10


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--skip-bad", is_flag=True, help="Import the good rows although there are bad ones.")
@click.option(
    "--end-missing",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Give this last day to employees who are not in the file.",
)
@click.pass_obj
def import_(config: Path | None, file: Path, *, skip_bad: bool, end_missing: datetime | None) -> None:
    """Add and update employees from a CSV file; nobody is ever deleted."""
    from diffuse.adapters.directory_csv import read_directory
    from diffuse.services.enrol import enrol

    app = open_app(config)
    done = enrol(
        read_directory(file),
        app.directory,
        skip_bad=skip_bad,
        end_missing=end_missing.date() if end_missing else None,
    )
    for problem in done.skipped:
        click.echo(f"left out: {problem}", err=True)
    changes = done.changes
    click.echo(
        f"{len(changes.added)} added, {len(changes.updated)} updated, {len(changes.unchanged)} unchanged"
        + (f", {len({p.line for p in done.skipped})} rows left out" if done.skipped else "")
    )
    if changes.missing:
        what = (
            f"last day set to {end_missing:%Y-%m-%d}"
            if end_missing
            else "kept as they are (see --end-missing)"
        )
        click.echo(f"{len(changes.missing)} not in the file, {what}: {_names(changes.missing)}")
    app.queue.kick()


def _names(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return ", ".join(ids[:SHOWN]) + more
