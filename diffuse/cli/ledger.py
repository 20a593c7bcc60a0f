"""``diffuse ledger``: whether the evidence is still what was recorded."""

from pathlib import Path

import click

from diffuse.cli.errors import open_app


@click.group()
def ledger() -> None:
    """Check the chain of evidence."""


@ledger.command()
@click.pass_context
def verify(context: click.Context) -> None:
    """Recompute every record of evidence and compare it with what it proves; change nothing.

    Each line names a record, what was expected and what was found. The exit status is 0 when all is well,
    1 when there is anything.
    """
    config: Path | None = context.find_root().obj
    app = open_app(config)
    found = 0
    for finding in app.audit.findings():
        found += 1
        click.echo(finding)
    head = app.chain.head()
    if found:
        click.echo(f"{found} things are not as they were recorded", err=True)
        context.exit(1)
    click.echo(f"{head.sequence} records, whole; the last has the hash {head.sha256}")
