"""Evidence is verified where it is kept, and offline."""

import csv
import json
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing

import httpx

from tests.acceptance.given import Midday, form_fields, mails, people, write_campaign, write_directory
from tests.acceptance.installation import Installation
from tests.tsa import authority


def test_an_acknowledgement_can_be_verified_here_and_offline(place: Installation) -> None:
    at = Midday.now()
    employees = people(at, 3)
    place.run("import", write_directory(place.folder, at, employees))
    place.run("launch", write_campaign(place.folder, at))
    with place.receiver(), place.up() as running:
        running.until(lambda: place.received == len(employees), "three messages")
        for mail in mails(place.maildir):
            page = httpx.get(mail.confirm)
            sent = httpx.post(mail.confirm, data={**form_fields(page.text), "answer": "1"})
            assert sent.status_code in {200, 303}
    said = place.run("ledger", "verify").out
    assert said.startswith("6 records, whole")
    place.run("evidence", "pack", "one.zip", "--person", employees[0].id, "--campaign", "essai")
    place.run("evidence", "pack", "all.zip", "--policy", "usage")
    with zipfile.ZipFile(place.folder / "one.zip") as pack:
        pack.extract("verify.py", place.folder)
        assert pack.read("records.jsonl").count(b'"withheld":true') == 4
    for name in ("one.zip", "all.zip"):
        words = [sys.executable, "-I", str(place.folder / "verify.py"), str(place.folder / name)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.split()[-1]) == (0, said.split()[-1])


def test_an_officer_acknowledges_on_behalf_of_somebody_and_the_end_is_stamped(place: Installation) -> None:
    at = Midday.now()
    employees = people(at, 2)
    place.run("import", write_directory(place.folder, at, employees))
    place.run("launch", write_campaign(place.folder, at))
    with place.receiver(), place.up() as running:
        running.until(lambda: place.received == len(employees), "two messages")
    (point,) = {row["key_point"] for row in _table(place, "deliveries")}
    words = ("evidence", "acknowledge", employees[0].id, "--campaign", "essai", "--key-point")
    said = place.run(*words, point, "--reason", "signé sur papier", "--as", "Ana Roy").out
    assert said.startswith(f"acknowledged for {employees[0].id}")
    assert "acknowledged already" in place.refused(*words, point, "--reason", "encore")
    assert "no message about rien of essai" in place.refused(*words, "rien", "--reason", "papier")
    assert "no reason" in place.refused(*words, point, "--reason", " ")
    assert "acknowledged for" in place.run("access", "list").out
    assert [row["acknowledged_at"] != "" for row in _table(place, "deliveries")].count(True) == 1
    assert "no timestamp_url is set" in place.refused("ledger", "stamp")
    with authority() as tsa:
        (place.folder / "ca.pem").write_bytes(tsa.roots)
        place.settings |= {"timestamp_url": tsa.url, "timestamp_ca": str(place.folder / "ca.pem")}
        assert place.run("ledger", "stamp").out.startswith("record 1 was stamped at ")
        assert place.run("ledger", "stamp").out.startswith("nothing to stamp")
        assert "record 1 was stamped at" in place.run("ledger", "verify").out
    place.run("evidence", "pack", "pack.zip")
    with zipfile.ZipFile(place.folder / "pack.zip") as pack:
        assert {"stamps/00000001.tsr", "stamps/00000001.txt"} <= set(pack.namelist())
        (record,) = map(json.loads, pack.read("records.jsonl").splitlines())
        pack.extract("verify.py", place.folder)
    assert (record["identified_by"], record["reason"]) == ("officer", "signé sur papier")
    assert record["on_behalf_of"] == record["person"]
    done = subprocess.run(
        [sys.executable, "-I", str(place.folder / "verify.py"), str(place.folder / "pack.zip")], check=False
    )
    assert done.returncode == 0
    _forge(place, "UPDATE evidence_stamp SET response = x'3000'")
    said = place.run("ledger", "verify", status=1).out
    assert said.startswith("record 1: its timestamp does not hold")
    _forge(place, "UPDATE evidence SET reason = 'autre'")
    assert "record 1" in place.run("ledger", "verify", status=1).out
    assert "trouble  evidence" in place.run("doctor", status=1).out


def test_whoever_edits_a_record_a_text_or_an_export_is_found_out_and_the_place_is_named(
    place: Installation,
) -> None:
    at = Midday.now()
    employees = people(at, 2)
    place.run("import", write_directory(place.folder, at, employees))
    place.run("launch", write_campaign(place.folder, at))
    with place.receiver(), place.up() as running:
        running.until(lambda: place.received == len(employees), "two messages")
    (point,) = {row["key_point"] for row in _table(place, "deliveries")}
    for one in employees:
        words = ("--campaign", "essai", "--key-point", point, "--reason", "signé sur papier")
        place.run("evidence", "acknowledge", one.id, *words)
    place.run("evidence", "pack", "pack.zip")
    assert _offline(place, "pack.zip") == (0, "")
    with zipfile.ZipFile(place.folder / "pack.zip") as pack:
        names = [name for name in pack.namelist() if name != "MANIFEST.sha256"]
    for name in names:
        _edit(place, name)
        status, said = _offline(place, "forged.zip")
        assert (status, name in said or "the archive itself" in said) == (1, True), (name, said)
    for statement, named in (
        ("UPDATE evidence SET statement = statement || '.' WHERE sequence = 2", "record 2: content_sha256"),
        ("UPDATE evidence_text SET text = text || ' '", "text "),
        ("DELETE FROM evidence WHERE sequence = 2", "the end of the chain"),
    ):
        _forge(place, statement)
        assert named in place.run("ledger", "verify", status=1).out


def _offline(place: Installation, name: str) -> tuple[int, str]:
    """Check a pack with the program that was handed over by another way; return what it finds."""
    with zipfile.ZipFile(place.folder / "pack.zip") as pack:
        pack.extract("verify.py", place.folder)
    words = [sys.executable, "-I", str(place.folder / "verify.py"), str(place.folder / name)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, "" if done.returncode == 0 else done.stdout


def _edit(place: Installation, name: str) -> None:
    """Write the pack anew with one byte changed in the middle of a file."""
    with (
        zipfile.ZipFile(place.folder / "pack.zip") as pack,
        zipfile.ZipFile(place.folder / "forged.zip", "w") as forged,
    ):
        for info in pack.infolist():
            data = bytearray(pack.read(info))
            if info.filename == name:
                data[len(data) // 2] ^= 1
            forged.writestr(info, bytes(data))


def _table(place: Installation, name: str) -> list[dict[str, str]]:
    place.run("export", "--to", "csv")
    with (place.folder / "csv" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _forge(place: Installation, statement: str) -> None:
    """Change what no program of ours can: the triggers go first."""
    database = place.folder / "diffuse.db"
    with closing(sqlite3.connect(database)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
        connection.commit()
