"""``diffuse absences``, ``duties`` and ``succession``: who is away, who stands in, and what is not safe."""

from pathlib import Path

import click

from diffuse.cli.control import READER, reader
from diffuse.cli.errors import open_app
from diffuse.services.succeed import Relieved

COLUMNS = (
    "role", "duty", "holder", "substitute", "key_points", "not_acknowledged", "acting_since", "acting_until",
    "handover_sent_at", "handover_acknowledged_at", "gap",
)  # fmt: skip
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=FILE)
@click.pass_obj
def absences(config: Path | None, file: Path) -> None:
    """Take the list of absences from a CSV file with the columns employee, starts and ends.

    The list is whole: an absence that is to come and not in it is cancelled, and one that has begun and is
    not in it ended yesterday. What has passed is kept.
    """
    from diffuse.adapters.succession_csv import read_absences

    app = open_app(config)
    came, went = app.succeed.absent(read_absences(file), str(file))
    click.echo(f"{came} absences added, {went} taken away")
    app.queue.kick()


@click.command()
@click.argument("file", type=FILE)
@click.pass_obj
def duties(config: Path | None, file: Path) -> None:
    """Take the list of duties from a CSV file with the columns role, duty, holder and substitute.

    The list is whole: it replaces the one before.
    """
    from diffuse.adapters.succession_csv import read_duties

    app = open_app(config)
    found = read_duties(file)
    app.succeed.assign(found, str(file))
    click.echo(f"{len(found)} duties kept")
    app.queue.kick()


@click.command()
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Write succession.csv here.")
@click.option("--excel", type=click.Choice(["fr"]), default=None, help="CSV for a spreadsheet in French.")
@READER
@click.pass_obj
def succession(config: Path | None, output: Path | None, excel: str | None, who: str | None) -> None:
    """Show every duty: who has it, who stands in, who acts today, and what is not safe.

    That it was read is logged: it says who has acknowledged what.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from diffuse.adapters.csv_tables import CsvTables

    app = open_app(config)
    found = list(app.succeed.report())
    people = {name for one in found for name in (one.duty.holder, one.duty.substitute) if name}
    app.person.read(reader(who), "succession", people=len(people))
    if output is not None:
        CsvTables(output, excel=excel or "").write("succession", COLUMNS, map(_row, found))
    table = Table(title="Duties")
    for title in ("role", "duty", "holder", "substitute", "today", "what to do"):
        table.add_column(title, overflow="fold")
    for one in found:
        duty = one.duty
        cells = (
            duty.role, duty.duty, duty.holder, duty.substitute or "—", _today(one), one.gap or "nothing",
        )  # fmt: skip
        table.add_row(*map(escape, cells))
    Console().print(table if found else "no duty yet: import them with 'diffuse duties FILE'")
    unsafe = sum(bool(one.gap) for one in found)
    if unsafe:
        click.echo(f"{unsafe} of {len(found)} duties would not be done if their holders were away")


def _today(one: Relieved) -> str:
    if one.handover is None:
        return "the holder"
    until = f"until {one.handover.ends}" if one.handover.ends else "for good"
    if one.passed.acknowledged_at:
        return f"the substitute, {until}; confirmed on {one.passed.acknowledged_at:%Y-%m-%d}"
    said = f"told on {one.passed.sent_at:%Y-%m-%d}" if one.passed.sent_at else "not told yet"
    return f"the substitute, {until}; {said}, not confirmed"


def _row(one: Relieved) -> tuple[object, ...]:
    duty, handover = one.duty, one.handover
    who = (duty.role, duty.duty, duty.holder, duty.substitute, one.asked, one.missing)
    days = (handover.starts, handover.ends) if handover else (None, None)
    return (*who, *days, one.passed.sent_at, one.passed.acknowledged_at, one.gap)
