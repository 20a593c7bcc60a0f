"""Grouped tables: what is told of groups, and what is not."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from diffuse.adapters.csv_tables import CsvTables
from diffuse.domain.events import Event, Kind
from diffuse.domain.people import Employee
from tests.unit.services.given import Office, campaign, key_point, person

ASKS = key_point("pause")


class Sheets:
    """Keeps each table as a list of rows by column."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, object]]] = {}

    def write(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        self.tables[name] = [dict(zip(columns, row, strict=True)) for row in rows]


def exported(office: Office) -> Sheets:
    sheets = Sheets()
    office.export.run(sheets)
    return sheets


def staff(**departments: int) -> list[Employee]:
    return [
        person(f"{name}{number}", department=name)
        for name, count in departments.items()
        for number in range(count)
    ]


def office_of(**departments: int) -> Office:
    office = Office(*staff(**departments), smallest_group=5)
    office.launch(campaign(ASKS))
    office.day()
    return office


def test_a_unit_of_four_people_has_no_rate_and_no_count_and_no_other_row_tells_it() -> None:
    sheets = exported(office_of(archives=4, library=9, sciences=6))
    told = {row["department"]: row for row in sheets.tables["departments"]}
    assert {name: row["suppressed"] for name, row in told.items()} == {
        "archives": "group", "library": "", "sciences": "group",
    }  # fmt: skip
    for name in ("archives", "sciences"):
        assert {
            told[name][column] for column in told[name].keys() - {"campaign", "department", "suppressed"}
        } == {None}
    assert told["library"]["messages"] == 9
    assert [row["messages"] for row in sheets.tables["weeks"]] == [19]


def test_nothing_is_told_of_a_campaign_for_four_people() -> None:
    sheets = exported(office_of(archives=4))
    for name in ("key_points", "policies", "weeks", "departments"):
        assert [row["suppressed"] for row in sheets.tables[name]] == ["group"], name


def test_what_four_people_answered_is_not_told_of_a_group_of_ten() -> None:
    office = office_of(library=10)
    now = office.clock.now()
    for row in office.rows()[:4]:
        office.hits.record(
            Event(delivery=row.delivery, kind=Kind.ANSWERED, at=now, detail="0:right"), now.date()
        )
    line = exported(office).tables["key_points"][0]
    assert (line["suppressed"], line["answered"], line["right"], line["right_rate"]) == (
        "answers", None, None, None,
    )  # fmt: skip
    assert line["opened"] == 4


def test_a_hidden_row_has_as_many_cells_as_any_other(tmp_path: Path) -> None:
    office_of(archives=4, library=9, sciences=6).export.run(CsvTables(tmp_path))
    lines = (tmp_path / "departments.csv").read_text(encoding="utf-8").splitlines()
    assert len({line.count(",") for line in lines}) == 1
    assert set(lines[1].split(",")[2:]) == {"", "group"}
