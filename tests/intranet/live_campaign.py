"""The shipped campaign on email and a real WordPress together: people answer from both, and the CSV tells."""

import csv
import email
import json
import mailbox
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from html import unescape
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from diffuse.domain.verdicts import EARLY
from tests.acceptance.given import Midday, Person, form_fields, mails, people, write_directory
from tests.acceptance.installation import Installation, Running, installation
from tests.live.browser import chromium, violations
from tests.suites.platforms.wordpress_server import WordPressRig

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "campaigns/social-media"
POLICY = "policies/usage.yaml"
TEXT = "messages/usage/disclose.legal.fr.md"
READS = 2300
"""Milliseconds that even somebody in a hurry takes."""

HEADER = "X-Remote-User"
POST = re.compile(r'href="([^"]+/p/[^"]+)"')
LINK = re.compile(r"https?://\S+/e/\S+")
RIGHT = "1"
"""The right answer of the first key point."""


@dataclass(kw_only=True)
class Office:
    """An installation with the shipped campaign, its mail server, and its WordPress."""

    place: Installation
    wordpress: WordPressRig
    staff: Sequence[Person]
    running: Running
    campaign: Path

    @property
    def in_french(self) -> Sequence[Person]:
        """Those who read French, which comes first."""
        return [one for one in self.staff if one.language == "fr"]

    def posts(self, words: str) -> list[tuple[str, str]]:
        """Return title and content of the posts on WordPress that say something."""
        return [(one.title, one.content) for one in self.wordpress.posts() if words in one.content]

    def link(self, words: str) -> str:
        """Return the link of the post that says something."""
        ((_, content),) = self.posts(words)
        return unescape(POST.findall(content)[0])

    def exported(self, name: str) -> dict[str, list[dict[str, str]]]:
        """Export, and return a table's rows by employee."""
        self.place.run("export", "--to", name)
        found: dict[str, list[dict[str, str]]] = {}
        with (self.place.folder / name / "deliveries.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["employee"], []).append(row)
        return found


@contextmanager
def opened(folder: Path, wordpress: WordPressRig) -> Iterator[Office]:
    """Launch the shipped campaign on both channels, and run it."""
    place, at = installation(folder), Midday.now()
    place.variables["PYTHONPATH"] = str(ROOT)
    account = wordpress.recipe().arguments
    place.settings |= {
        "platforms": json.dumps({"wordpress": dict(account)}),
        "identity_header": HEADER,
        "trusted_proxies": "127.0.0.1",
    }
    campaign = _campaign(folder, at)
    staff = people(at, 6)
    place.run("import", write_directory(folder, at, staff))
    place.run("check", campaign)
    place.run("launch", campaign)
    with place.receiver(), place.up() as running:
        running.until(lambda: place.received >= len(staff), "mail")
        running.until(lambda: len(wordpress.posts()) >= 2, "posts")
        yield Office(place=place, wordpress=wordpress, staff=staff, running=running, campaign=campaign)


def _campaign(folder: Path, at: Midday) -> Path:
    """Copy the shipped campaign, and let it run now, in hours that are open whenever.

    What everybody should know is posted besides; what is for a few stays in their mail.
    """
    campaign = folder / "social-media"
    shutil.copytree(SHIPPED, campaign)
    file = campaign / "campaign.yaml"
    text = file.read_text(encoding="utf-8")
    for pattern, new in (
        (r"^starts: .*$", f"starts: {at.day}"),
        (r"^ends: .*$", f"ends: {at.day.replace(year=at.day.year + 1)}"),
        (r"^  acknowledged_by: .*\n", ""),
        (r"^  escalate: .*\n", ""),
        (r"^holidays: .*$", f"time_zone: {at.zone}"),
        (r"^  - id: everyone$", "  - id: everyone\n    channels: [email, wordpress]"),
        (
            r"^  days: .*$",
            "  days: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]",
        ),
        (r"^  opens: .*$", '  opens: "00:00"'),
        (r"^  closes: .*$", f'  closes: "{at.closes}"'),
    ):
        text, changes = re.subn(pattern, new, text, flags=re.MULTILINE)
        assert changes == 1, pattern
    file.write_text(text, encoding="utf-8")
    return campaign


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, wordpress: WordPressRig) -> Iterator[Office]:
    wordpress.empty()
    with opened(tmp_path_factory.mktemp("campaign"), wordpress) as running:
        time.sleep(EARLY.total_seconds() + 1)  # nobody reads in the second in which a message comes
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def test_the_campaign_is_answered_from_mail_and_from_wordpress_and_the_csv_tells_them_apart(
    office: Office, browser: Browser
) -> None:
    by_mail, by_link, by_proxy, visitor = office.in_french[:4]
    _answer_by_mail(office, by_mail)
    _answer_by_magic_link(office, browser, by_link)
    _answer_behind_a_proxy(office, by_proxy)
    _visit_behind_a_proxy(office, visitor)

    rows = office.exported("first")
    given = {
        (row["channel"], row["identified_by"])
        for person in (by_mail, by_link, by_proxy)
        for row in rows[person.id]
        if row["acknowledged_at"]
    }
    assert given == {("email", "link"), ("wordpress", "magic-link"), ("wordpress", "proxy")}
    for person in (by_mail, by_link, by_proxy):
        assert sum(bool(row["acknowledged_at"]) for row in rows[person.id]) == 1
    assert {row["channel"] for row in rows[visitor.id]} == {"email", "wordpress"}

    with (office.place.folder / "first/key_points.csv").open(encoding="utf-8", newline="") as file:
        lines = {row["channel"]: row for row in csv.DictReader(file) if row["key_point"] == "disclose"}
    assert set(lines) == {"email", "wordpress"}
    assert office.place.run("ledger", "verify").status == 0


def _answer_by_mail(office: Office, person: Person) -> None:
    (mail,) = [one for one in mails(office.place.maildir) if one.to == person.email]
    with httpx.Client() as client:
        fields = form_fields(client.get(mail.confirm).text)
        answer = client.post(mail.confirm, data={**fields, "answer": RIGHT})
    assert answer.status_code == 303


def _answer_by_magic_link(office: Office, browser: Browser, person: Person) -> None:
    """Read the post on the intranet, and go all the way in a browser."""
    context = browser.new_context(locale="fr-CA")
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(office.wordpress.address)
    page.get_by_role("link", name="Répondre et confirmer").first.click()
    page.wait_for_url("**/sign-in")
    assert violations(page) == []
    page.get_by_label("Votre adresse courriel au travail").fill(person.email)
    page.get_by_role("button", name="Envoyer le lien").click()
    page.get_by_role("status").wait_for()
    letter = _letter(office, person)
    page.goto(letter)
    page.get_by_role("button", name="Continuer").click()
    page.wait_for_url("**/p/*")
    assert f"Vous êtes {person.name}." in page.content()
    assert violations(page) == []
    page.wait_for_timeout(READS)
    _choose(page, "answer", RIGHT)
    _choose(page, "response", "acknowledge")
    page.get_by_role("button", name="Envoyer").click()
    page.locator(".done time").wait_for()
    page.screenshot(path=office.place.folder / "confirmed.png", full_page=True)
    context.close()


def _choose(page: Page, name: str, value: str) -> None:
    page.locator("label.choice", has=page.locator(f"[name={name}][value='{value}']")).click()


def _letter(office: Office, person: Person) -> str:
    """Wait for the mail with a link, and return the link."""
    found: list[str] = []

    def came() -> bool:
        box = mailbox.Maildir(office.place.maildir, factory=None, create=False)
        for key in list(box.keys()):
            message = email.message_from_bytes(box.get_bytes(key), _class=EmailMessage, policy=policy.default)
            if message["To"].addresses[0].addr_spec == person.email:
                body = message.get_body(("plain",))
                assert isinstance(body, EmailMessage)
                found.extend(LINK.findall(body.get_content()))
        return bool(found)

    office.running.until(came, "letter with a link")
    return found[0]


def _answer_behind_a_proxy(office: Office, person: Person) -> None:
    link = office.link("Recommander un programme")
    with httpx.Client(headers={HEADER: person.email}) as client:
        page = client.get(link)
        assert page.status_code == 200
        answer = client.post(link, data={**form_fields(page.text), "answer": RIGHT})
    assert answer.status_code == 303


def _visit_behind_a_proxy(office: Office, person: Person) -> None:
    page = httpx.get(office.link("Recommander un programme"), headers={HEADER: person.id})
    assert page.status_code == 200
    assert person.name in page.text


def test_a_material_change_is_published_in_place_and_asks_again(office: Office) -> None:
    person, before = office.in_french[2], office.link("Recommander un programme")
    text = office.campaign / TEXT
    text.write_text(
        text.read_text(encoding="utf-8").replace("La politique exige donc", "La politique exige désormais"),
        encoding="utf-8",
    )
    usage = office.campaign / POLICY
    usage.write_text(
        usage.read_text(encoding="utf-8").replace(
            'version: "2026.1"',
            'version: "2026.2"\nchange:\n  kind: material\n  reason: Le lien d’emploi se dit partout.\n'
            "  key_points: [disclose]",
        ),
        encoding="utf-8",
    )
    office.place.run("launch", office.campaign)
    office.running.until(lambda: office.posts("exige désormais"), "new text")
    assert not office.posts("exige donc")
    assert office.link("exige désormais") == before
    page = httpx.get(before, headers={HEADER: person.email})
    assert 'name="response"' in page.text


def test_a_cancelled_campaign_takes_its_posts_from_the_intranet(office: Office) -> None:
    link = office.link("exige désormais")
    office.place.run("cancel", "social-media", "--yes", "--reason", "essai terminé")
    office.running.until(lambda: not office.wordpress.posts(), "empty intranet")
    assert httpx.get(link, headers={HEADER: office.staff[0].email}).status_code == 404
