"""From YAML to definitions, with every problem at its place."""

from datetime import date, time
from itertools import pairwise

import pytest

from diffuse.adapters.building import Built, build
from diffuse.adapters.shapes import hints
from diffuse.adapters.yaml_tree import parse
from diffuse.domain.campaign import Campaign
from diffuse.domain.language import ByLanguage
from diffuse.domain.period import Period
from diffuse.domain.schedule import Schedule

HEAD = """\
id: small
title: {fr: Petite, en: Small}
owner: Zoé Roy <zoe@example.org>
languages: [fr, en]
starts: 2027-01-11
"""
POLICIES = """\
policies:
  - id: usage
    title: {fr: Usage, en: Use}
    version: 1.10
    key_points:
      - id: relay
        says: {fr: Prévoyez., en: Plan.}
        variants:
          - register: legal
            texts:
              fr: {subject: Relève, body: Prévoyez.}
              en: {subject: Relay, body: Plan.}
"""
DAY = "a day such as 2027-01-11 (year-month-day)"
LIST = "a list, each item on a line of its own after '- '"
SCHEDULE = f"the keys {', '.join(hints(Schedule))}"
LATER = "expected an hour after 'opens' on the same day"
KNOWN = "that is known here; expected one of"


def built(text: str) -> Built:
    tree, problems = parse(text, file="f.yaml")
    assert problems == ()
    return build(tree)


def said(text: str) -> list[str]:
    result = built(text)
    return [str(problem) for problem in sorted(result.problems, key=lambda one: (one.line, one.column))]


def well(text: str) -> Campaign:
    result = built(text)
    assert result.problems == ()
    return result.campaign


def test_a_sound_campaign_is_built_without_a_problem() -> None:
    campaign = well(HEAD + POLICIES)
    assert campaign.title == ByLanguage(fr="Petite", en="Small")
    assert campaign.starts == date(2027, 1, 11)
    assert campaign.policies[0].version == "1.10"
    assert hash(campaign) == hash(well(HEAD + POLICIES))


def test_every_scalar_becomes_what_its_field_is() -> None:
    campaign = well(
        HEAD
        + POLICIES
        + "holidays: no\nmax_messages_per_week: 5\n"
        + "send_window: {opens: 10:30, closes: '17:00'}\nschedule: {intervals: [0 days, 2 weeks, 6 months]}\n"
        + "audiences: [{id: 0123, roles: [on, yes]}]\n"
    )
    assert campaign.holidays == "no"
    assert campaign.max_messages_per_week == 5
    assert (campaign.send_window.opens, campaign.send_window.closes) == (time(10, 30), time(17))
    assert campaign.schedule.intervals == (Period(), Period(days=14), Period(months=6))
    assert campaign.audiences[0].id == "0123"
    assert campaign.audiences[0].roles == ("on", "yes")


def test_a_plain_text_stands_for_every_language() -> None:
    assert well((HEAD + POLICIES).replace("{fr: Petite, en: Small}", "Petite")).title == ByLanguage("Petite")


def test_nothing_after_a_key_means_nothing_where_that_is_allowed() -> None:
    campaign = well(HEAD + POLICIES + "ends:\nholidays:\n")
    assert campaign.ends is None
    assert campaign.holidays == ""


def test_nothing_after_a_key_is_refused_elsewhere() -> None:
    text = HEAD.replace(" small", "") + POLICIES + "schedule:\naudiences:\nmax_messages_per_week:\n"
    assert said(text) == [
        "f.yaml:1:4: nothing; expected a text",
        f"f.yaml:18:10: nothing; expected {SCHEDULE}",
        f"f.yaml:19:11: nothing; expected {LIST}",
        "f.yaml:20:23: nothing; expected a whole number such as 3",
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("ends: 2027-02-30", f"7: '2027-02-30' is not a day; expected {DAY}"),
        ("ends: 2027/2/3", f"7: '2027/2/3' is not a day; expected {DAY}; did you mean '2027-02-03'?"),
        (
            "max_messages_per_week: 03",
            "24: '03' is not a whole number; expected a whole number such as 3",
        ),
        ("max_messages_per_week: [3]", "24: a list; expected a whole number such as 3"),
        ("channels: email", f"11: 'email'; expected {LIST}"),
        ("schedule: 3 days", f"11: '3 days'; expected {SCHEDULE}"),
        ("holidays: [CA]", "11: a list; expected a text"),
    ],
)
def test_a_value_that_cannot_be_read_is_told_with_what_is_expected(line: str, problem: str) -> None:
    assert said(HEAD + POLICIES + line + "\n") == [f"f.yaml:18:{problem}"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("9:00", "09:00"),
        ("9h", "09:00"),
        ("9 h 30", "09:30"),
        ("13H05", "13:05"),
        ("noon", ""),
        ("25:00", ""),
    ],
)
def test_a_time_of_day_has_two_digits_a_colon_and_two_digits(written: str, meant: str) -> None:
    (text,) = said(HEAD + POLICIES + f"send_window: {{opens: {written}}}\n")
    hint = f"; did you mean {meant!r}?" if meant else ""
    assert text == (
        f"f.yaml:18:22: {written!r} is not a time of day; expected a time of day such as 09:00{hint}"
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [("2d", "2 days"), ("1 jour", "1 day"), ("3 semaines", "3 weeks"), ("6 mois", "6 months"), ("soon", "")],
)
def test_a_length_of_time_is_a_number_and_a_unit(written: str, meant: str) -> None:
    (text,) = said(HEAD + POLICIES + f"schedule: {{introduce_every: {written}}}\n")
    expected = "a length such as '2 days', '3 weeks' or '6 months'"
    hint = f"; did you mean {meant!r}?" if meant else ""
    assert text == f"f.yaml:18:29: {written!r} is not a length of time; expected {expected}{hint}"


@pytest.mark.parametrize(
    ("written", "meant"), [("True", "true"), ("oui", "yes"), ("off", "no"), ("on", "yes"), ("perhaps", "")]
)
def test_yes_and_no_are_written_as_such(written: str, meant: str) -> None:
    (text,) = said(HEAD + POLICIES.replace("variants:", f"acknowledge: {written}\n        variants:"))
    hint = f"; did you mean {meant!r}?" if meant else ""
    assert text == f"f.yaml:13:22: {written!r} is not yes or no; expected 'yes' or 'no'{hint}"


def test_a_missing_key_is_told_where_its_definition_begins() -> None:
    text = (HEAD + POLICIES).replace("    version: 1.10\n", "").replace("starts: 2027-01-11\n", "")
    assert said(text) == [
        f"f.yaml:1:1: no 'starts'; expected {DAY}",
        "f.yaml:6:5: no 'version'; expected a text",
    ]


def test_a_misspelt_key_is_read_as_the_one_that_was_meant() -> None:
    text = (
        (HEAD + POLICIES)
        .replace("key_points:", "keypoints:")
        .replace("says: {fr: Prévoyez., en", "says: {fr")
    )
    tree, _ = parse(text, file="f.yaml")
    problems = [str(problem) for problem in build(tree).problems]
    expected = (
        "one of id, title, version, key_points, link, audience, owner, change; did you mean 'key_points'?"
    )
    assert problems == [
        f"f.yaml:10:5: 'keypoints' is not a key that is known here; expected {expected}",
        "f.yaml:12:15: nothing in 'en'; expected a text in each language of the campaign",
    ]


def test_a_misspelt_language_is_read_as_the_one_that_was_meant() -> None:
    assert said(HEAD.replace("en: Small", "eng: Small") + POLICIES) == [
        "f.yaml:2:21: 'eng' is not a language that is known here; expected one of fr, en; did you mean 'en'?"
    ]


def test_a_misspelt_key_whose_value_has_another_form_is_told_once() -> None:
    text = HEAD + POLICIES.replace("    key_points:", "    audiences: [staff]\n    key_points:")
    (problem,) = said(text)
    assert problem.endswith("did you mean 'audience'?")


def test_mistakes_in_fields_and_between_fields_are_told_together() -> None:
    text = (
        HEAD.replace("2027-01-11", "soon")
        + POLICIES.replace("version: 1.10", "version: 1.10\n    audience: staf").replace(
            "en: Plan.}", "fr2: x}"
        )
        + "audiences: [{id: staff}]\nsend_window: {opens: 17:00, closes: 09:00}\n"
    )
    assert said(text) == [
        f"f.yaml:5:9: 'soon' is not a day; expected {DAY}",
        "f.yaml:10:15: no audience is called 'staf'; expected one of everyone, staff; did you mean 'staff'?",
        "f.yaml:13:15: nothing in 'en'; expected a text in each language of the campaign",
        f"f.yaml:13:31: 'fr2' is not a language {KNOWN} fr, en; did you mean 'fr'?",
        f"f.yaml:20:37: a window from 17:00 to 09:00, which is never open; {LATER}",
    ]


@pytest.mark.parametrize(
    ("replaced", "by", "count"),
    [
        ("starts: 2027-01-11", "starts: later\nends: 2026-01-01", 1),
        ("starts:", "send_window: {opens: 8h, closes: '08:30'}\nstarts:", 1),
        ("starts:", "audiences: {id: staff}\nstarts:", 1),
        ("starts:", "audiences: [{ids: [staff]}]\nstarts:", 1),
        ("starts:", "languages2: 3\nstarts:", 1),
        ("languages: [fr, en]", "languages: [fr, [en]]", 1),
        ("languages: [fr, en]", "languages: [fr, eng]", 1),
        ("languages: [fr, en]", "languages: fr", 1),
        ("starts:", "schedule: {intervals: [3 days, 5d, 4 days]}\nstarts:", 1),
    ],
)
def test_what_follows_from_another_mistake_only_is_not_told(replaced: str, by: str, count: int) -> None:
    text = (HEAD + POLICIES).replace("version: 1.10", "version: 1.10\n    audience: staff")
    text += "" if "audiences" in by else "audiences: [{id: staff}]\n"
    assert len(said(text.replace(replaced, by))) == count


def test_an_answer_that_cannot_be_read_does_not_count_as_wrong() -> None:
    question = """\
        question:
          asks: Vrai?
          answers:
            - {says: Oui, feedback: Bravo., right: oui}
            - {says: Non, feedback: Hélas.}
"""
    assert said(HEAD + POLICIES + question) == [
        "f.yaml:21:52: 'oui' is not yes or no; expected 'yes' or 'no'; did you mean 'yes'?"
    ]


def test_the_places_of_all_values_are_kept() -> None:
    places = built(HEAD + POLICIES).places
    text = ("policies", 0, "key_points", 0, "variants", 0, "texts", "en")
    assert (places["starts",].line, places["starts",].column) == (5, 9)
    assert (places[*text, "body"].line, places[*text, "body"].column) == (17, 42)
    assert all(place.file == "f.yaml" and place.line for place in places.values())


def test_wordings_are_kept_although_something_else_is_wrong() -> None:
    result = built(HEAD.replace("small", "Not an id") + POLICIES.replace(", body: Plan.", ""))
    assert [(written.language, written.text.subject) for written in result.texts] == [("fr", "Relève")]
    assert len(result.problems) == 2


def test_a_wording_without_a_subject_is_kept_with_a_stand_in() -> None:
    result = built(HEAD + POLICIES.replace("subject: Relay, ", ""))
    assert [str(problem) for problem in result.problems] == ["f.yaml:17:19: no 'subject'; expected a text"]
    assert [written.text.subject for written in result.texts] == ["Relève", "…"]


@pytest.mark.parametrize(
    "text", ["- a", "a", "{}", "[]", "policies: []", "policies: [x, [], {}]", "title: {}"]
)
def test_any_tree_gives_problems_and_no_exception(text: str) -> None:
    assert built(text).problems


def test_any_beginning_of_a_campaign_is_read_or_told() -> None:
    text = HEAD + POLICIES
    for end in range(len(text)):
        tree, problems = parse(text[:end], file="f.yaml")
        result = build(tree)
        assert problems or result.problems or end > len(text) - 20
        places = [(one.line, one.column) for one in result.problems]
        assert all(line > 0 for line, _ in places)


def test_no_problem_is_told_twice() -> None:
    problems = sorted(said("policies: [{}, {key_points: [{}]}]\nstarts: x\n"))
    assert all(one != other for one, other in pairwise(problems))
