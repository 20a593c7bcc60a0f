"""Putting platforms together out of the settings: what cannot work is refused at once."""

import pytest

from diffuse.adapters.platforms.building import SAMPLES, looks, platform
from diffuse.domain.channel import PLATFORMS
from diffuse.errors import AuthoringError

WITH_AN_ADDRESS = sorted(set(PLATFORMS) - {"feed", "apprise", "sharepoint"})


@pytest.mark.parametrize("channel", PLATFORMS)
def test_every_kind_is_put_together_and_bears_the_name_of_its_channel(channel: str) -> None:
    for name in (channel, f"{channel}/crisis-cell"):
        built = looks(name)
        assert built.name == name
        built.close()


@pytest.mark.parametrize("channel", WITH_AN_ADDRESS)
@pytest.mark.parametrize(
    "url",
    [
        "intranet.example",
        "ftp://intranet.example/s3cr3t",
        "https://",
        "https://….example/s3cr3t",
        "https://a:b",
    ],
)
def test_an_address_that_leads_nowhere_is_refused_and_not_shown(channel: str, url: str) -> None:
    with pytest.raises(AuthoringError, match="no address that leads anywhere") as refused:
        platform(channel, {**SAMPLES, "url": url}, authority="universite.example")
    (problem,) = refused.value.problems
    assert problem.path == ("url",)
    assert "s3cr3t" not in str(problem)


@pytest.mark.parametrize(
    "url", ["http://localhost:8080/x", "https://intranet.universite.example", "https://été.example"]
)
def test_an_address_of_any_server_is_taken(url: str) -> None:
    platform("wordpress", {**SAMPLES, "url": url}, authority="universite.example").close()
