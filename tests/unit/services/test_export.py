"""Exporting: counts as docs/csv.md defines them, nobody and nothing left out, the same bytes each time."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from diffuse.adapters.csv_tables import CsvTables
from diffuse.domain.delivery import State
from diffuse.domain.events import Event, Kind
from diffuse.domain.evidence import Acknowledgement
from diffuse.domain.measures import Rate
from diffuse.domain.people import Employee
from diffuse.domain.verdicts import Hit, What
from diffuse.ports import Import, Result
from diffuse.services.export import (
    DELIVERIES,
    DEPARTMENTS,
    EMPLOYEES,
    KEY_POINTS,
    POLICIES,
    WEEKS,
)
from diffuse.services.posts import POSTS
from diffuse.services.receipts import RECEIPTS
from diffuse.services.tally import opened
from tests.unit.services.given import DAY, EARLY, MONDAY, Office, campaign, key_point, person

ASKS = key_point("pause")
TELLS = key_point("notice", acknowledge=False)
COUNTED = ("messages", "opened", "unknown", "failed", "asked", "acknowledged", "answered", "right")
HITS = ("raw_opens", "human_opens", "unsure_opens", "raw_clicks", "human_clicks", "unsure_clicks")


class Sheets:
    """Keeps each table as a list of rows by column."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, object]]] = {}
        self.columns: dict[str, tuple[str, ...]] = {}

    def write(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        self.columns[name] = tuple(columns)
        self.tables[name] = [dict(zip(columns, row, strict=True)) for row in rows]

    def counts(self, table: str, key: str, *more: str) -> dict[object, tuple[object, ...]]:
        return {row[key]: tuple(row[name] for name in (*more, *COUNTED)) for row in self.tables[table]}


def exported(office: Office) -> Sheets:
    sheets = Sheets()
    office.export.run(sheets)
    return sheets


def back(office: Office, delivery: int, kind: Kind, detail: str = "") -> None:
    """Let something come back from a delivery, at the clock's instant."""
    now = office.clock.now()
    if kind is Kind.ACKNOWLEDGED:
        given = Acknowledgement(
            delivery=delivery, policy="conduct", version="1", language="fr", statement="Lu.", at=now
        )
        office.hits.acknowledge(given, now.date())
    else:
        office.hits.record(Event(delivery=delivery, kind=kind, at=now, detail=detail), now.date())


def busy_office() -> tuple[Office, dict[str, int]]:
    """An office after its Monday: five messages of one key point, and who got which."""
    office = Office(
        *(person(name) for name in ("ana", "bob", "eve", "max", "zoe")),
        person("new", starts=date(2027, 2, 1), department="Sciences"),
    )
    office.launch(campaign(ASKS, TELLS))
    office.channel.replies = {
        "bob@universite.example": State.FAILED,
        "max@universite.example": State.UNKNOWN,
    }
    office.day()
    office.channel.replies.clear()
    return office, {row.employee: row.delivery for row in office.rows()}


def test_the_columns_are_those_of_the_documentation() -> None:
    sheets = exported(Office(person("ana")))
    rates = ("open_rate", "acknowledgement_rate", "right_rate")
    assert sheets.columns == {
        "deliveries": (*Result.__dataclass_fields__, "version", "acknowledgement"),
        "employees": ("employee", "name", "department", "language", *COUNTED, *HITS, *rates),
        "key_points": (
            "campaign",
            "policy",
            "key_point",
            "channel",
            "intended",
            "employees",
            *COUNTED,
            *HITS,
            *rates,
            "reach_rate",
            "counted_opens",
            "counted_clicks",
            "suppressed",
        ),
        "policies": (
            "campaign",
            "policy",
            "version",
            "channel",
            "intended",
            "employees",
            *COUNTED,
            *HITS,
            *rates,
            "reach_rate",
            "counted_opens",
            "counted_clicks",
            "suppressed",
        ),
        "weeks": (
            "campaign",
            "week",
            "employees",
            *COUNTED,
            *HITS,
            *rates,
            "counted_opens",
            "counted_clicks",
            "suppressed",
        ),
        "departments": ("campaign", "department", "employees", *COUNTED, *HITS, *rates, "suppressed"),
        "posts": (
            "post",
            "campaign",
            "policy",
            "key_point",
            "audience",
            "language",
            "channel",
            "state",
            "reason",
            "wanted_on",
            "sent_at",
            "updated_at",
            "withdrawn_at",
            "url",
            "version",
            "intended",
            "visitors",
            "acknowledged",
            "reach_rate",
            "acknowledgement_rate",
            "suppressed",
        ),
        "receipts": ("campaign", "policy", "version", "key_point", "person", "why", "since", "as_of"),
    }
    named = {"deliveries": DELIVERIES, "employees": EMPLOYEES, "receipts": RECEIPTS}
    groups = {"key_points": KEY_POINTS, "policies": POLICIES, "weeks": WEEKS, "departments": DEPARTMENTS}
    assert sheets.columns == named | groups | {"posts": POSTS}
    page = Path("docs/csv.md").read_text(encoding="utf-8")
    documented = {
        cell.strip("` …")
        for line in page.splitlines()
        for cell in line.split("|")
        for cell in cell.split(",")
    }
    assert documented >= {name for columns in sheets.columns.values() for name in columns}


def test_employees_without_messages_and_key_points_never_sent_have_a_line_of_zeros() -> None:
    office, _ = busy_office()
    sheets = exported(office)
    assert sheets.counts("employees", "employee")["new"] == (0,) * 8
    assert sheets.counts("key_points", "key_point", "employees")["notice"] == (0,) * 9
    new = next(row for row in sheets.tables["employees"] if row["employee"] == "new")
    assert (new["name"], new["department"], new["language"]) == ("New Roy", "Sciences", "fr")
    assert new["open_rate"] == Rate(0, 0)
    assert [row["employee"] for row in sheets.tables["employees"]] == [
        "ana", "bob", "eve", "max", "new", "zoe",
    ]  # fmt: skip


def test_without_campaigns_or_people_the_tables_have_headers_only() -> None:
    sheets = exported(Office())
    assert set(sheets.tables) == {
        "deliveries", "departments", "employees", "key_points", "policies", "posts", "receipts", "weeks",
    }  # fmt: skip
    assert not any(sheets.tables.values())


def test_only_sent_messages_count_and_failed_and_unknown_ones_stand_apart() -> None:
    office, _ = busy_office()
    sheets = exported(office)
    expected = (3, 3, 0, 1, 1, 3, 0, 0, 0)
    assert sheets.counts("key_points", "key_point", "employees")["pause"] == expected
    assert sheets.counts("policies", "version", "employees") == {"1": expected}
    assert sheets.counts("weeks", "week", "employees") == {"2027-W01": expected}
    by_employee = sheets.counts("employees", "employee")
    assert by_employee["bob"] == (0, 0, 0, 1, 0, 0, 0, 0)
    assert by_employee["max"] == (0, 0, 1, 0, 0, 0, 0, 0)
    assert by_employee["zoe"] == (1, 0, 0, 0, 1, 0, 0, 0)


def test_planned_messages_are_listed_and_not_counted() -> None:
    office = Office(person("ana"))
    office.launch(campaign())
    office.plan.run()
    sheets = exported(office)
    assert [row["state"] for row in sheets.tables["deliveries"]] == [State.PLANNED]
    assert sheets.counts("employees", "employee")["ana"] == (0,) * 8


def test_whatever_only_an_opened_message_can_cause_counts_as_opened() -> None:
    office, number = busy_office()
    back(office, number["ana"], Kind.OPENED)
    back(office, number["eve"], Kind.CLICKED, "https://universite.example/regle")
    back(office, number["zoe"], Kind.ANSWERED, "1:right")
    back(office, number["zoe"], Kind.OPENED)
    rows = {row.employee: row for row in office.rows()}
    assert [opened(rows[name]) for name in ("ana", "eve", "zoe", "bob")] == [True, True, True, False]
    line = exported(office).tables["key_points"][0]
    assert (line["opened"], line["open_rate"]) == (3, Rate(3, 3))
    assert (line["answered"], line["right"], line["right_rate"]) == (1, 1, Rate(1, 1))


def test_a_wrong_answer_is_answered_and_not_right() -> None:
    office, number = busy_office()
    back(office, number["zoe"], Kind.ANSWERED, "0:wrong")
    back(office, number["zoe"], Kind.ANSWERED, "1:right")
    assert exported(office).counts("employees", "employee")["zoe"] == (1, 1, 0, 0, 1, 0, 1, 0)


def test_an_acknowledgement_counts_once_however_often_the_key_point_returns() -> None:
    office, number = busy_office()
    back(office, number["zoe"], Kind.ACKNOWLEDGED)
    for _ in range(4):
        office.day()
    again = [row for row in office.rows() if row.employee == "zoe" and row.key_point == "pause"]
    assert [(row.touch, row.state) for row in again] == [(0, State.SENT), (1, State.SENT)]
    back(office, again[1].delivery, Kind.ACKNOWLEDGED)
    sheets = exported(office)
    zoe = next(row for row in sheets.tables["employees"] if row["employee"] == "zoe")
    assert (zoe["asked"], zoe["acknowledged"], zoe["acknowledgement_rate"]) == (1, 1, Rate(1, 1))
    line = sheets.tables["key_points"][0]
    assert (line["key_point"], line["employees"], line["asked"], line["acknowledged"]) == ("pause", 5, 5, 1)


def test_a_key_point_that_only_tells_asks_nobody() -> None:
    office = Office(person("ana"))
    office.launch(campaign(TELLS))
    office.day()
    assert exported(office).counts("key_points", "key_point")["notice"] == (1, 0, 0, 0, 0, 0, 0, 0)


def test_each_version_of_a_policy_that_was_sent_has_its_own_line_and_what_came_back_stays_there() -> None:
    office = Office(person("ana"))
    office.launch(campaign(ASKS, version="1"))
    office.day()
    (first,) = office.rows()
    office.launch(campaign(ASKS, version="2"))
    assert exported(office).counts("policies", "version", "employees") == {
        "2": (0,) * 9,
        "1": (1, 1, 0, 0, 0, 1, 0, 0, 0),
    }
    for _ in range(4):
        office.day()
    back(office, first.delivery, Kind.ACKNOWLEDGED)
    assert exported(office).counts("policies", "version", "employees") == {
        "2": (1, 1, 0, 0, 0, 1, 0, 0, 0),
        "1": (1, 1, 1, 0, 0, 1, 1, 0, 0),
    }


def test_a_key_point_that_a_new_text_dropped_keeps_its_line() -> None:
    office = Office(person("ana"))
    office.launch(campaign("pause"))
    office.day()
    office.launch(campaign("disclose"))
    lines = exported(office).counts("key_points", "key_point")
    assert {name: line[0] for name, line in lines.items()} == {"disclose": 0, "pause": 1}


def test_weeks_are_those_of_the_calendar_at_the_employees_and_stand_in_order() -> None:
    office = Office(person("ana"), at=EARLY - 7 * DAY)
    office.launch(campaign("pause", starts=MONDAY - 7 * DAY))
    for _ in range(12):
        office.day()
    weeks = [(row["week"], row["messages"]) for row in exported(office).tables["weeks"]]
    assert weeks == [("2026-W53", 2), ("2027-W01", 1)]


def test_instants_are_in_the_employees_own_time_zone() -> None:
    office = Office(person("ana"), person("zoe", time_zone="America/Vancouver"))
    office.launch(campaign())
    office.plan.run()
    offsets = [
        row["due_at"].utcoffset()
        for row in exported(office).tables["deliveries"]
        if isinstance(row["due_at"], datetime)
    ]
    assert offsets == [timedelta(hours=-5), timedelta(hours=-8)]


def test_somebody_enrolled_and_planned_for_while_it_runs_is_in_the_tables() -> None:
    office, _ = busy_office()

    class Growing:
        """A directory in which nobody is at first."""

        def __init__(self) -> None:
            self.asked = 0

        def employees(self) -> Sequence[Employee]:
            self.asked += 1
            return () if self.asked == 1 else office.directory.employees()

        def those(self, ids: Collection[str]) -> Sequence[Employee]:
            raise NotImplementedError

        def called(self, value: str) -> Sequence[Employee]:
            raise NotImplementedError

        def save(self, employees: Sequence[Employee], *, end_missing: date | None = None) -> Import:
            raise NotImplementedError

    sheets = Sheets()
    office.exporting(Growing()).run(sheets)
    assert len(sheets.tables["deliveries"]) == 5
    assert len(sheets.tables["employees"]) == 6


def test_the_same_ledger_gives_the_same_bytes(tmp_path: Path) -> None:
    office, number = busy_office()
    back(office, number["zoe"], Kind.ACKNOWLEDGED)
    for name in ("first", "second"):
        office.export.run(CsvTables(tmp_path / name), MONDAY)
        office.clock.advance(DAY)
    names = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert names == [
        f"{name}.csv"
        for name in (
            "deliveries",
            "departments",
            "employees",
            "key_points",
            "policies",
            "posts",
            "receipts",
            "weeks",
        )
    ]
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_the_totals_of_all_tables_agree_with_one_another() -> None:
    office, number = busy_office()
    for name, kind in (("ana", Kind.OPENED), ("eve", Kind.ACKNOWLEDGED), ("zoe", Kind.ACKNOWLEDGED)):
        back(office, number[name], kind)
    for _ in range(20):
        office.day()
    sheets = exported(office)
    for column in ("messages", "opened", "unknown", "failed", "answered", "right"):
        totals = {
            sum(cell for row in sheets.tables[table] if isinstance(cell := row[column], int))
            for table in ("employees", "key_points", "policies", "weeks")
        }
        assert len(totals) == 1
    sent = sum(row["state"] == State.SENT for row in sheets.tables["deliveries"])
    assert sent == sum(int(str(row["messages"])) for row in sheets.tables["employees"])


def test_hits_are_added_up_by_whose_they_are() -> None:
    office = Office(person("ana"), person("eve"))
    office.launch(campaign(ASKS))
    office.day()
    number = {row.employee: row.delivery for row in office.rows()}
    ana = number["ana"]
    at = office.clock.now() + timedelta(hours=1)
    for name, agent in (("ana", "Mozilla/5.0"), ("ana", "Thunderbird"), ("eve", "Thunderbird")):
        office.hits.record_many(
            [Hit(delivery=number[name], what=What.OPEN, at=at, day=at.date(), agent=agent)]
        )
    blank = Hit(delivery=ana, what=What.CLICK, at=office.clock.now(), day=at.date(), agent="", number=0)
    office.hits.record_many([blank])
    sheets = exported(office)
    (line,) = sheets.tables["policies"]
    assert [line[name] for name in HITS] == [3, 2, 0, 1, 0, 0]
    (one,) = (row for row in sheets.tables["deliveries"] if row["employee"] == "ana")
    assert [one[name] for name in HITS] == [2, 1, 0, 1, 0, 0]
