"""Floods: one link used without end, and everything that the description allows, and more."""

from itertools import count
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from diffuse.web.limits import AT_ONCE, KEPT, Limits
from tests.suites.web.board import board_of, opened
from tests.suites.web.given import BASE, Service, shown

SOME = settings(
    max_examples=60,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Seconds:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_a_link_that_is_used_without_end_is_refused_and_nothing_more_is_recorded(service: Service) -> None:
    with opened(board_of(service), BASE, limits=Limits(Seconds())) as browser:
        answers = [browser.get(service.path("open")) for _ in range(AT_ONCE + 5)]
        assert [answer.status_code for answer in answers] == [200] * AT_ONCE + [429] * 5
        assert answers[-1].headers["retry-after"] == "60"
        assert "no-store" in answers[-1].headers["cache-control"]
        assert "Réessayez dans quelques minutes" in shown(answers[-1])
        assert len(service.events()) == AT_ONCE
        assert browser.get(service.path("open", "both en")).status_code == 200
        assert browser.get("/health/live").status_code == 200


def test_the_link_of_a_feed_is_counted_for_each_address_that_asks_as_our_proxies_name_it(
    service: Service,
) -> None:
    board = board_of(service)
    path = board.feeds.all()[0].address.removeprefix(BASE)
    limits = Limits(Seconds())
    with opened(board, BASE, limits=limits) as browser:
        limits.allow(f"{path} 203.0.113.7", AT_ONCE)
        one, other = ({"X-Forwarded-For": name} for name in ("203.0.113.7", "203.0.113.8"))
        assert [browser.get(path, headers=by).status_code for by in (one, other)] == [429, 200]


def test_uses_are_given_back_one_a_second() -> None:
    clock = Seconds()
    limits = Limits(clock)
    assert sum(limits.allow("a") for _ in range(100)) == AT_ONCE
    clock.at += 3
    assert [limits.allow("a") for _ in range(5)] == [True, True, True, False, False]
    clock.at += 3600
    assert sum(limits.allow("a") for _ in range(100)) == AT_ONCE


def test_links_without_end_take_no_memory_without_end() -> None:
    limits = Limits(Seconds())
    for number in range(KEPT + 50):
        limits.allow(f"{number}")
    assert len(limits._buckets) == KEPT


def test_nothing_that_the_description_allows_breaks_the_service(service: Service) -> None:
    board = board_of(service)
    post = board.post("wild")
    app = board.app(BASE, limits=Limits(count(0, 3600).__next__))
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    operations = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    assert {one.label for one in operations} >= {
        "GET /o/{token}.gif",
        "POST /a/{token}",
        "POST /p/{token}",
        "GET /pending",
    }
    asked: list[int] = []
    tokens = {
        purpose[0]: service.path(purpose)[3:].removesuffix(".gif")
        for purpose in ("open", "click", "acknowledge")
    }
    tokens["p"] = board.signer.address("post", post).removeprefix(f"{BASE}/p/")
    tokens["f"] = board.feeds.all()[1].address[-37:].removesuffix(".atom")
    for operation in operations:

        @SOME
        @given(operation.as_strategy())
        def ask(case: "schemathesis.Case[Any]") -> None:
            if "token" in (case.path_parameters or {}) and len(asked) % 2:
                case.path_parameters["token"] = tokens[case.path[1]]
            asked.append(case.call().status_code)

        ask()
    assert len(asked) > 100
    assert {status for status in asked if status >= 500} == set()
    assert {200, 302, 303, 400, 401, 404} <= set(asked)
    assert service.rows("acknowledgement") == []
