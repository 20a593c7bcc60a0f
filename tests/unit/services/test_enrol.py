"""Enrolling from rows: all or none, every mistake by its line, and nobody is lost."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from diffuse.adapters.sql.directory import SqlDirectory
from diffuse.adapters.sql.engine import connect
from diffuse.adapters.sql.migrate import upgrade
from diffuse.domain.people import Employee
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Directory, Row
from diffuse.services.enrol import enrol

LAST = date(2027, 6, 30)


@pytest.fixture
def directory() -> Iterator[Directory]:
    engine = connect("sqlite://")
    upgrade(engine)
    yield SqlDirectory(engine)
    engine.dispose()


def person(name: str, **changes: object) -> Employee:
    plain = Employee(id=name, name=f"{name.title()} Roy", email=f"{name}@universite.example")
    return replace(plain, **changes)  # type: ignore[arg-type]


def good(line: int, name: str, **changes: object) -> Row:
    employee = person(name, **changes)
    return Row(line=line, file="people.csv", id=employee.id, employee=employee)


def bad(line: int, name: str = "") -> Row:
    wrong = Problem(file="people.csv", line=line, found="email: 'x'", expected="an address")
    return Row(line=line, file="people.csv", id=name, problems=(wrong,))


def ids(directory: Directory) -> list[str]:
    return [employee.id for employee in directory.employees()]


def refused(directory: Directory, *rows: Row, skip_bad: bool = False, end: date | None = None) -> list[str]:
    before = directory.employees()
    with pytest.raises(AuthoringError) as error:
        enrol(rows, directory, skip_bad=skip_bad, end_missing=end)
    assert directory.employees() == before
    return [str(problem) for problem in error.value.problems]


def test_good_rows_are_added_and_an_import_again_updates(directory: Directory) -> None:
    first = enrol([good(2, "zoe"), good(3, "ana")], directory)
    assert (first.changes.added, first.skipped) == (("zoe", "ana"), ())
    again = enrol([good(2, "zoe"), good(3, "ana", department="Sciences"), good(4, "max")], directory).changes
    assert (again.added, again.updated, again.unchanged, again.missing) == (("max",), ("ana",), ("zoe",), ())
    assert [who.department for who in directory.employees()] == ["Sciences", "", ""]


def test_one_bad_row_keeps_all_rows_out_and_every_bad_row_is_named(directory: Directory) -> None:
    said = refused(directory, good(2, "zoe"), bad(3), good(4, "ana", manager="nobody"), bad(5, "max"))
    assert said == [
        "people.csv:3: email: 'x'; expected an address",
        "people.csv:5: email: 'x'; expected an address",
        "people.csv:4: manager: nobody has the id 'nobody'; expected the id of another employee, or nothing",
    ]
    assert ids(directory) == []


def test_skipping_imports_the_good_rows_and_names_those_left_out(directory: Directory) -> None:
    done = enrol([good(2, "zoe"), bad(3), good(4, "ana")], directory, skip_bad=True)
    assert done.changes.added == ("zoe", "ana")
    assert [problem.line for problem in done.skipped] == [3]
    assert ids(directory) == ["ana", "zoe"]


def test_a_repeated_id_or_address_is_named_with_its_first_line(directory: Directory) -> None:
    said = refused(
        directory,
        good(2, "zoe"),
        good(3, "zoe", email="other@universite.example"),
        good(4, "max", email="ZOE@universite.example"),
        good(5, "zoe"),
    )
    assert said == [
        "people.csv:3: id: 'zoe' already stands on line 2; expected each employee once",
        "people.csv:4: email: 'zoe@universite.example' already stands on line 2; expected each employee once",
        "people.csv:5: id: 'zoe' already stands on line 2; expected each employee once",
        "people.csv:5: email: 'zoe@universite.example' already stands on line 2; expected each employee once",
    ]


def test_of_repeated_rows_the_first_is_imported_when_bad_ones_are_skipped(directory: Directory) -> None:
    enrol([good(2, "zoe"), good(3, "zoe", email="other@universite.example")], directory, skip_bad=True)
    assert [who.email for who in directory.employees()] == ["zoe@universite.example"]


def test_a_manager_may_stand_later_in_the_file_or_only_in_the_directory(directory: Directory) -> None:
    enrol([good(2, "zoe", manager="ana"), good(3, "ana")], directory)
    enrol([good(2, "max", manager="zoe")], directory)
    assert [who.manager for who in directory.employees()] == ["", "zoe", "ana"]


def test_a_manager_in_a_bad_row_is_not_called_unknown(directory: Directory) -> None:
    said = refused(directory, good(2, "zoe", manager="ana"), bad(3, "ana"))
    assert said == ["people.csv:3: email: 'x'; expected an address"]


def test_the_people_of_a_manager_who_is_left_out_wait_for_the_mended_row_too(directory: Directory) -> None:
    done = enrol(
        [
            bad(2, "ana"),
            good(3, "zoe", manager="ana"),
            good(4, "max", manager="zoe"),
            good(5, "eve"),
        ],
        directory,
        skip_bad=True,
    )
    assert done.changes.added == ("eve",)
    assert [str(problem).partition(";")[0] for problem in done.skipped] == [
        "people.csv:2: email: 'x'",
        "people.csv:3: manager: the row of 'ana' is left out",
        "people.csv:4: manager: the row of 'zoe' is left out",
    ]


def test_a_manager_whose_row_is_left_out_but_who_is_known_keeps_the_team(directory: Directory) -> None:
    enrol([good(2, "ana")], directory)
    done = enrol([bad(2, "ana"), good(3, "zoe", manager="ana")], directory, skip_bad=True)
    assert done.changes.added == ("zoe",)


def test_those_who_are_not_in_the_file_are_reported_and_kept_as_they_are(directory: Directory) -> None:
    enrol([good(2, "zoe"), good(3, "ana")], directory)
    assert enrol([good(2, "zoe")], directory).changes.missing == ("ana",)
    assert [who.ends for who in directory.employees()] == [None, None]


def test_a_last_day_is_given_on_request_to_those_who_are_not_in_the_file(directory: Directory) -> None:
    enrol([good(2, "zoe"), good(3, "ana")], directory)
    assert enrol([good(2, "zoe")], directory, end_missing=LAST).changes.missing == ("ana",)
    assert [(who.id, who.ends) for who in directory.employees()] == [("ana", LAST), ("zoe", None)]


def test_an_employee_whose_row_is_left_out_is_not_missing_and_gets_no_last_day(directory: Directory) -> None:
    enrol([good(2, "zoe"), good(3, "ana"), good(4, "max")], directory)
    changes = enrol([good(2, "zoe"), bad(3, "ana")], directory, skip_bad=True, end_missing=LAST).changes
    assert (changes.unchanged, changes.missing) == (("zoe",), ("max",))
    assert [(who.id, who.ends) for who in directory.employees()] == [
        ("ana", None),
        ("max", LAST),
        ("zoe", None),
    ]


def test_nobody_gets_a_last_day_while_a_row_does_not_say_whose_it_is(directory: Directory) -> None:
    enrol([good(2, "zoe"), good(3, "ana")], directory)
    said = refused(directory, good(2, "zoe"), bad(3), skip_bad=True, end=LAST)
    assert said == [
        "people.csv:3: email: 'x'; expected an address",
        (
            "people.csv:3: nobody can be called missing: whose row this is cannot be read; "
            "expected a row with an id, or no last day for the missing"
        ),
    ]


@pytest.mark.parametrize("skip_bad", [True, False])
def test_a_file_without_a_row_to_import_is_refused(directory: Directory, *, skip_bad: bool) -> None:
    enrol([good(2, "zoe")], directory)
    assert refused(directory, skip_bad=skip_bad, end=LAST) == [
        "no row to import; expected at least one employee"
    ]
    assert "no row to import" in refused(directory, bad(2, "ana"), skip_bad=True)[-1]
