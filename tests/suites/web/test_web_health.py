"""What a probe is told: that the process answers, and whether it has a database to work with."""

import json

import pytest

from diffuse.errors import AuthoringError, TransientFailure
from tests.suites.web.given import Service

FAILURES = [
    TransientFailure("The database postgresql://secret-host/hr does not answer"),
    AuthoringError.of("the tables of postgresql://secret-host/hr are those of revision 0001"),
]


@pytest.mark.parametrize("address", ["/health/live", "/health/ready"])
def test_a_service_that_can_work_says_so_to_everybody(service: Service, address: str) -> None:
    answer = service.browser.get(address)
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert answer.headers["cache-control"] == "no-store"
    assert service.browser.head(address).status_code == 200


@pytest.mark.parametrize("failure", FAILURES)
def test_the_service_says_that_it_lives_even_without_its_database(
    service: Service, failure: Exception
) -> None:
    service.hits.fails = service.gauges.fails = failure
    answer = service.browser.get("/health/live")
    assert (answer.status_code, answer.text) == (200, "ok\n")


@pytest.mark.parametrize(
    ("failure", "words"), [(FAILURES[0], "does not answer"), (FAILURES[1], "'diffuse doctor'")]
)
def test_a_service_without_its_database_is_not_ready_and_says_why_in_one_sentence(
    service: Service, failure: Exception, words: str
) -> None:
    service.gauges.fails = failure
    answer = service.browser.get("/health/ready")
    assert answer.status_code == 503
    assert words in answer.text
    assert answer.text.count("\n") == 1
    assert "secret-host" not in answer.text
    service.gauges.fails = None
    assert service.browser.get("/health/ready").status_code == 200


def test_probes_stand_in_the_log_by_their_purpose(service: Service) -> None:
    service.gauges.fails = FAILURES[0]
    service.browser.get("/health/live")
    service.browser.get("/health/ready")
    lines = [json.loads(line) for line in service.log.getvalue().splitlines()]
    assert [(line["status"], line["purpose"]) for line in lines] == [(200, "health"), (503, "health")]
