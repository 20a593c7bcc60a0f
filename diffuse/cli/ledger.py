"""``diffuse ledger``: whether the evidence is still what was recorded."""

from itertools import chain
from pathlib import Path

import click

from diffuse.cli.errors import open_app
from diffuse.errors import AuthoringError


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
    for finding in chain(app.audit.findings(), app.stamping.findings()):
        found += 1
        click.echo(finding)
    head, last = app.chain.head(), app.stamps.last()
    if found:
        click.echo(f"{found} things are not as they were recorded", err=True)
        context.exit(1)
    click.echo(f"{head.sequence} records, whole; the last has the hash {head.sha256}")
    if last:
        click.echo(f"record {last.sequence} was stamped at {last.at.isoformat()} by {last.url}")


@ledger.command()
@click.pass_obj
def stamp(config: Path | None) -> None:
    """Have the end of the chain stamped by the authority of timestamp_url (RFC 3161).

    It learns a hash, and nothing else. Workers do so by themselves, once a day.
    """
    app = open_app(config)
    if not app.stamping.is_asked:
        raise AuthoringError.of("no timestamp_url is set", "the address of an authority by RFC 3161")
    done = app.stamping.run()
    if done is None:
        click.echo("nothing to stamp: no record has been added since the last timestamp")
        return
    click.echo(f"record {done.sequence} was stamped at {done.at.isoformat()} by {done.url}")
