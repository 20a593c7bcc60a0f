"""Twelve programs that follow whatever they find, at the real service: none confirms or clicks for people."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from types import MappingProxyType

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.live.browser import agent_of, chromium
from tests.live.office import Letter, Office
from tests.suites.web.given import form_of
from tests.suites.web.test_web_scanners import CHROME, EDGE, GMAIL

WAITS = 30.0
"""Seconds that a sandbox looks at a page: longer than anything that we take for too early."""

PREVIEWS = (
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "WhatsApp/2.23.20.0",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "TelegramBot (like TwitterBot)",
)

SUBMITS = """() => {
    document.querySelector('[name=answer]').click();
    document.querySelector('[value=acknowledge]').click();
    document.querySelector('[name=confirm]').click();
}"""
"""Choose whatever can be chosen, the confirmation too, and press the button."""

BARE = "() => document.querySelector('form').submit()"
FILLS = """() => {
    for (const one of document.querySelectorAll('input, textarea')) {
        if (one.type === 'radio') one.checked = true;
        else if (one.type !== 'hidden' && one.type !== 'submit') one.value = 'test@example.org';
    }
    document.querySelector('form').requestSubmit(document.querySelector('[name=confirm]'));
}"""


def get(address: str, agent: str = EDGE, method: str = "GET", **headers: str) -> httpx.Response:
    named = {"User-Agent": agent, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return httpx.request(method, address, headers=named)


def everything(letter: Letter, agent: str) -> None:
    """Load the image and every link, at once."""
    for address in (letter.pixel, *letter.shown):
        get(address, agent)


def submit(letter: Letter, agent: str) -> None:
    """Send the form of the page at once, as a script does, and the body of a one-click unsubscribe."""
    fields = {**form_of(get(letter.page, agent).text), "response": "acknowledge", "answer": "1"}
    for data in (fields, {**fields, "confirm": ""}, {"List-Unsubscribe": "One-Click"}):
        assert httpx.post(letter.page, data=data, headers={"User-Agent": agent}).status_code == 400


def head_and_get(letter: Letter) -> None:
    for address in letter.shown:
        get(address, method="HEAD")
        get(address)
        time.sleep(0.3)


def burst(letter: Letter) -> None:
    for place, address in enumerate(letter.shown):
        get(address, CHROME.format(150 + place))
        time.sleep(0.4)


def decoy(letter: Letter) -> None:
    assert get(letter.links[0]).status_code == 302
    time.sleep(1)
    assert get(letter.decoy).status_code == 404


def mutated(letter: Letter) -> None:
    assert get(letter.links[0]).status_code == 302
    assert get(letter.links[0] + "%27").status_code == 404
    assert get(letter.page[:-1] + "x").status_code == 404


def preload(letter: Letter) -> None:
    assert get(letter.pixel, "Mozilla/5.0").status_code == 200


def image_proxy(letter: Letter) -> None:
    for _ in range(2):
        assert get(letter.pixel, GMAIL).status_code == 200


def chat_previews(letter: Letter) -> None:
    for agent in PREVIEWS:
        assert get(letter.links[0], agent).status_code == 302
        assert get(letter.page, agent).status_code == 200


def blank(letter: Letter) -> None:
    assert get(letter.links[0], "").status_code == 302
    submit(letter, "")


def curl(letter: Letter) -> None:
    everything(letter, "curl/8.14.1")
    submit(letter, "curl/8.14.1")


def prefetch(letter: Letter) -> None:
    assert get(letter.links[0], Sec_Purpose="prefetch;prerender").status_code == 302
    assert get(letter.page, Purpose="prefetch").status_code == 200


def report_phishing(letter: Letter) -> None:
    get(letter.pixel, "Mozilla/5.0")
    everything(letter, EDGE)
    submit(letter, EDGE)


SCRIPTS: tuple[Callable[[Letter], None], ...] = (
    head_and_get, burst, decoy, mutated, preload, image_proxy, chat_previews, blank, curl, prefetch,
    report_phishing,
)  # fmt: skip


def headless(context: BrowserContext, office: Office, letter: Letter) -> list[Page]:
    """Load the message and all its links with scripts, side by side, and look at each."""
    tabs = [context.new_page() for _ in range(1 + len(letter.shown))]
    for tab, address in zip(tabs, (office.webmail(letter), *letter.shown), strict=True):
        # Side by side: none waits for the one before it.
        tab.evaluate("address => { setTimeout(() => { location = address }) }", address)
    return tabs


def headless_that_submits(context: BrowserContext, _office: Office, letter: Letter) -> list[Page]:
    """Open the page, and press its button in three ways as soon as it is there."""
    tabs = [context.new_page() for _ in range(3)]
    for tab, script in zip(tabs, (SUBMITS, FILLS, BARE), strict=True):
        tab.goto(letter.page)
        with tab.expect_response(lambda answer: answer.request.method == "POST") as found:
            tab.evaluate(script)
        assert found.value.status == 400
    return tabs


def headless_prefetch(context: BrowserContext, office: Office, letter: Letter) -> list[Page]:
    """Show a page that has Chromium fetch the links ahead of anybody's wish."""
    hints = "".join(f'<link rel="prefetch" href="{unescape(one)}">' for one in letter.shown)
    html = f"<!doctype html><title>x</title>{hints}"
    tab = context.new_page()
    tab.goto(office.intranet.show("/ahead", html))
    return [tab]


BROWSERS = (headless, headless_that_submits, headless_prefetch)
SCANNERS = [scan.__name__ for scan in (*SCRIPTS, *BROWSERS)]


@contextmanager
def looking(browser: Browser, office: Office, letters: Mapping[str, Letter]) -> Iterator[None]:
    """Let the browsers look for as long as sandboxes do; others work meanwhile."""
    contexts = [browser.new_context(user_agent=agent_of(browser)) for _ in BROWSERS]
    try:
        tabs = [
            scan(context, office, letters[scan.__name__])
            for context, scan in zip(contexts, BROWSERS, strict=True)
        ]
        until = time.monotonic() + WAITS
        yield
        tabs[0][0].wait_for_timeout(max(0.0, until - time.monotonic()) * 1000)
    finally:
        for context in contexts:
            context.close()


@pytest.fixture(scope="module")
def report(office: Office) -> Mapping[str, Mapping[str, str]]:
    """What the report says of each scanner's message, after all of them have done what they do."""
    letters = {name: office.letter("en" if name in {"curl", "burst"} else "fr") for name in SCANNERS}
    with chromium() as browser, looking(browser, office, letters):
        for scan in SCRIPTS:
            scan(letters[scan.__name__])
    rows = office.report()
    return MappingProxyType({name: rows[letter.person.id] for name, letter in letters.items()})


@pytest.mark.parametrize("name", SCANNERS)
def test_no_scanner_confirms_or_clicks_for_a_person(
    report: Mapping[str, Mapping[str, str]], name: str
) -> None:
    row = report[name]
    assert (row["human_clicks"], row["clicked_at"]) == ("0", "")
    assert (row["acknowledged_at"], row["answered_at"], row["answer"]) == ("", "", "")
    assert int(row["raw_opens"]) + int(row["raw_clicks"]) > 0 or name == "headless_that_submits"
    # An image that a proxy loads is an open: somebody has the message before them.
    assert row["human_opens"] == ("2" if name == "image_proxy" else "0")
