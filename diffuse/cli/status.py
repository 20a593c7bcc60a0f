"""``diffuse status``: what goes on, campaign by campaign; once, or as a view that stays."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diffuse.cli.errors import open_app
from diffuse.cli.tables import table, wide_console
from diffuse.errors import TransientFailure

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

    from diffuse.services.operate import Operate, View

SECONDS = 2.0
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@click.command()
@click.option("--watch", is_flag=True, help="Stay, and show it anew every two seconds, until Ctrl-C.")
@click.pass_obj
def status(config: Path | None, *, watch: bool) -> None:
    """Show how each campaign stands, its deliveries by state, how fast they leave, and what is in trouble."""
    from rich.live import Live

    app, console = open_app(config), wide_console()
    if not watch:
        console.print(_page(app.operate.view()))
    elif console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            _follow(app.operate, lambda page: live.update(page, refresh=True))
    else:
        _follow(app.operate, console.print)


def _follow(operate: "Operate", show: "Callable[[RenderableType], None]") -> None:
    """Show the page anew and anew, until Ctrl-C; a database that is away is told, and asked again."""
    from rich.markup import escape

    try:
        while True:
            try:
                show(_page(operate.view()))
            except TransientFailure as failure:
                show(escape(str(failure)))
            time.sleep(SECONDS)
    except KeyboardInterrupt:
        return


def _page(view: "View") -> "Group":
    from rich.console import Group

    return Group(*_parts(view))


def _parts(view: "View") -> "Iterator[RenderableType]":
    from rich.markup import escape

    if view.halted is not None:
        since = f"{view.halted.since:%Y-%m-%d %H:%M}"
        yield f"[bold red]halted[/] since {since} UTC: {escape(view.halted.reason)}"
    if not view.lines:
        yield "no campaign yet: launch one with 'diffuse launch CAMPAIGN'"
        return
    halted = "" if view.halted is None else ", halted"
    yield table(
        "Campaigns",
        ("campaign", "stands", "due now", "a second", "left", "why"),
        (
            (
                line.campaign, f"{line.condition}{halted}", line.flow.due, f"{line.flow.rate:.1f}",
                _span(line.left), line.why,
            )
            for line in view.lines
        ),
        numbers={"due now", "a second", "left"},
    )  # fmt: skip
    states = [(line.campaign, *each) for line in view.lines for each in sorted(line.flow.states.items())]
    titles = ("campaign", "state", "deliveries")
    yield table("Deliveries", titles, states, numbers={"deliveries"}) if states else "no delivery yet"
    if view.posts:
        posts = ((one.campaign, one.channel, one.state, one.number) for one in view.posts)
        yield table("Posts", ("campaign", "channel", "state", "posts"), posts, numbers={"posts"})
    if view.lanes:
        lanes = ((one.name, f"{one.until:%Y-%m-%d %H:%M}", one.reason) for one in view.lanes)
        yield table("In trouble", ("lane", "until (UTC)", "reason"), lanes)


def _span(left: timedelta | None) -> str:
    """Write how long it takes, in words that are read at a glance."""
    if left is None:
        return ""
    if left < MINUTE:
        return "under a minute"
    return f"{left // MINUTE} min" if left < 2 * HOUR else f"{left // HOUR} h"
