"""The pixel and the links of a message, and everything that leads nowhere."""

import pytest
from httpx2 import Response

from diffuse.adapters.sql import tables
from tests.suites.web.given import BASE, Service, shown


def test_the_pixel_is_a_transparent_gif_and_counts_as_an_open(service: Service) -> None:
    pixel = service.browser.get(service.path("open"))
    assert (pixel.status_code, pixel.headers["content-type"], len(pixel.content)) == (200, "image/gif", 43)
    assert pixel.headers["cache-control"] == "no-store"
    assert service.events() == [("opened", "")]


def test_a_click_leads_to_the_destination_that_was_baked_and_is_recorded_with_it(service: Service) -> None:
    answer = service.browser.get(service.path("click"), follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (
        302,
        "https://universite.example/aide?a=1&b=2",
    )
    assert service.events() == [("clicked", "https://universite.example/aide?a=1&b=2")]


@pytest.mark.parametrize(
    "tail", ["?url=https://evil.example/", "?next=//evil.example", "?utm_source=x", "#https://evil.example"]
)
def test_nothing_in_an_address_changes_where_a_click_leads(service: Service, tail: str) -> None:
    answer = service.browser.get(service.path("click", number=1) + tail, follow_redirects=False)
    assert answer.headers["location"] == "https://universite.example/releve"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_what_nobody_looks_at_is_answered_like_get_and_counted_nowhere(service: Service, method: str) -> None:
    for purpose in ("open", "click", "acknowledge"):
        path = service.path(purpose)
        other = service.browser.request(method, path, follow_redirects=False)
        assert service.events() == []
        get = service.browser.get(path, follow_redirects=False)
        assert (other.status_code, other.headers) == (get.status_code, get.headers)
        with service.engine.begin() as connection:
            connection.execute(tables.event.delete())
            for table in (tables.judgement, tables.hit):
                connection.execute(table.delete())


def bad_requests(service: Service) -> list[Response]:
    """Ask for everything that leads nowhere, for a different reason each time."""
    opened, clicked, page = (service.path(purpose) for purpose in ("open", "click", "acknowledge"))
    unknown = service.signer.address("acknowledge", 999_999).removeprefix(BASE)
    get, post = service.browser.get, service.browser.post
    return [
        *(
            get(path, follow_redirects=False)
            for path in ("/", "/x", "/a/", "/a", "/o/x", "/health", "/favicon.ico")
        ),
        *(get(path + "/", follow_redirects=False) for path in (opened, clicked, page)),
        get(unknown),
        post(unknown),
        get(page[:-1]),
        get(page[:-1] + ("A" if page[-1] != "A" else "B")),
        get(page + "="),
        get(page.replace("/a/", "/c/")),
        get(clicked.replace("/c/", "/a/")),
        get(opened.replace("/o/", "/a/").removesuffix(".gif")),
        get(page.replace("/a/", "/o/") + ".gif"),
        get(service.path("click", number=2)),
        get(service.path("click", number=60_000)),
        get("/c/%00"),
        get("/c/%FF%0a"),
        get("/a/" + "A" * 5000),
        post(opened),
        post(clicked),
        post(page.replace("/a/", "/c/"), data={"confirm": "yes"}),
        post(page[:-2], content=b"x" * 10_000),
        *(service.browser.request(method, page) for method in ("PUT", "DELETE", "PATCH", "TRACE")),
    ]


def test_whatever_leads_nowhere_gets_one_constant_answer(service: Service) -> None:
    answers = bad_requests(service)
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1
    assert service.events() == []
    assert "Cette page n’existe pas" in shown(answers[0])
    assert '<section class="notice" lang="en">' in answers[0].text


def test_a_delivery_that_has_not_left_leads_nowhere(service: Service) -> None:
    with service.engine.begin() as connection:
        connection.execute(tables.delivery.update().values(state="cancelled", sent_at=None))
    for purpose in ("open", "click", "acknowledge"):
        assert service.browser.get(service.path(purpose), follow_redirects=False).status_code == 404
    assert service.events() == []
