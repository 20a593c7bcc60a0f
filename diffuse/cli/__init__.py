"""The command line: ``diffuse``."""

from pathlib import Path

import click

from diffuse.cli.access import access
from diffuse.cli.calendar import calendar
from diffuse.cli.check import check
from diffuse.cli.control import cancel, pause, resume, retry
from diffuse.cli.deliveries import deliveries, settle
from diffuse.cli.demo import demo
from diffuse.cli.doctor import doctor
from diffuse.cli.doubts import doubts
from diffuse.cli.errors import Commands
from diffuse.cli.evidence import evidence
from diffuse.cli.export import export
from diffuse.cli.feeds import feeds
from diffuse.cli.import_ import import_
from diffuse.cli.launch import launch
from diffuse.cli.ledger import ledger
from diffuse.cli.person import person
from diffuse.cli.posts import posts
from diffuse.cli.preview import preview
from diffuse.cli.reclassify import reclassify
from diffuse.cli.relief import absences, duties, succession
from diffuse.cli.remarks import remarks
from diffuse.cli.retention import retention
from diffuse.cli.returns import returns
from diffuse.cli.schema import schema
from diffuse.cli.serve import serve
from diffuse.cli.simulate import simulate_
from diffuse.cli.status import status
from diffuse.cli.up import up


@click.group(cls=Commands)
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="TOML file of settings (or DIFFUSE_CONFIG).",
)
@click.version_option(package_name="diffuse")
@click.pass_context
def main(context: click.Context, config: Path | None) -> None:
    """Spaced-repetition campaigns that make a governance framework remembered."""
    context.obj = config


for command in (
    check, schema, preview, simulate_, calendar, import_, absences, duties, launch,
    up, serve, status, pause, resume, cancel, deliveries, settle, posts, retry, doctor, succession, export,
    remarks, returns, doubts, feeds, reclassify, ledger, evidence, person, access, retention, demo,
):  # fmt: skip
    main.add_command(command)
