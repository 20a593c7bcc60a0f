"""Campaigns: what they refuse, and how they find their parts."""

from datetime import date, timedelta
from typing import Any

import pytest

from diffuse.domain.campaign import by_language
from diffuse.domain.channel import CHANNELS
from diffuse.domain.language import ByLanguage
from diffuse.domain.people import EVERYONE, Audience
from diffuse.domain.period import Period
from tests.unit.domain.given import MONDAY, OWNER, campaign, key_point, policy, refusal


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"id": "Social Media"},
            "id: 'Social Media' cannot be an id; expected lower-case letters, digits and hyphens",
        ),
        (
            {"ends": MONDAY - timedelta(days=1)},
            "ends: 2027-01-10 lies before 2027-01-11; expected a later day",
        ),
        ({"policies": ()}, "policies: no policy; expected at least one policy"),
        ({"max_messages_per_week": 0}, "max_messages_per_week: 0; expected 1 to 7"),
        ({"max_messages_per_week": 8}, "max_messages_per_week: 8; expected 1 to 7"),
        ({"channels": ()}, f"channels: an empty list; expected at least one of {', '.join(CHANNELS)}"),
        (
            {"channels": ("mail",)},
            f"channels[0]: 'mail'; expected one of {', '.join(CHANNELS)}; did you mean 'email'?",
        ),
        (
            {"channels": ("email", "teams/Cellule de crise")},
            "channels[1]: 'teams/Cellule de crise'; expected 'teams', or a name behind it: 'teams/a-name'",
        ),
        ({"channels": ("email/nuit",)}, "channels[0]: 'email/nuit'; expected 'email'"),
        (
            {"fall_back_after": Period(days=5)},
            (
                "fall_back_after: a fall-back after 5 days with a single channel;"
                " expected two channels or more, the fall-back last"
            ),
        ),
        (
            {"time_zone": "America/Montreall"},
            (
                "time_zone: 'America/Montreall' is not a time zone; expected a name such as"
                " 'America/Toronto'; did you mean 'America/Montreal'?"
            ),
        ),
        ({"languages": ()}, "languages: an empty list; expected at least one of fr, en"),
        ({"languages": ("fr", "de")}, "languages[1]: 'de'; expected one of fr, en"),
        ({"languages": ("fr", "fr")}, "languages[1]: 'fr' stands twice; expected values that differ"),
        ({"channels": ("email", "email")}, "channels[1]: 'email' stands twice; expected values that differ"),
        (
            {"audiences": (Audience(id="authors"), Audience(id="authors"))},
            "audiences[1].id: id 'authors' stands twice; expected ids that differ",
        ),
        (
            {"policies": (policy(), policy(key_points=(key_point("other"),)))},
            "policies[1].id: id 'succession' stands twice; expected ids that differ",
        ),
        (
            {"policies": (policy(), policy("moderation"))},
            (
                "policies[1].key_points[0].id: key point 'substitute' already stands in policy 'succession'; "
                "expected an id that no other key point of the campaign has"
            ),
        ),
        (
            {"policies": (policy(audience="authrs"),), "audiences": (Audience(id="authors"),)},
            (
                "policies[0].audience: no audience is called 'authrs'; expected one of authors, everyone; "
                "did you mean 'authors'?"
            ),
        ),
        (
            {"policies": (policy(key_points=(key_point(audience="nobody"),)),)},
            "policies[0].key_points[0].audience: no audience is called 'nobody'; expected one of everyone",
        ),
        (
            {"title": ByLanguage(fr="Médias sociaux"), "languages": ("fr", "en")},
            "title: nothing in 'en'; expected a text in each language of the campaign",
        ),
        ({"title": ByLanguage(" ")}, "title: an empty text; expected a few words"),
        ({"title": ByLanguage(fr="")}, "title.fr: an empty text; expected a few words"),
        ({"title": ByLanguage("Médias\nsociaux")}, "title: 'Médias\\nsociaux'; expected one line of text"),
        (
            {"policies": (policy(title=ByLanguage(fr="Relève\r")),)},
            "policies[0].title.fr: 'Relève\\r'; expected one line of text",
        ),
        (
            {"policies": (policy(key_points=(key_point(says=ByLanguage(fr="")),)),)},
            "policies[0].key_points[0].says.fr: an empty text; expected a few words",
        ),
    ],
)
def test_a_campaign_that_contradicts_itself_is_refused(changes: dict[str, Any], text: str) -> None:
    lines = refusal(lambda: campaign(**changes)).splitlines()
    assert lines[0] == text
    assert len(lines) == 1 or "languages" in changes


@pytest.mark.parametrize(
    "owner",
    [
        "",
        "Ana Roy",
        "ana.roy@universite.example",
        "<ana.roy@universite.example>",
        "  <ana.roy@universite.example>",
        "Ana Roy <ana.roy>",
        "Ana Roy <ana..roy@universite.example>",
        "Ana\nRoy <ana.roy@universite.example>",
        "Ana\u2028Roy <ana.roy@universite.example>",
        "Ana\x7fRoy <ana.roy@universite.example>",
        'Ana "Roy" <ana.roy@universite.example>',
    ],
)
def test_an_owner_is_a_person_with_an_address(owner: str) -> None:
    assert refusal(lambda: campaign(owner=owner)) == (
        f"owner: {owner!r}; expected a person, written 'Name <name@example.org>'"
    )


def test_a_text_in_every_place_must_exist_in_each_language() -> None:
    lines = refusal(lambda: campaign(languages=("fr", "en"))).splitlines()
    assert lines == [
        (
            "policies[0].key_points[0].variants[0].texts: nothing in 'en'; "
            "expected a text in each language of the campaign"
        )
    ]


def test_every_value_by_language_is_found_with_its_path() -> None:
    assert [path for path, _ in by_language(campaign(), ())] == [
        ("title",),
        ("policies", 0, "title"),
        ("policies", 0, "key_points", 0, "says"),
        ("policies", 0, "key_points", 0, "variants", 0, "texts"),
    ]


def test_the_owner_is_a_name_and_an_address() -> None:
    one = campaign(owner=OWNER)
    assert (one.owner_name, one.owner_email) == ("Ana Roy", "ana.roy@universite.example")


def test_key_points_enter_in_the_order_of_the_file() -> None:
    other = policy("moderation", key_points=(key_point("b"), key_point("a")))
    one = campaign(policies=(policy(), other))
    assert [point.id for _, point in one.key_points] == ["substitute", "b", "a"]
    assert one.key_point("a") == (other, other.key_points[1])
    with pytest.raises(KeyError):
        one.key_point("c")


def test_a_key_point_goes_to_its_own_audience_or_to_that_of_its_policy() -> None:
    authors, editors = Audience(id="authors"), Audience(id="editors")
    points = (key_point("own", audience="editors"), key_point("policys"))
    one = campaign(policies=(policy(key_points=points, audience="authors"),), audiences=(authors, editors))
    assert [one.audience_of(*pair) for pair in one.key_points] == [editors, authors]
    assert one.audience("everyone") == EVERYONE
    with pytest.raises(KeyError):
        one.audience("nobody")


def test_everyone_can_be_narrowed_by_the_campaign() -> None:
    narrow = Audience(id="everyone", exclude_roles=("board",))
    assert campaign(audiences=(narrow,)).audience("everyone") == narrow


def test_an_employee_whose_language_is_missing_reads_the_first_one() -> None:
    one = campaign(languages=("fr",))
    assert (one.language_for("fr"), one.language_for("en")) == ("fr", "fr")


def test_a_campaign_may_last_one_day() -> None:
    assert campaign(ends=MONDAY).ends == date(2027, 1, 11)
