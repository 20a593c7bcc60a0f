"""What the tracking service notes of whoever asks, and what it makes of scanners and people."""

import io
from datetime import timedelta
from ipaddress import ip_network

import pytest
from starlette.testclient import TestClient

from diffuse.adapters.agents import names_itself
from diffuse.adapters.sql.hits import SqlHits
from diffuse.adapters.sql.verdicts import SqlVerdicts
from diffuse.services.record import Record
from diffuse.web.app import create_app
from diffuse.web.log import json_lines
from diffuse.web.pages import Pages
from tests.suites.web.given import BASE, TEMPLATES, Service, publications

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
SECOND = timedelta(seconds=1)


@pytest.fixture
def outside(service: Service) -> TestClient:
    """Reach the same service through a proxy, as it judges in earnest."""
    record = Record(
        hits=SqlHits(service.engine, verdicts=SqlVerdicts(names_itself=names_itself)),
        publications=publications(service.engine),
        clock=service.clock,
        signer=service.signer,
    )
    app = create_app(
        record,
        service.clock,
        pages=Pages(TEMPLATES),
        gauges=service.gauges,
        log=json_lines(io.StringIO()),
        trusted_proxies=[ip_network("10.0.0.0/8")],
    )
    return TestClient(
        app, BASE, headers={"User-Agent": FIREFOX}, client=("10.0.0.9", 4242), follow_redirects=False
    )


def delivered(service: Service, name: str = "both fr") -> dict[str, object]:
    number = service.deliveries[name]
    return next(row for row in service.rows("delivery") if row["id"] == number)


def verdicts(service: Service) -> list[tuple[str, str]]:
    newest = {row["hit"]: row["verdict"] for row in service.rows("judgement")}
    return [(row["what"], newest[row["id"]]) for row in service.rows("hit")]


def test_a_request_is_noted_without_the_address(service: Service, outside: TestClient) -> None:
    headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.77", "User-Agent": "a" * 400, "Sec-Purpose": "prefetch"}
    outside.get(service.path("click"), headers=headers)
    (hit,) = service.rows("hit")
    assert (hit["what"], hit["method"], hit["number"], hit["links"]) == ("click", "GET", 0, 3)
    assert (hit["network"], hit["prefetch"], hit["agent"]) == ("203.0.113.0/24", "prefetch", "a" * 300)
    assert "203.0.113.77" not in repr(service.rows("hit"))


def test_nobody_else_is_believed_about_the_address(service: Service) -> None:
    service.browser.get(service.path("open"), headers={"X-Forwarded-For": "203.0.113.77"})
    assert service.rows("hit")[0]["network"] == ""


@pytest.mark.parametrize("tail", ["%27", "x", "%22%3E"])
def test_a_mutated_link_is_noted_and_answered_like_every_other_that_leads_nowhere(
    service: Service, outside: TestClient, tail: str
) -> None:
    nowhere = outside.get("/a/nowhere")
    answer = outside.get(service.path("acknowledge") + tail)
    assert (answer.status_code, answer.content) == (404, nowhere.content)
    service.noted("mutated")
    assert verdicts(service) == [("mutated", "machine")]
    assert service.events() == []


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "Mozilla/5.0",
        "curl/8.11",
        "Slackbot-LinkExpanding 1.0",
        "SkypeUriPreview Preview/0.5",
        "HeadlessChrome/1",
    ],
)
def test_programs_that_say_so_are_answered_and_count_nowhere(
    service: Service, outside: TestClient, agent: str
) -> None:
    for purpose, status in (("open", 200), ("click", 302), ("acknowledge", 200)):
        assert outside.get(service.path(purpose), headers={"User-Agent": agent}).status_code == status
        service.clock.set(service.clock.now() + 5 * SECOND)
    assert [verdict for _, verdict in verdicts(service)] == ["machine"] * 3
    row = delivered(service)
    assert (row["opened_at"], row["clicked_at"], row["acknowledged_at"]) == (None, None, None)
    assert (row["raw_opens"], row["human_opens"], row["raw_clicks"], row["human_clicks"]) == (1, 0, 1, 0)
    assert service.events() == []


def test_a_scanner_that_follows_everything_is_found_out_and_its_first_hits_are_taken_back(
    service: Service, outside: TestClient
) -> None:
    for path in (
        service.path("open"),
        service.path("click"),
        service.path("click", number=1),
        service.path("acknowledge"),
    ):
        outside.get(path)
    row = delivered(service)
    assert (row["opened_at"], row["clicked_at"], row["reached_on"]) == (None, None, None)
    assert {verdict for _, verdict in verdicts(service)} == {"machine"}


def test_whoever_follows_the_hidden_link_counts_nowhere(service: Service, outside: TestClient) -> None:
    answer = outside.get(service.path("decoy"))
    service.clock.set(service.clock.now() + 5 * SECOND)
    outside.get(service.path("click"))
    assert (answer.status_code, answer.content) == (404, outside.get("/a/nowhere").content)
    assert verdicts(service) == [("decoy", "machine"), ("click", "machine")]
    assert service.events() == []


def test_a_person_opens_follows_and_confirms(service: Service, outside: TestClient) -> None:
    for purpose in ("open", "click"):
        outside.get(service.path(purpose))
        service.clock.set(service.clock.now() + 5 * SECOND)
    page = service.path("acknowledge", "plain fr")
    fields = service.fields(page)
    assert outside.post(page, data=fields).status_code == 303
    row = delivered(service)
    assert (row["human_opens"], row["human_clicks"], row["unsure_clicks"]) == (1, 1, 0)
    assert delivered(service, "plain fr")["acknowledged_at"] is not None
    assert [one["doubt"] for one in service.rows("acknowledgement")] == [""]


def test_a_form_that_a_scanner_sends_is_doubted(service: Service, outside: TestClient) -> None:
    page = service.path("acknowledge", "plain fr")
    fields = service.fields(page)
    for number in (0, 1):
        outside.get(service.path("click", "plain fr", number))
    outside.get(page)
    assert outside.post(page, data=fields).status_code == 303
    (given,) = service.rows("acknowledgement")
    assert given["doubt"] == "burst"
    (doubted,) = service.hits.doubted()
    assert (doubted.employee, doubted.key_point, doubted.doubt) == ("e-fr", "plain", "burst")
