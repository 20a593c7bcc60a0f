"""``diffuse launch``: publish a campaign."""

from pathlib import Path

import click

from diffuse.cli.errors import open_app
from diffuse.errors import AuthoringError


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
    from diffuse.bootstrap import authoring
    from diffuse.services.check import check

    app = open_app(config)
    tools = authoring(app.templates)
    if problems := check(paths, tools.campaigns, tools.renderer, tools.calendar):
        raise AuthoringError(*problems)
    for path in paths:
        published = app.launch.run(path)
        campaign = published.campaign
        click.echo(
            f"{campaign.id}: publication {published.id}, {len(campaign.policies)} policies, "
            f"{len(campaign.key_points)} key points, from {campaign.starts}"
        )
