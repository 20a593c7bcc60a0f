"""Simulated employees: seeded habits, acting only through their own mail and over HTTP."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import httpx

from diffuse.demo.inbox import Mail

READS = timedelta(seconds=20)
"""What a page takes."""

GLANCES = timedelta(seconds=5)
"""What one thing takes before the next: nobody does two at once."""

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"

MORNING, EVENING = 7, 21
"""Local hours between which mail is read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Habit:
    """How a kind of employee treats a message; all values are probabilities."""

    share: float
    opens: float
    shows_images: float
    follows: float
    confirms: float
    remembers: float


HABITS = (
    Habit(share=0.12, opens=0.0, shows_images=0.0, follows=0.0, confirms=0.0, remembers=0.0),
    Habit(share=0.23, opens=0.55, shows_images=0.9, follows=0.05, confirms=0.1, remembers=0.3),
    Habit(share=0.4, opens=0.8, shows_images=0.85, follows=0.15, confirms=0.75, remembers=0.6),
    Habit(share=0.25, opens=0.95, shows_images=0.85, follows=0.3, confirms=0.95, remembers=0.9),
)
"""Some never open, some open, most confirm in the end; they learn from the answers that pages show."""


class Reader:
    """One simulated employee; the same seed and address always behave the same way."""

    def __init__(self, address: str, zone: ZoneInfo, seed: int) -> None:
        """Draw the habit."""
        self._random = random.Random(f"{seed}:{address}")  # noqa: S311 -- habits, not secrets
        self._zone = zone
        self._learned: dict[str, str] = {}
        self._habit = self._random.choices(HABITS, [habit.share for habit in HABITS])[0]

    def opens_at(self, received: datetime) -> datetime | None:
        """Return when a message that has just come will be opened, or None: half within two hours."""
        if self._random.random() >= self._habit.opens:
            return None
        at = received + timedelta(hours=self._random.lognormvariate(math.log(2), 1.3))
        local = at.astimezone(self._zone)
        if not MORNING <= local.hour < EVENING:
            wait = timedelta(hours=(MORNING - local.hour) % 24, minutes=self._random.randrange(90))
            at += wait
        return at

    def read(self, mail: Mail, browser: httpx.Client, wait: Callable[[timedelta], None]) -> None:
        """Open a message: show its image, follow a link, confirm, as the habit has it; reading takes time."""
        if mail.pixel and self._random.random() < self._habit.shows_images:
            browser.get(mail.pixel).raise_for_status()
            wait(GLANCES)
        if mail.links and self._random.random() < self._habit.follows:
            browser.get(self._random.choice(mail.links), follow_redirects=False)
            wait(GLANCES)
        if mail.confirm and self._random.random() < self._habit.confirms:
            self._confirm(mail, browser, wait)

    def _confirm(self, mail: Mail, browser: httpx.Client, wait: Callable[[timedelta], None]) -> None:
        answer = browser.get(mail.confirm)
        answer.raise_for_status()
        form = Form.of(answer.text)
        if not form.fields:
            return
        wait(READS)
        fields = {**dict(form.fields), **({"response": "acknowledge"} if form.responds else {})}
        if form.choices:
            fields["answer"] = self._choose(form)
        after = browser.post(mail.confirm, data=fields)
        after.raise_for_status()
        if form.choices and self._random.random() < self._habit.remembers:
            self._learned[form.question] = Form.of(after.text).lesson

    def _choose(self, form: "Form") -> str:
        """Give the answer learned from an earlier page, or guess."""
        lesson = self._learned.get(form.question, "")
        known = [value for value, words in form.choices.items() if lesson and words == lesson]
        return known[0] if known else self._random.choice(sorted(form.choices))


class Form(HTMLParser):
    """The form of a page as its reader sees it.

    Attributes:
        fields: what a browser would send when the button is pressed; empty without a form.
        question: the question, or nothing.
        choices: the words of each answer by its value.
        responds: whether it asks to confirm, or to say what stands against it.
        lesson: the right answer, on the page that follows an answer.
    """

    def __init__(self) -> None:
        """Start before the page."""
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self.question = ""
        self.choices: dict[str, str] = {}
        self.responds = False
        self.lesson = ""
        self._words: list[str] = []

    @classmethod
    def of(cls, page: str) -> "Form":
        """Read a page."""
        form = cls()
        form.feed(page)
        return form

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note fields and radio buttons; words are counted from the start of what they belong to."""
        values = {name: value or "" for name, value in attrs}
        if values.get("name") == "response":
            self.responds = True
        elif tag == "input" and values.get("type") == "radio":
            self.choices[values["value"]] = ""
        elif tag in {"input", "button"} and values.get("name"):
            self.fields.append((values["name"], values.get("value", "")))
        if tag in {"label", "legend", "dd"}:
            self._words = []

    def handle_data(self, data: str) -> None:
        """Collect words."""
        self._words.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Close a question, an answer, or what a page says after an answer; the last one is the right one."""
        words = " ".join("".join(self._words).split())
        if tag == "label" and self.choices and not self.responds:
            self.choices[list(self.choices)[-1]] = words
        elif tag == "legend" and not self.question:
            self.question = words
        elif tag == "dd":
            self.lesson = words


def readers(employees: Iterator[tuple[str, ZoneInfo]], seed: int) -> dict[str, Reader]:
    """Make a reader for each address."""
    return {address: Reader(address, zone, seed) for address, zone in employees}
