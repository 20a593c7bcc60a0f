"""``diffuse launch``: publish a campaign."""

from pathlib import Path

import click

from diffuse.cli.check import RULES
from diffuse.cli.errors import open_app
from diffuse.cli.versions import told


@click.command()
@click.argument(
    "paths", metavar="CAMPAIGN…", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--attention", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=RULES)
@click.option("--dry-run", is_flag=True, help="Say what would be published and asked again; publish nothing.")
@click.pass_obj
def launch(config: Path | None, paths: tuple[Path, ...], attention: Path | None, *, dry_run: bool) -> None:
    """Check campaigns, then publish them, all or none; sending begins on their first day.

    Launching a text again that has not changed does nothing; a changed text goes out from the next
    message on. A policy's new version says in 'change' whether it is material or minor, and why: a
    material one asks again those who acknowledged what changed. The rules of attention hold for all
    campaigns, until others are launched.
    """
    from diffuse import bootstrap

    rules = bootstrap.attention(attention)
    app = open_app(config)
    ready = app.launch.prepare(*paths, attention=rules)
    for line in told(ready.announced):
        click.echo(line)
    if dry_run:
        click.echo("nothing was published")
        return
    for published in app.launch.publish(ready, attention=rules):
        campaign = published.campaign
        click.echo(
            f"{campaign.id}: publication {published.id}, {len(campaign.policies)} policies, "
            f"{len(campaign.key_points)} key points, from {campaign.starts}"
        )
