"""Six ways in which people come to confirm, in a real Chromium, at the real service: all are counted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route

from tests.live.browser import agent_of, chromium
from tests.live.office import Letter, Office, served_tomorrow
from tests.suites.web.test_web_scanners import GMAIL

READS = 2300
"""Milliseconds that even somebody in a hurry takes."""

Images = Literal["shown", "proxied", "blocked"]
DESK: Mapping[str, Any] = {"viewport": {"width": 1280, "height": 900}}
PHONE: Mapping[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


class Reader:
    """Somebody with a message before them."""

    def __init__(self, context: BrowserContext, mail: str, *, touch: bool) -> None:
        self.page = context.new_page()
        self._mail = mail
        self._touch = touch

    def use(self, what: str | Locator) -> None:
        """Click, or tap where there is a touch screen."""
        one = self.page.locator(what) if isinstance(what, str) else what
        (one.tap if self._touch else one.click)()

    def opens_mail(self) -> None:
        """Open the message, images and all."""
        self.page.goto(self._mail)
        self.page.wait_for_load_state("networkidle")

    def follows_link(self) -> None:
        """Follow the link in the text, look, and come back."""
        self.use(self.page.locator("a[href*='/c/']").first)
        self.looks_and_comes_back()

    def looks_and_comes_back(self) -> None:
        """Look at the policy for a moment."""
        self.page.locator("text=Politique").wait_for()
        self.page.wait_for_timeout(500)
        self.page.go_back()

    def opens_page(self) -> None:
        """Follow the button of the message, and read."""
        self.use("a[href*='/a/']")
        self.page.wait_for_url("**/a/*")
        self.page.wait_for_timeout(READS)

    def chooses(self, name: str, value: str) -> None:
        """Choose where the finger falls: on the words."""
        self.use(self.page.locator("label.choice", has=self.page.locator(f"[name={name}][value='{value}']")))

    def sends(self) -> None:
        """Press the button."""
        self.use("[name=confirm]")
        self.page.locator("[role=status]").first.wait_for()

    def acknowledges(self) -> None:
        """Answer the question rightly, and confirm."""
        self.chooses("answer", "1")
        self.chooses("response", "acknowledge")
        self.sends()
        assert self.is_confirmed

    @property
    def is_confirmed(self) -> bool:
        """Whether the page says so."""
        return self.page.locator(".done time").count() == 1


@contextmanager
def reader(
    browser: Browser,
    office: Office,
    letter: Letter,
    images: Images = "shown",
    device: Mapping[str, Any] = DESK,
) -> Iterator[Reader]:
    """Sit somebody down before a message, in their web mail."""
    agent = agent_of(browser)
    if device is PHONE:
        agent = agent.replace("X11; Linux x86_64", "Linux; Android 10; K").replace("Safari", "Mobile Safari")
    context = browser.new_context(**device, user_agent=agent, locale=f"{letter.person.language}-CA")
    if images == "blocked":
        context.route("**/o/*", lambda route: route.abort())
    if images == "proxied":
        context.route("**/o/*", _through_proxy)
    context.set_default_timeout(15_000)
    try:
        yield Reader(context, office.webmail(letter), touch=device is PHONE)
    finally:
        context.close()


def _through_proxy(route: Route) -> None:
    """Fetch an image as Gmail does, for somebody who looks."""
    answer = httpx.get(route.request.url, headers={"User-Agent": GMAIL})
    route.fulfill(body=answer.content, content_type=answer.headers["content-type"])


def counted(office: Office, letter: Letter) -> dict[str, object]:
    """Return what the report says of a message."""
    row = office.report()[letter.person.id]
    numbers = {name: int(row[name]) for name in ("human_opens", "human_clicks", "unsure_clicks")}
    instants = {name: bool(row[name]) for name in ("opened_at", "clicked_at", "acknowledged_at")}
    return {**numbers, **instants, "answer": row["answer"]}


def all_of_it(**changes: object) -> dict[str, object]:
    """Return what the report says of somebody who opened, clicked, answered rightly and confirmed."""
    numbers = {"human_opens": 1, "human_clicks": 1, "unsure_clicks": 0}
    instants = dict.fromkeys(("opened_at", "clicked_at", "acknowledged_at"), True)
    return {**numbers, **instants, "answer": "1:right", **changes}


@pytest.mark.parametrize("images", ["shown", "proxied"])
def test_a_reader_with_images_who_clicks_reads_and_confirms_is_counted(
    browser: Browser, office: Office, images: Images
) -> None:
    letter = office.letter()
    with reader(browser, office, letter, images) as one:
        one.opens_mail()
        one.follows_link()
        one.opens_page()
        one.acknowledges()
    found = counted(office, letter)
    # Going back to the message may load its image again.
    assert found == all_of_it(human_opens=max(1, int(str(found["human_opens"]))))


def test_a_reader_without_images_who_clicks_and_confirms_is_counted(browser: Browser, office: Office) -> None:
    letter = office.letter("en")
    with reader(browser, office, letter, "blocked") as one:
        one.opens_mail()
        one.follows_link()
        one.opens_page()
        one.acknowledges()
    # A click is an open too, though no image was loaded.
    assert counted(office, letter) == all_of_it(human_opens=0)


@pytest.mark.parametrize("images", ["shown", "proxied"])
def test_a_reader_on_a_phone_who_learns_from_a_wrong_answer_and_confirms_is_counted(
    browser: Browser, office: Office, images: Images
) -> None:
    letter = office.letter()
    with reader(browser, office, letter, images, PHONE) as one:
        one.opens_mail()
        one.follows_link()
        one.opens_page()
        assert one.page.evaluate("document.documentElement.scrollWidth") <= 360
        one.chooses("answer", "0")
        one.chooses("response", "acknowledge")
        one.sends()
        assert one.is_confirmed
        assert "Non : vous." in one.page.locator("main").inner_text()
    found = counted(office, letter)
    assert found == all_of_it(human_opens=max(1, int(str(found["human_opens"]))), answer="0:wrong")


def test_a_reader_with_a_keyboard_alone_is_counted(browser: Browser, office: Office) -> None:
    letter = office.letter("en")
    with reader(browser, office, letter) as one:
        keys, page = one.page.keyboard, one.page
        one.opens_mail()
        tab_to(page, "a[href*='/c/']")
        keys.press("Enter")
        one.looks_and_comes_back()
        tab_to(page, "a[href*='/a/']")
        keys.press("Enter")
        page.wait_for_url("**/a/*")
        tab_to(page, "[name=answer]")
        keys.press("ArrowDown")
        tab_to(page, "[name=response]")
        keys.press("Space")
        page.wait_for_timeout(READS)
        tab_to(page, "[name=confirm]")
        keys.press("Enter")
        page.locator("[role=status]").first.wait_for()
        assert one.is_confirmed
    found = counted(office, letter)
    assert found == all_of_it(human_opens=max(1, int(str(found["human_opens"]))))


def tab_to(page: Page, what: str) -> None:
    """Press Tab until something has the focus."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("what => document.activeElement.matches(what)", what):
            return
    raise AssertionError(f"no Tab leads to {what}")


def test_a_reader_with_two_devices_who_comes_back_the_next_day_has_confirmed_once(
    browser: Browser, office: Office
) -> None:
    letter = office.letter()
    with reader(browser, office, letter) as desk, reader(browser, office, letter, "proxied", PHONE) as phone:
        for one in (desk, phone):
            one.opens_mail()
            one.opens_page()
        desk.acknowledges()
        first, evidence = office.report()[letter.person.id], office.place.run("ledger", "verify").out
        # The form on the phone is still there, with another answer.
        phone.chooses("answer", "0")
        phone.chooses("response", "acknowledge")
        phone.sends()
        assert phone.is_confirmed
        with served_tomorrow(office) as address:
            phone.page.goto(address + letter.page.removeprefix(office.place.address))
            assert phone.is_confirmed
            assert phone.page.locator("form").count() == 0
    last = office.report()[letter.person.id]
    once = ("acknowledged_at", "answered_at", "answer")
    assert [last[name] for name in once] == [first[name] for name in once]
    assert last["answer"] == "1:right"
    assert int(last["human_opens"]) >= 2
    assert office.place.run("ledger", "verify").out == evidence


def test_a_reader_who_asks_first_and_confirms_later_is_counted(browser: Browser, office: Office) -> None:
    letter = office.letter()
    with reader(browser, office, letter, "blocked") as one:
        one.opens_mail()
        one.follows_link()
        one.opens_page()
        assert not one.page.locator("textarea").is_visible()
        one.chooses("response", "question")
        one.page.locator("textarea").fill("Et sur ma page personnelle?")
        one.sends()
        assert not one.is_confirmed
        assert counted(office, letter) == all_of_it(human_opens=0, acknowledged_at=False, answer="")
        one.page.reload()
        one.page.wait_for_timeout(READS)
        one.acknowledges()
    assert counted(office, letter) == all_of_it(human_opens=0)
    assert "Et sur ma page personnelle?" in office.place.run("remarks", "--csv").out
