"""Definitions as canonical JSON."""

import json
import string
from dataclasses import replace
from datetime import date, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffuse.adapters.definitions import dump, load, misfits
from diffuse.adapters.shapes import hints
from diffuse.domain.campaign import Campaign
from diffuse.domain.language import ByLanguage
from diffuse.domain.people import Audience
from diffuse.domain.period import Period
from diffuse.domain.policy import Answer, KeyPoint, Policy, Question, Text, Variant
from diffuse.domain.schedule import Schedule
from diffuse.domain.window import WEEKDAYS, SendWindow
from diffuse.errors import AuthoringError

IDS = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8})?", fullmatch=True)
LINES = st.text(string.ascii_letters + "éÉ’«»—😀 \"'\\", min_size=1, max_size=20).filter(str.strip)
BODIES = st.text(string.ascii_letters + "é\n\t\"'\\{}", min_size=1, max_size=60).filter(str.strip)
PERIODS = st.builds(Period, days=st.integers(0, 400)) | st.builds(Period, months=st.integers(0, 40))


def both(values: st.SearchStrategy[str]) -> st.SearchStrategy[ByLanguage[str]]:
    return st.one_of(st.builds(ByLanguage, values), st.builds(ByLanguage, fr=values, en=values))


TEXTS = st.builds(Text, subject=LINES, body=BODIES, action=st.one_of(st.just(""), LINES))
WORDINGS = st.one_of(st.builds(ByLanguage, TEXTS), st.builds(ByLanguage, fr=TEXTS, en=TEXTS))
VARIANTS = st.builds(Variant, register=IDS, texts=WORDINGS)
WRONG = st.builds(Answer, says=both(LINES), feedback=both(LINES))
QUESTIONS = st.builds(
    lambda asks, right, wrong: Question(asks=asks, answers=(replace(right, right=True), *wrong)),
    both(LINES),
    WRONG,
    st.lists(WRONG, min_size=1, max_size=2),
)


def key_points(name: str) -> st.SearchStrategy[KeyPoint]:
    return st.builds(
        KeyPoint,
        id=st.just(name),
        says=both(LINES),
        variants=st.lists(VARIANTS, min_size=1, max_size=2, unique_by=lambda one: one.register).map(tuple),
        audience=st.sampled_from(["", "everyone", "staff"]),
        acknowledge=st.booleans(),
        question=st.none() | QUESTIONS,
    )


def policies(name: str) -> st.SearchStrategy[Policy]:
    return st.builds(
        Policy,
        id=st.just(name),
        title=both(LINES),
        version=LINES,
        key_points=st.tuples(key_points(f"{name}-1"), key_points(f"{name}-2")),
        link=st.none() | both(IDS.map(lambda path: f"https://example.org/{path}")),
        audience=st.sampled_from(["everyone", "staff"]),
    )


WINDOWS = st.builds(
    lambda days, opens, closes: SendWindow(days=tuple(days), opens=opens, closes=closes),
    st.lists(st.sampled_from(WEEKDAYS), min_size=1),
    st.times(max_value=time(11)),
    st.times(min_value=time(12)),
)
SCHEDULES = st.builds(
    Schedule,
    intervals=st.lists(PERIODS, min_size=1, max_size=5).map(
        lambda waits: tuple(sorted(waits, key=lambda one: one.about))
    ),
    introduce_every=PERIODS,
    resend_unopened_after=st.builds(Period, days=st.integers(1, 90)),
    max_resends=st.integers(min_value=0),
)
CAMPAIGNS = st.builds(
    Campaign,
    id=IDS,
    title=both(LINES),
    owner=st.just("Zoé Roy <zoe@example.org>"),
    starts=st.dates(max_value=date(2030, 1, 1)),
    policies=st.tuples(policies("a"), policies("b")),
    languages=st.sampled_from([("fr",), ("en",), ("fr", "en"), ("en", "fr")]),
    ends=st.none() | st.dates(min_value=date(2030, 1, 1)),
    holidays=st.sampled_from(["", "CA-QC"]),
    send_window=WINDOWS,
    schedule=SCHEDULES,
    max_messages_per_week=st.integers(1, 7),
    audiences=st.tuples(st.builds(Audience, id=st.just("staff"), roles=st.lists(LINES).map(tuple))),
)


def small() -> Campaign:
    text = Text(subject="Relève", body="Prévoyez « qui » prend le relais.")
    return Campaign(
        id="small",
        title=ByLanguage("Petite"),
        owner="Zoé Roy <zoe@example.org>",
        starts=date(2027, 1, 11),
        policies=(
            Policy(
                id="usage",
                title=ByLanguage(fr="Usage", en="Use"),
                version="1.10",
                key_points=(
                    KeyPoint(
                        id="relay",
                        says=ByLanguage("Prévoyez."),
                        variants=(Variant(register="legal", texts=ByLanguage(fr=text)),),
                    ),
                ),
            ),
        ),
    )


@settings(max_examples=25)
@given(CAMPAIGNS)
def test_what_was_dumped_loads_as_an_equal_campaign(campaign: Campaign) -> None:
    again = load(dump(campaign))
    assert again == campaign
    assert hash(again) == hash(campaign)
    assert dump(again) == dump(campaign)


def test_the_text_is_canonical_and_complete() -> None:
    text = dump(small())
    plain = json.loads(text)
    assert text == json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert "Prévoyez « qui »" in text
    assert plain["schedule"]["intervals"][3] == {"days": 0, "months": 1}
    assert plain["send_window"]["opens"] == "09:00:00"
    assert plain["title"] == {"*": "Petite"}
    assert plain["ends"] is None


def test_a_field_that_an_older_text_does_not_know_gets_its_default() -> None:
    plain = json.loads(dump(small()))
    del plain["schedule"]["max_resends"], plain["max_messages_per_week"]
    assert load(json.dumps(plain)) == small()


def test_a_stored_campaign_that_contradicts_itself_is_refused() -> None:
    plain = json.loads(dump(small()))
    plain["max_messages_per_week"] = 9
    with pytest.raises(AuthoringError, match="max_messages_per_week: 9; expected 1 to 7"):
        load(json.dumps(plain))


def test_equal_campaigns_are_written_alike_and_one_letter_changes_them() -> None:
    assert dump(small()) == dump(small())
    assert dump(replace(small(), title=ByLanguage("petite"))) != dump(small())


def test_values_of_another_type_are_named() -> None:
    campaign = small()
    for field, value in (
        ("title", "Petite"),
        ("max_messages_per_week", True),
        ("audiences", "staff"),
        ("schedule", None),
    ):
        object.__setattr__(campaign, field, value)
    object.__setattr__(campaign.policies[0], "link", ByLanguage(fr=3))
    keys = ", ".join(hints(Schedule))
    assert [str(problem) for problem in misfits(campaign)] == [
        "title: a value of type str; expected ByLanguage(fr=…, en=…)",
        "policies[0].link.fr: a value of type int; expected a text",
        f"schedule: a value of type NoneType; expected the keys {keys}",
        "max_messages_per_week: a value of type bool; expected a whole number such as 3",
        "audiences: a value of type str; expected a list, each item on a line of its own after '- '",
    ]


@settings(max_examples=25)
@given(CAMPAIGNS)
def test_a_campaign_that_was_built_has_no_misfit(campaign: Campaign) -> None:
    assert list(misfits(campaign)) == []
