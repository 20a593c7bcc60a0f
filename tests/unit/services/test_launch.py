"""Launching: everything is checked and baked first, and either all of it is published or nothing."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from diffuse.domain.campaign import Campaign
from diffuse.domain.message import Baked, Wording
from diffuse.domain.people import Audience
from diffuse.domain.policy import KeyPoint, Policy, PolicyChange, Text
from diffuse.domain.source import Loaded, Place, Written
from diffuse.errors import AuthoringError, Problem
from diffuse.services.launch import Launch
from diffuse.testing import FixedCalendar, MemoryQueue
from tests.unit.services.given import EARLY, Office, campaign, person, wordings

FILE = Path("campaign.yaml")
TYPO = PolicyChange(kind="minor", reason="A typo.")


class Files:
    """Reads the campaigns that stand at these paths."""

    def __init__(self, **loaded: Loaded) -> None:
        self.loaded = loaded

    def read(self, path: Path) -> Loaded:
        return self.loaded[path.stem]


class PlainRenderer:
    """Finds fault with the texts and layouts that it is told to find fault with."""

    def __init__(self) -> None:
        self.bad_texts: dict[str, Problem] = {}
        self.bad_layouts: dict[str, Problem] = {}

    def problems(self, text: Text, language: str) -> Sequence[Problem]:
        return [self.bad_texts[language]] if language in self.bad_texts else []

    def bake(
        self, campaign: Campaign, policy: Policy, point: KeyPoint, register: str, language: str
    ) -> Baked:
        if language in self.bad_layouts:
            raise AuthoringError(self.bad_layouts[language])
        return wordings(campaign)[Wording(point.id, register, language)]


class Desk:
    """A launch service with everything that it talks to."""

    def __init__(self, *loaded: Loaded) -> None:
        self.office = Office(person("ana"))
        self.files = Files(**{Path(one.source).stem: one for one in loaded})
        self.renderer = PlainRenderer()
        self.queue = MemoryQueue()
        self.house = self.office.house
        self.launch = Launch(
            house=self.house,
            revise=self.office.revise,
            clock=self.office.clock,
            campaigns=self.files,
            renderer=self.renderer,
            calendar=FixedCalendar(),
            publications=self.office.publications,
            control=self.office.control,
            queue=self.queue,
            platforms=("feed", "wordpress", "teams/crisis-cell"),
        )

    def refused(self, *paths: Path) -> list[str]:
        with pytest.raises(AuthoringError) as error:
            self.launch.run(*(paths or [FILE]))
        assert self.office.publications.running() == ()
        assert self.queue.kicks == 0
        return [str(problem) for problem in error.value.problems]


def loaded(one: Campaign, source: str = "campaign.yaml") -> Loaded:
    text = one.policies[0].key_points[0].variants[0].texts["fr"]
    path = ("policies", 0, "key_points", 0)
    return Loaded(
        source=source,
        campaign=one,
        id=one.id,
        texts=(Written(text=text, language="fr", path=path),),
        places={
            (): Place(file=source, line=1, column=1),
            path: Place(file=source, line=12, column=3),
        },
    )


def test_a_campaign_is_published_with_every_wording_and_a_hint_is_given() -> None:
    one = campaign("pause", "disclose")
    desk = Desk(loaded(one))
    (published,) = desk.launch.run(FILE)
    assert (published.campaign, published.published_at) == (one, EARLY)
    assert desk.office.publications.running() == (published,)
    assert desk.queue.kicks == 1
    for point, register, language in product(("pause", "disclose"), ("legal", "advice"), ("fr", "en")):
        wording = Wording(point, register, language)
        assert desk.office.publications.wording(published.id, wording) == wordings(one)[wording]


def test_every_channel_without_a_platform_is_named_where_it_stands_and_nothing_is_published() -> None:
    audience = Audience(id="cell", roles=("crisis-cell",), channels=("email", "teams/crisis-cel"))
    one = campaign(channels=("email", "feed", "plone"), audiences=(audience,))
    places = {
        ("channels", 2): Place(file="campaign.yaml", line=7, column=26),
        ("audiences", 0, "channels", 1): Place(file="campaign.yaml", line=15, column=24),
    }
    read = loaded(one)
    known = "email, feed, teams/crisis-cell, wordpress"
    assert Desk(replace(read, places={**read.places, **places})).refused() == [
        (
            f"campaign.yaml:7:26: no platform is set up as 'plone'; expected one of {known},"
            " or 'plone' in the setting 'platforms'"
        ),
        (
            f"campaign.yaml:15:24: no platform is set up as 'teams/crisis-cel'; expected one of {known},"
            " or 'teams/crisis-cel' in the setting 'platforms'; did you mean 'teams/crisis-cell'?"
        ),
    ]


def test_a_campaign_whose_platforms_are_all_set_up_is_published() -> None:
    desk = Desk(loaded(campaign(channels=("email", "wordpress", "feed"))))
    (published,) = desk.launch.run(FILE)
    assert published.campaign.channels == ("email", "wordpress", "feed")


def test_the_same_text_again_is_the_publication_that_exists() -> None:
    desk = Desk(loaded(campaign()))
    (first,) = desk.launch.run(FILE)
    assert desk.launch.run(FILE) == (first,)
    desk.files.loaded["campaign"] = loaded(campaign(version="2", change=TYPO))
    (second,) = desk.launch.run(FILE)
    assert second.id == first.id + 1
    assert desk.queue.kicks == 3


def test_several_campaigns_are_published_with_one_hint() -> None:
    other = campaign(id="second")
    desk = Desk(loaded(campaign()), loaded(other, "second.yaml"))
    published = desk.launch.run(FILE, Path("second.yaml"))
    assert [one.campaign.id for one in published] == ["social-media", "second"]
    assert desk.queue.kicks == 1


def test_one_broken_campaign_keeps_all_from_being_published() -> None:
    wrong = (Problem(file="second.yaml", line=3, found="x", expected="y"),)
    desk = Desk(loaded(campaign()), Loaded(source="second.yaml", problems=wrong))
    assert desk.refused(FILE, Path("second.yaml")) == ["second.yaml:3: x; expected y"]
    desk = Desk(loaded(campaign()), loaded(campaign(), "second.yaml"))
    (said,) = desk.refused(FILE, Path("second.yaml"))
    assert "'social-media' is that of campaign.yaml too" in said


def test_a_file_that_cannot_be_read_as_a_campaign_publishes_nothing_and_names_every_problem() -> None:
    wrong = tuple(Problem(file="campaign.yaml", line=line, found="x", expected="y") for line in (7, 3))
    desk = Desk(Loaded(source="campaign.yaml", problems=wrong))
    assert desk.refused() == ["campaign.yaml:3: x; expected y", "campaign.yaml:7: x; expected y"]


def test_a_file_that_breaks_between_being_checked_and_read_publishes_nothing() -> None:
    class Breaking(Files):
        def read(self, path: Path) -> Loaded:
            now = self.loaded["campaign"]
            broken = (Problem(found="broken", expected="whole"),)
            self.loaded["campaign"] = replace(now, campaign=None, problems=broken)
            return now

    desk = Desk(loaded(campaign()))
    desk.launch._campaigns = Breaking(**desk.files.loaded)
    assert desk.refused() == ["broken; expected whole"]


def test_a_text_that_cannot_be_rendered_publishes_nothing_and_is_named_by_its_place() -> None:
    desk = Desk(loaded(campaign()))
    desk.renderer.bad_texts["fr"] = Problem(found="'nmae' is not known", expected="a name", path=("body",))
    assert desk.refused() == ["campaign.yaml:12:3: 'nmae' is not known; expected a name"]


def test_a_wording_that_cannot_be_laid_out_publishes_nothing_and_is_named_once() -> None:
    desk = Desk(loaded(campaign("pause", "disclose")))
    desk.renderer.bad_layouts["fr"] = Problem(found="no link", expected="a link", path=("policies", 0))
    desk.renderer.bad_layouts["en"] = Problem(found="wrong", expected="right", file="message.html.j2", line=4)
    assert desk.refused() == [
        "campaign.yaml:1:1: no link; expected a link",
        "message.html.j2:4: wrong; expected right",
    ]


def test_a_cancelled_campaign_that_is_launched_again_goes_on_and_a_paused_one_does_not() -> None:
    desk = Desk(loaded(campaign()), loaded(campaign(id="second"), "second.yaml"))
    both = (FILE, Path("second.yaml"))
    desk.launch.run(*both)
    desk.office.control.cancel("social-media", "", EARLY)
    desk.office.control.pause("second", "", EARLY)
    desk.launch.run(*both)
    assert [one.campaign for one in desk.office.control.stops()] == ["second"]
