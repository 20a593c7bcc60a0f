"""Check: everything that is wrong with campaign files, before anything is launched."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from diffuse.domain.source import Loaded
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Calendar, Campaigns, Renderer


def check(
    paths: Sequence[Path], campaigns: Campaigns, renderer: Renderer, calendar: Calendar
) -> tuple[Problem, ...]:
    """Return every problem of the campaigns, by file, line and column; none twice."""
    found: list[Problem] = []
    sources: set[str] = set()
    ids: dict[str, Path] = {}
    for path in paths:
        loaded = campaigns.read(path)
        if loaded.source in sources:
            found.append(
                Problem(found="a campaign that was named already", expected="each one once", file=str(path))
            )
            continue
        sources.add(loaded.source)
        found += [*loaded.problems, *_wordings(loaded, renderer), *_region(loaded, calendar)]
        if loaded.id in ids:
            said = f"id {loaded.id!r} is that of {ids[loaded.id]} too"
            found.append(loaded.located(Problem(path=("id",), found=said, expected="ids that differ")))
        if loaded.id:
            ids.setdefault(loaded.id, path)
    once = {str(problem): problem for problem in found}
    return tuple(sorted(once.values(), key=lambda one: (one.file, one.line, one.column, str(one))))


def _wordings(loaded: Loaded, renderer: Renderer) -> Iterator[Problem]:
    """Yield what would go wrong when the texts are rendered."""
    for written in loaded.texts:
        for problem in renderer.problems(written.text, written.language):
            yield loaded.located(problem.under(*written.path))


def _region(loaded: Loaded, calendar: Calendar) -> Iterator[Problem]:
    """Yield what is wrong with the region whose holidays are kept."""
    try:
        calendar.holidays(loaded.holidays, ())
    except AuthoringError as error:
        for problem in error.problems:
            yield loaded.located(replace(problem, path=("holidays",)))
