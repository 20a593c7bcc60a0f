from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from diffuse.domain.campaign import Campaign
from diffuse.domain.language import ByLanguage
from diffuse.domain.message import Announcement, Baked, Excerpt, Slot
from diffuse.domain.period import Period
from diffuse.domain.policy import KeyPoint, Policy, Text, Variant
from diffuse.domain.source import Loaded, Place
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Specimen
from diffuse.services.preview import preview
from diffuse.testing import MemoryPlatform

TEXT = Text(subject="Who answers?", body="Somebody answers.", action="Name someone.")
POINT = KeyPoint(
    id="handover",
    says=ByLanguage("Somebody answers."),
    variants=(
        Variant(register="advice", texts=ByLanguage(TEXT)),
        Variant(register="legal", texts=ByLanguage(TEXT)),
    ),
)
CAMPAIGN = Campaign(
    id="social-media",
    title=ByLanguage(fr="Médias sociaux", en="Social media"),
    owner="Maude Tremblay <maude@university.example>",
    starts=date(2026, 9, 1),
    policies=(Policy(id="succession", title=ByLanguage("Relève"), version="1", key_points=(POINT,)),),
    languages=("fr", "en"),
)
BODY = ("policies", 0, "key_points", 0, "variants", 0, "texts", "fr", "body")


class PlainRenderer:
    """Bakes the given name and two addresses, and refuses the wordings in some register."""

    def __init__(self, refused: str = "") -> None:
        self.refused = refused

    def problems(self, text: Text, language: str) -> Sequence[Problem]:
        return ()

    def bake(
        self, campaign: Campaign, policy: Policy, point: KeyPoint, register: str, language: str
    ) -> Baked:
        if register == self.refused:
            raise AuthoringError(Problem(found="a mistake", expected="none", path=BODY, line=2))
        name, link = Slot("employee.given_name"), Slot("link_url.0")
        return Baked(
            language=language,
            subject=(name, "?"),
            html=("<p>", Slot("employee.name"), link, Slot("acknowledge_url"), Slot("pixel_url"), "</p>"),
            text=(name, " ", link),
            links=("https://a.example/?x=1&y=2",),
            excerpt=Excerpt(subject="", body="", action=f"action in {language}"),
            announcement=Announcement(
                title="Who?", html=("<p>", Slot("acknowledge_url"), "</p>"), text=(Slot("acknowledge_url"),)
            ),
        )


def looks(channel: str) -> MemoryPlatform:
    return MemoryPlatform(channel)


class Shelf:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.specimens: Sequence[Specimen] = ()

    def write(self, specimens: Sequence[Specimen]) -> None:
        self.specimens = specimens


def test_every_wording_is_shown_in_each_language() -> None:
    shelf = Shelf()
    assert preview([Loaded(source="x", campaign=CAMPAIGN)], PlainRenderer(), shelf, looks) == shelf.specimens
    assert [(one.key_point, one.register, one.language) for one in shelf.specimens] == [
        ("handover", "advice", "fr"),
        ("handover", "advice", "en"),
        ("handover", "legal", "fr"),
        ("handover", "legal", "en"),
    ]
    assert [one.campaign_title for one in shelf.specimens[:2]] == ["Médias sociaux", "Social media"]


def test_a_specimen_is_filled_for_a_fictional_employee_and_its_links_lead_to_their_end() -> None:
    shelf = Shelf()
    preview([Loaded(source="x", campaign=CAMPAIGN)], PlainRenderer(), shelf, looks)
    one = shelf.specimens[1]
    assert one.subject == "Camille?"
    assert one.text == "Camille https://a.example/?x=1&y=2"
    assert one.html.startswith(
        "<p>Camille Côtéhttps://a.example/?x=1&amp;y=2https://diffuse.example/acknowledgedata:image/"
    )
    assert (one.action, one.words) == ("action in en", 4)


def test_a_wording_is_shown_as_each_platform_of_its_audience_is_given_it() -> None:
    shelf, asked = Shelf(), []

    def look(channel: str) -> MemoryPlatform:
        asked.append(channel)
        return MemoryPlatform(channel)

    posting = replace(CAMPAIGN, channels=("email", "wordpress", "teams/crisis-cell"))
    preview([Loaded(source="x", campaign=posting)], PlainRenderer(), shelf, look)
    legal = next(one for one in shelf.specimens if (one.register, one.language) == ("legal", "fr"))
    assert [(one.channel, one.is_posted) for one in legal.posts] == [
        ("wordpress", False),
        ("teams/crisis-cell", False),
    ]
    advice = shelf.specimens[0].posts[0]
    assert advice.is_posted
    assert advice.dressed.content == "<p>https://diffuse.example/acknowledge</p>"
    assert advice.post.key.startswith("social-media-handover-fr-")
    assert sorted(asked) == ["teams/crisis-cell", "wordpress"]


def test_a_post_is_shown_on_the_day_on_which_it_would_come_by_the_campaigns_clock() -> None:
    shelf = Shelf()
    posting = replace(CAMPAIGN, channels=("email", "wordpress"), fall_back_after=Period(days=4))
    preview([Loaded(source="x", campaign=posting)], PlainRenderer(), shelf, looks)
    (one,) = shelf.specimens[0].posts
    assert one.falls_back
    # Four days after Tuesday, September 1, is a Saturday.
    assert one.post.publish_at == datetime(2026, 9, 7, 13, tzinfo=UTC)
    assert f"{one.at:%Y-%m-%d %H:%M}" == "2026-09-07 09:00"


def test_where_everything_goes_by_mail_there_are_no_posts() -> None:
    shelf = Shelf()
    preview([Loaded(source="x", campaign=CAMPAIGN)], PlainRenderer(), shelf, looks)
    assert [one.posts for one in shelf.specimens] == [(), (), (), ()]


def test_nothing_is_shown_when_anything_is_wrong_and_every_place_is_named() -> None:
    shelf = Shelf()
    broken = Loaded(
        source="broken.yaml", problems=(Problem(found="no title", expected="one", file="broken.yaml"),)
    )
    good = Loaded(
        source="good.yaml", campaign=CAMPAIGN, places={BODY: Place(file="good.yaml", line=10, verbatim=True)}
    )
    with pytest.raises(AuthoringError) as refused:
        preview([broken, good], PlainRenderer(refused="advice"), shelf, looks)
    assert [(problem.file, problem.line) for problem in refused.value.problems] == [
        ("broken.yaml", 0),
        ("good.yaml", 11),
    ]
    assert shelf.specimens == ()
