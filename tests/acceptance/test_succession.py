"""Absence and succession by hand: lists in, a handover that is confirmed, a report out."""

import csv
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

from tests.acceptance.given import (
    Midday,
    form_fields,
    mails,
    people,
    write_campaign,
    write_directory,
)
from tests.acceptance.installation import Installation

pytestmark = pytest.mark.servers

HANDOVER = """\
      - id: releve
        says: {fr: "Assurez la relève.", en: "Stand in."}
        acknowledge: yes
        occasion: handover
        variants:
          - register: advice
            texts:
              fr:
                subject: Vous prenez le relais
                body: "{{ occasion.about }} s'absente : {{ occasion.duty }}."
              en: {subject: You are standing in, body: "{{ occasion.about }} is away: {{ occasion.duty }}."}
"""
TOKEN = "0123456789abcdef0123456789abcdef"


def write(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def ahead(day: date, days: int) -> str:
    return f"{day + timedelta(days=days)}"


def test_a_duty_passes_on_with_a_confirmation_and_the_absent_get_nothing(place: Installation) -> None:
    at = Midday.now()
    holder, substitute, elsewhere = people(at, 3)
    campaign = write_campaign(place.folder, at)
    campaign.write_text(campaign.read_text(encoding="utf-8") + HANDOVER, encoding="utf-8")
    place.settings["api_token"] = TOKEN
    place.run("import", write_directory(place.folder, at, [holder, substitute, elsewhere]))
    place.run("launch", campaign)
    duties = write(
        place.folder,
        "duties.csv",
        "role,duty,holder,substitute",
        f"crisis-cell,Répondre à la presse,{holder.id},{substitute.id}",
        f"author,=Réviser,{elsewhere.id},",
    )
    absences = write(
        place.folder, "absences.csv", "employee,starts,ends", f"{holder.id},{at.day},{ahead(at.day, 5)}"
    )
    assert place.run("duties", duties).out == "2 duties kept\n"
    assert place.run("absences", absences).out == "1 absences added, 0 taken away\n"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with place.receiver(), place.up() as running, httpx.Client(base_url=place.address) as client:
        listed = [{"starts": f"{at.day}", "ends": ahead(at.day, 1)}]
        running.until(lambda: place.received == 2, "mail")
        told = client.put(f"/api/absences/{elsewhere.id}", json=listed, headers=headers)
        assert (told.status_code, told.json()) == (200, listed)
        assert client.get(f"/api/absences/{elsewhere.id}").status_code == 401
        (mail,) = [one for one in mails(place.maildir) if one.to == substitute.email]
        assert mail.subject == "Vous prenez le relais"
        assert holder.email not in place.kept()
        page = client.get(mail.confirm)
        assert "Assurez la relève" in page.text
        assert client.post(mail.confirm, data=form_fields(page.text)).status_code == 303
    said = place.run("succession", "--output", "csv").out
    assert "2 of 2 duties would not be done if their holders were away" in said
    with (place.folder / "csv" / "succession.csv").open(encoding="utf-8", newline="") as file:
        alone, passed = csv.DictReader(file)
    assert (alone["duty"], alone["gap"]) == ("'=Réviser", "nobody stands in")
    assert (passed["acting_since"], passed["acting_until"]) == (f"{at.day}", ahead(at.day, 5))
    assert passed["handover_sent_at"] <= passed["handover_acknowledged_at"]
    place.run("absences", write(place.folder, "back.csv", "employee,starts,ends"))
    assert "confirmed" not in place.run("succession").out


def test_lists_that_cannot_be_read_are_told_whole_and_change_nothing(place: Installation) -> None:
    at = Midday.now()
    (person,) = people(at, 1)
    place.run("import", write_directory(place.folder, at, [person]))
    bad = write(place.folder, "bad.csv", "employee,starts,ends", f"{person.id},lundi,2027-01-01", "x,,")
    assert place.refused("absences", bad).splitlines() == [
        f"{bad}:2: starts: 'lundi' is not a day; expected YYYY-MM-DD",
        f"{bad}:3: starts: '' is not a day; expected YYYY-MM-DD",
        f"{bad}:3: ends: '' is not a day; expected YYYY-MM-DD",
    ]
    stranger = write(place.folder, "who.csv", "role,duty,holder", f"author,Réviser,{person.id}0")
    assert place.refused("duties", stranger) == (
        f"{stranger}:2: holder: nobody has the id '{person.id}0'; "
        f"expected the id of an employee in the directory; did you mean '{person.id}'?"
    )
    assert place.run("succession").out == "no duty yet: import them with 'diffuse duties FILE'\n"
