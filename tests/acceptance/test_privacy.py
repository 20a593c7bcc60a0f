"""Privacy, as an officer, an employee and an auditor meet it."""

import csv
import zipfile
from datetime import timedelta
from pathlib import Path

import httpx

from tests.acceptance.given import Midday, Person, form_fields, mails, people, write_campaign
from tests.acceptance.installation import Installation
from tests.acceptance.test_by_hand import FIREFOX


def directory(folder: Path, at: Midday, employees: list[Person], wishes: list[str]) -> Path:
    """Write a directory that says what each allows to be measured."""
    path = folder / "employees.csv"
    rows = [
        f"{one.id},{one.name},{one.email},fr,{at.zone},{wish},Archives"
        for one, wish in zip(employees, wishes, strict=True)
    ]
    header = "id,name,email,language,time_zone,tracking,department"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_what_is_measured_is_what_the_person_allows_and_what_was_confirmed_stays(place: Installation) -> None:
    at = Midday.now()
    named, counted, unmeasured = employees = people(at, 3)
    place.run("import", directory(place.folder, at, employees, ["", "aggregate", "off"]))
    place.run("launch", write_campaign(place.folder, at))
    with place.receiver(), place.up() as running, httpx.Client(headers=FIREFOX) as browser:
        running.until(lambda: place.received == len(employees), "three messages")
        place.passes(timedelta(minutes=30))
        mail = {one.to: one for one in mails(place.maildir)}
        quiet = mail[unmeasured.email]
        assert (quiet.pixel, quiet.links) == ("", ())
        for one in (named, counted):
            assert browser.get(mail[one.email].pixel).status_code == 200
            assert browser.get(mail[one.email].links[0]).status_code in {302, 303, 307}
        for one in employees:
            page = httpx.get(mail[one.email].confirm)
            httpx.post(mail[one.email].confirm, data={**form_fields(page.text), "answer": "1"})
    place.run("export", "--to", "all", "--as", "Camille Côté")
    seen = {row["employee"]: row for row in table(place.folder / "all", "deliveries")}
    assert [bool(seen[one.id]["opened_at"]) for one in employees] == [True, False, False]
    assert [bool(seen[one.id]["clicked_at"]) for one in employees] == [True, False, False]
    assert all(seen[one.id]["acknowledged_at"] for one in employees)
    assert [seen[one.id]["opens"] for one in employees] == ["named", "aggregate", "off"]


def test_a_unit_of_four_people_is_told_of_nowhere(place: Installation) -> None:
    at = Midday.now()
    employees = people(at, 4)
    place.run("import", directory(place.folder, at, employees, ["", "", "", ""]))
    place.run("launch", write_campaign(place.folder, at))
    with place.receiver(), place.up() as running:
        running.until(lambda: place.received == len(employees), "four messages")
    place.run("export", "--to", "groups", "--groups-only")
    names = sorted(path.stem for path in (place.folder / "groups").iterdir())
    assert names == ["departments", "key_points", "policies", "posts", "weeks"]
    for name in names:
        for row in table(place.folder / "groups", name):
            assert row["suppressed"] == "group"
            assert not [cell for cell in row.values() if cell.isdecimal()]
    assert place.run("access", "list").out.strip() == "nobody yet"


def test_a_person_is_handed_out_and_forgotten_and_the_ledger_still_verifies(place: Installation) -> None:
    at = Midday.now()
    employees = people(at, 2)
    who = employees[0]
    place.run("import", directory(place.folder, at, employees, ["", ""]))
    place.run("launch", write_campaign(place.folder, at))
    with place.receiver(), place.up() as running:
        running.until(lambda: place.received == len(employees), "two messages")
        for mail in mails(place.maildir):
            httpx.get(mail.pixel)
            page = httpx.get(mail.confirm)
            httpx.post(mail.confirm, data={**form_fields(page.text), "answer": "1"})
    before = place.run("ledger", "verify").out
    place.run("person", "export", who.id, "--to", "one.zip", "--as", "Camille Côté")
    with zipfile.ZipFile(place.folder / "one.zip") as bundle:
        everything = bundle.read("person.json").decode()
        assert {"delivery.csv", "employee.csv", "event.csv", "evidence.csv"} <= set(bundle.namelist())
    assert who.email in everything
    assert employees[1].id not in everything
    assert "forgotten" in place.run("person", "erase", who.id, "--reason", "asked", "--yes").out
    assert place.run("ledger", "verify").out == before
    place.run("export", "--to", "after")
    for path in (place.folder / "after").iterdir():
        assert who.id not in path.read_text(encoding="utf-8"), path
    assert place.refused("person", "export", who.id) == (
        f"nobody has the id {who.id!r}; 'diffuse person' takes an id of the directory"
    )
    log = place.run("access", "list", "--csv").out.splitlines()
    assert [line.split(",")[2] for line in log[1:]] == ["export", "person erase", "person export"]
    assert "Camille Côté" in log[3]
    assert "would be forgotten" in place.run("retention", "run", "--dry-run").out
