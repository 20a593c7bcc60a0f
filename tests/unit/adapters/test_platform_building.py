"""Platforms as they are put together for a look: they dress posts, connect to nothing, and show no secret."""

import socket
from datetime import UTC, datetime
from typing import NoReturn

import pytest

from diffuse.adapters.platforms.building import SAMPLES, looks, platform
from diffuse.domain.channel import PLATFORMS
from diffuse.domain.post import Post

POST = Post(
    key="acces-2026-fr-1",
    title="Les accès",
    html="<p>Ne prêtez <strong>jamais</strong> votre accès.</p><script>vole()</script>",
    text="Ne prêtez jamais votre accès.",
    language="fr",
    publish_at=datetime(2026, 3, 2, 14, 0, tzinfo=UTC),
)
SECRETS = {
    "url": "https://intranet.exemple.ca/services/XxT0kenInTheAddressxX",
    "password": "XxPasswordxX",
    "client_secret": "XxClientSecretxX",
    "secret": "whsec_WHhTZWNyZXRPZlRoZVJlY2VpdmVyeFg=",
}


@pytest.mark.parametrize("channel", PLATFORMS)
def test_a_look_at_a_post_connects_to_nothing(channel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object) -> NoReturn:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    one = looks(channel)
    dressed = one.dress(POST)
    one.close()
    assert "jamais" in dressed.content
    assert "vole" not in dressed.content
    assert dressed.media_type


@pytest.mark.parametrize("channel", PLATFORMS)
def test_nothing_of_an_account_is_shown(channel: str) -> None:
    one = platform(channel, {**SAMPLES, **SECRETS}, authority="exemple.ca")
    shown = f"{one!r} {one} {one.dress(POST)}"
    one.close()
    assert not [secret for name, secret in SECRETS.items() if name != "url" and secret in shown]
    assert "T0ken" not in shown
