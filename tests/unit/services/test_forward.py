"""Forwarding: the owner of a policy reads what was asked, once, and can simply reply."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from diffuse.domain.evidence import Response
from diffuse.domain.remark import Remark
from diffuse.errors import PermanentFailure, TransientFailure
from diffuse.ports import Unforwarded
from diffuse.services.forward import Forward
from diffuse.testing import FrozenClock, MemoryLetters
from tests.unit.services.test_record import CAMPAIGN, NOW, OnePublication

REMARK = Remark(
    delivery=7,
    response=Response.QUESTION,
    policy="succession",
    version="2.1",
    language="fr",
    statement="J’ai une question sur ce message.",
    text="Qui est mon substitut?\nEt le soir?",
    form="f1",
    at=NOW,
)
ASKED = Unforwarded(
    id=3,
    remark=REMARK,
    publication=1,
    key_point="substitute",
    variant="advice",
    name="Ariane Côté",
    email="ariane@universite.example",
)


class Pile:
    """Remarks that wait."""

    def __init__(self, *waiting: Unforwarded) -> None:
        self.left = list(waiting)
        self.done: list[tuple[int, datetime]] = []

    def waiting(self, now: datetime, lease: timedelta) -> Sequence[Unforwarded]:
        assert (now, lease) == (NOW, timedelta(minutes=10))
        return self.left

    def forwarded(self, number: int, at: datetime) -> None:
        self.done.append((number, at))

    def all(self) -> Sequence[tuple[int, str, Remark, datetime | None]]:
        raise NotImplementedError


def forward(pile: Pile, letters: MemoryLetters, owner: str = "") -> int:
    policies = tuple(replace(policy, owner=owner) for policy in CAMPAIGN.policies)
    publications = OnePublication(replace(CAMPAIGN, policies=policies))
    clock = FrozenClock(NOW)
    return Forward(
        clock=clock, remarks=pile, publications=publications, letters=letters, domain="universite.example"
    ).run()


def test_the_owner_gets_the_question_and_a_reply_goes_to_whoever_asked() -> None:
    pile, letters = Pile(ASKED), MemoryLetters()
    assert forward(pile, letters) == 1
    (letter,) = letters.sent
    assert (letter.to, letter.reply_to) == ("camille.roy@universite.example", "ariane@universite.example")
    assert letter.subject == "Question au sujet de «\u00a0Un substitut pour chaque compte\u00a0»"
    assert "Ariane Côté (ariane@universite.example) a répondu ceci" in letter.text
    assert "J’ai une question sur ce message.\n\nQui est mon substitut?\nEt le soir?\n" in letter.text
    assert "Relève, version 2.1. https://universite.example/releve" in letter.text
    assert (letter.language, letter.date) == ("fr", NOW)
    assert pile.done == [(3, NOW)]


def test_a_policy_may_have_an_owner_of_its_own() -> None:
    letters = MemoryLetters()
    forward(Pile(ASKED), letters, owner="Secrétariat <secretariat@universite.example>")
    assert [letter.to for letter in letters.sent] == ["secretariat@universite.example"]


def test_a_disagreement_without_a_word_says_so_in_the_language_of_the_message() -> None:
    letters = MemoryLetters()
    remark = replace(REMARK, response=Response.DISAGREE, language="en", text="")
    forward(Pile(replace(ASKED, remark=remark)), letters)
    (letter,) = letters.sent
    assert letter.subject == (
        "Disagreement or request for an exception about “A substitute for each account”"
    )
    assert "(Nothing was added: please get in touch.)" in letter.text


def test_the_same_remark_always_makes_the_same_letter() -> None:
    letters = MemoryLetters()
    for _ in range(2):
        forward(Pile(ASKED), letters)
    assert letters.sent[0] == letters.sent[1]


def test_braces_in_what_was_written_stay_as_they_are() -> None:
    letters = MemoryLetters()
    forward(Pile(replace(ASKED, remark=replace(REMARK, text="{email} {0} {{x}}"))), letters)
    assert "\n{email} {0} {{x}}\n" in letters.sent[0].text


def test_what_cannot_be_sent_now_is_tried_later_and_nothing_more_is_tried(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pile, letters = Pile(ASKED, replace(ASKED, id=4)), MemoryLetters()
    letters.fails = TransientFailure("the mail server cannot be reached")
    assert forward(pile, letters) == 0
    assert pile.done == []
    assert [one.message for one in caplog.records] == [
        "remark 3 is forwarded later: the mail server cannot be reached"
    ]


def test_an_address_that_is_refused_is_told_and_the_next_remark_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pile, letters = Pile(ASKED, replace(ASKED, id=4)), MemoryLetters()
    letters.fails = PermanentFailure("no such mailbox")
    assert forward(pile, letters) == 0
    assert pile.done == []
    assert len(caplog.records) == 2
    assert caplog.records[0].message.endswith("no such mailbox; mend the owner in the campaign")
