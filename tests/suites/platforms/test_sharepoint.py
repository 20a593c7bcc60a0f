"""News pages of SharePoint: what is particular to them; the rest is in the conformance suite."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from diffuse.adapters.platforms.graph import TRAFFIC
from diffuse.adapters.platforms.sharepoint import SharePoint
from diffuse.domain.post import Absent, AlreadyThere, Post, Posted, Refused, Retry, Withdrawn
from tests.suites.platforms.fault_proxy import FaultProxy, Reply
from tests.suites.platforms.sharepoint_contract import PAGE, Refusal
from tests.suites.platforms.sharepoint_server import (
    SECRET,
    WHERE,
    Page,
    SharePointServer,
    sharepoint_server,
)

NOW = datetime(2026, 9, 1, 13, tzinfo=UTC)
KEY = "securite-p1-1"


@pytest.fixture(scope="module")
def whole_site() -> Iterator[SharePointServer]:
    with sharepoint_server() as server:
        yield server


@pytest.fixture
def site(whole_site: SharePointServer) -> SharePointServer:
    whole_site.empty()
    return whole_site


@pytest.fixture
def sharepoint(site: SharePointServer) -> Iterator[SharePoint]:
    platform = adapter(site)
    yield platform
    platform.close()


def adapter(server: SharePointServer, **changes: str) -> SharePoint:
    return SharePoint(**{**server.recipe().arguments, **changes})


def a_post(key: str = KEY, title: str = "Été : mots de passe", html: str = "<p>Un secret.</p>") -> Post:
    return Post(key=key, title=title, html=html, text="Un secret.", language="fr", publish_at=NOW)


def others(count: int) -> list[Page]:
    """Pages of somebody else, before and behind ours in the alphabet."""
    draft = {"title": "Autre", "promotionKind": "page"}
    return [Page(f"{'az'[number % 2]}-{number}.aspx", draft) for number in range(count)]


def test_a_post_becomes_a_news_page_without_comments(site: SharePointServer, sharepoint: SharePoint) -> None:
    answer = sharepoint.post(a_post())
    [page] = site.pages
    assert answer == Posted(page.id, f"https://contoso.sharepoint.com/sites/rh/SitePages/{KEY}.aspx")
    assert page.shown is not None
    assert (page.shown["promotionKind"], page.shown["showComments"]) == ("newsPost", False)


def test_it_names_itself_as_sharepoint_asks_programs_to(
    site: SharePointServer, sharepoint: SharePoint
) -> None:
    sharepoint.lookup(KEY)
    assert TRAFFIC in site.agents


def test_a_site_is_found_by_its_address_once(site: SharePointServer) -> None:
    sharepoint = adapter(site, site=WHERE)
    sharepoint.post(a_post())
    sharepoint.lookup(KEY)
    sharepoint.close()
    asked = [one for one in site.seen if one.startswith("GET") and one.endswith("/sites/rh")]
    assert len(asked) == 1
    assert len(site.posts()) == 1


def test_a_site_that_is_not_there_is_refused_in_the_words_of_graph(site: SharePointServer) -> None:
    sharepoint = adapter(site, site="contoso.sharepoint.com:/sites/ailleurs")
    answer = sharepoint.post(a_post())
    sharepoint.close()
    assert isinstance(answer, Refused)
    assert "Requested site could not be found" in answer.reason


def test_a_page_that_was_created_and_not_published_is_finished(
    site: SharePointServer, sharepoint: SharePoint
) -> None:
    site.answers["POST publish"] = [Refusal(HTTPStatus.BAD_GATEWAY, "UnknownError", "no gateway")]
    answer = sharepoint.post(a_post(title="Avant"))
    assert isinstance(answer, Retry)
    assert "no gateway" in answer.reason
    assert site.posts() == []
    assert sharepoint.lookup(KEY) == Absent()
    assert isinstance(sharepoint.post(a_post(title="Après")), Posted)
    assert [post.title for post in site.posts()] == ["Après"]
    assert len(site.pages) == 1


def test_a_draft_that_somebody_began_later_takes_nothing_from_readers(
    site: SharePointServer, sharepoint: SharePoint
) -> None:
    sharepoint.post(a_post())
    [page] = site.pages
    page.level, page.minor = "checkout", 1
    assert isinstance(sharepoint.post(a_post()), AlreadyThere)
    assert isinstance(sharepoint.lookup(KEY), Posted)


def test_an_update_that_was_not_published_is_published_when_it_is_asked_again(
    site: SharePointServer, sharepoint: SharePoint
) -> None:
    sharepoint.post(a_post(title="Avant"))
    site.answers["POST publish"] = [Refusal(HTTPStatus.GATEWAY_TIMEOUT, "UnknownError", "")]
    assert isinstance(sharepoint.update(a_post(title="Après")), Retry)
    assert [post.title for post in site.posts()] == ["Avant"]
    assert isinstance(sharepoint.update(a_post(title="Après")), Posted)
    assert [post.title for post in site.posts()] == ["Après"]


def test_a_page_that_waits_for_an_approval_is_not_called_published(
    site: SharePointServer, sharepoint: SharePoint
) -> None:
    site.approves = False
    answer = sharepoint.post(a_post())
    assert isinstance(answer, Retry)
    assert "approval" in answer.reason
    site.approves = True
    assert isinstance(sharepoint.post(a_post()), Posted)
    assert len(site.pages) == 1


def test_a_page_that_gets_another_name_is_deleted_again(
    site: SharePointServer, sharepoint: SharePoint
) -> None:
    site.renames = True
    answer = sharepoint.post(a_post())
    assert isinstance(answer, Retry)
    assert f"{KEY}(1).aspx" in answer.reason
    assert site.pages == []


@pytest.mark.parametrize("filters", ["kept", "ignored", "refused"])
def test_a_page_is_found_in_a_list_of_several_parts(
    site: SharePointServer, sharepoint: SharePoint, filters: str
) -> None:
    site.filters, site.part = filters, 3
    site.pages.extend(others(10))
    posted = sharepoint.post(a_post())
    assert isinstance(posted, Posted)
    assert sharepoint.post(a_post()) == AlreadyThere(posted.id, posted.url)
    assert len(site.posts()) == 1


def test_a_page_that_a_filter_does_not_show_is_not_created_twice(
    site: SharePointServer, sharepoint: SharePoint
) -> None:
    assert isinstance(sharepoint.post(a_post()), Posted)
    site.filters, site.part = "empty", 2
    site.pages.extend(others(5))
    assert isinstance(sharepoint.post(a_post()), Posted)
    assert [post.title for post in site.posts()] == [a_post().title]


def test_a_draft_that_a_filter_does_not_show_gets_the_present_text(
    site: SharePointServer, sharepoint: SharePoint
) -> None:
    site.filters = "empty"
    site.pages.append(Page(f"{KEY}.aspx", {"title": "Brouillon", "promotionKind": "newsPost"}))
    assert isinstance(sharepoint.post(a_post()), Posted)
    assert [post.title for post in site.posts()] == [a_post().title]


def test_a_list_that_leads_elsewhere_is_not_followed_with_our_token(
    site: SharePointServer, sharepoint: SharePoint
) -> None:
    site.part, site.filters, site.leads = 1, "ignored", "127.0.0.1:1"
    site.pages.extend(others(2))
    answer = sharepoint.lookup(KEY)
    assert isinstance(answer, Refused)
    assert "the list goes on at http://127.0.0.1:1/" in answer.reason


def test_a_list_without_an_end_is_not_read_for_ever(
    site: SharePointServer, sharepoint: SharePoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diffuse.adapters.platforms.sharepoint.MOST_LISTS", 2)
    site.part, site.filters = 1, "ignored"
    site.pages.extend(others(5))
    answer = sharepoint.lookup(KEY)
    assert isinstance(answer, Refused)
    assert "does not end after 2 parts" in answer.reason


def test_a_name_that_something_else_has_is_a_refusal(site: SharePointServer, sharepoint: SharePoint) -> None:
    words = "The specified item name already exists"
    site.answers["POST pages"] = [Refusal(HTTPStatus.CONFLICT, "nameAlreadyExists", words)]
    answer = sharepoint.post(a_post())
    assert isinstance(answer, Refused)
    assert f"{KEY}.aspx is taken" in answer.reason
    assert words in answer.reason


def test_whoever_hung_up_signs_in_anew(site: SharePointServer, sharepoint: SharePoint) -> None:
    sharepoint.post(a_post())
    sharepoint.close()
    assert isinstance(sharepoint.lookup(KEY), Posted)
    assert len(site.tokens) == 2


def test_a_token_serves_for_many_calls(site: SharePointServer, sharepoint: SharePoint) -> None:
    for number in range(3):
        sharepoint.post(a_post(f"securite-p1-{number}"))
    assert len(site.tokens) == 1


def test_a_token_that_is_about_to_expire_is_replaced_before(
    site: SharePointServer, sharepoint: SharePoint
) -> None:
    site.lasts = 0
    assert sharepoint.lookup(KEY) == Absent()
    site.lasts = 3599
    assert sharepoint.lookup(KEY) == Absent()
    assert sharepoint.lookup(KEY) == Absent()
    assert len(site.tokens) == 2


def test_a_token_that_graph_takes_no_longer_is_renewed_in_the_middle(
    site: SharePointServer, sharepoint: SharePoint
) -> None:
    sharepoint.post(a_post(title="Avant"))
    site.expire()
    assert isinstance(sharepoint.update(a_post(title="Après")), Posted)
    assert [post.title for post in site.posts()] == ["Après"]
    assert len(site.tokens) == 2


def test_when_a_new_token_does_not_serve_either_it_is_a_refusal(
    site: SharePointServer, sharepoint: SharePoint
) -> None:
    refusal = Refusal(HTTPStatus.UNAUTHORIZED, "InvalidAuthenticationToken", "CompactToken parsing failed")
    site.answers["GET microsoft.graph.sitePage"] = [refusal, refusal]
    answer = sharepoint.post(a_post())
    assert isinstance(answer, Refused)
    assert "CompactToken parsing failed" in answer.reason
    assert len(site.tokens) == 2


def test_a_token_that_somebody_else_has_renewed_meanwhile_is_taken(
    site: SharePointServer, sharepoint: SharePoint
) -> None:
    sharepoint.lookup(KEY)
    graph, seen = sharepoint._graph, []

    def call(headers: Mapping[str, str], _: Collection[int]) -> httpx.Response:
        seen.append(headers["Authorization"])
        if len(seen) == 1:
            graph._token = "renouvele"
        return httpx.Response(HTTPStatus.UNAUTHORIZED if len(seen) == 1 else HTTPStatus.OK)

    assert graph._signed(call).is_success
    assert seen[1] == "Bearer renouvele"
    assert len(site.tokens) == 1


@pytest.mark.parametrize("step", ["POST token", "POST pages"])
def test_an_answer_that_is_not_graphs_is_refused(
    site: SharePointServer, sharepoint: SharePoint, step: str
) -> None:
    site.answers[step] = [Refusal(HTTPStatus.OK, "none", "something else")]
    answer = sharepoint.post(a_post())
    assert isinstance(answer, Refused)
    assert "not that of this platform" in answer.reason


def test_a_list_in_place_of_an_object_is_refused(site: SharePointServer) -> None:
    with FaultProxy(site.address) as proxy:
        proxy.injected = Reply(status=200, headers={"Content-Type": "application/json"}, body=b"[]")
        sharepoint = adapter(site, login=proxy.address)
        answer = sharepoint.post(a_post())
        sharepoint.close()
    assert isinstance(answer, Refused)
    assert "no object came back: list" in answer.reason


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_secret": "wrong-secret"}, "AADSTS7000215: Invalid client secret provided"),
        ({"client_id": "somebody-else"}, "AADSTS700016"),
        ({"tenant": "fabrikam.onmicrosoft.com"}, "AADSTS90002: Tenant 'fabrikam.onmicrosoft.com' not found"),
    ],
)
def test_what_the_identity_platform_objects_is_kept(
    site: SharePointServer, changes: dict[str, str], words: str
) -> None:
    sharepoint = adapter(site, **changes)
    answer = sharepoint.post(a_post())
    sharepoint.close()
    assert isinstance(answer, Refused)
    assert words in answer.reason
    assert "wrong-secret" not in answer.reason


def test_neither_secret_nor_token_is_repeated(site: SharePointServer, sharepoint: SharePoint) -> None:
    sharepoint.lookup(KEY)
    [token] = site.tokens
    words = f"token {token}, secret {SECRET}"
    site.answers["POST pages"] = [Refusal(HTTPStatus.BAD_REQUEST, "invalidRequest", words)]
    assert sharepoint.post(a_post()) == Refused("400 Bad Request: token …, secret …")


def test_an_identity_platform_that_is_away_is_tried_again(
    site: SharePointServer, sharepoint: SharePoint
) -> None:
    site.answers["POST token"] = [Refusal(HTTPStatus.BAD_GATEWAY, "temporarily_unavailable", "AADSTS90033")]
    answer = sharepoint.post(a_post())
    assert isinstance(answer, Retry)
    assert "AADSTS90033" in answer.reason
    assert isinstance(sharepoint.post(a_post()), Posted)


@pytest.mark.parametrize("status", [HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE])
@pytest.mark.parametrize("step", ["GET microsoft.graph.sitePage", "POST pages", "POST publish"])
def test_whoever_is_throttled_waits_for_as_long_as_graph_says(
    site: SharePointServer, sharepoint: SharePoint, status: int, step: str
) -> None:
    words = "The request has been throttled"
    site.answers[step] = [Refusal(status, "activityLimitReached", words, {"Retry-After": "315"})]
    answer = sharepoint.post(a_post())
    assert isinstance(answer, Retry)
    assert answer.after == timedelta(seconds=315)
    assert words in answer.reason
    assert isinstance(sharepoint.post(a_post()), Posted)
    assert len(site.posts()) == 1


@pytest.mark.parametrize("status", [HTTPStatus.LOCKED, HTTPStatus.CONFLICT])
def test_a_page_that_somebody_is_editing_is_changed_later(
    site: SharePointServer, sharepoint: SharePoint, status: int
) -> None:
    sharepoint.post(a_post())
    words = "The resource you are attempting to access is locked"
    site.answers["PATCH microsoft.graph.sitePage"] = [Refusal(status, "resourceLocked", words)]
    answer = sharepoint.update(a_post(title="Après"))
    assert isinstance(answer, Retry)
    assert words in answer.reason


def test_a_post_for_later_is_published_in_its_time(site: SharePointServer, sharepoint: SharePoint) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    answer = sharepoint.post(
        Post(key=KEY, title="T", html="<p>T</p>", text="T", language="fr", publish_at=tomorrow)
    )
    assert isinstance(answer, Retry)
    assert timedelta(hours=23) < answer.after <= timedelta(days=1)
    assert site.pages == []


def test_a_withdrawn_page_is_gone_however_often_that_is_said(
    site: SharePointServer, sharepoint: SharePoint
) -> None:
    sharepoint.post(a_post())
    site.answers["DELETE " + site.pages[0].id] = [Refusal(HTTPStatus.NOT_FOUND, "itemNotFound", "gone")]
    assert sharepoint.withdraw(KEY) == Withdrawn()
    assert sharepoint.withdraw(KEY) == Withdrawn()
    assert sharepoint.withdraw(KEY) == Withdrawn()
    assert site.pages == []
    assert isinstance(sharepoint.post(a_post()), Posted)


def test_an_address_that_is_not_microsofts_is_refused(site: SharePointServer) -> None:
    sharepoint = adapter(site, login=f"{site.address}/elsewhere")
    answer = sharepoint.post(a_post())
    sharepoint.close()
    assert isinstance(answer, Refused)
    assert "404" in answer.reason


@pytest.mark.parametrize(
    "change",
    [
        {"@odata.type": "#microsoft.graph.page"},
        {"name": ""},
        {"surprise": True},
        {"title": "é" * 256},
        {"titleArea": {"layout": "huge"}},
        {"canvasLayout": {"horizontalSections": [{"layout": "oneColumn", "columns": []}]}},
    ],
)
def test_the_server_of_these_tests_refuses_what_the_contract_does_not_say(
    site: SharePointServer, change: dict[str, Any]
) -> None:
    whole = {"@odata.type": PAGE, "name": "a.aspx", "title": "A", "pageLayout": "article"}
    with pytest.raises(Refusal) as caught:
        site._create({**whole, **change})
    assert caught.value.code == "invalidRequest"
