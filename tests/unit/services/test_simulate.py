"""Setting the scene and trying everything on it."""

from pathlib import Path

import pytest

from diffuse.domain.campaign import Campaign
from diffuse.domain.frontier import POLICIES, PRICES, WAITS
from diffuse.domain.people import Audience
from diffuse.domain.scene import Scene
from diffuse.domain.source import Loaded
from diffuse.domain.truths import TRUTHS
from diffuse.errors import AuthoringError, Problem
from diffuse.services.simulate import set_the_scene, simulate, steps
from diffuse.testing import FixedCalendar
from tests.unit.services.given import campaign, key_point

EVERYONE, MANAGERS = Audience(id="everyone"), Audience(id="managers", roles=("manager",))


class Folder:
    """Campaign files, read."""

    def __init__(self, one: Campaign | None, *problems: Problem) -> None:
        self.loaded = Loaded(source="x.yaml", campaign=one, problems=problems)

    def read(self, path: Path) -> Loaded:
        return self.loaded


def of(one: Campaign | None, *problems: Problem, **options: object) -> Scene:
    size = {"employees": 30, "days": 40} | options
    return set_the_scene(Path("x.yaml"), Folder(one, *problems), FixedCalendar(), **size)  # type: ignore[arg-type]


def two() -> Campaign:
    return campaign("pause", key_point("sign", audience="managers"), audiences=(EVERYONE, MANAGERS))


def test_people_of_no_particular_audience_get_what_is_for_everyone_and_members_what_is_theirs_too() -> None:
    assert [point.id for _, point in of(two()).campaign.repeated] == ["pause"]
    assert [point.id for _, point in of(two(), audiences=["managers"]).campaign.repeated] == ["pause", "sign"]


def test_an_audience_that_does_not_exist_is_told_with_the_nearest_name() -> None:
    with pytest.raises(
        AuthoringError, match=r"no audience 'manager'; expected one of .* did you mean 'managers'"
    ):
        of(two(), audiences=["manager"])


def test_a_campaign_that_repeats_nothing_to_these_people_is_refused() -> None:
    only = campaign(key_point("sign", audience="managers"), audiences=(EVERYONE, MANAGERS))
    with pytest.raises(AuthoringError, match="repeats nothing to everyone; expected another audience"):
        of(only)


def test_a_campaign_that_must_be_mended_is_refused() -> None:
    with pytest.raises(AuthoringError, match="a mistake"):
        of(None, Problem(found="a mistake", expected="none"))


def test_every_rhythm_is_tried_under_every_truth_and_each_day_is_told() -> None:
    scene, days = of(two()), []
    found = simulate(scene, lambda: days.append(1))
    assert len(days) == steps(scene)
    assert set(found.outcomes) == {(truth, name) for truth in TRUTHS for name in POLICIES}
    for truth in TRUTHS:
        assert len(found.frontier[truth, "budgeted"]) == len(PRICES)
        assert len(found.frontier[truth, "uniform"]) == len(WAITS)
        blast, uniform = (found.outcomes[truth, name] for name in ("blast", "uniform"))
        assert blast.knowledge.mean() < uniform.knowledge.mean()
