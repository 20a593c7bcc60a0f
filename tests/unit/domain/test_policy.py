"""Policies, key points and wordings: what each refuses, in which words."""

from typing import Any

import pytest

from diffuse.domain.language import ByLanguage
from diffuse.domain.policy import Answer, Question, Text, Variant
from tests.unit.domain.given import TEXT, key_point, policy, refusal, variant


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"subject": ""}, "subject: ''; expected one line of text"),
        ({"subject": "Un\nrappel"}, "subject: 'Un\\nrappel'; expected one line of text"),
        ({"subject": "x" * 79}, "subject: a subject of 79 characters; expected at most 78"),
        ({"action": " "}, "action: ' '; expected one line of text"),
        ({"body": " \n"}, "body: an empty body; expected a message in Markdown"),
        ({"body": "mot " * 121}, "body: a text of 121 words; expected at most 120 words"),
        (
            {"body": "mot " * 119, "action": "Deux mots"},
            "body: a text of 121 words; expected at most 120 words",
        ),
    ],
)
def test_a_text_that_cannot_be_sent_is_refused(changes: dict[str, Any], text: str) -> None:
    values = {"subject": "Un rappel", "body": "À retenir."} | changes
    assert refusal(lambda: Text(**values)) == text


def test_the_longest_text_is_allowed() -> None:
    assert Text(subject="x" * 78, body="mot " * 118, action="Deux mots").words == 120


def test_no_break_spaces_belong_to_a_line_of_french() -> None:
    assert Text(subject="Prêts\u00a0? «\u202fOui\u202f»", body="Oui.").words == 1


def test_an_elision_or_a_hyphen_makes_one_word() -> None:
    assert Text(subject="x", body="L’image d'aujourd'hui, c'est-à-dire 10.5 %.").words == 4


@pytest.mark.parametrize("register", ["", "Legal", "le gal", "-legal", "a--b", "é"])
def test_a_register_is_a_short_name(register: str) -> None:
    assert refusal(lambda: variant(register)) == (
        f"register: {register!r} cannot be a register; expected a short name such as 'legal' or 'advice'"
    )


def answer(*, right: bool = False) -> Answer:
    return Answer(says=ByLanguage("Oui"), feedback=ByLanguage("Voilà."), right=right)


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ((), "answers: 0 answers; expected at least two answers"),
        ((answer(right=True),), "answers: 1 answers; expected at least two answers"),
        ((answer(), answer()), "answers: 0 right answers; expected exactly one with 'right: yes'"),
        (
            (answer(right=True), answer(right=True)),
            "answers: 2 right answers; expected exactly one with 'right: yes'",
        ),
    ],
)
def test_a_question_has_one_right_answer_among_several(answers: tuple[Answer, ...], text: str) -> None:
    assert refusal(lambda: Question(asks=ByLanguage("Vrai?"), answers=answers)) == text


def test_a_question_with_one_right_answer_is_allowed() -> None:
    assert Question(asks=ByLanguage("Vrai?"), answers=(answer(right=True), answer())).answers[0].right


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"variants": ()}, "variants: no wording; expected at least one variant"),
        (
            {"variants": (variant(), variant("legal"), variant())},
            "variants[2].register: register 'advice' stands twice; expected registers that differ",
        ),
    ],
)
def test_a_key_point_needs_wordings_that_differ(changes: dict[str, Any], text: str) -> None:
    assert refusal(lambda: key_point(**changes)) == text


@pytest.mark.parametrize("name", ["", "Alt-Text", "alt_text", "alt text", "alt-", "é"])
def test_an_id_is_lower_case_letters_digits_and_hyphens(name: str) -> None:
    text = f"id: {name!r} cannot be an id; expected lower-case letters, digits and hyphens"
    assert refusal(lambda: key_point(name)) == text
    assert refusal(lambda: policy(name)) == text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"version": ""}, "version: ''; expected one line of text"),
        ({"key_points": ()}, "key_points: no key point; expected at least one key point"),
        (
            {"link": ByLanguage("www.universite.example")},
            "link: 'www.universite.example'; expected an address that begins with https://",
        ),
        (
            {"link": ByLanguage("https://universite.example/la relève")},
            (
                "link: 'https://universite.example/la relève'; "
                "expected an address without spaces ('%20' stands for one)"
            ),
        ),
        (
            {"link": ByLanguage("https://")},
            "link: 'https://'; expected an address that begins with https://",
        ),
        (
            {"link": ByLanguage(fr="https://universite.example", en="javascript:alert()")},
            "link.en: 'javascript:alert()'; expected an address that begins with https://",
        ),
    ],
)
def test_a_policy_that_cannot_be_sent_is_refused(changes: dict[str, Any], text: str) -> None:
    assert refusal(lambda: policy(**changes)) == text


def test_all_problems_are_told_at_once() -> None:
    lines = refusal(lambda: policy("P", version="", key_points=())).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["id", "version", "key_points"]


def test_a_policy_with_a_link_is_allowed() -> None:
    assert policy(link=ByLanguage("https://universite.example/releve")).link is not None
    assert Variant(register="legal-2", texts=ByLanguage(TEXT)).texts["fr"] == TEXT
