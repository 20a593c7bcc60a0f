"""Check: everything that is wrong with campaign files, before anything is launched."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from diffuse.domain.attention import Attention
from diffuse.domain.feasibility import infeasible
from diffuse.domain.source import Loaded
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Calendar, Campaigns, Renderer


def check(
    paths: Sequence[Path],
    campaigns: Campaigns,
    renderer: Renderer,
    calendar: Calendar,
    attention: Attention | None = None,
) -> tuple[Problem, ...]:
    """Return every problem of the campaigns, by file, line and column; none twice.

    ``attention`` are the organisation's rules under which the campaigns must work.
    """
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
        found += _infeasible(loaded, calendar, attention or Attention())
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


def _infeasible(loaded: Loaded, calendar: Calendar, attention: Attention) -> Iterator[Problem]:
    """Yield what a campaign that is well written promises and cannot keep."""
    campaign = loaded.campaign
    if campaign is None:
        return
    years = range(campaign.starts.year, (campaign.ends or campaign.starts).year + 2)
    try:
        holidays = calendar.holidays(campaign.holidays, years) | calendar.holidays(attention.holidays, years)
    except AuthoringError:
        return  # told elsewhere
    for problem in infeasible(campaign, attention, holidays):
        yield loaded.located(problem)


def _region(loaded: Loaded, calendar: Calendar) -> Iterator[Problem]:
    """Yield what is wrong with the region whose holidays are kept."""
    try:
        calendar.holidays(loaded.holidays, ())
    except AuthoringError as error:
        for problem in error.problems:
            yield loaded.located(replace(problem, path=("holidays",)))
