"""Announcements through Apprise: what it says is taken for no more than it is."""

import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from diffuse.adapters.platforms.apprise_chat import AppriseChat
from diffuse.domain.post import Answer, Post, Posted, Refused, Retry, Unsure
from diffuse.errors import AuthoringError
from tests.suites.platforms.hook_server import Reply, listening

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
"""Apprise loads what is not up to date."""

NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
POST = Post(
    key="acces-2026-fr-1",
    title="Les accès @all",
    html="<p>Ne prêtez jamais votre accès.</p>",
    text="Ne prêtez jamais votre accès, @channel.",
    language="fr",
    publish_at=NOW,
)
TOKEN = "S3rviceToken"


class Service:
    """Answers by the last part of the path."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def answer(self, path: str, headers: object, body: bytes) -> Reply:
        self.bodies.append(body.decode())
        last = path.rpartition("/")[2]
        if last == "slow":
            return Reply(after=1.5)
        return Reply(status=int(last) if last.isdecimal() else 0)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Service, str]]:
    service = Service()
    with listening(service.answer) as address:
        yield service, address.removeprefix("http://")


def announced(where: str, *ways: str) -> Answer:
    url = ",".join(f"json://{where}/{TOKEN}/{way}" for way in ways)
    chat = AppriseChat(url, timeout=timedelta(seconds=0.7), now=lambda: NOW)
    try:
        return chat.post(POST)
    finally:
        chat.close()


@pytest.mark.parametrize(
    ("ways", "kind", "words"),
    [
        (["200"], Posted, ""),
        (["200", "200"], Posted, ""),
        (["429"], Retry, "error=429"),
        (["429", "503"], Retry, "error=503"),
        (["401"], Refused, "error=401"),
        (["401", "429"], Refused, "error=401"),
        (["500"], Unsure, "error=500"),
        (["500", "401"], Unsure, "error=500"),
        (["nothing"], Unsure, "does not say whether the message left"),
        (["200", "401"], Unsure, "1 of 2 services did not take the message"),
        (["slow"], Unsure, "no answer came"),
    ],
)
def test_only_a_success_of_every_service_is_one(
    running: tuple[Service, str], ways: list[str], kind: type, words: str
) -> None:
    answer = announced(running[1], *ways)
    assert isinstance(answer, kind), answer
    assert words in f"{answer}"


def test_the_message_calls_nobody(running: tuple[Service, str]) -> None:
    service, where = running
    service.bodies.clear()
    assert announced(where, "200") == Posted(POST.key, "")
    (body,) = service.bodies
    assert "prêtez" in body.encode().decode("unicode_escape", "replace") or "pr\\u00eatez" in body
    assert "@all" not in body
    assert "@channel" not in body


@pytest.mark.parametrize(
    "url", ["", "nonsense://S3rviceToken/a", "S3rviceToken", "json://", "json://[S3rviceToken"]
)
def test_an_address_that_is_not_understood_is_refused_and_not_shown(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = AppriseChat(url, now=lambda: NOW).post(POST)
    assert isinstance(answer, Refused)
    assert "does not understand the address" in answer.reason
    assert TOKEN not in f"{answer}{caplog.text}"


def test_the_address_is_shown_nowhere(running: tuple[Service, str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [announced(running[1], "200", "401"), announced(running[1], "429")]
    assert TOKEN not in f"{answers}{caplog.text}"
    assert "JSON POST URL" in caplog.text


def test_nothing_is_shown_before_its_time() -> None:
    chat = AppriseChat("json://127.0.0.1:1/", now=lambda: NOW)
    answer = chat.post(replace(POST, publish_at=NOW + timedelta(minutes=5)))
    assert isinstance(answer, Retry)
    assert answer.after == timedelta(minutes=5)


def test_what_is_looked_at_is_plain_text() -> None:
    chat = AppriseChat("json://127.0.0.1:1/", name="rocket")
    assert chat.name == "rocket"
    assert chat.dress(POST).media_type == "text/plain"
    assert "prêtez jamais" in chat.dress(POST).content
    assert isinstance(chat.lookup(POST.key), Unsure)
    assert isinstance(chat.update(POST), Refused)
    assert isinstance(chat.withdraw(POST.key), Refused)


def test_without_apprise_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(AuthoringError, match=r"pip install 'diffuse\[apprise\]'"):
        AppriseChat("json://127.0.0.1:1/")
