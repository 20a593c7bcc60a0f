"""``diffuse calendar``: what goes to whom on which days, before a campaign is launched."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diffuse.cli.check import RULES

if TYPE_CHECKING:
    from rich.table import Table

    from diffuse.domain.foresight import Foresight, Load, Touch

COLUMNS = (
    "day", "wanted_on", "audience", "employees", "reacts", "campaign", "policy", "key_point", "touch", "step",
    "variant", "reason",
)  # fmt: skip
WIDTH = 100
LEGEND = """\
messages: to somebody who reacts to each on its day; unread: to somebody who never opens any
*: as many as the rules allow in seven days; (2): the second message about a key point
"""

ABOUT_POSTS = """\
each day is the first on which it may come; one a day comes on each channel, in open hours
?: only where somebody has not acknowledged by then
"""


@click.command()
@click.argument(
    "paths", metavar="CAMPAIGN…", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--attention", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=RULES)
@click.option(
    "--employees",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV file of the directory: shows the groups that exist, with their numbers.",
)
@click.option(
    "--from",
    "since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Leave out the days before.",
)
@click.option("--ics", type=click.Path(dir_okay=False, path_type=Path), help="Write a calendar to import.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write every message to a CSV file."
)
def calendar(  # noqa: PLR0913, PLR0917 -- one parameter for each option
    paths: tuple[Path, ...],
    attention: Path | None,
    employees: Path | None,
    since: datetime | None,
    ics: Path | None,
    output: Path | None,
) -> None:
    """Show what campaigns will send to each audience, week by week, before they are launched.

    It is what the planner does when somebody reacts to every message on its day; under "unread", how many
    messages somebody gets who never opens any. Nobody is taken to be away. * marks as many messages as the
    rules allow in seven days; (2) stands for a key point's second message.
    """
    from rich.console import Console

    from diffuse import bootstrap
    from diffuse.adapters.clock import SystemClock
    from diffuse.adapters.csv_tables import CsvTables
    from diffuse.adapters.directory_csv import read_directory
    from diffuse.adapters.ics import IcsFile
    from diffuse.services.foresee import Foresee

    if output is not None and output.suffix != ".csv":
        raise click.BadParameter(f"{output} does not end in .csv", param_hint="--output")
    tools = bootstrap.authoring()
    found = Foresee(campaigns=tools.campaigns, renderer=tools.renderer, calendar=tools.calendar).run(
        paths,
        bootstrap.attention(attention),
        None if employees is None else read_directory(employees),
        None if since is None else since.date(),
    )
    console = Console()
    if console.width > WIDTH or not console.is_terminal:
        console = Console(width=WIDTH)
    if found.loads:
        console.print(_weeks(found))
        console.print(_year(found))
        console.print(LEGEND)
    else:
        console.print("no message to anybody")
    if found.posts:
        console.print(_posts(found))
        console.print(ABOUT_POSTS)
    if ics is not None and found.loads:  # a calendar without an entry cannot be imported
        IcsFile(ics, SystemClock().now()).write(found)
        click.echo(f"calendar: {ics}")
    if output is not None:
        CsvTables(output.parent).write(output.stem, COLUMNS, map(_row, found.touches))
        click.echo(f"every message: {output}")


def _weeks(found: "Foresight") -> "Table":
    """Return the table of the weeks; audiences for which a week is the same share a line."""
    table = _table("What goes out", ("week", "audience", "messages", "unread", "key points"))
    for week, loads in _by_week(found.loads):
        alike: dict[tuple[str, str, str], list[str]] = {}
        for load in loads:
            cells = (
                f"{load.attentive} of {load.cap}{_star(load.attentive, load)}",
                f"{load.silent}{_star(load.silent, load)}",
                _said(load.touches),
            )
            alike.setdefault(cells, []).append(load.group.name)
        for number, (cells, groups) in enumerate(alike.items()):
            every = len(alike) == 1 and len(groups) == len(found.groups)
            table.add_row("" if number else f"{week}", "all" if every else "\n".join(groups), *cells)
        table.add_section()
    return table


def _posts(found: "Foresight") -> "Table":
    """Return the table of the intranet posts, by week."""
    weeks: dict[tuple[date, str, str], list[str]] = {}
    for one in found.posts:
        monday = one.wanted_on - timedelta(days=one.wanted_on.weekday())
        said = f"{one.wanted_on:%a} {one.key_point}{'?' if one.falls_back else ''}"
        weeks.setdefault((monday, one.audience, one.channel), []).append(said)
    table = _table("On the intranet", ("week", "audience", "channel", "key points"))
    for (week, audience, channel), points in sorted(weeks.items()):
        table.add_row(f"{week}", audience, channel, "\n".join(points))
    return table


def _year(found: "Foresight") -> "Table":
    """Return the table of the audiences: how much each gets in all."""
    title = f"From {found.first} to {found.last}"
    table = _table(title, ("audience", "employees", "messages", "unread", "heaviest week", "full weeks"))
    for group in found.groups:
        loads = [load for load in found.loads if load.group == group]
        if not loads:
            continue
        heaviest = max(loads, key=lambda load: max(load.attentive, load.silent))
        table.add_row(
            group.name,
            "" if group.employees < 0 else f"{group.employees}",
            f"{sum(load.attentive for load in loads)}",
            f"{sum(load.silent for load in loads)}",
            f"{heaviest.week}: {max(heaviest.attentive, heaviest.silent)} of {heaviest.cap}",
            f"{sum(load.is_heavy for load in loads)}",
        )
    return table


def _table(title: str, columns: Sequence[str]) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, box=SIMPLE_HEAD)
    for name in columns:
        right = name in {"messages", "unread", "employees", "full weeks"}
        table.add_column(
            name, justify="right" if right else "left", no_wrap=name in {"week", "heaviest week"}
        )
    return table


def _by_week(loads: Sequence["Load"]) -> Iterator[tuple[date, list["Load"]]]:
    weeks: dict[date, list[Load]] = {}
    for load in loads:
        weeks.setdefault(load.week, []).append(load)
    yield from weeks.items()


def _star(messages: int, load: "Load") -> str:
    """Mark as many messages as the rules allow."""
    return "*" if messages >= load.cap else " "


def _said(touches: Sequence["Touch"]) -> str:
    """Return the key points of a week with their weekdays, and which time it is when not the first."""
    return "\n".join(
        f"{touch.day:%a} {touch.key_point}{f' ({touch.touch + 1})' if touch.touch else ''}"
        for touch in touches
        if touch.day
    )


def _row(touch: "Touch") -> tuple[object, ...]:
    group = touch.group
    return (
        touch.day,
        touch.wanted_on,
        group.name,
        None if group.employees < 0 else group.employees,
        "yes" if touch.attentive else "no",
        touch.campaign,
        touch.policy,
        touch.key_point,
        touch.touch,
        touch.step,
        touch.variant,
        touch.reason,
    )
