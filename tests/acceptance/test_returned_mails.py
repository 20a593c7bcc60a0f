"""Messages leave under signed return paths, mails come back, and what is sent next follows from them."""

import csv
import io
import mailbox
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from diffuse import bootstrap
from diffuse.adapters.clock import SystemClock
from diffuse.settings import Settings
from diffuse.testing import FrozenClock
from tests.acceptance.given import Midday, Person, people, write_campaign, write_directory
from tests.acceptance.installation import Installation, Slow, installation

pytestmark = pytest.mark.servers

RHYTHM = """\
schedule: {policy: fixed, intervals: [0 days, 90 days], resend_unopened_after: 2 days, max_resends: 9}
max_messages_per_week: 7
"""
DAYS = 13
AWAY = 8
"""Days that somebody is away."""

MENDED = 11
"""The day on which the directory gets another address."""

GONE, FULL, AWAY_NOW, ANNOYED, ANSWERS, READER = range(6)


def dsn(to: str, address: str, status: str, words: str) -> str:
    """Return what Postfix writes when the next server refuses."""
    return (
        f"Return-Path: <>\nDelivered-To: {to}\nFrom: MAILER-DAEMON@relay.example (Mail Delivery System)\n"
        f"To: {to}\nSubject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\n"
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\n<{address}>: host mx.example said: {words}\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.example\n\n"
        f"Final-Recipient: rfc822; {address}\nAction: failed\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {words}\n--b--\n"
    )


def away(to: str, address: str, until: date) -> str:
    """Return the answer of a vacation program (RFC 3834), to the envelope's sender."""
    return (
        f"Return-Path: <>\nDelivered-To: {to}\nFrom: <{address}>\nTo: {to}\nAuto-Submitted: auto-replied\n"
        f"Subject: Absente\n\nI am away until {until:%Y-%m-%d}.\n"
    )


def complaint(to: str, address: str, message_id: str) -> str:
    """Return the report of a provider (RFC 5965)."""
    return (
        f"From: <fbl@provider.example>\nTo: {to}\nSubject: FW\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
        "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n"
        f"Original-Rcpt-To: <{address}>\n"
        f"--b\nContent-Type: message/rfc822\n\nMessage-ID: {message_id}\nTo: {address}\n\nx\n--b--\n"
    )


def answer(address: str, message_id: str) -> str:
    """Return what a person writes from another account."""
    return (
        f"From: <home.{address}>\nTo: communications@universite.example\nSubject: Re: Rappel\n"
        f"In-Reply-To: {message_id}\n\nMerci, c'est fait.\n"
    )


class Relay(Slow):
    """A relay that takes everything, and gives back what the next servers say of it."""

    story: "Story"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        said = await super().handle_DATA(server, session, envelope)
        content = (envelope.original_content or b"").decode("ascii")
        head = content.partition("\r\n\r\n")[0]
        message_id = head.lower().partition("message-id: ")[2].partition("\r\n")[0]
        for address in envelope.rcpt_tos:
            self.story.took(str(envelope.mail_from), address, message_id)
        return said


@dataclass
class Story:
    """Days on which a worker beats, and what came of them."""

    place: Installation
    at: Midday
    staff: list[Person]
    clock: FrozenClock
    senders: list[str] = field(default_factory=list)
    sent: list[tuple[int, str]] = field(default_factory=list)
    day: int = 0
    box: mailbox.Maildir = field(init=False)

    def __post_init__(self) -> None:
        self.box = mailbox.Maildir(self.place.folder / "box", create=True)
        self.emails = [one.email for one in self.staff]

    def took(self, sender: str, address: str, message_id: str) -> None:
        """Note a message, and write what comes back for it."""
        self.senders.append(sender)
        self.sent.append((self.day, address))
        who = next((place for place, one in enumerate(self.staff) if one.email == address), READER)
        until = self.clock.now().date() + timedelta(days=AWAY)
        first = len([one for _, one in self.sent if one == address]) == 1
        back = {
            GONE: dsn(sender, address, "5.1.1", f"550 5.1.1 <{address}>: User unknown"),
            FULL: dsn(sender, address, "4.2.2", "452 4.2.2 Over quota"),
            AWAY_NOW: away(sender, address, until) if first else "",
            ANNOYED: complaint("bounces@universite.example", address, message_id) if first else "",
            ANSWERS: answer(address, message_id) if first else "",
        }.get(who, "")
        if back:
            self.box.add(back.encode())

    def days_of(self, who: int) -> list[int]:
        """Return the days on which somebody got a message."""
        return [day for day, address in self.sent if address == self.emails[who]]

    def csv(self, *words: str) -> list[dict[str, str]]:
        """Return a table of the command line."""
        text = self.place.run(*words, "--csv").out.removeprefix("\ufeff")
        return list(csv.DictReader(io.StringIO(text)))

    def mend(self) -> None:
        """Give the one who cannot be reached another address."""
        gone = self.staff[GONE]
        mended = [Moved(id=gone.id, name=gone.name), *self.staff[1:]]
        self.place.run("import", write_directory(self.place.folder, self.at, mended))
        self.emails[GONE] = mended[GONE].email

    def beat(self, app: bootstrap.App, start: datetime) -> None:
        """Let one day pass: a worker plans, sends and reads what came back, at noon and once more."""
        noon = start + timedelta(days=self.day)
        for instant in (noon, noon.astimezone(ZoneInfo(self.at.zone)).replace(hour=14, minute=29)):
            self.clock.set(instant)
            app.beat.run()


def begin(folder: Path) -> Story:
    """Import the staff, and launch a campaign that writes to everybody every other day."""
    place, at = installation(folder), Midday.now()
    at = Midday(zone=at.zone, day=at.day, closes="14:30")
    place.settings |= {
        "bounce_address": "bounces@universite.example",
        "returns_maildir": str(folder / "box"),
        "smtp_host": "127.0.0.1",
        "database_url": f"sqlite:///{folder / 'diffuse.db'}",
        "journal": str(folder / "journal"),
    }
    staff = people(at, 6)
    campaign = write_campaign(folder, at)
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(RHYTHM + text, encoding="utf-8")
    place.run("import", write_directory(folder, at, staff))
    place.run("launch", campaign)
    return Story(place=place, at=at, staff=staff, clock=FrozenClock(SystemClock().now()))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    story = begin(tmp_path_factory.mktemp("story"))
    start = story.clock.now()
    Relay.story = story
    with patch.dict(os.environ, story.place.environment):
        settings = Settings.load()
    with (
        story.place.receiver(kind=Relay),
        closing(bootstrap.app(settings, clock=story.clock)) as app,
    ):
        for story.day in range(DAYS):
            if story.day == MENDED:
                story.mend()
            story.beat(app, start)
        yield story


class Moved(Person):
    """An employee with another address."""

    @property
    def email(self) -> str:
        """The new address, which works."""
        return f"new.{self.id}@universite.example"


def state_of(story: Story, who: int, state: str) -> list[dict[str, str]]:
    rows = story.csv("deliveries", "--state", state)
    return [row for row in rows if row["employee"] == story.staff[who].id]


def back(story: Story, who: int) -> list[dict[str, str]]:
    """Return what came back from somebody, from any account."""
    address = story.staff[who].email
    return [row for row in story.csv("returns", "list") if row["address"].endswith(address)]


def test_every_message_leaves_under_a_return_path_of_its_own(story: Story) -> None:
    assert len(story.senders) == len(set(story.senders)) > 20
    assert all(one.startswith("bounces+") and one.endswith("@universite.example") for one in story.senders)


def test_who_answers_nothing_gets_every_message(story: Story) -> None:
    assert story.days_of(READER)[:4] == [0, 2, 4, 6]


def test_an_address_that_is_refused_twice_gets_nothing_until_the_directory_has_another(story: Story) -> None:
    old = story.staff[GONE].email
    assert [day for day, address in story.sent if address == old] == [0, 2]
    assert [row["reason"] for row in state_of(story, GONE, "failed")] == ["bounced: no_such_user 5.1.1"] * 2
    suppressed = state_of(story, GONE, "suppressed")
    assert suppressed
    assert {row["reason"] for row in suppressed} == {
        "its address does not exist, by repeated bounces; mend it in the directory"
    }
    assert min(story.days_of(GONE)) >= MENDED


def test_days_away_that_an_answer_names_hold_what_comes_and_are_no_bounce(story: Story) -> None:
    got = story.days_of(AWAY_NOW)
    assert got[0] == 0
    assert AWAY < got[1] <= DAYS
    assert state_of(story, AWAY_NOW, "failed") == []
    (row,) = back(story, AWAY_NOW)
    assert (row["kind"], row["matched"]) == ("auto-reply", "verp")
    assert row["review"].endswith("messages wait")


def test_a_full_mailbox_a_complaint_and_an_answer_stop_nothing(story: Story) -> None:
    for who in (FULL, ANNOYED, ANSWERS):
        assert story.days_of(who) == story.days_of(READER)
        assert state_of(story, who, "failed") == []
    assert {row["reason"] for row in back(story, FULL)} == {"mailbox_full"}


def test_a_complaint_and_an_answer_by_a_person_wait_for_a_person(story: Story) -> None:
    for who, kind in ((ANNOYED, "complaint"), (ANSWERS, "human-reply")):
        (row,) = back(story, who)
        assert (row["kind"], row["matched"]) == (kind, "message-id")
        assert row["review"]


def test_what_a_worker_has_not_read_yet_is_read_by_hand_once(story: Story) -> None:
    story.box.add(dsn(story.senders[-1], story.sent[-1][1], "4.4.1", "timed out").encode())
    assert story.place.run("returns", "read").out == "1 temporary\n"
    assert story.place.run("returns", "read").out == "nothing new came back\n"
