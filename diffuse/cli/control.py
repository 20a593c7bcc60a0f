"""``diffuse pause``, ``resume``, ``cancel`` and ``retry``: what an operator decides about campaigns."""

import os
import pwd
from pathlib import Path

import click

from diffuse.cli.errors import open_app

REASON = click.option("--reason", default="", help="Why, in words that 'diffuse status' shows.")

READER = click.option("--as", "who", help="Your name in the log of reads, where several share an account.")


@click.command()
@click.argument("campaign")
@REASON
@click.pass_obj
def pause(config: Path | None, campaign: str, reason: str) -> None:
    """Let nothing more of a campaign leave until it is resumed; what is planned is held.

    Messages that a mail server is accepting at this moment still arrive.
    """
    held = open_app(config).operate.pause(campaign, reason)
    click.echo(f"{campaign} is paused; {held} deliveries are held")


@click.command()
@click.argument("campaign", required=False)
@click.pass_obj
def resume(config: Path | None, campaign: str | None) -> None:
    """Let a paused campaign go on, or everything that a guard has halted when no campaign is named."""
    app = open_app(config)
    if campaign is not None:
        planned = app.operate.resume(campaign)
        click.echo(f"{campaign} goes on; {planned} deliveries are planned again")
        return
    stop = app.operate.confirm()
    if stop is None:
        click.echo("nothing was halted")
    else:
        click.echo(f"everything goes on; it was halted since {stop.since:%Y-%m-%d %H:%M} UTC: {stop.reason}")


@click.command()
@click.argument("campaign")
@REASON
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def cancel(config: Path | None, campaign: str, reason: str, *, yes: bool) -> None:
    """Cancel what is planned or held of a campaign; nothing more is planned until it is launched again."""
    if not yes:
        click.confirm(f"Cancel everything of {campaign} that has not left yet?", abort=True)
    count = open_app(config).operate.cancel(campaign, reason)
    click.echo(f"{campaign} is cancelled, with {count} deliveries; 'diffuse launch' begins it again")


@click.command()
@click.argument("campaign")
@click.pass_obj
def retry(config: Path | None, campaign: str) -> None:
    """Plan again what failed of a campaign, and only that: mend first what made it fail."""
    operate = open_app(config).operate
    click.echo(f"{operate.retry(campaign, operator())} deliveries that failed are planned again")
    if posts := operate.retry_posts(campaign, operator()):
        click.echo(f"{posts} posts that failed are planned again")


def operator() -> str:
    """Name the account of this machine that decides."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def reader(named: str | None) -> str:
    """Name who reads what is kept by name: the account, and the name that was given."""
    return f"{named} ({operator()})" if named else operator()
