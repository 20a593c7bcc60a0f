"""The notice in every message, for each way of measuring, in each language."""

import re
from itertools import product

import pytest

from diffuse.adapters.markdown import WIDTH
from diffuse.adapters.notices import GIVEN, notice
from diffuse.adapters.templates import Templates
from diffuse.domain.message import ACKNOWLEDGE_URL, PIXEL_URL, Baked, Slot, notice_key
from diffuse.domain.tracking import MODES, Tracking
from tests.unit.adapters.test_templates import bake, campaign_of, fill

WAYS = [Tracking(opens=opens, clicks=clicks) for opens, clicks in product(MODES, MODES)]
OFF = Tracking(opens="off", clicks="off")


def sent(tracking: Tracking, language: str = "en") -> Baked:
    return bake(campaign_of(), language).tracked(tracking)


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("tracking", WAYS, ids=notice_key)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_both_parts_of_a_message_hold_the_notice_of_how_it_is_measured(
    tracking: Tracking, language: str
) -> None:
    baked = bake(campaign_of(), language)
    words = Templates()._words[language]["notice"]
    told = one_line(notice(words, GIVEN["acknowledge"], tracking))
    message = baked.tracked(tracking)
    assert told in one_line(fill(message.text))
    assert told in one_line(re.sub(r"<[^>]+>", "", fill(message.html)))
    assert max(map(len, baked.notices[notice_key(tracking)].splitlines())) <= WIDTH


def test_every_way_of_measuring_has_words_of_its_own() -> None:
    baked = bake(campaign_of())
    assert len(set(baked.notices.values())) == len(baked.notices) == len(WAYS)


def test_without_opens_no_remote_image_is_in_the_message() -> None:
    html = fill(sent(Tracking(opens="off")).html)
    assert "<img" not in html
    assert "tracking.example/o/" not in html
    assert "tracking.example/c/" in html
    assert Slot(PIXEL_URL) in sent(Tracking(opens="aggregate")).html


def test_without_clicks_links_lead_straight_to_their_destinations() -> None:
    message = sent(Tracking(clicks="off"))
    for part in (fill(message.html), fill(message.text)):
        assert "tracking.example/c/" not in part
    assert 'href="https://intranet.example/register?a=1&amp;b=2"' in fill(message.html)
    assert "https://intranet.example/register?a=1&b=2" in fill(message.text)
    assert message.links == ()


def test_a_message_that_measures_nothing_still_asks_for_a_confirmation() -> None:
    message = sent(OFF)
    slots = {piece.name for piece in (*message.html, *message.text) if isinstance(piece, Slot)}
    assert slots == {"employee.given_name", ACKNOWLEDGE_URL}
    told = one_line(fill(message.text))
    assert "What is measured, under your name: your confirmation." in told
    assert "What is not measured: the opening of this message and the links you follow in it." in told
    assert "reply to this message and ask" not in told


def test_a_message_measured_without_a_name_says_so() -> None:
    told = one_line(fill(sent(Tracking(opens="aggregate", clicks="off"), "fr").text))
    assert "Ce qui est compté sans votre nom : l’ouverture de ce message." in told
    assert "demandez-le en répondant à ce message" in told
