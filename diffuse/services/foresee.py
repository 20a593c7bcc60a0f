"""Foresee: what campaigns will send to whom and when, before they are launched."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from diffuse.domain import dry_run
from diffuse.domain.attention import Attention
from diffuse.domain.campaign import Campaign
from diffuse.domain.desk import Rules
from diffuse.domain.foresight import Foresight
from diffuse.domain.membership import Group, counted, imagined
from diffuse.domain.people import Employee
from diffuse.domain.population import Population
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Calendar, Campaigns, Renderer, Row
from diffuse.services.check import check


class Foresee:
    """Looks ahead: the planner itself, on stand-ins; nothing is kept or sent."""

    def __init__(self, *, campaigns: Campaigns, renderer: Renderer, calendar: Calendar) -> None:
        """Take the collaborators."""
        self._campaigns = campaigns
        self._renderer = renderer
        self._calendar = calendar

    def run(
        self,
        paths: Sequence[Path],
        attention: Attention | None = None,
        directory: Iterable[Row] | None = None,
        since: date | None = None,
    ) -> Foresight:
        """Return what the campaigns at these paths will send under the organisation's rules.

        Args:
            paths: the campaigns.
            attention: the rules; those that restrict nothing when there are none.
            directory: the rows of a directory; with it the groups are real, and counted.
            since: leaves out what goes before.

        Raises:
            AuthoringError: with everything that ``check`` finds, or that is wrong with the directory.
        """
        rules = attention or Attention()
        self._calendar.holidays(rules.holidays, ())
        problems = list(check(paths, self._campaigns, self._renderer, self._calendar, rules))
        campaigns: list[Campaign] = []
        for loaded in map(self._campaigns.read, paths):
            problems += loaded.problems  # the file may have changed since the check
            campaigns += [loaded.campaign] if loaded.campaign else []
        if problems:
            raise AuthoringError(*dict.fromkeys(problems))
        first, last = dry_run.span(campaigns)
        if since is not None and since > last:
            raise AuthoringError.of(f"a calendar from {since} on", f"a day up to {last}, the last one")
        years = range(first.year, last.year + 1)
        found = dry_run.foresee(
            [(campaign, self._calendar.holidays(campaign.holidays, years)) for campaign in campaigns],
            Rules(attention=rules, holidays=self._calendar.holidays(rules.holidays, years)),
            imagined(campaigns) if directory is None else _groups(campaigns, directory, first, last),
        )
        return found if since is None else found.since(since)


def _groups(
    campaigns: Sequence[Campaign], directory: Iterable[Row], first: date, last: date
) -> tuple[Group, ...]:
    """Return the groups of those who work between two days.

    Raises:
        AuthoringError: naming every row that is none of an employee.
    """
    employees: list[Employee] = []
    problems: list[Problem] = []
    for row in directory:
        problems += row.problems
        if row.employee and (row.employee.ends or last) >= first and (row.employee.starts or first) <= last:
            employees.append(row.employee)
    if problems:
        raise AuthoringError(*problems)
    return counted(campaigns, Population.of(employees))
