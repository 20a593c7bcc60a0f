"""``diffuse reclassify``: judge history by the present rules."""

from pathlib import Path

import click

from diffuse.cli.errors import open_app
from diffuse.cli.tables import table, wide_console


@click.command()
@click.option("--campaign", default="", metavar="ID", help="Only this campaign.")
@click.pass_obj
def reclassify(config: Path | None, campaign: str) -> None:
    """Judge every hit that is kept anew: who opened and followed links, a person or a program."""
    from diffuse.domain.verdicts import RULES
    from diffuse.errors import AuthoringError
    from diffuse.services.reclassify import Reclassify

    app = open_app(config)
    known = sorted(one.campaign.id for one in app.publications.running())
    if campaign and campaign not in known:
        raise AuthoringError.of(f"no campaign {campaign!r} was launched", f"one of {', '.join(known)}")
    done = Reclassify(app.hits).run(campaign)
    both = sorted({*done.before, *done.now})
    rows = [(what, verdict, done.before[what, verdict], done.now[what, verdict]) for what, verdict in both]
    titles = ("hit", "verdict", "before", "now")
    if rows:
        wide_console().print(table(f"Verdicts by rules {RULES}", titles, rows, numbers={"before", "now"}))
    changed = sum((done.now - done.before).values())
    click.echo(f"{done.deliveries} deliveries judged, {changed} verdicts changed on balance")
