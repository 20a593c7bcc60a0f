from collections.abc import Sequence
from datetime import date

import pytest

from diffuse.domain.campaign import Campaign
from diffuse.domain.language import ByLanguage
from diffuse.domain.message import Baked, Excerpt, Slot
from diffuse.domain.policy import KeyPoint, Policy, Text, Variant
from diffuse.domain.source import Loaded, Place
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Specimen
from diffuse.services.preview import preview

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
        )


class Shelf:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.specimens: Sequence[Specimen] = ()

    def write(self, specimens: Sequence[Specimen]) -> None:
        self.specimens = specimens


def test_every_wording_is_shown_in_each_language() -> None:
    shelf = Shelf()
    assert preview([Loaded(source="x", campaign=CAMPAIGN)], PlainRenderer(), shelf) == 4
    assert [(one.key_point, one.register, one.language) for one in shelf.specimens] == [
        ("handover", "advice", "fr"),
        ("handover", "advice", "en"),
        ("handover", "legal", "fr"),
        ("handover", "legal", "en"),
    ]
    assert [one.campaign_title for one in shelf.specimens[:2]] == ["Médias sociaux", "Social media"]


def test_a_specimen_is_filled_for_a_fictional_employee_and_its_links_lead_to_their_end() -> None:
    shelf = Shelf()
    preview([Loaded(source="x", campaign=CAMPAIGN)], PlainRenderer(), shelf)
    one = shelf.specimens[1]
    assert one.subject == "Camille?"
    assert one.text == "Camille https://a.example/?x=1&y=2"
    assert one.html.startswith(
        "<p>Camille Côtéhttps://a.example/?x=1&amp;y=2https://diffuse.example/acknowledgedata:image/"
    )
    assert (one.action, one.words) == ("action in en", 4)


def test_nothing_is_shown_when_anything_is_wrong_and_every_place_is_named() -> None:
    shelf = Shelf()
    broken = Loaded(
        source="broken.yaml", problems=(Problem(found="no title", expected="one", file="broken.yaml"),)
    )
    good = Loaded(
        source="good.yaml", campaign=CAMPAIGN, places={BODY: Place(file="good.yaml", line=10, verbatim=True)}
    )
    with pytest.raises(AuthoringError) as refused:
        preview([broken, good], PlainRenderer(refused="advice"), shelf)
    assert [(problem.file, problem.line) for problem in refused.value.problems] == [
        ("broken.yaml", 0),
        ("good.yaml", 11),
    ]
    assert shelf.specimens == ()
