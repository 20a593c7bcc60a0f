"""What Prometheus scrapes, and who may."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from diffuse.domain.control import EVERYTHING, Standstill, Stop
from diffuse.domain.delivery import State
from diffuse.errors import TransientFailure
from diffuse.ports import Flow, Reading
from diffuse.web.metrics import Metrics
from tests.suites.web.given import NOW, Service, system

TOKEN = "t" * 32
BUSY = Reading(
    flows={
        'social "media"': Flow(states={State.PLANNED: 7, State.SENT: 3}, due=5, rate=0.5),
        "crisis": Flow(states={State.HELD: 2}),
    },
    attempts={State.SENT: 3, State.UNKNOWN: 1, State.CANCELLED: 2},
    oldest=NOW - timedelta(seconds=90),
    expired=4,
    lanes=("domain:example.org", "server:relay:25"),
    stops=(
        Stop(campaign=EVERYTHING, state=Standstill.HALTED, reason="the clock has jumped", since=NOW),
        Stop(campaign="crisis", state=Standstill.PAUSED, reason="said Ana Roy", since=NOW),
    ),
    ticked_at=NOW - timedelta(seconds=2),
)


@pytest.fixture
def scraper(service: Service) -> Iterator[TestClient]:
    """Prometheus, which has the token."""
    with system(service, TOKEN, Metrics(service.gauges, service.clock, TOKEN).routes) as one:
        yield one


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Read a scrape: the value of each sample by its name and the values of its labels."""
    return {
        (one.name, *one.labels.values()): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_a_scrape_shows_every_gauge(service: Service, scraper: TestClient) -> None:
    service.gauges.reading = BUSY
    answer = scraper.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = samples(answer.text)
    empty = {key for key, value in found.items() if key[0] == "diffuse_deliveries" and not value}
    assert len(empty) == 2 * len(State) - 3
    assert {key: value for key, value in found.items() if key not in empty} == {
        ("diffuse_deliveries", 'social "media"', "planned"): 7,
        ("diffuse_deliveries", 'social "media"', "sent"): 3,
        ("diffuse_deliveries", "crisis", "held"): 2,
        ("diffuse_deliveries_due", 'social "media"'): 5,
        ("diffuse_deliveries_due", "crisis"): 0,
        ("diffuse_oldest_due_age_seconds",): 90,
        ("diffuse_attempts_total", "sent"): 3,
        ("diffuse_attempts_total", "failed"): 0,
        ("diffuse_attempts_total", "planned"): 0,
        ("diffuse_attempts_total", "unknown"): 1,
        ("diffuse_attempts_total", "cancelled"): 2,
        ("diffuse_leases_expired",): 4,
        ("diffuse_lane_in_trouble", "domain:example.org"): 1,
        ("diffuse_lane_in_trouble", "server:relay:25"): 1,
        ("diffuse_halted",): 1,
        ("diffuse_campaign_stopped", "crisis", "paused"): 1,
        ("diffuse_worker_last_seen_timestamp_seconds",): NOW.timestamp() - 2,
    }
    assert "Ana Roy" not in answer.text


def test_an_empty_installation_has_its_gauges_at_zero(scraper: TestClient) -> None:
    found = samples(scraper.get("/metrics").text)
    assert set(found.values()) == {0.0}
    assert sorted(found) == [
        *(("diffuse_attempts_total", state) for state in ("failed", "planned", "sent", "unknown")),
        ("diffuse_halted",),
        ("diffuse_leases_expired",),
        ("diffuse_oldest_due_age_seconds",),
        ("diffuse_worker_last_seen_timestamp_seconds",),
    ]


def test_each_family_says_what_it_is_and_what_it_counts(service: Service, scraper: TestClient) -> None:
    service.gauges.reading = BUSY
    families = list(text_string_to_metric_families(scraper.get("/metrics").text))
    assert {one.name: one.type for one in families if one.type != "gauge"} == {"diffuse_attempts": "counter"}
    assert all(one.documentation.endswith(".") for one in families)


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_without_the_token_nothing_is_measured_or_said(
    service: Service, scraper: TestClient, token: str
) -> None:
    service.gauges.fails = RuntimeError("nobody may look")
    refused = scraper.get("/metrics", headers={"Authorization": token})
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert "api_token" in refused.text
    assert TOKEN not in refused.text


def test_a_service_without_a_token_has_no_such_address(service: Service) -> None:
    answer = service.browser.get("/metrics", headers={"Authorization": "Bearer "})
    assert answer.status_code == 404


def test_a_database_that_is_away_fails_the_scrape_with_its_reason(
    service: Service, scraper: TestClient
) -> None:
    service.gauges.fails = TransientFailure("The database does not answer.")
    answer = scraper.get("/metrics")
    assert (answer.status_code, answer.text) == (503, "The database does not answer.\n")
    assert '"purpose": "metrics"' in service.log.getvalue()
