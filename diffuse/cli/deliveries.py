"""``diffuse deliveries`` and ``settle``: single deliveries, and those whose fate an operator knows."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diffuse.cli.control import READER, operator, reader
from diffuse.cli.errors import open_app
from diffuse.cli.tables import table, wide_console
from diffuse.domain.delivery import State

if TYPE_CHECKING:
    from diffuse.ports import Waiting

COLUMNS = (
    "id", "campaign", "key_point", "employee", "state", "reason", "due_at", "attempts", "last_attempt_at",
    "server",
)  # fmt: skip
AS = {"sent": State.SENT, "lost": State.PLANNED}


@click.command()
@click.option("--state", type=click.Choice([str(state) for state in State]), required=True)
@click.option("--campaign", help="Only of this campaign.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="At most so many.")
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV instead of a table.")
@READER
@click.pass_obj
def deliveries(  # noqa: PLR0913 -- one option each
    config: Path | None, state: str, campaign: str | None, limit: int, who: str | None, *, as_csv: bool
) -> None:
    """List the deliveries in a state, oldest first; that they were read is logged."""
    from diffuse.adapters.csv_tables import print_table

    app = open_app(config)
    found = app.operate.waiting(State(state), campaign, limit)
    app.person.read(reader(who), f"deliveries {state}", people=len({one.employee for one in found}))
    if as_csv:
        print_table(sys.stdout, COLUMNS, map(_row, found))
        return
    titles = ("id", "campaign", "key point", "employee", "last attempt", "reason")
    rows = (
        (
            one.id, one.campaign, one.key_point, one.employee,
            "never" if one.since is None else f"{one.since:%Y-%m-%d %H:%M}", one.reason,
        )
        for one in found
    )  # fmt: skip
    listed = table(f"Deliveries: {state}", titles, rows, numbers={"id"})
    wide_console().print(listed if found else f"no delivery is {state}")
    if len(found) == limit:
        click.echo(f"the first {limit}; more with --limit")


@click.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True, type=click.IntRange(1, 2**63 - 1))
@click.option(
    "--as",
    "as_",
    type=click.Choice(list(AS)),
    required=True,
    help="sent: the mail server accepted it; lost: it did not, so it is planned again.",
)
@click.pass_obj
def settle(config: Path | None, ids: tuple[int, ...], as_: str) -> None:
    """Say what became of deliveries of unknown fate, by what the mail server's log says.

    As lost, they are sent again: somebody whose message did arrive gets it twice.
    """
    done = open_app(config).operate.settle(set(ids), AS[as_], operator())
    click.echo(f"{done.done} settled as {as_}")
    for state, count in done.others.items():
        why = (
            "their campaign is cancelled: launch it again first" if state is State.UNKNOWN else f"are {state}"
        )
        click.echo(f"{count} left as they are: {why}")
    if done.missing:
        click.echo(f"not known: {', '.join(map(str, done.missing))}")


def _row(one: "Waiting") -> tuple[object, ...]:
    return (
        one.id, one.campaign, one.key_point, one.employee, one.state, one.reason, one.due_at, one.attempt,
        one.since, one.server,
    )  # fmt: skip
