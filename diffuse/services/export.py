"""Export: the ledger as tables for dashboards; the same state always gives the same bytes.

A message counts once it was sent. It counts as opened when its image was loaded, a link was followed, a
question answered or the text acknowledged. Acknowledgements are counted per key point and employee: the
first one is enough, however often the key point returns, but a stale one, of a text that has changed
materially since, is none.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from operator import attrgetter
from typing import Protocol, TypeAlias

from diffuse.domain.delivery import State
from diffuse.domain.disclosure import SMALLEST
from diffuse.domain.events import Kind
from diffuse.domain.measures import Rate, week_of
from diffuse.domain.people import Employee
from diffuse.domain.policy import KeyPoint
from diffuse.domain.tracking import AGGREGATE, NAMED
from diffuse.ports import Clock, Count, Directory, Publications, Published, Result, Results
from diffuse.services import grouped
from diffuse.services.newer import InForce, in_force
from diffuse.services.receipts import RECEIPTS, ReceiptBook, Receipts, Told

Cell: TypeAlias = "str | int | date | datetime | Rate | None"
Lines: TypeAlias = "Mapping[tuple[str, str, str], Tally] | Mapping[tuple[str, str], Tally]"
Row: TypeAlias = "Sequence[Cell]"


class Tables(Protocol):
    """Writes tables."""

    def write(self, name: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Write one table whole; a Rate fills three columns."""


DELIVERIES = (*(field.name for field in fields(Result)), "version", "acknowledgement")
HITS = ("raw_opens", "human_opens", "unsure_opens", "raw_clicks", "human_clicks", "unsure_clicks")
COUNTS = ("messages", "opened", "unknown", "failed", "asked", "acknowledged", "answered", "right", *HITS)
COUNTED = ("counted_opens", "counted_clicks")
RATES = ("open_rate", "acknowledgement_rate", "right_rate")
EMPLOYEES = ("employee", "name", "department", "language", *COUNTS, *RATES)
KEY_POINTS = ("campaign", "policy", "key_point", "employees", *COUNTS, *RATES, *COUNTED, grouped.SUPPRESSED)
POLICIES = ("campaign", "policy", "version", "employees", *COUNTS, *RATES, *COUNTED, grouped.SUPPRESSED)
WEEKS = ("campaign", "week", "employees", *COUNTS, *RATES, *COUNTED, grouped.SUPPRESSED)
DEPARTMENTS = ("campaign", "department", "employees", *COUNTS, *RATES, grouped.SUPPRESSED)


@dataclass(kw_only=True, slots=True)
class Tally:
    """Counts for one line of a report; pairs are (employee, key point)."""

    messages: int = 0
    measured: int = 0
    opened: int = 0
    unknown: int = 0
    failed: int = 0
    asked: set[tuple[str, str]] = field(default_factory=set)
    acknowledged: set[tuple[str, str]] = field(default_factory=set)
    answered: int = 0
    right: int = 0
    counted: dict[Kind, int] = field(default_factory=lambda: {Kind.OPENED: 0, Kind.CLICKED: 0})
    hits: list[int] = field(default_factory=lambda: [0] * len(HITS))
    employees: set[str] = field(default_factory=set)
    people: dict[str, set[str]] = field(
        default_factory=lambda: {part: set() for part in (grouped.WHOLE, *grouped.PARTS)}
    )

    def add(self, result: Result, *, acknowledge: bool, stale: bool) -> None:
        """Count one delivery; a stale acknowledgement does not count."""
        self.unknown += result.state == State.UNKNOWN
        self.failed += result.state == State.FAILED
        if result.state in {State.UNKNOWN, State.FAILED, State.SENT}:
            self._behind(result, acknowledge=acknowledge)
        if result.state != State.SENT:
            return
        self.messages += 1
        self.employees.add(result.employee)
        by_name = result.opens == NAMED
        self.measured += by_name
        self.opened += by_name and opened(result)
        pair = (result.employee, f"{result.campaign}/{result.key_point}")
        if acknowledge:
            self.asked.add(pair)
        if result.acknowledged_at and not stale:
            self.acknowledged.add(pair)
        self.answered += result.answered_at is not None
        self.right += result.answer.endswith(":right")
        self.hits = [sum(pair) for pair in zip(self.hits, _hits(result), strict=True)]

    def _behind(self, result: Result, *, acknowledge: bool) -> None:
        """Note whom each part counts."""
        parts = {
            grouped.WHOLE: True,
            "acknowledgements": acknowledge or result.acknowledged_at is not None,
            "answers": result.answered_at is not None,
            "opens": result.opens == NAMED,
            "clicks": result.clicks == NAMED,
            "counted": AGGREGATE in {result.opens, result.clicks},
        }
        for part, counts in parts.items():
            if counts:
                self.people[part].add(result.employee)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The counts and the rates, in the order of COUNTS and RATES."""
        asked, acknowledged = len(self.asked), len(self.acknowledged)
        counts = (self.messages, self.opened, self.unknown, self.failed)
        rates = (
            Rate(self.opened, self.measured),
            Rate(acknowledged, asked),
            Rate(self.right, self.answered),
        )
        return (*counts, asked, acknowledged, self.answered, self.right, *self.hits, *rates)


_hits = attrgetter(*HITS)


def opened(result: Result) -> bool:
    """Tell whether anything came back that only an opened message can cause."""
    return any((result.opened_at, result.clicked_at, result.answered_at, result.acknowledged_at))


class Export:
    """Reads the ledger once and fills the six tables."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        results: Results,
        directory: Directory,
        publications: Publications,
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

    def run(self, tables: Tables, on: date | None = None, *, named: bool = True) -> "Report":
        """Write every table, those of single people only where ``named``; return what a summary needs.

        ``on`` is the day from which negative receipts are seen; today when it is left out.
        """
        employees = {employee.id: employee for employee in self._directory.employees()}
        report = Report(self._publications)
        receipts = self._receipts.open(employees, on or self._clock.now().date())
        rows = self._deliveries(employees, report, receipts)
        if named:
            tables.write("deliveries", DELIVERIES, rows)
            tables.write("employees", EMPLOYEES, _people(employees, report))
            tables.write("receipts", RECEIPTS, receipts.rows())
        else:
            deque(rows, maxlen=0)
        for count in self._results.counts():
            report.count(count)
        for name, columns, tallies, hidden in report.grouped(self._smallest):
            lines: dict[tuple[str, ...], Row] = {
                key: (len(tally.employees), *tally.cells, *tally.counted.values())
                for key, tally in tallies.items()
            }
            tables.write(name, columns, grouped.rows(columns, lines, hidden))
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
    """The tallies of an export, by employee, key point, policy and week."""

    def __init__(self, publications: Publications) -> None:
        """Lay out a line for every key point and policy of the running campaigns, sent or not."""
        self._publications = publications
        self._running = publications.running()
        self._shown: dict[int, dict[str, tuple[str, KeyPoint, InForce]]] = {}
        self.by_employee: dict[str, Tally] = {}
        self.by_key_point: dict[tuple[str, str, str], Tally] = {}
        self.by_policy: dict[tuple[str, str, str], Tally] = {}
        self.by_week: dict[tuple[str, str], Tally] = {}
        self.by_department: dict[tuple[str, str], Tally] = {}
        for one in self._running:
            for policy, point in one.campaign.key_points:
                self.by_key_point[one.campaign.id, policy.id, point.id] = Tally()
                self.by_policy[one.campaign.id, policy.id, policy.version] = Tally()

    def add(self, result: Result, department: str) -> tuple[Told, InForce]:
        """Count one delivery on every line that it belongs to, by the text that it showed; return that text.

        Lines of a version and of a week tell what happened then: a stale acknowledgement counts on them.
        """
        version, point, standing = self._text(result)
        stale = standing == InForce.STALE
        for tally, now in (
            (self.by_employee.setdefault(result.employee, Tally()), True),
            (self.by_key_point.setdefault((result.campaign, result.policy, result.key_point), Tally()), True),
            (self.by_policy.setdefault((result.campaign, result.policy, version), Tally()), False),
            (self.by_week.setdefault((result.campaign, week_of(result.due_on)), Tally()), False),
            (self.by_department.setdefault((result.campaign, department), Tally()), True),
        ):
            tally.add(result, acknowledge=point.acknowledge, stale=stale and now)
        return Told(result=result, version=version, point=point, stale=stale), standing

    def count(self, count: Count) -> None:
        """Count hits without a person on every line that they belong to."""
        campaign = self._publications.get(count.publication).campaign
        policy, _ = campaign.key_point(count.key_point)
        for tally in (
            self.by_key_point.setdefault((campaign.id, policy.id, count.key_point), Tally()),
            self.by_policy.setdefault((campaign.id, policy.id, policy.version), Tally()),
            self.by_week.setdefault((campaign.id, count.week), Tally()),
        ):
            tally.counted[count.kind] += count.hits

    def grouped(self, smallest: int) -> Iterator[tuple[str, Sequence[str], Lines, grouped.Hidden]]:
        """Yield each grouped table: its name, its columns, its lines, and what of them stays hidden."""
        versions, points = grouped.branched(self.by_policy, self.by_key_point, smallest)
        yield "key_points", KEY_POINTS, self.by_key_point, points
        yield "policies", POLICIES, self.by_policy, versions
        for name, columns, lines in (
            ("weeks", WEEKS, self.by_week),
            ("departments", DEPARTMENTS, self.by_department),
        ):
            yield name, columns, dict(sorted(lines.items())), grouped.flat(lines, smallest)

    def _text(self, result: Result) -> tuple[str, KeyPoint, InForce]:
        """Return the version that a delivery showed, its key point, and how both stand to those in force."""
        if result.publication not in self._shown:
            self._shown[result.publication] = _texts(
                self._publications.get(result.publication), self._running
            )
        return self._shown[result.publication][result.key_point]


def _texts(published: Published, running: Sequence[Published]) -> dict[str, tuple[str, KeyPoint, InForce]]:
    return {
        point.id: (policy.version, point, in_force(published, running, point.id))
        for policy, point in published.campaign.key_points
    }
