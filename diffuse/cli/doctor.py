"""``diffuse doctor``: what is wrong with this installation, and what to do."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from diffuse.ports import Finding


@click.command()
@click.pass_context
def doctor(context: click.Context) -> None:
    """Look at settings, database, journals, mail servers, broker and intranet platforms; change nothing.

    Each line is one thing, ok or trouble. The exit status is 0 when all is well, 1 when there is trouble.
    """
    from diffuse import bootstrap
    from diffuse.ports import Finding
    from diffuse.settings import Settings

    config: Path | None = context.obj
    settings = Settings.load(config)
    _tell(Finding(about="settings", seen="readable"))
    trouble = False
    for finding in bootstrap.diagnose(settings).run():
        _tell(finding)
        trouble |= finding.trouble
    context.exit(1 if trouble else 0)


def _tell(finding: "Finding") -> None:
    said = f"{finding.seen}; {finding.remedy}" if finding.remedy else finding.seen
    click.echo(f"{'trouble' if finding.trouble else 'ok':<9}{finding.about}: {' '.join(said.split())}")
