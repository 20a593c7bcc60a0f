"""``diffuse evidence``: what an auditor takes along."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from diffuse.cli.control import READER, reader
from diffuse.cli.errors import open_app

if TYPE_CHECKING:
    from diffuse.domain.evidence import Evidence


@click.group()
def evidence() -> None:
    """Hand evidence out."""


@evidence.command()
@click.argument("employee")
@click.option("--campaign", required=True, help="Id of the campaign.")
@click.option("--key-point", required=True, help="Id of the key point that was acknowledged.")
@click.option("--reason", required=True, help="Why not by the employee: kept for ever, so name nobody.")
@READER
@click.pass_context
def acknowledge(  # noqa: PLR0913, PLR0917 -- one option each
    context: click.Context, employee: str, campaign: str, key_point: str, reason: str, who: str | None
) -> None:
    """Acknowledge on behalf of an employee, who did so elsewhere, such as on paper; say why.

    It is about the newest message of that key point. The record says that an officer gave it, and the
    reason; who the officer was stands in the log of reads.
    """
    config: Path | None = context.find_root().obj
    app = open_app(config)
    done = app.vouch.run(employee, campaign, key_point, reason)
    app.person.read(reader(who), "acknowledged for", whom=employee, people=1, reason=reason)
    click.echo(f"acknowledged for {employee}, version {done.version}: {done.statement}")


@evidence.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--campaign", default="", help="Show only the records of this campaign.")
@click.option("--policy", default="", help="Show only the records of this policy.")
@click.option("--person", default="", help="Show only the records of this employee (id of the directory).")
@READER
@click.pass_context
def pack(  # noqa: PLR0913, PLR0917 -- one option each
    context: click.Context, out: Path, campaign: str, policy: str, person: str, who: str | None
) -> None:
    """Write a zip of evidence that anybody can verify offline (docs/evidence.md).

    Of the records that are not asked for, only their hashes go out, so that the chain still verifies.
    That they were read is logged.
    """
    from diffuse.adapters.pack.zipped import EvidenceZip
    from diffuse.domain.evidence import is_withheld

    config: Path | None = context.find_root().obj
    app = open_app(config)
    pseudonym = app.pseudonym(person) if person else ""
    asked = {"campaign": campaign, "person": pseudonym, "policy": policy}

    def wanted(record: "Evidence") -> bool:
        return not is_withheld(record) and all(
            not value or getattr(record.proof, name) == value for name, value in asked.items()
        )

    people = len({record.proof.person for record in app.chain.records() if wanted(record)})
    app.person.read(reader(who), "evidence pack", whom=person, people=people)
    said = {name: value for name, value in asked.items() if value}
    shown = EvidenceZip(out).write(app.chain, wanted, said, app.stamps.all())
    click.echo(f"{shown} records of {app.chain.head().sequence} written to {out}")
