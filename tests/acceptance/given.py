"""What an operator has at hand: a campaign that starts today, a directory, and the mails."""

import email
import mailbox
import re
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email import policy
from email.message import EmailMessage
from html import unescape
from itertools import count, islice
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from diffuse.domain.delivery import spread
from diffuse.domain.desk import LAST_SHARE
from diffuse.services.record import DWELL

CAMPAIGN = """\
id: essai
title: {{fr: "Médias sociaux : l'essai", en: "Social media: the trial"}}
owner: Camille Côté <camille.cote@universite.example>
languages: [fr, en]
starts: {starts}
send_window:
  days: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]
  opens: "00:00"
  closes: "{closes}"
policies:
  - id: usage
    title: {{fr: "Politique d'utilisation", en: "Usage policy"}}
    version: "2026.1"
    link: https://intranet.universite.example/politique
    key_points:
      - id: dire-ou-je-travaille
        says: {{fr: "Dites que vous travaillez ici.", en: "Say that you work here."}}
        acknowledge: yes
        question:
          asks: {{fr: "Qui parle sur votre page?", en: "Who speaks on your page?"}}
          answers:
            - says: {{fr: "L'Université", en: "The University"}}
              feedback: {{fr: "Non : vous.", en: "No: you do."}}
            - says: {{fr: "Moi", en: "I do"}}
              right: yes
              feedback: {{fr: "Oui.", en: "Yes."}}
        variants:
          - register: advice
            texts:
              fr:
                subject: Qui parle quand vous publiez?
                action: Ajoutez votre employeur à votre profil.
                body: "Dites où vous travaillez : [voici pourquoi](https://intranet.universite.example/pourquoi)."
              en:
                subject: Who speaks when you post?
                action: Add your employer to your profile.
                body: "Say where you work: [this is why](https://intranet.universite.example/why)."
"""

AT_ONCE = 1.0
"""Seconds after the first plan within which everybody's message is due."""

LINK = re.compile(r'(?:href|src)="([^"]+)"')
FIELD = re.compile(r'<input type="(?:hidden|submit)"[^>]*>|<input class="button" type="submit"[^>]*>')
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, kw_only=True)
class Midday:
    """A time zone in which it is between twelve and one now, so that midnight is far whenever a test runs.

    The window of the campaign opens at midnight and closes at ten past one: from now, at most 70 minutes.
    """

    zone: str
    day: date
    closes: str = "13:10"
    rest: float = 70 * 60

    @classmethod
    def now(cls) -> "Midday":
        """Find the zone."""
        there = datetime.now(UTC)
        ahead = 12 - there.hour
        # POSIX counts these zones westward: Etc/GMT-3 is three hours ahead of UTC.
        zone = f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"
        return cls(zone=zone, day=there.astimezone(ZoneInfo(zone)).date())

    def ids(self, within: float = AT_ONCE) -> Iterator[str]:
        """Yield ids of employees whose place in today's window lies in its first seconds."""
        for start in count(step=50_000):
            names = [f"e{number:08}" for number in range(start, start + 50_000)]
            codes = np.array([zlib.crc32(name.encode()) for name in names], dtype=np.uint32)
            soon = spread(codes, self.day) * LAST_SHARE * self.rest < within
            yield from (names[place] for place in np.flatnonzero(soon))


@dataclass(frozen=True, kw_only=True)
class Person:
    """An employee of the directory."""

    id: str
    name: str
    language: str = "fr"

    @property
    def email(self) -> str:
        """The address."""
        return f"{self.id}@universite.example"


def people(at: Midday, number: int, *, within: float = AT_ONCE) -> list[Person]:
    """Invent employees, every third of whom reads English, whose messages are due within seconds."""
    return [
        Person(id=name, name=f"Zoé {name.upper()}", language="en" if place % 3 == 2 else "fr")
        for place, name in enumerate(islice(at.ids(within), number))
    ]


def write_campaign(folder: Path, at: Midday, name: str = "essai") -> Path:
    """Write a campaign that starts today."""
    path = folder / f"{name}.yaml"
    text = CAMPAIGN.format(starts=at.day, closes=at.closes).replace("id: essai", f"id: {name}")
    path.write_text(text, encoding="utf-8")
    return path


def write_directory(folder: Path, at: Midday, employees: list[Person]) -> Path:
    """Write a directory with a header."""
    path = folder / "employees.csv"
    rows = [f"{one.id},{one.name},{one.email},{one.language},{at.zone}" for one in employees]
    path.write_text("\n".join(["id,name,email,language,time_zone", *rows, ""]), encoding="utf-8")
    return path


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A message as its employee sees it."""

    to: str
    message_id: str
    subject: str
    language: str
    pixel: str
    links: tuple[str, ...]
    confirm: str


def mails(maildir: Path) -> list[Mail]:
    """Read everything that lies in a Maildir."""
    box = mailbox.Maildir(maildir, factory=None, create=False)
    return sorted((_mail(box.get_bytes(key)) for key in box.keys()), key=lambda mail: mail.to)  # noqa: SIM118


def _mail(data: bytes) -> Mail:
    message = email.message_from_bytes(data, _class=EmailMessage, policy=policy.default)
    part = message.get_body(("html",))
    assert isinstance(part, EmailMessage)
    page = part.get_content()
    addresses = [unescape(address) for address in LINK.findall(page)]
    return Mail(
        to=message["To"].addresses[0].addr_spec,
        message_id=message["Message-ID"],
        subject=message["Subject"],
        language=message["Content-Language"] or "",
        pixel=next((one for one in addresses if "/o/" in one), ""),
        links=tuple(one for one in addresses if "/c/" in one),
        confirm=next(one for one in addresses if "/a/" in one),
    )


def form_fields(page: str) -> dict[str, str]:
    """Read a page, which takes a moment; return what a browser sends when its employee confirms."""
    time.sleep((DWELL * 1.05).total_seconds())
    fields = {"response": "acknowledge"} if 'name="response"' in page else {}
    for tag in FIELD.findall(page):
        values = dict(ATTRIBUTE.findall(tag))
        fields[values["name"]] = unescape(values["value"])
    return fields
