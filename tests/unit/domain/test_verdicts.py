"""Scripted people, proxies and scanners, and who is taken for what."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.adapters.agents import names_itself
from diffuse.domain.agents import Agent, class_of
from diffuse.domain.verdicts import Hit, Judgement, Verdict, What, counts, doubt, judge

SENT = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/154.0.0.0 Edg/154.0.0.0"
OUTLOOK = (
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; Microsoft Outlook 16.0.4266)"
)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.0"
CUBOT = "Mozilla/5.0 (Linux; Android 14; CUBOT P80) AppleWebKit/537.36 Chrome/150.0.0.0 Mobile Safari/537.36"
TEAMS = (
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/150.0.0.0 Electron/39 Safari/537.36 Teams/25.1"
)
GOOGLE = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
SAMPLING = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246"
)
DETONATION = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/79.0.3945.88 Safari/537.36"
OLDER = DETONATION.replace("79.0.3945.88", "125.0.0.0")
HEADLESS = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/150.0.0.0"
PEOPLE = (EDGE, OUTLOOK, IPHONE, THUNDERBIRD, CUBOT, TEAMS)
PREVIEWS = (
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "WhatsApp/2.23.20.0",
    "TelegramBot (like TwitterBot)",
)
PROGRAMS = (
    "curl/8.11.0", "python-requests/2.32", "Wget/1.24", "Go-http-client/2.0", HEADLESS,
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "BarracudaSentinel/1.0",
)  # fmt: skip


def hit(what: What = What.OPEN, after: timedelta = HOUR, agent: str | None = EDGE, **changes: Any) -> Hit:  # noqa: ANN401
    given = {"delivery": 1, "day": date(2026, 11, 24), "network": "203.0.113.0/24", "links": 4}
    return Hit(**{**given, "what": what, "at": SENT + after, "agent": agent, **changes})


def click(number: int = 0, after: timedelta = HOUR, agent: str | None = EDGE, **changes: Any) -> Hit:  # noqa: ANN401
    return hit(What.CLICK, after, agent, number=number, **changes)


def agent_of(one: Hit) -> Agent:
    return class_of(one.agent, one.at, names_itself)


def judged(*hits: Hit, accepted_at: datetime | None = SENT, scanners: str = "") -> list[Judgement]:
    return list(judge(hits, accepted_at, agent_of=agent_of, is_scanner=lambda network: network == scanners))


def verdicts(*hits: Hit, **more: Any) -> list[str]:  # noqa: ANN401
    return [one.verdict.value for one in judged(*hits, **more)]


@pytest.mark.parametrize("agent", PEOPLE)
@pytest.mark.parametrize("what", [What.OPEN, What.CLICK, What.PAGE, What.FORM])
def test_people_are_people_whatever_they_read_with(agent: str, what: What) -> None:
    assert judged(hit(what, agent=agent)) == [Judgement(verdict=Verdict.HUMAN)]


@pytest.mark.parametrize("agent", [GOOGLE, YAHOO])
def test_an_image_through_a_proxy_is_an_open(agent: str) -> None:
    one = hit(agent=agent)
    assert judged(one) == [Judgement(verdict=Verdict.PROXIED, reasons=("proxy",))]
    assert counts(one, Verdict.PROXIED)
    assert verdicts(click(agent=agent)) == ["unsure"]


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        ("Mozilla/5.0", "preload"),
        (f"{SAMPLING} Gmail-content-sampling", "sampling"),
        (f"{SAMPLING} Mozilla/5.0", "sampling"),
        ("", "blank"),
        ("-", "blank"),
        *((one, "preview") for one in PREVIEWS),
        *((one, "named") for one in PROGRAMS),
    ],
)
@pytest.mark.parametrize("what", [What.OPEN, What.CLICK, What.PAGE])
def test_programs_that_say_so_count_nowhere(agent: str, reason: str, what: What) -> None:
    one = hit(what, agent=agent)
    assert judged(one) == [Judgement(verdict=Verdict.MACHINE, reasons=(reason,))]
    assert not counts(one, Verdict.MACHINE)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_nobody_asks_for_headers_alone(method: str) -> None:
    assert judged(click(method=method))[0].reasons == ("method",)


@pytest.mark.parametrize("word", ["prefetch", "preview", "prerender"])
def test_what_a_browser_fetches_ahead_is_not_read(word: str) -> None:
    assert (
        judged(click(prefetch=word), hit(prefetch=word))
        == [Judgement(verdict=Verdict.MACHINE, reasons=("prefetch",))] * 2
    )


def test_a_detonation_asks_for_the_headers_and_then_for_the_page() -> None:
    head = click(after=HOUR, method="HEAD")
    assert verdicts(head, click(after=HOUR + SECOND)) == ["machine", "machine"]
    own = click(after=HOUR + SECOND, network="198.51.100.0/24")
    assert verdicts(click(after=HOUR, method="HEAD", agent=DETONATION), own) == ["machine", "human"]


@pytest.mark.parametrize("agent", [DETONATION, OLDER])
@pytest.mark.parametrize(
    ("after", "verdict"),
    [(8 * SECOND, "machine"), (90 * SECOND, "unsure"), (9 * MINUTE, "unsure"), (HOUR, "human")],
)
def test_an_old_browser_tells_only_together_with_the_time(agent: str, after: timedelta, verdict: str) -> None:
    assert verdicts(click(after=after, agent=agent)) == [verdict]


@pytest.mark.parametrize(
    ("after", "opened", "clicked"),
    [
        (-SECOND, "unsure", "machine"),
        (SECOND, "unsure", "machine"),
        (4 * SECOND, "human", "unsure"),
        (11 * SECOND, "human", "human"),
    ],
)
def test_nobody_follows_a_link_in_the_seconds_after_acceptance(
    after: timedelta, opened: str, clicked: str
) -> None:
    assert verdicts(hit(after=after)) == [opened]
    assert verdicts(click(after=after)) == [clicked]
    assert verdicts(click(after=after), accepted_at=None) == ["human"]


def test_a_burst_takes_everything_around_it_along() -> None:
    burst = [click(number, HOUR + number * SECOND / 2, DETONATION) for number in range(3)]
    before, beside = hit(after=HOUR - 3 * SECOND), hit(after=HOUR - SECOND)
    assert verdicts(before, beside, *burst) == ["human", *["machine"] * 4]
    assert judged(*burst)[0].reasons == ("burst",)


@pytest.mark.parametrize(
    ("links", "followed", "verdict"),
    [
        (0, 2, "human"),
        (0, 3, "machine"),
        (9, 2, "human"),
        (2, 2, "machine"),
        (2, 1, "human"),
        (1, 1, "human"),
    ],
)
def test_a_burst_follows_three_links_or_all_of_at_least_two(links: int, followed: int, verdict: str) -> None:
    hits = [click(number, HOUR + number * SECOND / 10, links=links) for number in range(followed)]
    assert verdicts(*hits) == [verdict] * followed


def test_the_page_of_a_message_is_one_of_its_links() -> None:
    assert verdicts(click(links=2), hit(What.PAGE, HOUR + SECOND, links=2)) == ["machine"] * 2


def test_the_same_link_again_and_again_is_no_burst() -> None:
    assert verdicts(*(click(0, HOUR + place * SECOND / 10) for place in range(9))) == ["human"] * 9


def test_somebody_who_reads_on_and_clicks_on_makes_no_burst() -> None:
    assert verdicts(*(click(number, HOUR + number * 2 * SECOND) for number in range(4))) == ["human"] * 4


def test_a_page_that_is_sent_and_shown_again_is_no_burst() -> None:
    form = hit(What.FORM, HOUR + 9 * SECOND, links=2, method="POST")
    page = hit(What.PAGE, HOUR, links=2)
    again = hit(What.PAGE, HOUR + 9 * SECOND, links=2)
    assert verdicts(page, form, again) == ["human"] * 3


def test_many_people_behind_one_address_stay_people() -> None:
    assert {*verdicts(*(hit(after=HOUR + place * MINUTE) for place in range(200)))} == {"human"}


def test_a_decoy_tells_of_whoever_is_near() -> None:
    decoy = hit(What.DECOY, HOUR)
    near, far = click(after=HOUR + 9 * SECOND), click(after=HOUR + MINUTE)
    assert [one.reasons for one in judged(decoy, near, far)] == [("decoy",), ("decoy",), ()]


def test_a_mutated_link_tells_only_of_whoever_looks_like_its_sender() -> None:
    mutated = hit(What.MUTATED, HOUR, "scanner", network="192.0.2.0/24")
    same_agent = click(after=HOUR + SECOND, agent="scanner", network="198.51.100.0/24")
    same_network = click(after=HOUR + SECOND, network="192.0.2.0/24")
    other = click(after=HOUR + SECOND)
    assert verdicts(mutated, same_agent, same_network, other) == [*["machine"] * 3, "human"]


def test_a_scanners_network_tells_of_links_and_never_of_images() -> None:
    network = "203.0.113.0/24"
    assert verdicts(hit(), click(after=2 * HOUR), scanners=network) == ["human", "machine"]
    assert judged(click(), scanners=network)[0].reasons == ("network",)


def test_an_agent_that_nobody_noted_says_nothing() -> None:
    assert verdicts(hit(agent=None), click(agent=None)) == ["human", "human"]


def test_a_confirmation_is_doubted_beside_a_scanner_and_not_beside_a_preview() -> None:
    burst = [click(number, HOUR) for number in range(3)]
    for hits, at, why in (
        (burst, SENT + HOUR + 9 * SECOND, "burst"),
        (burst, SENT + HOUR + MINUTE, ""),
        ([hit(What.PAGE, agent=PREVIEWS[0])], SENT + HOUR, ""),
        ([hit(What.FORM, agent="curl/8", method="POST")], SENT + HOUR, "named"),
        ([hit(What.DECOY)], SENT + HOUR, "decoy"),
        ([hit(What.MUTATED)], SENT + HOUR, ""),
        ([hit(What.MUTATED), hit(What.FORM, method="POST")], SENT + HOUR, "mutated"),
        ([hit(What.MUTATED, agent="x", network=""), hit(What.FORM, method="POST")], SENT + HOUR, ""),
    ):
        assert doubt(hits, judged(*hits), at) == why


@given(
    st.lists(
        st.tuples(
            st.sampled_from([What.OPEN, What.CLICK, What.PAGE, What.DECOY, What.MUTATED]),
            st.integers(0, 30),
            st.integers(0, 3),
            st.sampled_from([EDGE, DETONATION, GOOGLE, ""]),
        ),
        max_size=12,
    ),
    st.randoms(),
)
def test_the_order_in_which_hits_are_given_changes_no_verdict(asked: list[Any], chance: Any) -> None:  # noqa: ANN401
    hits = [hit(what, after * SECOND, agent, number=number) for what, after, number, agent in asked]
    places = list(range(len(hits)))
    chance.shuffle(places)
    mixed = judged(*(hits[place] for place in places))
    assert [mixed[places.index(place)] for place in range(len(hits))] == judged(*hits)


@given(st.integers(0, 120), st.integers(0, 3))
def test_what_comes_later_never_makes_a_person_of_a_program(after: int, number: int) -> None:
    hits = [click(place, HOUR + place * SECOND) for place in range(2)]
    before = verdicts(*hits)
    both = verdicts(*hits, click(number, HOUR + after * SECOND))
    assert all(now == "machine" for was, now in zip(before, both, strict=False) if was == "machine")
