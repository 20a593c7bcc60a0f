"""``diffuse demo``: the shipped campaign, from its file to the CSV, in a few minutes."""

import signal
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click

from diffuse.domain.disclosure import SMALLEST
from diffuse.domain.measures import Rate

if TYPE_CHECKING:
    from rich.table import Table

    from diffuse.services.export import Report

HIDDEN = "·"
"""Stands for what is told of no group so small, and for what would tell of one."""


@click.command()
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), default=Path("demo-output"))
@click.option("--days", type=click.IntRange(1, 366), default=91, show_default=True)
@click.option("--employees", type=click.IntRange(1), help="Only the first so many of the sample directory.")
@click.option("--seed", type=int, default=2027, show_default=True, help="Another seed, other habits.")
@click.option(
    "--campaigns", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path("campaigns")
)
@click.option("--keep", is_flag=True, help="Leave the tracking service running at the end.")
def demo(  # noqa: PLR0913 -- one option each
    folder: Path, days: int, employees: int | None, seed: int, campaigns: Path, *, keep: bool
) -> None:
    """Send the shipped campaigns to the sample directory over SMTP, and let employees react over HTTP."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from diffuse.demo.run import Options, demonstrate

    console = Console()
    options = Options(
        campaigns=(campaigns / "social-media", campaigns / "crisis_rehearsal.py"),
        directory=campaigns / "sample-directory.csv",
        attention=campaigns / "attention.yaml",
        folder=folder,
        days=days,
        employees=employees,
        seed=seed,
    )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("days"))
    with ExitStack() as open_until_the_end:
        with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
            task = bar.add_task("launching", total=days)

            def progress(day: date, passed: int, messages: int) -> None:
                count = f"{messages:,}".replace(",", " ")
                bar.update(task, completed=passed, description=f"{day}  {count} messages")

            done = open_until_the_end.enter_context(demonstrate(options, progress))
        console.print(_rates(done.report, days))
        console.print(f"{done.messages} messages in the Maildir {done.maildir}", soft_wrap=True)
        tables = ", ".join(sorted(table.stem for table in done.tables.glob("*.csv")))
        console.print(f"CSV in {done.tables}: {tables}", soft_wrap=True)
        if keep:
            _wait(f"Tracking service on {done.address} (links of the messages work); Ctrl-C ends it")


def _wait(text: str) -> None:
    """Say so, and wait for Ctrl-C or SIGTERM, also where whoever started us has them ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        click.echo(text)
        Event().wait()
    except KeyboardInterrupt:
        click.echo("stopped")


def _rates(report: "Report", days: int) -> "Table":
    """Lay out one line per policy: how many people, how many messages, and what came back."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from diffuse.services.grouped import WHOLE, branched

    table = Table(title=f"{days} days, by policy", box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("policy", no_wrap=True)
    for title in ("employees", "messages", "opened", "acknowledged", "right answers"):
        table.add_column(title, justify="right", no_wrap=True)
    hidden, _ = branched(report.by_policy, report.by_key_point, SMALLEST)
    for key, tally in report.by_policy.items():
        parts = hidden.get(key, ())
        if WHOLE in parts:
            table.add_row(key[1], *(HIDDEN,) * 5)
            continue
        table.add_row(
            key[1],
            str(len(tally.employees)),
            str(tally.messages),
            _percent(tally.opened, tally.messages),
            HIDDEN if "acknowledgements" in parts else _percent(len(tally.acknowledged), len(tally.asked)),
            HIDDEN if "answers" in parts else _percent(tally.right, tally.answered),
        )
    return table


def _percent(numerator: int, denominator: int) -> str:
    value = Rate(numerator, denominator).value
    return "–" if value is None else f"{value:.0%}"
