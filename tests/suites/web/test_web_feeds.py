"""Feeds over HTTP, read by somebody else's program; who has no address learns nothing."""

from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import feedparser  # type: ignore[import-untyped]
import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from diffuse.domain.feed import Name
from tests.suites.web.board import AUTHORITY, CAME, Board, board_of, opened
from tests.suites.web.given import BASE, NOW, Service

FRENCH = Name("feed", "everyone", "fr")


@pytest.fixture
def board(service: Service) -> Board:
    return board_of(service)


@pytest.fixture
def browser(board: Board) -> Iterator[TestClient]:
    with opened(board, BASE) as one:
        yield one


def path(board: Board, name: Name = FRENCH) -> str:
    return board.signer.address("feed", name.number).removeprefix(BASE)


def ask(browser: TestClient, board: Board, name: Name = FRENCH, **headers: str) -> Response:
    return browser.get(
        path(board, name), headers={one.replace("_", "-"): says for one, says in headers.items()}
    )


def read(answer: Response) -> Any:  # noqa: ANN401 -- feedparser's
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    found = feedparser.parse(answer.content)
    assert not found.bozo
    return found


def titles(answer: Response) -> list[str]:
    return [one.title for one in read(answer).entries]


def test_a_feed_holds_what_stands_the_newest_first_with_its_link(board: Board, browser: TestClient) -> None:
    first, second = board.post("post"), board.post("said", at=CAME + timedelta(hours=1))
    found = read(ask(browser, board))
    assert found.feed.title == "Service des communications"
    assert found.feed.author == "Service des communications"
    assert found.feed.language == "fr"
    assert found.feed.links[0].href == BASE + path(board)
    assert [one.published for one in found.entries] == [
        "2027-01-11T15:00:00+00:00",
        "2027-01-11T14:00:00+00:00",
    ]
    asks = found.entries[1]
    assert asks.link == board.signer.address("post", first)
    assert asks.link in asks.content[0].value
    assert board.signer.address("post", second) not in found.entries[0].content[0].value
    assert "un substitut" in asks.content[0].value
    assert browser.get(asks.link.removeprefix(BASE), follow_redirects=False).status_code == 303


def test_each_channel_and_language_has_a_feed_of_its_own(board: Board, browser: TestClient) -> None:
    board.post("post")
    board.post("said", language="en")
    board.post("wild", channel="feed/cadres")
    board.post("wild", channel="wordpress")
    assert titles(ask(browser, board)) == ["Un substitut pour chaque compte"]
    assert titles(ask(browser, board, Name("feed", "everyone", "en"))) == ["A substitute for each account"]
    assert titles(ask(browser, board, Name("feed/cadres", "everyone", "fr"))) == ["<b>Gras</b> & co"]
    assert ask(browser, board, Name("wordpress", "everyone", "fr")).status_code == 404


def test_hostile_text_is_text_in_a_feed(board: Board, browser: TestClient) -> None:
    board.post("wild")
    answer = ask(browser, board)
    (entry,) = read(answer).entries
    assert entry.title == "<b>Gras</b> & co"
    assert "<script" not in entry.content[0].value
    assert "onerror=" not in entry.content[0].value.replace("&lt;img src=x onerror=", "")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_ids_stay_when_posts_change_and_come_back(board: Board, browser: TestClient) -> None:
    number = board.post("post")
    before = read(ask(browser, board))
    assert before.entries[0].id == "tag:universite.example,2027-01-11:rules-post-fr-feed"
    board.change(number, CAME + timedelta(hours=2))
    board.publication = board.publish(NOW)
    after = read(ask(browser, board))
    assert after.entries[0].id == before.entries[0].id
    assert after.entries[0].published == before.entries[0].published
    assert after.entries[0].updated == "2027-01-11T16:00:00+00:00" == after.feed.updated
    assert after.feed.id == before.feed.id == FRENCH.urn(AUTHORITY)


def test_what_is_withdrawn_is_gone_and_the_feed_has_changed(board: Board, browser: TestClient) -> None:
    number = board.post("post")
    before = ask(browser, board)
    board.withdraw(number, CAME + timedelta(hours=3))
    after = ask(
        browser,
        board,
        if_none_match=before.headers["etag"],
        if_modified_since=before.headers["last-modified"],
    )
    assert titles(after) == []
    assert after.headers["last-modified"] == "Mon, 11 Jan 2027 17:00:00 GMT"


def test_a_feed_has_an_address_before_its_first_post(board: Board, browser: TestClient) -> None:
    listed = {one.name: one for one in board.feeds.all()}
    assert [*listed] == sorted(
        Name(channel, "everyone", language)
        for channel in ("feed", "feed/cadres")
        for language in ("fr", "en")
    )
    assert listed[FRENCH].address == BASE + path(board)
    empty = ask(browser, board)
    assert titles(empty) == []
    board.post("post")
    assert {one.name: one.posts for one in board.feeds.all()} == {**dict.fromkeys(listed, 0), FRENCH: 1}
    full = ask(browser, board)
    assert read(full).feed.id == read(empty).feed.id
    assert full.headers["etag"] != empty.headers["etag"]


def test_a_feed_that_has_not_changed_is_not_sent_again(board: Board, browser: TestClient) -> None:
    board.post("post")
    first = ask(browser, board)
    tag, changed = first.headers["etag"], first.headers["last-modified"]
    assert changed == "Mon, 11 Jan 2027 14:00:00 GMT"
    assert first.headers["cache-control"] == "private, max-age=300"
    for said in ({"if_none_match": tag}, {"if_none_match": f'"x", W/{tag}'}, {"if_modified_since": changed}):
        again = ask(browser, board, FRENCH, **said)
        assert (again.status_code, again.content) == (304, b""), said
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == "private, max-age=300"
    for said in (
        {"if_none_match": '"x"'},
        {"if_none_match": '"x"', "if_modified_since": changed},
        {"if_modified_since": format_datetime(CAME - timedelta(seconds=1), usegmt=True)},
        {"if_modified_since": "Mon, 11 Jan 2027 14:00:00 -0000"},
        {"if_modified_since": "yesterday"},
        {"if_modified_since": "Mon, 99 Jan 99999 99:00:00 GMT"},
    ):
        assert ask(browser, board, FRENCH, **said).status_code == 200, said
    assert browser.head(path(board)).headers["etag"] == tag


def test_what_changed_just_now_is_not_told_by_its_second_alone(board: Board, browser: TestClient) -> None:
    """Two posts of one second: whoever came between them must not miss the other."""
    board.post("post", at=NOW)
    first = ask(browser, board)
    assert "last-modified" not in first.headers
    board.post("said", at=NOW + timedelta(milliseconds=300))
    after = ask(browser, board, if_modified_since=format_datetime(NOW, usegmt=True))
    assert len(read(after).entries) == 2


def test_an_address_that_nobody_signed_leads_nowhere(board: Board, browser: TestClient) -> None:
    number = board.post("post")
    right = path(board)
    for wrong in (
        "/feeds/nonsense.atom",
        f"/feeds/{board.signer.address('post', number)[-32:]}.atom",
        f"/feeds/{board.signer.address('post', FRENCH.number)[-32:]}.atom",
        right.replace(".atom", ".rss"),
        right.removesuffix(".atom"),
        board.signer.address("feed", Name("feed", "nobody", "fr").number).removeprefix(BASE),
        "/feeds/",
    ):
        answer = browser.get(wrong)
        assert answer.status_code == 404, wrong
        assert "Cette page n’existe pas" in answer.text
    token = right.removesuffix(".atom")[-32:]
    assert browser.get(f"/p/{token}").status_code == 404


def test_a_feed_is_kept_to_its_newest_posts(
    board: Board, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diffuse.services.feeds.MOST", 2)
    for hours, point in enumerate(("said", "post", "wild")):
        board.post(point, at=CAME + timedelta(hours=hours))
    assert titles(ask(browser, board)) == ["<b>Gras</b> & co", "Un substitut pour chaque compte"]


def test_the_number_of_a_feed_follows_from_its_name_alone() -> None:
    """These numbers stand in the addresses that intranets have: they may never change."""
    assert FRENCH.number == 1005932730492
    assert len({Name(*one).number for one in (("a", "b", "c"), ("ab", "", "c"), ("a", "bc", ""))}) == 3
    assert all(0 <= Name("feed", f"a{number}", "fr").number < 2**40 for number in range(100))
    assert FRENCH.urn(AUTHORITY) == "urn:uuid:a133011b-562f-5f7a-82ba-7c14b433592a"
    assert FRENCH.urn("Universite.Example") == FRENCH.urn(AUTHORITY)
