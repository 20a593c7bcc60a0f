"""What stands between a template and the wire: slots, wordings and values that nobody changes."""

import dataclasses

import pytest

from diffuse.domain.message import (
    ACKNOWLEDGE_URL,
    GIVEN_NAME,
    NAME,
    PERSONAL,
    PIXEL_URL,
    Baked,
    Excerpt,
    Slot,
    Wording,
    link_slot,
)

BAKED = Baked(
    language="fr",
    subject=("Un rappel pour ", Slot(GIVEN_NAME)),
    html=("<a href='", Slot(link_slot(0)), "'>Lire</a>"),
    text=("Lire : ", Slot(link_slot(0))),
    links=("https://universite.example/releve",),
    excerpt=Excerpt(subject="Un rappel", body="<p>Lire</p>", action=""),
)


def test_every_link_has_a_slot_of_its_own() -> None:
    names = {NAME, GIVEN_NAME, ACKNOWLEDGE_URL, PIXEL_URL, *(link_slot(number) for number in range(50))}
    assert len(names) == 54
    assert link_slot(3) == "link_url.3"


def test_the_texts_of_officers_may_name_the_employee_and_nothing_that_identifies_a_delivery() -> None:
    assert PERSONAL == ("employee.name", "employee.given_name", "occasion.about", "occasion.duty")


def test_an_excerpt_says_what_an_occasion_is_about_and_its_html_stays_safe() -> None:
    braces = "{{ occasion.about }} : {{ occasion.duty }}"
    found = Excerpt(subject=braces, body=f"<p>{braces}</p>", action=braces).about(
        {"occasion.about": "A & B", "occasion.duty": "<b>"}
    )
    assert found == Excerpt(subject="A & B : <b>", body="<p>A &amp; B : &lt;b&gt;</p>", action="A & B : <b>")


def test_slots_and_wordings_are_equal_when_they_say_the_same() -> None:
    assert Slot(NAME) == Slot("employee.name")
    assert Wording("substitute", "advice", "fr") == ("substitute", "advice", "fr")
    assert len({Slot(NAME), Slot(NAME), Slot(GIVEN_NAME)}) == 2


def test_what_was_baked_is_shared_by_all_employees_and_cannot_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        BAKED.subject = ()  # type: ignore[misc]
    assert hash(BAKED) == hash(dataclasses.replace(BAKED))
