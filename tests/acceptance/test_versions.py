"""Versions by hand: who is asked again, and what becomes of old mails, leavers and the ledger."""

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.acceptance.given import (
    Mail,
    Midday,
    Person,
    form_fields,
    mails,
    people,
    write_campaign,
    write_directory,
)
from tests.acceptance.installation import Installation

pytestmark = pytest.mark.servers

SECOND = """\
      - id: demander-avant
        says: {fr: "Demandez avant de publier.", en: "Ask before you post."}
        variants:
          - register: advice
            texts:
              fr: {subject: Demandez avant, body: "Demandez à votre équipe."}
              en: {subject: Ask before, body: "Ask your team."}
"""
HURRIED = 'schedule: {intervals: ["0 days"], introduce_every: 1 day, max_resends: 0}\npolicies:\n'
"""Each key point is sent once, one a day; what comes again was asked again."""


def write(place: Installation, at: Midday, *changes: tuple[str, str]) -> Path:
    """Write a campaign of two key points that began some days ago."""
    path = write_campaign(place.folder, at)
    text = path.read_text(encoding="utf-8").replace("policies:\n", HURRIED, 1) + SECOND
    text = text.replace(f"starts: {at.day}", "starts: 2024-01-08")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


def version(kind: str) -> tuple[str, str]:
    said = f'version: "2026.2"\n    change: {{kind: {kind}, reason: Le comité l’a précisé.}}'
    return 'version: "2026.1"', said


YESTERDAY = """
    UPDATE delivery SET due_on = date(due_on, '-1 day'), wanted_on = date(wanted_on, '-1 day'),
    reached_on = date(reached_on, '-1 day'), due_at = due_at - 86400000000,
    not_after = not_after - 86400000000, sent_at = sent_at - 86400000000,
    opened_at = opened_at - 86400000000, answered_at = answered_at - 86400000000,
    acknowledged_at = acknowledged_at - 86400000000
"""


def let_a_day_pass(place: Installation) -> None:
    """Move every message a day back, and have everybody planned anew as on a new day."""
    with closing(sqlite3.connect(place.folder / "diffuse.db")) as connection, connection:
        connection.execute(YESTERDAY)
        connection.execute("UPDATE chunk SET revision = revision + 1")


def receive(place: Installation, number: int) -> None:
    """Let diffuse plan and send until so many messages have come in all, and nothing is planned any more."""
    with place.receiver(), place.up() as running:
        running.until(lambda: place.received >= number and _is_planned(place), f"{number} messages")
    assert place.received == number


def _is_planned(place: Installation) -> bool:
    """Tell whether the plan is up to date for everybody, and all of it has left."""
    with closing(sqlite3.connect(place.folder / "diffuse.db")) as connection:
        behind = connection.execute("SELECT count(*) FROM chunk WHERE revision > planned_revision").fetchone()
        waits = connection.execute(
            "SELECT count(*) FROM delivery WHERE state IN ('planned', 'claimed', 'sending')"
        )
        return bool(behind == waits.fetchone() == (0,))


def acknowledge(place: Installation, *chosen: Mail) -> list[str]:
    """Confirm messages from their mails; return the pages as they were shown before."""
    shown = []
    with place.up():
        for mail in chosen:
            page = httpx.get(mail.confirm)
            shown.append(page.text)
            answer = {"answer": "1"} if 'name="answer"' in page.text else {}
            sent = httpx.post(mail.confirm, data={**form_fields(page.text), **answer})
            assert sent.status_code == 303
    return shown


def of(place: Installation, person: Person, subject: str) -> Mail:
    """Find the first mail with a subject that somebody got."""
    found = [
        one for one in mails(place.maildir) if one.to == person.email and one.subject.startswith(subject)
    ]
    return found[0]


def exported(place: Installation, name: str) -> list[dict[str, str]]:
    place.run("export")
    with (place.folder / "export" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def told(place: Installation) -> tuple[Midday, list[Person]]:
    """Three employees have been told both key points; nobody has confirmed any yet."""
    at = Midday.now()
    employees = [Person(id=one.id, name=one.name) for one in people(at, 4)]
    place.run("import", write_directory(place.folder, at, employees[:3]))
    assert "publication 1" in place.run("launch", write(place, at)).out
    receive(place, 3)
    let_a_day_pass(place)
    receive(place, 6)
    let_a_day_pass(place)
    return at, employees


FIRST, OTHER = "Qui parle", "Demandez"


def test_a_typo_asks_nobody_again(place: Installation, told: tuple[Midday, list[Person]]) -> None:
    at, employees = told
    acknowledge(place, *(of(place, one, FIRST) for one in employees[:3]))
    reworded = ("Dites que vous travaillez ici.", "Dites que vous travaillez ici!")
    said = place.refused("launch", write(place, at, reworded))
    assert "version '2026.1' was published with another text of key point 'dire-ou-je-travaille'" in said
    found = place.run("check", "--published", write(place, at, reworded), status=1).out
    assert said == found.strip()
    changed = write(place, at, reworded, version("minor"))
    told_before = place.run("launch", "--dry-run", changed).out
    assert "version 2026.1 → 2026.2, minor (Le comité l’a précisé.); nobody is asked again" in told_before
    assert "nothing was published" in told_before
    assert "publication 2" in place.run("launch", changed).out
    place.run("import", write_directory(place.folder, at, employees))
    receive(place, 7)
    confirmed = [row for row in exported(place, "deliveries") if row["acknowledged_at"]]
    assert [(row["version"], row["acknowledgement"]) for row in confirmed] == [("2026.1", "earlier")] * 3
    assert place.run("ledger", "verify").out.startswith("6 records, whole")


def test_a_new_rule_is_asked_of_those_who_acknowledged_the_old_one(
    place: Installation, told: tuple[Midday, list[Person]]
) -> None:
    at, (both, other, late, _) = told
    acknowledge(place, of(place, both, FIRST), of(place, both, OTHER), of(place, other, OTHER))
    reworded = ("Dites que vous travaillez ici.", "Dites où vous travaillez, et votre fonction.")
    missing = (version("material")[0], 'version: "2026.2"')
    assert "nothing says why" in place.refused("launch", write(place, at, reworded, missing))
    changed = write(place, at, reworded, version("material"))
    said = place.run("launch", changed).out
    assert "1 employee who acknowledged is asked again about dire-ou-je-travaille" in said
    receive(place, 7)
    assert place.kept()[both.email] == 3
    (page,) = acknowledge(place, of(place, late, FIRST))
    assert "Une version plus récente de cette politique est en vigueur (version 2026.2)" in page
    assert "vaut pour la version 2026.1" in page
    (stale,) = [
        row for row in exported(place, "deliveries") if row["employee"] == late.id and row["acknowledged_at"]
    ]
    assert (stale["version"], stale["acknowledgement"]) == ("2026.1", "stale")
    let_a_day_pass(place)
    receive(place, 8)
    assert place.kept() == {both.email: 3, other.email: 2, late.email: 3}
    assert place.run("ledger", "verify").out.startswith("6 records, whole")
    place.run("import", write_directory(place.folder, at, [both, other]), "--end-missing", "2025-01-31")
    receipts = exported(place, "receipts")
    assert {(row["key_point"], row["version"], row["why"], row["since"]) for row in receipts} == {
        ("dire-ou-je-travaille", "2026.2", "left", "2025-02-01"),
        ("demander-avant", "2026.1", "left", "2025-02-01"),
    }
    assert late.id not in (place.folder / "export" / "receipts.csv").read_text(encoding="utf-8")
    assert place.run("ledger", "verify").out.startswith("6 records, whole")
