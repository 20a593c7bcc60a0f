"""``diffuse retention``: forget what is past its time."""

from pathlib import Path

import click

from diffuse.cli.control import operator
from diffuse.cli.errors import open_app


@click.group()
def retention() -> None:
    """Forget what nobody needs any longer; workers do so once a day by themselves."""


@retention.command()
@click.option("--dry-run", is_flag=True, help="Only count what would be forgotten.")
@click.pass_context
def run(context: click.Context, *, dry_run: bool) -> None:
    """Forget opens and clicks after keep_hits days, and the names of leavers after keep_leavers days.

    With keep_evidence, what erased people gave is withheld after so many days; its hashes stay.
    """
    config: Path | None = context.find_root().obj
    done = open_app(config).retain.run(dry_run=dry_run, who=operator())
    would = "would be forgotten" if dry_run else "forgotten"
    click.echo(
        f"{done.hits} opens and clicks, {done.people} people who had left "
        f"and {done.records} records of evidence {would}"
    )
    for why in done.waiting:
        click.echo(why, err=True)
