"""Evidence is verified where it is kept, and offline."""

import subprocess
import sys
import zipfile

import httpx

from tests.acceptance.given import Midday, form_fields, mails, people, write_campaign, write_directory
from tests.acceptance.installation import Installation


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
