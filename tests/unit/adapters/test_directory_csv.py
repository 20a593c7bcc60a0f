"""Employees from a CSV file: what offices save, and what is said when a row or the file is wrong."""

from datetime import date
from pathlib import Path

import pytest

from diffuse.adapters.directory_csv import COLUMNS, REQUIRED, read_directory
from diffuse.domain.people import Employee
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Row

ZOE = Employee(id="zoe", name="Zoé Côté", email="zoe@universite.example")


def rows(folder: Path, data: str | bytes) -> list[Row]:
    path = folder / "people.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(read_directory(path))


def refusals(folder: Path, data: str | bytes) -> tuple[Problem, ...]:
    with pytest.raises(AuthoringError) as refused:
        rows(folder, data)
    for problem in refused.value.problems:
        assert problem.file == str(folder / "people.csv")
    return refused.value.problems


def test_the_columns_are_the_parameters_of_an_employee() -> None:
    assert REQUIRED == ("id", "name", "email")
    assert (
        *REQUIRED,
        "language",
        "time_zone",
        "department",
        "roles",
        "manager",
        "starts",
        "ends",
        "tracking",
    ) == COLUMNS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_what_offices_save_is_read(tmp_path: Path, encoding: str, newline: str, delimiter: str) -> None:
    lines = (("id", "name", "email"), ("zoe", "Zoé Côté", "zoe@universite.example"))
    text = newline.join(delimiter.join(cells) for cells in lines) + newline
    assert [row.employee for row in rows(tmp_path, text.encode(encoding))] == [ZOE]


def test_every_column_is_read_in_any_order_and_case_and_blanks_around_values_are_dropped(
    tmp_path: Path,
) -> None:
    (row,) = rows(
        tmp_path,
        " EMAIL ,Id,name,language,time_zone,department,roles,manager,starts,ends\n"
        "zoe@universite.example,\u00a0zoe , Zoé Côté,en,Europe/Paris,Sciences,"
        "author; ;manager ,ana,2027-01-04,2027-06-30\n",
    )
    assert row == Row(
        line=2,
        file=str(tmp_path / "people.csv"),
        id="zoe",
        employee=Employee(
            id="zoe",
            name="Zoé Côté",
            email="zoe@universite.example",
            language="en",
            time_zone="Europe/Paris",
            department="Sciences",
            roles=("author", "manager"),
            manager="ana",
            starts=date(2027, 1, 4),
            ends=date(2027, 6, 30),
        ),
    )


def test_an_empty_value_of_an_optional_column_means_its_default(tmp_path: Path) -> None:
    (row,) = rows(
        tmp_path,
        f"{','.join(COLUMNS)}\nzoe,Zoé Côté,zoe@universite.example,,,,,,,,\n",
    )
    assert row.employee == ZOE


def test_semicolons_separate_roles_inside_quotes_of_a_file_with_semicolons(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, 'id;name;email;roles\nzoe;Zoé;zoe@universite.example;"author;manager"\n')
    assert row.employee is not None
    assert row.employee.roles == ("author", "manager")


def test_old_line_ends_do_not_let_the_rows_choose_the_delimiter(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, "id,name,email,roles\rzoe,Zoé,zoe@universite.example,a;b;c;d;e;f;g;h;i\r")
    assert row.employee is not None
    assert len(row.employee.roles) == 9


def test_lines_are_counted_as_an_editor_shows_them_over_quoted_newlines_and_blank_rows(
    tmp_path: Path,
) -> None:
    found = rows(
        tmp_path,
        "id,name,email,department\n"
        'ana,Ana Roy,ana@universite.example,"Affaires\n\njuridiques"\n'
        "\n"
        " , , ,\n"
        "zoe,Zoé Côté,zoe@universite.example,Sciences\n",
    )
    assert [(row.line, row.id) for row in found] == [(2, "ana"), (7, "zoe")]
    assert found[0].employee is not None
    assert found[0].employee.department == "Affaires\n\njuridiques"


def test_a_bad_row_is_named_with_its_line_and_all_its_reasons_and_the_others_stand(tmp_path: Path) -> None:
    bad, good = rows(
        tmp_path,
        "id,name,email,time_zone,starts,ends\n"
        "ana,,ana,America/Torono,04/01/2027,soon\n"
        "zoe,Zoé Côté,zoe@universite.example,,,\n",
    )
    assert (bad.line, bad.id, bad.employee, good.employee) == (2, "ana", None, ZOE)
    place = f"{tmp_path / 'people.csv'}:2: "
    said = [str(problem) for problem in bad.problems]
    assert all(text.startswith(place) for text in said)
    assert sorted(text.removeprefix(place).partition(";")[0] for text in said) == [
        "email: 'ana'",
        "ends: 'soon' is not a day",
        "name: ''",
        "starts: '04/01/2027' is not a day",
        "time_zone: 'America/Torono' is not a time zone",
    ]
    (zone,) = [text for text in said if "time_zone" in text]
    assert zone.endswith("did you mean 'America/Toronto'?")


def test_a_row_with_a_wrong_day_is_no_employee_although_the_rest_is_right(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, "id,name,email,starts\nzoe,Zoé,zoe@universite.example,2027-02-30\n")
    assert row.employee is None
    assert [problem.expected for problem in row.problems] == ["YYYY-MM-DD"]


@pytest.mark.parametrize("written", ["20270104", "2027-W01-1", "2027-1-4"])
def test_a_day_is_written_in_one_way(tmp_path: Path, written: str) -> None:
    (row,) = rows(tmp_path, f"id,name,email,starts\nzoe,Zoé,zoe@universite.example,{written}\n")
    assert [problem.found for problem in row.problems] == [f"starts: {written!r} is not a day"]


@pytest.mark.parametrize(("cells", "count"), [("zoe,Zoé", 2), ("zoe,Zoé,zoe@universite.example,fr", 4)])
def test_a_row_with_too_few_or_too_many_values_is_named(tmp_path: Path, cells: str, count: int) -> None:
    (row,) = rows(tmp_path, f"id,name,email\n{cells}\n")
    assert row.employee is None
    assert [str(problem) for problem in row.problems] == [
        f"{tmp_path / 'people.csv'}:2: {count} values; expected 3, as in the header"
    ]


def test_the_header_is_refused_with_every_column_that_is_unknown_missing_or_doubled(tmp_path: Path) -> None:
    said = refusals(tmp_path, "id,name,e-mail,nmae,id\nzoe,Zoé,zoe@universite.example,,zoe\n")
    assert [(problem.line, problem.found, problem.suggestion) for problem in said] == [
        (1, "column 'e-mail' is not known", "email"),
        (1, "column 'nmae' is not known", "name"),
        (1, "column 'email' is missing", ""),
        (1, "column 'id' stands twice", ""),
    ]


@pytest.mark.parametrize("data", ["", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused_with_a_header_to_copy(tmp_path: Path, data: str | bytes) -> None:
    (problem,) = refusals(tmp_path, data)
    assert (problem.line, problem.found) == (1, "an empty file")
    assert problem.expected == f"a header such as {','.join(COLUMNS)}"


def test_a_header_without_rows_has_no_rows(tmp_path: Path) -> None:
    assert rows(tmp_path, "id,name,email\n") == []


def test_an_unclosed_quote_is_named_with_the_line_where_its_row_begins(tmp_path: Path) -> None:
    (problem,) = refusals(
        tmp_path, 'id,name,email\nana,Ana,a@b.example\nzoe,"Zoé,z@b.example\nmax,Max,m@b.example\n'
    )
    assert problem.line == 3
    assert problem.found.startswith("not readable as CSV: ")
    assert problem.expected == "quotes that are closed, and doubled inside a value"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"id,name,email\0\n", "not a text file"),
        ("id,name,email\n".encode("utf-16"), "not a text file"),
        (b"id,name,email\nzoe,Zo\x81,z\n", "neither UTF-8 nor Windows-1252"),
    ],
)
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, data: bytes, found: str) -> None:
    (problem,) = refusals(tmp_path, data)
    assert (problem.line, problem.found, problem.expected) == (1, found, "CSV, saved as UTF-8")


@pytest.mark.parametrize(("name", "reason"), [("missing.csv", "No such file"), ("", "Is a directory")])
def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(AuthoringError, match=rf"{tmp_path / name}: cannot be read: {reason}.*a CSV file"):
        list(read_directory(tmp_path / name))
