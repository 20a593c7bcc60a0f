"""Absences and duties from CSV files: what offices save, and every mistake at once."""

from datetime import date
from pathlib import Path

import pytest

from diffuse.adapters.succession_csv import read_absences, read_duties
from diffuse.domain.people import Absence
from diffuse.domain.succession import Duty
from diffuse.errors import AuthoringError
from tests.unit.adapters.test_schema import SHIPPED


def written(folder: Path, data: str, encoding: str = "utf-8") -> Path:
    path = folder / "list.csv"
    path.write_bytes(data.encode(encoding))
    return path


def test_absences_are_read_with_their_lines(tmp_path: Path) -> None:
    path = written(
        tmp_path, "starts;ends;Employee\n2027-01-04;2027-01-05; zoé \n\n2027-02-01;2027-02-01;ana\n"
    )
    assert read_absences(path) == {
        2: Absence(employee="zoé", starts=date(2027, 1, 4), ends=date(2027, 1, 5)),
        4: Absence(employee="ana", starts=date(2027, 2, 1), ends=date(2027, 2, 1)),
    }


def test_duties_are_read_as_spreadsheets_save_them_and_a_substitute_may_be_missing(tmp_path: Path) -> None:
    path = written(
        tmp_path, "role,duty,holder,substitute\r\nauthor,Réviser,ana,bob\r\nauthor,Écrire,ana,\r\n", "cp1252"
    )
    assert read_duties(path) == {
        2: Duty(role="author", duty="Réviser", holder="ana", substitute="bob"),
        3: Duty(role="author", duty="Écrire", holder="ana"),
    }


def test_every_mistake_in_a_list_of_absences_is_told_at_once(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "employee,starts,ends\nana,4 janvier,2027-1-5\nbob,2027-01-05,2027-01-04\n"
        ",2027-01-04,2027-01-05\na,b\n",
    )
    with pytest.raises(AuthoringError) as refused:
        read_absences(path)
    assert [(problem.line, problem.found) for problem in refused.value.problems] == [
        (2, "starts: '4 janvier' is not a day"),
        (2, "ends: '2027-1-5' is not a day"),
        (3, "ends: 2027-01-04 lies before the first day, 2027-01-05"),
        (4, "employee: ''"),
        (5, "2 values"),
    ]


def test_a_duty_stands_once_and_nobody_stands_in_for_themselves(tmp_path: Path) -> None:
    twice = written(tmp_path, "role,duty,holder\nauthor,Réviser,ana\nauthor,Réviser,bob\n")
    with pytest.raises(
        AuthoringError, match=r"list\.csv:3: the duty 'Réviser' of 'author' already stands on"
    ):
        read_duties(twice)
    alone = written(tmp_path, "role,duty,holder,substitute\nauthor,Réviser,ana,ana\n")
    with pytest.raises(AuthoringError, match=r"list\.csv:2: substitute: 'ana' would stand in for themselves"):
        read_duties(alone)


def test_a_column_that_is_missing_or_unknown_is_told(tmp_path: Path) -> None:
    with pytest.raises(AuthoringError) as refused:
        read_duties(written(tmp_path, "role,duty,titulaire\nauthor,Réviser,ana\n"))
    assert [problem.found for problem in refused.value.problems] == [
        "column 'titulaire' is not known",
        "column 'holder' is missing",
    ]


def test_the_shipped_lists_are_read() -> None:
    assert len(read_absences(SHIPPED.parent / "sample-absences.csv")) == 2
    assert [one.substitute for one in read_duties(SHIPPED.parent / "sample-duties.csv").values()].count(
        ""
    ) == 1
