"""``diffuse person``: what is kept about one employee, handed out or erased."""

from pathlib import Path

import click

from diffuse.cli.control import READER, reader
from diffuse.cli.errors import open_app
from diffuse.domain.tracking import MODES


@click.group()
def person() -> None:
    """Hand out or erase what is kept about one employee, or measure less of them."""


@person.command()
@click.argument("employee", metavar="ID")
@click.option("--to", "out", type=click.Path(dir_okay=False, path_type=Path), help="[default: person-ID.zip]")
@READER
@click.pass_context
def export(context: click.Context, employee: str, out: Path | None, who: str | None) -> None:
    """Write everything that is kept about an employee as a zip of JSON and CSV; that is logged."""
    from diffuse.adapters.person_zip import PersonZip

    config: Path | None = context.find_root().obj
    path = out or Path(f"person-{employee.replace('/', '_')}.zip")
    rows = open_app(config).person.export(employee, PersonZip(path), reader(who))
    click.echo(f"{rows} rows about {employee} written to {path}")


@person.command()
@click.argument("employee", metavar="ID")
@click.option("--reason", required=True, help="Why, in words that the log keeps.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@READER
@click.pass_context
def erase(context: click.Context, employee: str, reason: str, who: str | None, *, yes: bool) -> None:
    """Forget an employee: name, address, opens and clicks go; evidence stays under the pseudonym.

    Take the person out of the directory's file first: the next import would add them again.
    """
    config: Path | None = context.find_root().obj
    if not yes:
        click.confirm(f"Forget {employee} for good?", abort=True)
    done = open_app(config).person.erase(employee, reader(who), reason)
    click.echo(
        f"{employee} is forgotten, with {done.signals} opens and clicks; "
        f"{done.deliveries} deliveries stay under {done.pseudonym}"
    )


@person.command()
@click.argument("employee", metavar="ID")
@click.argument("mode", type=click.Choice([*MODES, "any"]))
@click.pass_context
def tracking(context: click.Context, employee: str, mode: str) -> None:
    """Keep what an employee allows to be measured at most, as they asked; 'any' takes it back.

    It holds at once, also for messages that they have already.
    """
    config: Path | None = context.find_root().obj
    open_app(config).person.choose(employee, "" if mode == "any" else mode)
    click.echo(f"{employee}: {mode}")
