"""Grouped tables: what is told of groups, and what is not."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from diffuse.adapters.csv_tables import CsvTables
from diffuse.domain.events import Event, Kind
from diffuse.domain.measures import Rate
from diffuse.domain.people import EVERYONE, Audience, Employee
from diffuse.domain.posting import Meeting, Posting
from diffuse.domain.tracking import Tracking
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


def both(people: Sequence[Employee]) -> Office:
    """An office that has mailed a key point, and posted it in both languages."""
    office = Office(*people, smallest_group=5)
    office.launch(campaign(ASKS, channels=("wordpress", "email")))
    office.day()
    return office


def post_of(office: Office, language: str = "fr") -> Posting:
    (post,) = [one for one in office.postings.all() if one.language == language]
    assert post.stands
    return post


def meet(office: Office, post: Posting, *names: str) -> None:
    now = office.clock.now()
    for name in names:
        office.postings.meet(
            Meeting(posting=post, employee=name, day=now.date(), at=now, tracking=Tracking())
        )


def hidden_posts(sheets: Sheets) -> dict[object, object]:
    return {row["language"]: row["suppressed"] for row in sheets.tables["posts"]}


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


def test_a_post_that_three_people_met_is_told_in_no_table_and_not_by_what_was_mailed() -> None:
    office = both(staff(library=12))
    meet(office, post_of(office), "library0", "library1", "library2")
    sheets = exported(office)
    for name in ("key_points", "policies"):
        told = {row["channel"]: (row["suppressed"], row["messages"]) for row in sheets.tables[name]}
        # All messages stand in weeks.csv: less those that were mailed they would be the three.
        assert told == {"wordpress": ("group", None), "email": ("group", None)}, name
    assert [row["messages"] for row in sheets.tables["weeks"]] == [15]
    assert hidden_posts(sheets) == {"fr": "group", "en": "group"}


def test_a_post_that_nobody_met_and_one_that_many_met_are_told() -> None:
    office = both(staff(library=12))
    post = post_of(office)
    meet(office, post, *(f"library{number}" for number in range(6)))
    sheets = exported(office)
    assert {row["suppressed"] for row in sheets.tables["key_points"]} == {""}
    assert hidden_posts(sheets) == {"fr": "", "en": ""}
    assert [row["reach_rate"] for row in sheets.tables["posts"]] == [Rate(6, 12), Rate(0, 0)]


def test_posts_of_a_key_point_do_not_tell_what_one_of_them_hides() -> None:
    people = [*staff(library=12), *(person(f"x{number}", language="en") for number in range(8))]
    office = both(people)
    french, english = post_of(office), post_of(office, "en")
    meet(office, french, *(f"library{number}" for number in range(9)))
    meet(office, english, "x0", "x1")
    sheets = exported(office)
    assert {row["channel"]: row["suppressed"] for row in sheets.tables["key_points"]}["wordpress"] == ""
    assert hidden_posts(sheets) == {"fr": "group", "en": "group"}
    assert {row["reach_rate"] for row in sheets.tables["posts"]} == {None}
    assert {row["state"] for row in sheets.tables["posts"]} == {"sent"}


def test_four_readers_of_a_language_are_not_told_as_an_audience() -> None:
    office = both([*staff(library=12), *(person(f"x{number}", language="en") for number in range(4))])
    assert {row["intended"] for row in exported(office).tables["key_points"]} == {16}
    assert hidden_posts(exported(office)) == {"fr": "group", "en": "group"}


def test_an_audience_of_all_but_three_does_not_tell_the_three() -> None:
    office = Office(*staff(library=12, archives=3), smallest_group=5)
    inside = Audience(id="inside", departments=("library",))
    point = key_point("cite", audience="inside")
    office.launch(campaign(ASKS, point, audiences=(EVERYONE, inside), channels=("wordpress",)))
    rows = {row["key_point"]: row for row in exported(office).tables["key_points"]}
    told = {name: (row["intended"], row["reach_rate"], row["suppressed"]) for name, row in rows.items()}
    assert told == {"pause": (15, Rate(0, 15), ""), "cite": (None, None, "reach")}


def test_an_audience_of_three_is_not_told_by_its_policy_nor_by_the_other_key_points() -> None:
    office = Office(*staff(library=12, archives=3), smallest_group=5)
    inside, few = (Audience(id=name, departments=(name,)) for name in ("library", "archives"))
    points = (key_point("cite", audience="library"), key_point("keep", audience="archives"))
    office.launch(campaign(*points, audiences=(EVERYONE, inside, few), channels=("wordpress",)))
    sheets = exported(office)
    assert [row["intended"] for row in sheets.tables["policies"]] == [None]
    assert {row["key_point"]: row["intended"] for row in sheets.tables["key_points"]} == {
        "cite": None, "keep": None,
    }  # fmt: skip
