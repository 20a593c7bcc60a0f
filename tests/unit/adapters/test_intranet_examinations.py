"""What the doctor says of platforms, of channels without one, and of how employees say who they are."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from diffuse.adapters.intranet_examinations import (
    NOWHERE,
    ChannelExamination,
    IdentityExamination,
    PlatformExamination,
)
from diffuse.domain.campaign import Campaign
from diffuse.domain.post import LONGEST_KEY, Refused, Retry, Unsure
from diffuse.errors import AuthoringError, PermanentFailure, TransientFailure
from diffuse.ports import Finding, Handshake
from diffuse.testing import MemoryPlatform
from tests.unit.services.given import campaign, key_point

SILENT = key_point("silent", acknowledge=False)


class Provider:
    """An identity provider that answers, or does not."""

    issuer = "https://sso.example"

    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble = trouble
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True

    def begin(self, back: str) -> Handshake:
        if self.trouble:
            raise self.trouble
        return Handshake(address=back, state="", nonce="", verifier="")

    def finish(self, begun: Handshake, back: str, code: str) -> str:
        raise NotImplementedError


def of(answer: Retry | Refused | Unsure | None) -> Finding:
    platform = MemoryPlatform()
    platform.answers += [answer] if answer else []
    (finding,) = PlatformExamination(lambda: {"wordpress": platform}).findings()
    assert platform.asked == [("lookup", NOWHERE)]
    return finding


def running(*campaigns: Campaign) -> Sequence[Campaign]:
    return campaigns


def identity(
    *campaigns: Campaign, provider: Provider | None = None, header: str = "", mails_links: bool = False
) -> list[Finding]:
    return list(
        IdentityExamination(
            provider=lambda: provider,
            back="https://suivi.example/oidc/callback",
            header=header,
            proxies="10.0.0.0/8",
            mails_links=mails_links,
            running=lambda: campaigns,
        ).findings()
    )


def test_a_platform_that_answers_is_well_and_nothing_is_published() -> None:
    finding = of(None)
    assert (finding.about, finding.trouble) == ("platform wordpress", False)
    assert finding.seen == "answers, and accepts our credentials"
    assert len(NOWHERE) <= LONGEST_KEY


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        (Refused("401: the password is wrong"), "mend its table in the setting 'platforms'"),
        (Retry(timedelta(minutes=1), "503: maintenance"), "its posts wait; check that it runs"),
    ],
)
def test_a_trouble_is_told_in_the_platforms_words_with_what_to_do(
    answer: Refused | Retry, remedy: str
) -> None:
    finding = of(answer)
    assert (finding.trouble, finding.seen) == (True, answer.reason)
    assert finding.remedy.startswith(remedy)


def test_what_cannot_be_asked_is_no_trouble() -> None:
    finding = of(Unsure("a chat cannot be asked"))
    assert not finding.trouble
    assert "only takes what is sent" in finding.seen


def test_a_feed_is_served_by_ourselves_and_not_asked() -> None:
    feed = MemoryPlatform("feed")
    assert list(PlatformExamination(lambda: {"feed": feed}).findings()) == []
    assert feed.asked == []


def test_a_channel_that_has_vanished_from_the_settings_is_a_trouble_with_its_table() -> None:
    posting = campaign(channels=("email", "feed", "teams/crisis-cell"))
    teams = MemoryPlatform("teams/crisis")
    (finding,) = ChannelExamination(
        lambda: running(posting), lambda: {"feed": teams, "teams/crisis": teams}
    ).findings()
    assert finding.trouble
    assert finding.seen.startswith("social-media posts on teams/crisis-cell, and no platform")
    assert finding.remedy == (
        "add [platforms.\"teams/crisis-cell\"] to the settings, or did you mean 'teams/crisis'?"
    )


def test_channels_that_are_set_up_are_named_and_without_posts_nothing_is_said() -> None:
    known = {"feed": MemoryPlatform("feed")}
    (finding,) = ChannelExamination(lambda: running(campaign(channels=("feed",))), lambda: known).findings()
    assert (finding.seen, finding.trouble) == ("feed: all set up", False)
    assert list(ChannelExamination(lambda: running(campaign()), lambda: known).findings()) == []


def test_a_database_that_cannot_say_what_is_published_is_told_of_elsewhere() -> None:
    def away() -> Sequence[Campaign]:
        raise AuthoringError.of("no tables", "tables")

    assert list(ChannelExamination(away, dict).findings()) == []


@pytest.mark.parametrize(
    "trouble",
    [TransientFailure("https://sso.example does not answer"), PermanentFailure("it calls itself x")],
)
def test_an_identity_provider_that_is_away_or_another_one_is_a_trouble(trouble: Exception) -> None:
    provider = Provider(trouble)
    (finding,) = identity(provider=provider)
    assert (finding.trouble, finding.seen) == (True, str(trouble))
    assert provider.is_closed
    assert "oidc_issuer" in finding.remedy


def test_each_way_that_is_set_up_is_named() -> None:
    told = identity(
        campaign(channels=("feed",)), provider=Provider(), header="X-Remote-User", mails_links=True
    )
    assert [one.trouble for one in told] == [False] * 3
    assert [one.seen for one in told] == [
        "the provider answers; it must know the address https://suivi.example/oidc/callback",
        "the header X-Remote-User counts, from 10.0.0.0/8",
        "employees can ask for a link by mail",
    ]


def test_posts_that_ask_without_any_way_to_sign_in_are_a_trouble() -> None:
    (finding,) = identity(campaign(channels=("feed",)))
    assert finding.trouble
    assert finding.seen.startswith("posts of social-media ask for a confirmation")


@pytest.mark.parametrize(
    "quiet", [campaign(), campaign(SILENT, channels=("feed",))], ids=["by mail alone", "asking nothing"]
)
def test_where_nothing_is_asked_from_a_post_nothing_is_said(quiet: Campaign) -> None:
    assert identity(quiet) == identity(quiet, mails_links=True) == []
