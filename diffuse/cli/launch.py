"""``diffuse launch``: publish a campaign."""

from pathlib import Path

import click

from diffuse.cli.errors import open_app


@click.command()
@click.argument(
    "paths", metavar="CAMPAIGN…", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.pass_obj
def launch(config: Path | None, paths: tuple[Path, ...]) -> None:
    """Check campaigns, then publish them, all or none; sending begins on their first day.

    Launching a text again that has not changed does nothing; a changed text goes out from the next
    message on.
    """
    for published in open_app(config).launch.run(*paths):
        campaign = published.campaign
        click.echo(
            f"{campaign.id}: publication {published.id}, {len(campaign.policies)} policies, "
            f"{len(campaign.key_points)} key points, from {campaign.starts}"
        )
