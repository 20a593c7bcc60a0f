"""``diffuse check``: every mistake in campaign files, with its place and its remedy."""

from pathlib import Path

import click

from diffuse.cli.errors import open_app

RULES = "YAML file of the organisation's rules of attention."


@click.command()
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--attention", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=RULES)
@click.option(
    "--published",
    is_flag=True,
    help="Compare with what is published and set up: find versions that say nothing of it, and channels"
    " without a platform.",
)
@click.pass_context
def check(
    context: click.Context, paths: tuple[Path, ...], attention: Path | None, *, published: bool
) -> None:
    """Read campaigns and print every mistake, one a line; print nothing when all is well.

    PATH is a folder with campaign.yaml, a YAML file or a Python file. The exit status is 0 when all
    is well, 1 when something must be mended, 2 when the command itself is wrong.
    """
    from diffuse.bootstrap import attention as read
    from diffuse.bootstrap import authoring
    from diffuse.services.check import check as check_campaigns
    from diffuse.services.reach import unreachable

    tools = authoring()
    problems = check_campaigns(paths, tools.campaigns, tools.renderer, tools.calendar, read(attention))
    if published:
        app = open_app(context.obj)
        for loaded in map(tools.campaigns.read, paths):
            problems += (*app.revise.problems(loaded), *unreachable(loaded, app.platforms))
    for problem in problems:
        click.echo(str(problem))
    context.exit(1 if problems else 0)
