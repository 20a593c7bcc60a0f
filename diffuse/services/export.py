"""Export: the ledger as tables for dashboards; the same state always gives the same bytes.

A message counts once it was sent. It counts as opened when its image was loaded, a link was followed, a
question answered or the text acknowledged. Acknowledgements are counted per key point and employee: the
first one is enough, however often the key point returns, but a stale one, of a text that has changed
materially since, is none. Lines of key points and policies tell channels apart; whoever met an intranet post
was sent it, and an acknowledgement counts on the channel by which it came.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Protocol, TypeAlias

from diffuse.domain.campaign import Campaign
from diffuse.domain.channel import EMAIL
from diffuse.domain.disclosure import SMALLEST
from diffuse.domain.measures import week_of
from diffuse.domain.people import Employee
from diffuse.domain.policy import KeyPoint, Policy
from diffuse.ports import (
    Clock,
    Count,
    Directory,
    Postings,
    Publications,
    Published,
    Relief,
    Result,
    Results,
)
from diffuse.services import grouped
from diffuse.services.intended import NOBODY, Intended, Newest
from diffuse.services.newer import InForce, in_force
from diffuse.services.posts import POSTS, Posts
from diffuse.services.receipts import RECEIPTS, ReceiptBook, Receipts, Told
from diffuse.services.tally import COUNTS, RATES, Row, Tally

Table: TypeAlias = "tuple[str, Sequence[str], Iterable[Row]]"
"""A name, columns and rows."""


class Tables(Protocol):
    """Writes tables."""

    def write(self, name: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Write one table whole; a Rate fills three columns."""


DELIVERIES = (*(field.name for field in fields(Result)), "version", "acknowledgement")
COUNTED = ("counted_opens", "counted_clicks")
REACH_RATE = "reach_rate"
EMPLOYEES = ("employee", "name", "department", "language", *COUNTS, *RATES)
_REACHED = ("channel", "intended", "employees", *COUNTS, *RATES, REACH_RATE, *COUNTED, grouped.SUPPRESSED)
KEY_POINTS = ("campaign", "policy", "key_point", *_REACHED)
POLICIES = ("campaign", "policy", "version", *_REACHED)
WEEKS = ("campaign", "week", "employees", *COUNTS, *RATES, *COUNTED, grouped.SUPPRESSED)
DEPARTMENTS = ("campaign", "department", "employees", *COUNTS, *RATES, grouped.SUPPRESSED)


class Export:
    """Reads the ledger once and fills the eight tables."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        results: Results,
        directory: Directory,
        publications: Publications,
        postings: Postings,
        relief: Relief,
        receipts: ReceiptBook,
        clock: Clock,
        smallest_group: int = SMALLEST,
    ) -> None:
        """Take the collaborators; of fewer than ``smallest_group`` people no grouped table tells anything."""
        self._receipts = receipts
        self._clock = clock
        self._smallest = smallest_group
        self._results = results
        self._directory = directory
        self._publications = publications
        self._postings = postings
        self._relief = relief

    def run(self, tables: Tables, on: date | None = None, *, named: bool = True) -> "Report":
        """Write every table, those of single people only where ``named``; return what a summary needs.

        ``on`` is the day from which negative receipts and audiences are seen; today when it is left out.
        """
        now = self._clock.now()
        employees = {employee.id: employee for employee in self._directory.employees()}
        report = Report(self._publications, Posts(self._postings.all(), self._publications))
        receipts = self._receipts.open(employees, on or now.date())
        rows = self._deliveries(employees, report, receipts)
        if named:
            tables.write("deliveries", DELIVERIES, rows)
            tables.write("employees", EMPLOYEES, _people(employees, report))
            tables.write("receipts", RECEIPTS, receipts.rows())
        else:
            deque(rows, maxlen=0)
        for count in self._results.counts():
            report.count(count)
        for name, columns, lines in report.tables(
            self._smallest, Intended(employees, self._relief.duties(), on, now)
        ):
            tables.write(name, columns, lines)
        return report

    def _deliveries(
        self, employees: dict[str, Employee], report: "Report", receipts: Receipts
    ) -> Iterator[Row]:
        for result in self._results.results():
            if result.employee not in employees:
                # Enrolled while this runs, and planned for already.
                employees.update((employee.id, employee) for employee in self._directory.employees())
            told, acknowledgement = report.add(result, employees[result.employee].department)
            receipts.add(told)
            zone = employees[result.employee].zone
            values = (getattr(result, field.name) for field in fields(Result))
            plain = [value.astimezone(zone) if isinstance(value, datetime) else value for value in values]
            yield [*plain, told.version, acknowledgement if result.acknowledged_at else ""]


def _people(employees: dict[str, Employee], report: "Report") -> Iterator[Row]:
    for _, who in sorted(employees.items()):
        cells = report.by_employee.get(who.id, Tally()).cells
        yield (who.id, who.name, who.department, who.language, *cells)


class Report:
    """The tallies of an export, by employee, key point, policy, week and department, and its posts."""

    def __init__(self, publications: Publications, posts: Posts) -> None:
        """Lay out a line for every key point and policy of the running campaigns, sent or not."""
        self.posts = posts
        self._publications = publications
        self._running = publications.running()
        self._shown: dict[int, dict[str, tuple[str, KeyPoint, InForce]]] = {}
        self._newest = Newest()
        self.by_employee: dict[str, Tally] = {}
        self.by_key_point: dict[grouped.Key, Tally] = {}
        self.by_policy: dict[grouped.Key, Tally] = {}
        self.by_week: dict[tuple[str, str], Tally] = {}
        self.by_department: dict[tuple[str, str], Tally] = {}
        for one in self._running:
            self._newest.know(one)
            for policy, point in one.campaign.key_points:
                for channel in channels(one.campaign, policy, point):
                    self._lines(one.campaign, policy, point.id, channel)
        for line in posts.lines:
            if line.posting.sent_at:
                self._newest.know(publications.get(line.posting.publication))
                self._lines(line.campaign, line.policy, line.posting.key_point, line.posting.channel)

    def add(self, result: Result, department: str) -> tuple[Told, InForce]:
        """Count one delivery on every line that it belongs to, by the text that it showed; return that text.

        Lines of a version and of a week tell what happened then: a stale acknowledgement counts on them.
        """
        version, point, standing = self._text(result)
        stale = standing == InForce.STALE
        where, channel = (result.campaign, result.policy), result.channel
        for tally, now in (
            (self.by_employee.setdefault(result.employee, Tally()), True),
            (self.by_key_point.setdefault((*where, result.key_point, channel), Tally()), True),
            (self.by_policy.setdefault((*where, version, channel), Tally()), False),
            (self.by_week.setdefault((result.campaign, week_of(result.due_on)), Tally()), False),
            (self.by_department.setdefault((result.campaign, department), Tally()), True),
        ):
            tally.add(result, acknowledge=point.acknowledge, stale=stale and now)
        self.posts.add(result, stale=stale)
        return Told(result=result, version=version, point=point, stale=stale), standing

    def count(self, count: Count) -> None:
        """Count hits without a person on every line that they belong to."""
        published = self._publications.get(count.publication)
        self._newest.know(published)
        campaign = published.campaign
        policy, point = campaign.key_point(count.key_point)
        lines = self._lines(campaign, policy, point.id, count.channel)
        for tally in (*lines, self.by_week.setdefault((campaign.id, count.week), Tally())):
            tally.counted[count.kind] += count.hits

    def tables(self, smallest: int, intended: Intended) -> Iterator[Table]:
        """Yield each grouped table, with nothing in it that tells of fewer than ``smallest`` people."""
        self._mean(intended)
        points, versions = self.by_key_point, self.by_policy
        sizes = grouped.sizes_hidden(smallest, points.values(), versions.values(), self.posts.lines)
        of_versions, of_points = grouped.branched(versions, points, smallest, sizes)
        yield "key_points", KEY_POINTS, grouped.rows(KEY_POINTS, _reached(points), of_points)
        yield "policies", POLICIES, grouped.rows(POLICIES, _reached(versions), of_versions)
        closed = grouped.posts_hidden(self.posts.lines, of_points, sizes, smallest)
        yield "posts", POSTS, self.posts.rows(closed)
        for name, columns, lines in (
            ("weeks", WEEKS, self.by_week),
            ("departments", DEPARTMENTS, self.by_department),
        ):
            told: dict[tuple[str, ...], Row] = {
                key: (len(tally.employees), *tally.cells, *tally.counted.values())
                for key, tally in sorted(lines.items())
            }
            yield name, columns, grouped.rows(columns, told, grouped.flat(lines, smallest))

    def _mean(self, intended: Intended) -> None:
        """Note on every line for whom it is: a version for those of its key points on the same channel."""
        self.posts.mean(intended)
        for (campaign, policy, point, _), tally in self.by_key_point.items():
            newest = self._newest.campaign(campaign, policy, point)
            tally.intended = intended.of(newest, *newest.key_point(point))
        for (campaign, policy, version, channel), tally in self.by_policy.items():
            lines = (
                self.by_key_point.get((campaign, policy, point, channel))
                for point in self._newest.points(campaign, policy, version)
            )
            tally.intended = NOBODY.union(*(line.intended for line in lines if line))

    def _lines(self, campaign: Campaign, policy: Policy, point: str, channel: str) -> tuple[Tally, Tally]:
        """Return the lines of a key point and of its policy's version on a channel."""
        return (
            self.by_key_point.setdefault((campaign.id, policy.id, point, channel), Tally()),
            self.by_policy.setdefault((campaign.id, policy.id, policy.version, channel), Tally()),
        )

    def _text(self, result: Result) -> tuple[str, KeyPoint, InForce]:
        """Return the version that a delivery showed, its key point, and how both stand to those in force."""
        if result.publication not in self._shown:
            published = self._publications.get(result.publication)
            self._newest.know(published)
            self._shown[result.publication] = _texts(published, self._running)
        return self._shown[result.publication][result.key_point]


def _reached(lines: Mapping[grouped.Key, Tally]) -> dict[tuple[str, ...], Row]:
    return {
        key: (
            len(tally.intended),
            len(tally.employees),
            *tally.cells,
            tally.reach,
            *tally.counted.values(),
        )
        for key, tally in lines.items()
    }


def channels(campaign: Campaign, policy: Policy, point: KeyPoint) -> tuple[str, ...]:
    """Return how a key point travels; one for an occasion is only mailed."""
    return (EMAIL,) if point.occasion else campaign.channels_of(campaign.audience_of(policy, point))


def _texts(published: Published, running: Sequence[Published]) -> dict[str, tuple[str, KeyPoint, InForce]]:
    return {
        point.id: (policy.version, point, in_force(published, running, point.id))
        for policy, point in published.campaign.key_points
    }
