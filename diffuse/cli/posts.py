"""``diffuse posts``: what stands on the intranet, what waits, and what is wrong with it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diffuse.cli.control import operator
from diffuse.cli.errors import open_app
from diffuse.cli.tables import table, wide_console
from diffuse.domain.delivery import State
from diffuse.domain.posting import STANDINGS

if TYPE_CHECKING:
    from diffuse.domain.posting import Posting

COLUMNS = (
    "id", "key", "campaign", "key_point", "variant", "audience", "language", "channel", "state", "reason",
    "due_at", "sent_at", "updated_at", "withdrawn_at", "attempts", "url",
)  # fmt: skip


@click.group(invoke_without_command=True)
@click.option("--state", type=click.Choice(STANDINGS), help="Only those that stand so.")
@click.option("--campaign", help="Only of this campaign.")
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV instead of a table.")
@click.pass_context
def posts(context: click.Context, state: str | None, campaign: str | None, *, as_csv: bool) -> None:
    """List the intranet posts: where each one stands, and what its platform said about it."""
    if context.invoked_subcommand is not None:
        return
    from diffuse.adapters.csv_tables import print_table

    found = open_app(context.obj).operate.posts(state, campaign)
    if as_csv:
        print_table(sys.stdout, COLUMNS, map(_row, found))
        return
    titles = ("id", "key point", "channel", "state", "when (UTC)", "where, and why")
    rows = (
        (
            one.id, f"{one.key_point}\n{one.campaign}, {one.audience}, {one.language}", one.channel,
            one.standing, _when(one), "\n".join(filter(None, (one.url if one.stands else "", one.reason))),
        )
        for one in found
    )  # fmt: skip
    of_state = f"is {state}" if state else "is planned yet: they come on the days that the campaigns want"
    wide_console().print(table("Posts", titles, rows, numbers={"id"}) if found else f"no post {of_state}")


@posts.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True, type=click.IntRange(1, 2**63 - 1))
@click.option("--sent", "as_", flag_value="sent", required=True, help="It is there: you have seen it.")
@click.option("--planned", "as_", flag_value="planned", help="It is not there: publish it again.")
@click.pass_obj
def settle(config: Path | None, ids: tuple[int, ...], as_: str) -> None:
    """Say what became of posts of unknown fate, by what you see on the platform.

    As planned, they are published again: one that was there after all is there twice.
    """
    done = open_app(config).operate.settle_posts(set(ids), State(as_), operator())
    click.echo(f"{done.done} settled as {as_}")
    for state, count in done.others.items():
        unknown = "their campaign is cancelled (launch it again first), or a worker asks about them just now"
        click.echo(f"{count} left as they are: {unknown if state is State.UNKNOWN else f'they are {state}'}")
    if done.missing:
        click.echo(f"not known: {', '.join(map(str, done.missing))}")


def _when(one: "Posting") -> str:
    """Return when it was published or withdrawn, or when it is due."""
    at = one.withdrawn_at or one.sent_at or one.due_at
    return f"{at:%Y-%m-%d %H:%M}"


def _row(one: "Posting") -> tuple[object, ...]:
    return (
        one.id, one.key, one.campaign, one.key_point, one.variant, one.audience, one.language, one.channel,
        one.standing, one.reason, one.due_at, one.sent_at, one.updated_at, one.withdrawn_at, one.attempt,
        one.url,
    )  # fmt: skip
