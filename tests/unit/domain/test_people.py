"""Employees and audiences."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from diffuse.domain.people import EVERYONE, Audience
from tests.unit.domain.given import employee, refusal


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"id": "", "email": "a@b.example"}, "id: ''; expected one line of text"),
        ({"id": "a\tb", "email": "a@b.example"}, "id: 'a\\tb'; expected one line of text"),
        ({"name": " ", "email": "a@b.example"}, "name: ' '; expected one line of text"),
        ({"name": "Ana\r\nBcc: x"}, "name: 'Ana\\r\\nBcc: x'; expected one line of text"),
        ({"language": "FR"}, "language: 'FR'; expected a language such as 'fr' or 'en'"),
        ({"language": "french"}, "language: 'french'; expected a language such as 'fr' or 'en'"),
        (
            {"time_zone": "America/Toront"},
            (
                "time_zone: 'America/Toront' is not a time zone; expected a name such as 'America/Toronto'; "
                "did you mean 'America/Toronto'?"
            ),
        ),
        (
            {"starts": date(2027, 2, 2), "ends": date(2027, 2, 1)},
            "ends: 2027-02-01 lies before the first day, 2027-02-02; expected a later day",
        ),
    ],
)
def test_an_employee_who_cannot_be_written_to_is_refused(changes: dict[str, Any], text: str) -> None:
    assert refusal(lambda: employee(**changes)) == text


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ana",
        "ana@",
        "@universite.example",
        "ana@universite",
        "ana roy@universite.example",
        "ana..roy@universite.example",
        ".ana@universite.example",
        "ana.@universite.example",
        "ana@-universite.example",
        "ana@universite..example",
        "ana@universite.example\nBcc: x@y.example",
        "Ana <ana@universite.example>",
        "zoé@universite.example",
        "a" * 65 + "@universite.example",
        "ana@" + "a." * 150 + "example",
    ],
)
def test_an_address_that_no_header_can_carry_is_refused(email: str) -> None:
    assert refusal(lambda: employee(email=email)) == (
        f"email: {email!r}; expected an address such as name@example.org"
    )


@pytest.mark.parametrize("email", ["a@b.example", "ana.roy+x@etu.universite.example", "o'neil@u-x.example"])
def test_an_ordinary_address_is_allowed(email: str) -> None:
    assert employee(email=email).email == email


def test_a_greeting_uses_the_first_word_of_the_name() -> None:
    assert employee(name=" Marie-Ève Roy").given_name == "Marie-Ève"


def test_an_employee_works_from_the_first_to_the_last_day() -> None:
    ana = employee(starts=date(2027, 1, 5), ends=date(2027, 1, 7))
    assert [ana.works_on(date(2027, 1, day)) for day in range(4, 9)] == [False, True, True, True, False]
    assert employee().works_on(date(1900, 1, 1))
    assert employee(time_zone="Europe/Paris").zone == ZoneInfo("Europe/Paris")


def test_an_audience_without_conditions_is_everyone() -> None:
    assert EVERYONE.includes(employee())
    assert EVERYONE.includes(employee(roles=("author",), department="Sport"))


def test_roles_departments_and_exclusions_all_hold() -> None:
    audience = Audience(
        id="authors", roles=("author", "editor"), departments=("Sport", "Droit"), exclude_roles=("retired",)
    )
    assert audience.includes(employee(roles=("editor", "manager"), department="Droit"))
    assert not audience.includes(employee(roles=("manager",), department="Droit"))
    assert not audience.includes(employee(roles=("editor",), department="Arts"))
    assert not audience.includes(employee(roles=("editor", "retired"), department="Droit"))


def test_an_audience_has_an_id() -> None:
    assert refusal(lambda: Audience(id="Everyone")) == (
        "id: 'Everyone' cannot be an id; expected lower-case letters, digits and hyphens"
    )
