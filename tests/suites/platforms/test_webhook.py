"""Posts by signed webhook, against a receiver that knows nothing of the library that signs."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from diffuse.adapters.platforms.webhook import Webhook
from diffuse.domain.post import Post, Posted, Refused, Retry, Unsure, Withdrawn
from diffuse.errors import AuthoringError
from tests.suites.platforms.hook_server import Reply
from tests.suites.platforms.webhook_server import OTHER, SECRET, TOKEN, WebhookServer, webhook_server

POST = Post(
    key="acces-2026-fr-1",
    title="Les accès, l’été",
    html="<p>Ne prêtez <strong>jamais</strong> votre accès.</p><script>alert(1)</script>",
    text="Ne prêtez jamais votre accès.",
    language="fr",
    publish_at=datetime(2026, 3, 2, 14, 0, tzinfo=UTC),
    url="https://suivi.exemple.test/p/abc",
)


@pytest.fixture(scope="module")
def running() -> Iterator[WebhookServer]:
    with webhook_server() as server:
        yield server


@pytest.fixture
def server(running: WebhookServer) -> WebhookServer:
    running.empty()
    return running


def hook(server: WebhookServer, secret: str = SECRET, *, seconds: float = 0) -> Webhook:
    montreal = timezone(timedelta(hours=-5))
    return Webhook(
        f"{server.address}/hooks/{TOKEN}",
        secret,
        now=lambda: datetime.now(montreal) + timedelta(seconds=seconds),
        timeout=timedelta(seconds=2),
    )


def test_a_post_is_signed_so_that_others_can_check_it(server: WebhookServer) -> None:
    one = hook(server)
    assert one.post(POST) == Posted("r-acces-2026-fr-1", f"{server.address}/posts/acces-2026-fr-1")
    (seen,) = server.posts()
    assert (seen.title, seen.content) == (POST.title, "<p>Ne prêtez <strong>jamais</strong> votre accès.</p>")
    assert one.name == "webhook"
    one.close()


def test_the_id_of_a_publication_is_always_the_same(server: WebhookServer) -> None:
    one = hook(server)
    server.replies[:] = [Reply(status=0)]
    answer = one.post(POST)
    assert isinstance(answer, Retry)
    assert "no answer came" in answer.reason
    assert isinstance(one.post(POST), Posted)
    one.close()
    later = replace(POST, publish_at=POST.publish_at + timedelta(hours=1))  # as a post is that was put off
    assert isinstance(hook(server).post(later), Posted)
    (id_,) = set(server.asked)
    assert id_.startswith("published-acces-2026-fr-1-")
    assert len(server.posts()) == 1


def test_a_text_that_is_new_when_it_is_tried_again_is_the_one_that_stands(server: WebhookServer) -> None:
    one = hook(server)
    server.replies[:] = [Reply(status=0)]
    assert isinstance(one.post(POST), Retry)
    assert isinstance(one.post(replace(POST, html="<p>Nouveau.</p>")), Posted)
    assert [seen.content for seen in server.posts()] == ["<p>Nouveau.</p>"]
    one.close()


def test_a_post_changes_back_and_forth(server: WebhookServer) -> None:
    other = replace(POST, html="<p>Autrement.</p>")
    one = hook(server)
    for turn, post in enumerate((POST, other, POST, other)):
        assert isinstance(one.update(post) if turn else one.post(post), Posted)
        assert server.posts()[0].content == post.html.removesuffix("<script>alert(1)</script>")
    assert len(set(server.asked)) == 4
    digests = [one.split("-")[-2] for one in server.asked[1:]]
    assert digests[0] == digests[2] != digests[1]


def test_a_post_that_is_not_there_cannot_change(server: WebhookServer) -> None:
    answer = hook(server).update(POST)
    assert isinstance(answer, Refused)
    assert answer.reason == "404 Not Found: there is no post acces-2026-fr-1"


def test_a_post_is_withdrawn_and_published_again(server: WebhookServer) -> None:
    one = hook(server)
    for _ in range(2):
        assert isinstance(one.post(POST), Posted)
        assert len(server.posts()) == 1
        assert one.withdraw(POST.key) == Withdrawn()
        assert one.withdraw(POST.key) == Withdrawn()
        assert server.posts() == []
    one.close()


def test_a_receiver_that_only_drops_doubles_takes_every_step_of_a_sequence(server: WebhookServer) -> None:
    server.forgets = False
    one = hook(server)
    for text in ("Un.", "Deux.", "Trois."):
        assert one.withdraw(POST.key) == Withdrawn()
        assert server.posts() == []
        assert isinstance(one.post(replace(POST, html=f"<p>{text}</p>")), Posted)
        assert [seen.content for seen in server.posts()] == [f"<p>{text}</p>"]
    assert len(set(server.asked)) == len(server.asked) == 6
    one.close()


def test_a_withdrawal_that_was_lost_is_sent_again(server: WebhookServer) -> None:
    server.replies[:] = [Reply(status=0)]
    assert isinstance(hook(server).withdraw(POST.key), Retry)


def test_a_signature_with_another_secret_is_refused(server: WebhookServer) -> None:
    answer = hook(server, OTHER).post(POST)
    assert isinstance(answer, Refused)
    assert answer.reason.endswith("401 Unauthorized: the signature does not hold")


@pytest.mark.parametrize("seconds", [-400, 400])
def test_a_clock_that_goes_wrong_is_told_in_the_receivers_words(server: WebhookServer, seconds: int) -> None:
    answer = hook(server, seconds=seconds).post(POST)
    assert answer == Refused("400 Bad Request: webhook-timestamp is too far from now")


def test_a_receiver_that_is_gone_is_to_be_removed(server: WebhookServer) -> None:
    server.refusals[:] = [Reply.of({"message": "retired"}, 410)]
    assert hook(server).post(POST) == Refused(
        "the receiver wants no webhooks any longer; remove it from the settings: 410 Gone: retired"
    )


def test_redirects_are_not_followed(server: WebhookServer) -> None:
    there = {"Location": f"{server.address}/hooks/{TOKEN}"}
    server.refusals[:] = [Reply(status=308, headers=there)]
    answer = hook(server).post(POST)
    assert isinstance(answer, Refused)
    assert "redirects are not followed" in answer.reason
    assert len(server.asked) == 1


@pytest.mark.parametrize(("status", "after"), [(429, 90), (503, 90)])
def test_a_receiver_that_asks_us_to_wait_is_left_alone(
    server: WebhookServer, status: int, after: int
) -> None:
    server.refusals[:] = [Reply(status=status, headers={"Retry-After": f"{after}"})]
    answer = hook(server).post(POST)
    assert isinstance(answer, Retry)
    assert answer.after == timedelta(seconds=after)


@pytest.mark.parametrize(
    "body", [b"", b"ok", b"[1]", b"null", b'{"id": null, "url": 7}', b'{"url": "javascript:x"}', b"\xff"]
)
def test_an_answer_that_says_nothing_leaves_the_key(server: WebhookServer, body: bytes) -> None:
    server.replies[:] = [Reply(body=body)]
    assert hook(server).post(POST) == Posted(POST.key, "")


def test_a_post_for_later_is_handed_over_with_its_time(server: WebhookServer) -> None:
    later = replace(POST, publish_at=datetime.now(UTC) + timedelta(days=1))
    assert isinstance(hook(server).post(later), Posted)
    assert server.posts() == []
    assert server.kept[POST.key]["publish_at"] == later.publish_at.isoformat()


def test_a_page_is_no_answer_of_a_receiver(server: WebhookServer) -> None:
    server.replies[:] = [Reply(body=b"<html>Se connecter</html>", media_type="text/html; charset=utf-8")]
    answer = hook(server).post(POST)
    assert isinstance(answer, Unsure)
    assert "not that of this platform" in answer.reason


def test_a_receiver_cannot_be_asked(server: WebhookServer) -> None:
    assert isinstance(hook(server).lookup(POST.key), Unsure)
    assert server.asked == []


def test_what_is_looked_at_is_the_body(server: WebhookServer) -> None:
    dressed = hook(server).dress(POST)
    assert dressed.media_type == "application/json"
    told = json.loads(dressed.content)
    assert told["type"] == "post.published"
    assert told["data"]["html"] == "<p>Ne prêtez <strong>jamais</strong> votre accès.</p>"
    assert server.asked == []


def test_neither_address_nor_secret_is_shown(server: WebhookServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    one = hook(server)
    told = f"{SECRET} {SECRET.removeprefix('whsec_')} /hooks/{TOKEN} {TOKEN}"
    server.refusals[:] = [Reply.of({"message": told}, 422), Reply(status=0)]
    shown = f"{one.post(POST)} {one.post(POST)} {one!r} {vars(one)} {caplog.text}"
    assert TOKEN not in shown
    assert SECRET.removeprefix("whsec_") not in shown


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_é", "whsec_a"])
def test_what_is_no_secret_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(AuthoringError, match="cannot be read; it is not shown"):
        Webhook("https://exemple.test/hook", secret)
