"""``diffuse simulate``: what a rhythm would achieve, before anything is sent."""

from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diffuse.cli.check import RULES

if TYPE_CHECKING:
    from diffuse.domain.frontier import Found
    from diffuse.domain.scene import Scene

MOST_EMPLOYEES, MOST_DAYS = 20_000, 3_660


@click.command("simulate")
@click.argument(
    "paths", metavar="CAMPAIGN…", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--employees", type=click.IntRange(1, MOST_EMPLOYEES), default=1000, show_default=True,
    help="How many people are invented.",
)  # fmt: skip
@click.option("--days", type=click.IntRange(1, MOST_DAYS), default=365, show_default=True)
@click.option(
    "--seed", type=click.IntRange(0, 2**31), default=0, help="Another seed: other people, other luck."
)
@click.option("--attention", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=RULES)
@click.option(
    "--audience", "audiences", multiple=True, metavar="ID",
    help="Invent members of this audience too; may be repeated.",
)  # fmt: skip
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), default=Path("simulation"),
    show_default=True, help="Folder for the pictures and the CSV.",
)  # fmt: skip
def simulate_(  # noqa: PLR0913 -- one parameter each
    *,
    paths: tuple[Path, ...],
    employees: int,
    days: int,
    seed: int,
    attention: Path | None,
    audiences: tuple[str, ...],
    output: Path,
) -> None:
    """Try five rhythms on invented people under three truths about memory; nothing is sent.

    Each campaign is tried by itself: its own schedule, a fixed ladder, FSRS, uniform repetition and a single
    message for each key point, all within its budget of messages.
    """
    from diffuse import bootstrap
    from diffuse.adapters.csv_tables import CsvTables
    from diffuse.adapters.figures import draw
    from diffuse.domain.frontier import COLUMNS, FRONTIER_COLUMNS, frontier_rows, rows
    from diffuse.services.simulate import set_the_scene

    reading, rules = bootstrap.authoring(), bootstrap.attention(attention)
    scenes = [
        set_the_scene(
            path, reading.campaigns, reading.calendar,
            employees=employees, days=days, seed=seed, attention=rules, audiences=audiences,
        )
        for path in paths
    ]  # fmt: skip
    results = _with_a_bar(scenes)
    for found in results:
        _show(found)
        for path in draw(found, output / found.scene.campaign.id):
            click.echo(f"{path}")
    for name, columns, lines in (
        ("simulation", COLUMNS, rows),
        ("frontier", FRONTIER_COLUMNS, frontier_rows),
    ):
        CsvTables(output).write(name, columns, (row for found in results for row in lines(found)))
        click.echo(f"{output / name}.csv")


def _with_a_bar(scenes: "list[Scene]") -> "list[Found]":
    from rich.console import Console
    from rich.progress import Progress

    from diffuse.services.simulate import simulate, steps

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("simulating", total=sum(map(steps, scenes)))
        return [simulate(scene, lambda: bar.advance(task)) for scene in scenes]


def _show(found: "Found") -> None:
    """Print a table and the sentences to read first."""
    from rich.console import Console
    from rich.table import Table

    from diffuse.domain.frontier import estimate, headline, saved, worst_decile

    scene = found.scene
    size = f"{scene.employees} employees, {scene.points} key points, {scene.days} days"
    table = Table(
        padding=(0, 0, 0, 1),
        box=None,
        title=f"{scene.campaign.id}: {size}",
    )
    titles = ("truth", "policy", "messages", "knowledge", "worst tenth", "last day", "confirmed", "saved")
    for number, title in enumerate(titles):
        table.add_column(title, justify="right" if number > 1 else "left")
    for (truth, policy), one in found.outcomes.items():
        known, share = estimate(one.knowledge), saved(found, truth, one)
        table.add_row(
            truth, policy, f"{one.messages.mean():.1f}", f"{known.mean:.3f} ± {known.half:.3f}",
            f"{worst_decile(one):.3f}", f"{one.last.mean():.3f}",
            _share(one.covered.mean()), "" if policy == "budgeted" else _share(share.mean, share.half),
        )  # fmt: skip
    Console().print(table)
    for sentence in headline(found):
        click.echo(sentence)


def _share(value: float, half: float | None = None) -> str:
    if isnan(value):
        return "—"
    return f"{value:.0%}" if half is None else f"{value:.0%} ± {half:.0%}"
