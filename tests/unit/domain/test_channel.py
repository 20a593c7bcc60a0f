"""Channels: what may stand in a list of them, for a campaign and for an audience."""

import pytest

from diffuse.domain.channel import CHANNELS, EMAIL, PLATFORMS, channel_problems, kind_of
from diffuse.domain.people import Audience
from diffuse.domain.period import Period
from tests.unit.domain.given import campaign, refusal


def found(*channels: str) -> list[str]:
    return [str(problem) for problem in channel_problems("channels", channels)]


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_channel_may_be_named_alone(channel: str) -> None:
    assert found(channel) == []
    assert kind_of(channel) == channel


@pytest.mark.parametrize("platform", PLATFORMS)
def test_several_platforms_of_one_kind_have_names_of_their_own(platform: str) -> None:
    first, second = f"{platform}/crisis-cell", f"{platform}/team-2"
    assert found(platform, first, second) == []
    assert kind_of(first) == kind_of(second) == platform


@pytest.mark.parametrize(
    "channel",
    [
        "teams/",
        "teams/Crisis",
        "teams/a b",
        "teams/a--b",
        "teams/-a",
        "teams/a-",
        "teams/é",
        "teams/a/b",
        "teams\n",
    ],
)
def test_a_name_is_written_in_small_letters_digits_and_single_hyphens(channel: str) -> None:
    (problem,) = channel_problems("channels", [EMAIL, channel])
    assert problem.path == ("channels", 1)
    assert problem.found == repr(channel)


def test_a_name_that_cannot_be_is_answered_with_one_that_can() -> None:
    (problem,) = channel_problems("channels", ["teams/Crisis"])
    assert problem.expected == "'teams', or a name behind it: 'teams/a-name'"


def test_mail_has_no_name_behind_it() -> None:
    (problem,) = channel_problems("channels", ["email/urgent"])
    assert problem.expected == "'email'"


def test_an_unknown_channel_is_answered_with_the_nearest_one() -> None:
    (problem,) = channel_problems("channels", ["wordpres"])
    assert (problem.suggestion, "google-chat" in problem.expected) == ("wordpress", True)
    (problem,) = channel_problems("channels", ["Wordpress/intranet"])
    assert problem.suggestion == "wordpress"


def test_a_channel_that_stands_twice_is_named_where_it_stands_again() -> None:
    (problem,) = channel_problems("channels", ["teams/a", EMAIL, "teams/a"])
    assert (problem.path, problem.found) == (("channels", 2), "'teams/a' stands twice")


def test_every_problem_is_told_at_once() -> None:
    assert len(found("mail", "email", "email", "teams/")) == 3


def test_a_campaign_without_any_channel_is_refused() -> None:
    assert "an empty list" in refusal(lambda: campaign(channels=()))


def test_an_audience_has_its_own_channels_or_those_of_the_campaign() -> None:
    board = Audience(id="board", channels=("teams/board",))
    staff = Audience(id="staff", roles=("staff",))
    one = campaign(audiences=(board, staff), channels=("wordpress", "email"))
    assert one.channels_of(board) == ("teams/board",)
    assert one.channels_of(staff) == ("wordpress", "email")
    assert "'fax'" in refusal(lambda: Audience(id="board", channels=("fax",)))


def test_only_the_last_of_several_channels_is_a_fall_back_and_only_after_some_time() -> None:
    board, staff = Audience(id="board", channels=("teams",)), Audience(id="staff")
    one = campaign(
        audiences=(board, staff), channels=("wordpress", "teams", "email"), fall_back_after=Period(days=5)
    )
    assert (one.fall_back_of(staff), one.fall_back_of(board)) == ("email", "")
    at_once = campaign(channels=("wordpress", "email"))
    assert at_once.fall_back_of(at_once.audience("everyone")) == ""


def test_a_fall_back_with_a_single_channel_everywhere_is_refused() -> None:
    assert "two channels or more, the fall-back last" in refusal(
        lambda: campaign(channels=("wordpress",), fall_back_after=Period(days=5))
    )
    both = Audience(id="board", channels=("wordpress", "email"))
    campaign(channels=("wordpress",), audiences=(both,), fall_back_after=Period(days=5))
