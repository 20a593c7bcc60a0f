"""An organisation amid a campaign: messages that really left, and the service behind their links."""

import csv
import email
import mailbox
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from html import unescape
from pathlib import Path

import pytest
import uvicorn

from diffuse import bootstrap
from diffuse.adapters.clock import SystemClock
from diffuse.domain.verdicts import EARLY
from diffuse.settings import Settings
from diffuse.web.app import create_app
from diffuse.web.pages import Pages
from tests.acceptance.given import CAMPAIGN, Midday, Person, people, write_directory
from tests.acceptance.installation import Installation
from tests.live.intranet import Intranet, intranet

ROOT = Path(__file__).parents[2]
STAFF = 36
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message as it came to its employee."""

    person: Person
    html: str

    @property
    def pixel(self) -> str:
        """The image."""
        return self._all("o")[0]

    @property
    def links(self) -> list[str]:
        """The links in the text and to the policy."""
        return self._all("c")

    @property
    def page(self) -> str:
        """Where it is answered."""
        return self._all("a")[0]

    @property
    def decoy(self) -> str:
        """The hidden link."""
        return self._all("d")[0]

    @property
    def shown(self) -> list[str]:
        """Every link that somebody sees."""
        return [*self.links, self.page]

    def _all(self, purpose: str) -> list[str]:
        found = re.findall(rf'(?:href|src)="([^"]+/{purpose}/[^"]+)"', self.html)
        return [unescape(one) for one in found]


@dataclass(kw_only=True)
class Office:
    """The installation, the messages that nobody has touched yet, and what the reports say."""

    place: Installation
    intranet: Intranet
    letters: list[Letter]
    exports: Iterator[int] = field(default_factory=lambda: iter(range(1000)))

    def letter(self, language: str = "fr") -> Letter:
        """Hand out a message that nobody has touched."""
        found = next(one for one in self.letters if one.person.language == language)
        self.letters.remove(found)
        return found

    def webmail(self, letter: Letter) -> str:
        """Return where a message is read."""
        return self.intranet.show(f"/mail/{letter.person.id}", letter.html)

    def report(self) -> dict[str, dict[str, str]]:
        """Export everything, and return the line of each employee's message."""
        folder = f"export-{next(self.exports)}"
        self.place.run("export", "--to", folder)
        with (self.place.folder / folder / "deliveries.csv").open(encoding="utf-8", newline="") as file:
            return {row["employee"]: row for row in csv.DictReader(file)}


@contextmanager
def open_office(place: Installation) -> Iterator[Office]:
    """Send a campaign, let the clock go on until nobody is early any more, and run ``diffuse serve``."""
    # The programs of this checkout, wherever the virtual environment was made.
    place.variables["PYTHONPATH"] = str(ROOT)
    at = Midday.now()
    staff = people(at, STAFF)
    place.run("import", write_directory(place.folder, at, staff))
    campaign = place.folder / "essai.yaml"
    with intranet() as neighbour:
        campaign.write_text(_campaign(at, neighbour.address), encoding="utf-8")
        place.run("launch", campaign)
        letters = _sent(place, staff)
        with place.up("serve"):
            yield Office(place=place, intranet=neighbour, letters=letters)


def _campaign(at: Midday, address: str) -> str:
    """Write a campaign with a hidden link, whose other links lead to our own intranet."""
    text = CAMPAIGN.format(starts=at.day, closes=at.closes)
    text = text.replace("https://intranet.universite.example", address)
    return text.replace("languages:", "decoy: yes\nlanguages:", 1)


def _sent(place: Installation, staff: list[Person]) -> list[Letter]:
    """Send everything, and wait until nobody is early any more."""
    with place.receiver(), place.up() as running:
        running.until(lambda: place.received == STAFF, "mail")
        place.passes(timedelta())
    letters = [_letter(data, staff) for data in _kept(place.maildir)]
    until = _last_sent(place.folder / "diffuse.db") + EARLY + timedelta(seconds=1)
    time.sleep(max(0.0, (until - datetime.now(UTC)).total_seconds()))
    return letters


def _kept(maildir: Path) -> list[bytes]:
    box = mailbox.Maildir(maildir, factory=None, create=False)
    return [box.get_bytes(key) for key in sorted(box.keys())]


def _letter(data: bytes, staff: list[Person]) -> Letter:
    message = email.message_from_bytes(data, _class=EmailMessage, policy=policy.default)
    part = message.get_body(("html",))
    assert isinstance(part, EmailMessage)
    to = message["To"].addresses[0].addr_spec
    return Letter(person=next(one for one in staff if one.email == to), html=part.get_content())


def _last_sent(database: Path) -> datetime:
    with closing(sqlite3.connect(database)) as connection:
        (sent,) = connection.execute("SELECT max(sent_at) FROM delivery").fetchone()
    return datetime.fromtimestamp(sent * MICROSECOND / timedelta(seconds=1), UTC)


class Tomorrow(SystemClock):
    """The machine's clock, a day ahead."""

    def now(self) -> datetime:
        """Return the instant a day from now."""
        return super().now() + timedelta(days=1)


@contextmanager
def served_tomorrow(office: Office) -> Iterator[str]:
    """Run the service over the same database as it will be a day from now; yield its address."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in office.place.environment.items():
            patch.setenv(name, value)
        patch.chdir(office.place.folder)
        app = bootstrap.app(Settings.load(None), clock=(clock := Tomorrow()))
    web = create_app(app.record, clock, pages=Pages(app.templates), gauges=app.gauges, mine=app.mine)
    server = uvicorn.Server(uvicorn.Config(web, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        app.close()
