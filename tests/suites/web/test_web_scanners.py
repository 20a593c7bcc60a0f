"""Whoever uses a link is answered alike; the service keeps who it was, and only what people do is counted."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from diffuse.adapters.sql.engine import writing
from diffuse.adapters.sql.tables import delivery
from tests.suites.web.given import NOW, Service

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
GECKO = "AppleWebKit/537.36 (KHTML, like Gecko)"
CHROME = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {GECKO} Chrome/{{}}.0.0.0 Safari/537.36"
EDGE = CHROME.format(150) + " Edg/150.0.0.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


def just_sent(service: Service, ago: timedelta) -> None:
    with writing(service.engine) as connection:
        connection.execute(update(delivery).values(sent_at=NOW - ago))


def use(service: Service, path: str, agent: str = EDGE, method: str = "GET", **headers: str) -> int:
    named = {"User-Agent": agent, **{name.replace("_", "-"): value for name, value in headers.items()}}
    status: int = service.browser.request(method, path, headers=named, follow_redirects=False).status_code
    return status


def everything(service: Service, agent: str, method: str = "GET", **headers: str) -> None:
    """Load the image, follow all links and look at the page, all at the same instant."""
    for path in (
        service.path("open"),
        service.path("click"),
        service.path("click", number=1),
        service.path("acknowledge"),
    ):
        use(service, path, agent, method, **headers)


def head_and_get(service: Service) -> None:
    just_sent(service, 8 * SECOND)
    for number in (0, 1):
        use(service, service.path("click", number=number), CHROME.format(79), "HEAD")
        use(service, service.path("click", number=number), CHROME.format(79))
        service.clock.advance(SECOND)


def headless(service: Service) -> None:
    just_sent(service, 2 * MINUTE)
    everything(service, CHROME.format(153))
    service.clock.advance(30 * SECOND)


def burst(service: Service) -> None:
    for place, path in enumerate(
        (service.path("click"), service.path("acknowledge"), service.path("click", number=1))
    ):
        use(service, path, CHROME.format(140 + place))
        service.clock.advance(SECOND / 2)


def decoy(service: Service) -> None:
    assert use(service, service.path("click")) == 302
    service.clock.advance(5 * SECOND)
    assert use(service, service.path("decoy")) == 404


def mutated(service: Service) -> None:
    assert use(service, service.path("click")) == 302
    assert use(service, service.path("click") + "%27") == 404
    service.noted("mutated")


def preload(service: Service) -> None:
    use(service, service.path("open"), "Mozilla/5.0")


def chat_preview(service: Service) -> None:
    use(service, service.path("click"), "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5")
    service.clock.advance(MINUTE)
    use(service, service.path("acknowledge"), "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)")


def blank(service: Service) -> None:
    use(service, service.path("click"), "")


def curl(service: Service) -> None:
    everything(service, "curl/8.14.1")


def prefetch(service: Service) -> None:
    use(service, service.path("click"), Sec_Purpose="prefetch;prerender")


def reported(service: Service) -> None:
    just_sent(service, timedelta(minutes=40))
    assert use(service, service.path("open"), "Mozilla/5.0") == 200
    everything(service, CHROME.format(150))


def options(service: Service) -> None:
    assert use(service, service.path("open"), method="OPTIONS") == 200
    assert use(service, service.path("click"), method="OPTIONS") == 302


def old_browser(service: Service) -> None:
    just_sent(service, 20 * SECOND)
    use(service, service.path("open"), CHROME.format(101))
    service.clock.advance(10 * SECOND)
    use(service, service.path("click"), CHROME.format(101))


SCANNERS = (
    head_and_get, headless, burst, decoy, mutated, preload, chat_preview, blank, curl, prefetch, options,
    old_browser, reported,
)  # fmt: skip


@pytest.mark.parametrize("scan", SCANNERS, ids=lambda scan: scan.__name__)
def test_no_scanner_is_taken_for_a_person(service: Service, scan: Callable[[Service], None]) -> None:
    scan(service)
    rows = {row["id"]: row for row in service.rows("delivery")}
    row = rows[service.deliveries["both fr"]]
    assert (row["human_clicks"], row["clicked_at"], row["acknowledged_at"]) == (0, None, None)
    assert (row["human_opens"], row["opened_at"], row["reached_on"]) == (0, None, None)
    newest = {judged["hit"]: judged["verdict"] for judged in service.rows("judgement")}
    assert set(newest.values()) <= {"machine", "unsure"}
    assert service.rows("event") == [one for one in service.rows("event") if one["withdrawn"] is not None]


def test_a_gmail_reader_who_opens_clicks_and_answers_is_counted_each_time(service: Service) -> None:
    just_sent(service, 20 * SECOND)
    use(service, service.path("open"), GMAIL)
    service.clock.advance(10 * SECOND)
    use(service, service.path("click"))
    service.clock.advance(MINUTE)
    assert service.press(answer="1").status_code == 303
    row = service.rows("delivery")[service.deliveries["both fr"] - 1]
    assert (row["human_opens"], row["human_clicks"]) == (1, 1)
    assert row["acknowledged_at"]


def test_many_people_behind_one_address_are_all_counted(service: Service) -> None:
    for name in service.deliveries:
        use(service, service.path("open", name))
        use(service, service.path("click", name))
    assert {row["human_clicks"] for row in service.rows("delivery")} == {1}


def test_a_forged_token_keeps_nothing_and_tells_nothing(service: Service) -> None:
    unknown = service.signer.address("click", 999_999).rpartition("/")[2]
    for path in (f"/c/{unknown}x", "/c/x", "/c/" + "A" * 32, "/c/%FF%00", "/o/é.gif"):
        assert use(service, path) == 404
    assert service.rows("hit") == []


def test_the_agent_is_cut_and_no_address_is_kept(service: Service) -> None:
    use(service, service.path("open"), EDGE + "x" * 5000, X_Forwarded_For="203.0.113.77")
    (hit,) = service.rows("hit")
    assert len(hit["agent"]) == 300
    assert hit["network"] == ""
