"""Calls to platforms: every trouble ends as an answer, and nothing secret is in one."""

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest

from diffuse.adapters.platforms.calls import (
    LATER,
    LONGEST_WAIT,
    PASSING,
    SOON,
    WORDS,
    Calls,
    Declined,
    Lost,
    changed,
    found,
    gone,
    once,
    sent,
    wait_of,
)
from diffuse.domain.post import AlreadyThere, Posted, Refused, Retry, Unsure

SECRET = "mot de passe/1"
NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
HERE = Posted("7", "https://intranet.exemple.ca/7")


@contextmanager
def answering(answer: Callable[[httpx.Request], httpx.Response]) -> Iterator[Calls]:
    """Return calls to a platform that answers so."""
    calls = Calls("https://intranet.exemple.ca", auth=("com", SECRET), secrets=("jeton",))
    calls._client.close()
    calls._client = httpx.Client(
        base_url="https://intranet.exemple.ca", transport=httpx.MockTransport(answer)
    )
    try:
        yield calls
    finally:
        calls.close()


def told(
    status: int, *, json: object = None, text: str = "", headers: Mapping[str, str] | None = None
) -> Declined:
    """Return what a write is declined with."""
    body = {"json": json} if json is not None else {"text": text}
    with (
        answering(lambda _: httpx.Response(status, headers=headers, **body)) as calls,
        pytest.raises(Declined) as caught,
    ):
        calls.write("POST", "/posts")
    return caught.value


def failing(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    return fail


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_success_is_returned(status: int) -> None:
    with answering(lambda _: httpx.Response(status)) as calls:
        assert calls.write("POST", "/posts").status_code == status
        assert calls.get("/posts").status_code == status


def test_an_answer_that_is_known_is_returned() -> None:
    with answering(lambda _: httpx.Response(404)) as calls:
        assert calls.get("/posts", known=(404,)).status_code == 404


@pytest.mark.parametrize(("status", "asked"), [(429, "7"), (503, "7"), (408, "7"), (425, "7")])
def test_a_platform_that_is_busy_is_given_its_time(status: int, asked: str) -> None:
    answer = told(status, headers={"Retry-After": asked}).answer
    assert isinstance(answer, Retry)
    assert answer.after == timedelta(seconds=7)


@pytest.mark.parametrize("status", [500, 501, 502, 504, 599])
def test_nobody_knows_what_a_write_that_broke_has_done(status: int) -> None:
    with answering(lambda _: httpx.Response(status, json={"message": "Oups"})) as calls:
        with pytest.raises(Lost, match="Oups"):
            calls.write("POST", "/posts")
        with pytest.raises(Declined) as caught:
            calls.get("/posts")
    assert isinstance(caught.value.answer, Retry)


@pytest.mark.parametrize(
    "error", [httpx.ReadTimeout("lent"), httpx.ReadError("coupé"), httpx.RemoteProtocolError("fin")]
)
def test_a_write_without_an_answer_is_lost_and_a_question_is_asked_again(error: Exception) -> None:
    with answering(failing(error)) as calls:
        with pytest.raises(Lost):
            calls.write("POST", "/posts")
        for method in ("GET", "POST"):
            with pytest.raises(Declined) as caught:
                calls.ask(method, "/token")
            assert isinstance(caught.value.answer, Retry)


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("non"), httpx.ConnectTimeout(""), httpx.PoolTimeout("")]
)
def test_a_write_that_never_left_is_tried_again(error: Exception) -> None:
    with answering(failing(error)) as calls, pytest.raises(Declined) as caught:
        calls.write("POST", "/posts")
    assert isinstance(caught.value.answer, Retry)
    assert type(error).__name__ in caught.value.answer.reason


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "does not accept our credentials: 401 Unauthorized: Non"),
        (403, "does not accept our credentials for this; may the account do it? 403 Forbidden: Non"),
        (400, "400 Bad Request: Non"),
    ],
)
def test_a_refusal_says_what_to_do_and_what_the_platform_said(status: int, words: str) -> None:
    answer = told(status, json={"message": "<strong>Non</strong>"}).answer
    assert isinstance(answer, Refused)
    assert words in answer.reason


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"json": {"error": {"code": "x", "message": "Non &amp; non"}}}, "Non & non"),
        ({"json": {"error": "invalid_client", "x": 1}}, "invalid_client"),
        ({"json": {"error": "invalid_client", "error_description": "AADSTS7000215"}}, "AADSTS7000215"),
        ({"json": "Non"}, "Non"),
        ({"json": {"code": "no_slug"}}, "no_slug"),
        ({"json": ["Non"]}, "400 Bad Request"),
        ({"text": "Non\n  du tout"}, "Non du tout"),
        ({"html": "<html><TITLE lang=fr>Accès\nrefusé</TITLE></html>"}, "Accès refusé"),
        ({"html": "<html>Rien</html>"}, "400 Bad Request"),
        ({"content": b"\xff\xfe"}, "400 Bad Request"),
    ],
)
def test_the_words_of_a_platform_are_found_wherever_it_puts_them(body: dict[str, object], words: str) -> None:
    with answering(lambda _: httpx.Response(400, **body)) as calls:  # type: ignore[arg-type]
        assert calls.words(calls.get("/", known=(400,))).endswith(words)


def test_an_address_that_moved_is_named_without_what_follows_the_question_mark() -> None:
    answer = told(301, headers={"Location": "https://ailleurs.exemple.ca/wp?jeton=1"}).answer
    assert "set its address to the one that it names, https://ailleurs.exemple.ca/wp –" in answer.reason


def test_nothing_secret_comes_out_however_the_platform_spells_it() -> None:
    basic = base64.b64encode(f"com:{SECRET}".encode()).decode()
    said = f"jeton {SECRET} {quote(SECRET, safe='')} {basic}"
    answer = told(400, text=said).answer
    assert answer.reason == "400 Bad Request: … … … …"


def test_a_token_that_passes_is_hidden_while_it_is_new() -> None:
    calls = Calls("https://intranet.exemple.ca", secrets=("jeton",))
    for number in range(PASSING + 1):
        calls.hide(f"passe-{number}-")
    assert calls.plain(f"jeton passe-0- passe-1- passe-{PASSING}-") == "… passe-0- … …"
    calls.close()


def test_long_words_are_cut() -> None:
    answer = told(400, text="mot " * 1000).answer
    assert len(answer.reason) == WORDS
    assert answer.reason.endswith("…")


@pytest.mark.parametrize(
    ("given", "wait"),
    [
        ("7", timedelta(seconds=7)),
        ("0", timedelta(seconds=1)),
        ("", SOON),
        ("-5", SOON),
        ("bientôt", SOON),
        ("9" * 5000, SOON),
        ("999999999", LONGEST_WAIT),
        ("Sun, 29 Nov 2026 12:02:00 GMT", timedelta(minutes=2)),
        ("Sun, 29 Nov 2026 11:00:00 GMT", timedelta(seconds=1)),
        ("Sun, 29 Nov 2099 11:00:00 GMT", LONGEST_WAIT),
        ("Sun, 29 Nov 2026 12:02:00 -0000", SOON),
    ],
)
def test_the_time_that_a_platform_asks_for_is_read(given: str, wait: timedelta) -> None:
    response = httpx.Response(429, headers=[(b"Retry-After", given.encode())])
    assert wait_of(response, NOW) == wait


def raising(error: Exception) -> Callable[[], Posted]:
    def write() -> Posted:
        raise error

    return write


def looks(*results: Posted | None) -> Callable[[], Posted | None]:
    left = iter(results)
    return lambda: next(left)


def test_what_is_there_is_not_written() -> None:
    assert once(looks(HERE), raising(AssertionError())) == AlreadyThere(HERE.id, HERE.url)


def test_what_is_not_there_is_written_once() -> None:
    assert once(looks(None), lambda: HERE) == HERE
    assert once(looks(None), lambda: AlreadyThere("7", "")) == AlreadyThere("7", "")


@pytest.mark.parametrize("error", [Lost("coupé"), ValueError("page"), KeyError("id"), TypeError("None")])
def test_what_was_lost_or_not_readable_is_looked_up(error: Exception) -> None:
    assert once(looks(None, HERE), raising(error)) == HERE


def test_what_was_lost_and_is_not_there_is_tried_later() -> None:
    answer = once(looks(None, None), raising(Lost("coupé")))
    assert answer == Retry(LATER, "no answer came, and no post is there yet: coupé")


@pytest.mark.parametrize("error", [ValueError("page"), KeyError("id"), TypeError("None")])
def test_an_answer_of_another_product_is_refused(error: Exception) -> None:
    answers = (
        once(raising(error), raising(AssertionError())),
        once(looks(None, None), raising(error)),
        found(raising(error)),
        changed(raising(error)),
        gone(raising(error)),  # type: ignore[arg-type]
    )
    for answer in answers:
        assert isinstance(answer, Refused)
        assert "not that of this platform" in answer.reason
    unsure = sent(raising(error))
    assert isinstance(unsure, Unsure)
    assert "not that of this platform" in unsure.reason


@pytest.mark.parametrize("answer", [Retry(SOON, "occupé"), Refused("non")])
def test_what_is_declined_is_the_answer(answer: Retry | Refused) -> None:
    error = Declined(answer)
    assert once(looks(None), raising(error)) == answer
    assert found(raising(error)) == changed(raising(error)) == sent(raising(error)) == answer
    assert gone(raising(error)) == answer  # type: ignore[arg-type]


def test_changes_that_were_lost_are_made_again() -> None:
    assert changed(raising(Lost("coupé"))) == Retry(SOON, "no answer came: coupé")
    assert gone(raising(Lost("coupé"))) == Retry(SOON, "no answer came: coupé")  # type: ignore[arg-type]


def test_what_was_lost_where_nobody_can_be_asked_stays_unsure() -> None:
    assert isinstance(sent(raising(Lost("coupé"))), Unsure)
    assert sent(raising(Lost("coupé")), is_safe=True) == Retry(SOON, "no answer came: coupé")


def test_a_session_is_forgotten() -> None:
    with answering(lambda _: httpx.Response(200, headers={"Set-Cookie": "session=1"})) as calls:
        calls.get("/")
        assert calls._client.cookies
        calls.forget()
        assert not calls._client.cookies
