"""``diffuse launch``: publish a campaign."""

from pathlib import Path

import click

from diffuse.cli.check import RULES
from diffuse.cli.errors import open_app


@click.command()
@click.argument(
    "paths", metavar="CAMPAIGN…", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--attention", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=RULES)
@click.pass_obj
def launch(config: Path | None, paths: tuple[Path, ...], attention: Path | None) -> None:
    """Check campaigns, then publish them, all or none; sending begins on their first day.

    Launching a text again that has not changed does nothing; a changed text goes out from the next
    message on. The rules of attention hold for all campaigns, until others are launched.
    """
    from diffuse import bootstrap

    for published in open_app(config).launch.run(*paths, attention=bootstrap.attention(attention)):
        campaign = published.campaign
        click.echo(
            f"{campaign.id}: publication {published.id}, {len(campaign.policies)} policies, "
            f"{len(campaign.key_points)} key points, from {campaign.starts}"
        )
