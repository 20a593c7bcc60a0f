"""The whole path, as its users walk it: campaign file, worker, mailbox, acknowledgement, CSV."""

import csv
import io
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest

from tests.acceptance.given import Mail, Midday, form_fields, mails, people, write_campaign, write_directory
from tests.acceptance.installation import Installation, Running

pytestmark = pytest.mark.servers

FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}
Rows: TypeAlias = list[dict[str, str]]


def test_a_campaign_file_becomes_mails_and_what_employees_do_becomes_csv(place: Installation) -> None:
    _without_redis(place)
    place.settings["smallest_group"] = 2
    at = Midday.now()
    staff = people(at, 4)
    campaign = write_campaign(place.folder, at)
    directory = write_directory(place.folder, at, staff)
    assert place.run("check", campaign).out == ""
    assert place.run("import", directory).out == "4 added, 0 updated, 0 unchanged\n"
    assert f"1 key points, from {at.day}" in place.run("launch", campaign).out
    with place.receiver(), place.up() as running, httpx.Client(headers=FIREFOX) as browser:
        running.until(lambda: place.received == 4, "mail")
        received = mails(place.maildir)
        assert [mail.to for mail in received] == [person.email for person in staff]
        assert [mail.subject for mail in received] == [
            "Who speaks when you post?" if person.language == "en" else "Qui parle quand vous publiez?"
            for person in staff
        ]
        place.passes(timedelta(hours=1))
        reader, clicker, confirmer, _silent = received
        _look(browser, reader)
        _click(browser, clicker)
        _confirm(browser, confirmer)
        _tracked(running)
    # Whoever spoils links in the seconds in which they confirm looks like a scanner.
    assert place.run("doubts", "--csv").out.splitlines()[1].endswith(",mutated")
    judged = place.run("reclassify", "--campaign", "essai").out
    assert re.search(r"click\W+human\W+2\W+2\W", judged)
    assert judged.endswith("3 deliveries judged, 0 verdicts changed on balance\n")
    assert "no campaign 'loto' was launched" in place.refused("reclassify", "--campaign", "loto")
    status = place.run("status").out
    assert re.search(r"essai\W+sent\W+4\W", status)
    place.run("export", "--to", "csv")
    _says_exactly_that(place.folder / "csv", staff[0].id, staff[1].id, staff[2].id, staff[3].id)
    first = {path.name: path.read_bytes() for path in (place.folder / "csv").iterdir()}
    place.run("export", "--to", "again")
    assert {path.name: path.read_bytes() for path in (place.folder / "again").iterdir()} == first
    place.run("export", "--to", "excel", "--excel", "fr")
    _french(place.folder / "csv", place.folder / "excel")


def _without_redis(place: Installation) -> None:
    """Take the library away: the embedded default has no use for it."""
    folder = place.folder / "instead"
    folder.mkdir()
    (folder / "redis.py").write_text("raise ImportError('there is no Redis here')\n", encoding="utf-8")
    place.variables["PYTHONPATH"] = str(folder)


def _look(browser: httpx.Client, mail: Mail) -> None:
    """Show the image, and look at the page without pressing its button."""
    assert browser.get(mail.pixel).headers["content-type"] == "image/gif"
    page = browser.get(mail.confirm)
    assert page.status_code == 200
    assert 'lang="fr"' in page.text
    assert "<script" not in page.text


def _click(browser: httpx.Client, mail: Mail) -> None:
    """Follow every link: the one in the text, and the one to the policy."""
    leads = [browser.get(link).headers["location"] for link in mail.links]
    assert leads == [
        "https://intranet.universite.example/pourquoi",
        "https://intranet.universite.example/politique",
    ]


def _confirm(browser: httpx.Client, mail: Mail) -> None:
    """Answer and confirm, twice: the first time stands."""
    page = browser.get(mail.confirm).text
    assert "Say that you work here" in page
    sent = {**form_fields(page), "answer": "1"}
    assert [browser.post(mail.confirm, data=sent).status_code for _ in range(2)] == [303, 303]
    assert "Yes." in browser.get(mail.confirm).text
    assert browser.get(mail.confirm[:-1]).status_code == 404
    assert browser.post(mail.confirm + "x", data=sent).status_code == 404


def _tracked(running: Running) -> None:
    """The log of the tracking service tells each request on a line of its own."""
    assert '"purpose": "open"' in running.said
    assert '"method": "POST"' in running.said


def _says_exactly_that(folder: Path, reader: str, clicker: str, confirmer: str, silent: str) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "deliveries.csv", "departments.csv", "employees.csv", "key_points.csv", "policies.csv",
        "posts.csv", "receipts.csv", "weeks.csv",
    ]  # fmt: skip
    deliveries = {row["employee"]: row for row in _rows(folder / "deliveries.csv")}
    assert {name: _came_back(row) for name, row in deliveries.items()} == {
        reader: {"opened_at"},
        clicker: {"opened_at", "clicked_at"},
        confirmer: {"answered_at", "acknowledged_at"},
        silent: set(),
    }
    assert {row["state"] for row in deliveries.values()} == {"sent"}
    assert deliveries[confirmer]["answer"] == "1:right"
    assert {name: row["identified_by"] for name, row in deliveries.items()} == {
        reader: "", clicker: "", confirmer: "link", silent: "",
    }  # fmt: skip
    assert [deliveries[reader][f"{whose}_opens"] for whose in ("raw", "human", "unsure")] == ["1", "1", "0"]
    assert [deliveries[clicker][f"{whose}_clicks"] for whose in ("raw", "human", "unsure")] == ["2", "2", "0"]
    assert datetime.fromisoformat(deliveries[silent]["sent_at"]).utcoffset() is not None
    employees = {row["employee"]: row for row in _rows(folder / "employees.csv")}
    assert [employees[name]["acknowledged"] for name in (reader, clicker, confirmer, silent)] == [*"0010"]
    for table in ("key_points", "policies"):
        (row,) = _rows(folder / f"{table}.csv")
        assert (row["channel"], row["intended"], row["reach_rate_numerator"]) == ("email", "4", "3")
    assert _rows(folder / "posts.csv") == []
    for table in ("key_points", "policies", "weeks"):
        (row,) = _rows(folder / f"{table}.csv")
        assert row["employees"] == row["messages"] == row["asked"] == "4"
        assert (row["opened"], row["open_rate_numerator"], row["open_rate"]) == ("3", "3", "0.7500")
        assert (row["acknowledged"], row["acknowledgement_rate"]) == ("1", "0.2500")
        # One person answered, and one is never a group.
        assert (row["answered"], row["right"], row["right_rate"], row["suppressed"]) == (
            "",
            "",
            "",
            "answers",
        )


def _came_back(row: dict[str, str]) -> set[str]:
    return {name for name in ("opened_at", "clicked_at", "answered_at", "acknowledged_at") if row[name]}


def _french(folder: Path, excel: Path) -> None:
    """The tables for Excel in French hold the same values, with semicolons, a mark and decimal commas."""
    data = (excel / "policies.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    french = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
    assert french[0]["acknowledgement_rate"] == "0,2500"
    assert [{name: value.replace(",", ".") for name, value in row.items()} for row in french] == _rows(
        folder / "policies.csv"
    )


def _rows(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_employees_who_left_the_directory_are_named_kept_and_ended_only_on_request(
    place: Installation,
) -> None:
    header = "id,name,email\n"
    staff = [f"e{n:02},Zoé Roy,zoe{n}@universite.example\n" for n in range(13)]
    (place.folder / "all.csv").write_text(header + "".join(staff), encoding="utf-8")
    (place.folder / "few.csv").write_text(header + staff[0], encoding="utf-8")
    assert place.run("import", "all.csv").out == "13 added, 0 updated, 0 unchanged\n"
    names = "e01, e02, e03, e04, e05, e06, e07, e08, e09, e10 and 2 more"
    kept = place.run("import", "few.csv").out.splitlines()
    assert kept == [
        "0 added, 0 updated, 1 unchanged",
        f"12 not in the file, kept as they are (see --end-missing): {names}",
    ]
    ended = place.run("import", "few.csv", "--end-missing", "2027-02-28").out.splitlines()
    assert ended[1] == f"12 not in the file, last day set to 2027-02-28: {names}"
    assert place.run("import", "few.csv", "--end-missing", "2027-02-28").out.count("\n") == 1
