"""The demonstration, and an independent recount of what its CSV says."""

import csv
import json
import mailbox
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from email.message import Message
from email.utils import parseaddr
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from diffuse.demo.run import Done, Options, demonstrate

ROOT = Path(__file__).parents[2]
DIFFUSE = Path(sys.executable).with_name("diffuse")
CONFIRMING = (
    "J’ai lu et compris",
    "Répondre et confirmer",
    "I have read and understood",
    "Answer and confirm",
)

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Outside:
    """What the Maildir and the tracking service's log say of one mail; nothing comes from the database."""

    to: str
    confirms: bool
    hits: frozenset[str]


@dataclass(frozen=True)
class Run:
    """A finished demonstration: what it printed, its tables, and the view from outside by Message-ID."""

    output: str
    tables: dict[str, Rows]
    outside: dict[str, Outside]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("demo") / "output"
    done = subprocess.run(
        [DIFFUSE, "demo", "--to", folder, "--days", "26", "--employees", "50"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    names = ("deliveries", "departments", "employees", "key_points", "policies", "weeks")
    return Run(
        output=done.stdout,
        tables={name: _rows(folder / "export" / f"{name}.csv") for name in names},
        outside=dict(_outside(folder)),
    )


def test_every_mail_of_the_maildir_is_a_sent_delivery_and_the_other_way_round(run: Run) -> None:
    sent = Counter(row["message_id"] for row in _sent(run))
    assert sent == Counter(dict.fromkeys(run.outside, 1))
    assert len(sent) > 300


def test_what_was_opened_followed_answered_or_acknowledged_is_what_the_service_logged(run: Run) -> None:
    for row in _sent(run):
        seen = run.outside[row["message_id"]]
        assert bool(row["opened_at"]) == bool({"open", "click"} & set(seen.hits)), row
        assert bool(row["clicked_at"]) == ("click" in seen.hits), row
        assert bool(row["acknowledged_at"]) == ("confirm" in seen.hits and seen.confirms), row
        assert bool(row["acknowledged_at"] or row["answered_at"]) == ("confirm" in seen.hits), row


def test_the_rates_of_each_employee_are_those_of_their_mailbox(run: Run) -> None:
    addresses = {row["email"]: row["id"] for row in _rows(ROOT / "campaigns" / "sample-directory.csv")}
    messages = Counter(addresses[mail.to] for mail in run.outside.values())
    opened = Counter(addresses[mail.to] for mail in run.outside.values() if mail.hits)
    for row in run.tables["employees"]:
        assert int(row["messages"]) == messages[row["employee"]]
        assert int(row["open_rate_numerator"]) == opened[row["employee"]]
        assert int(row["open_rate_denominator"]) == messages[row["employee"]]


@pytest.mark.parametrize("table", ["key_points", "policies", "departments"])
def test_what_is_hidden_in_a_table_is_missing_in_its_sum_and_never_one_row_alone(
    run: Run, table: str
) -> None:
    rows = run.tables[table]
    hidden = [row for row in rows if row["suppressed"] == "group"]
    assert [row for row in rows if not row["messages"]] == hidden
    assert len(hidden) != 1
    told = sum(int(row["messages"]) for row in rows if row["messages"])
    assert (told < len(run.outside)) == bool(hidden)


@pytest.mark.parametrize("table", ["weeks", "employees"])
def test_the_totals_of_each_table_are_the_same(run: Run, table: str) -> None:
    rows = run.tables[table]
    assert sum(int(row["messages"]) for row in rows) == len(run.outside)
    assert sum(int(row["opened"]) for row in rows) == sum(1 for mail in run.outside.values() if mail.hits)
    assert sum(int(row["unknown"]) + int(row["failed"]) for row in rows) == 0


def test_some_never_open_some_open_some_acknowledge_and_some_answer(run: Run) -> None:
    rows = run.tables["employees"]
    assert any(row["messages"] != "0" and row["opened"] == "0" for row in rows)
    assert any(row["opened"] != "0" and row["acknowledged"] == "0" for row in rows)
    assert any(row["acknowledged"] != "0" for row in rows)
    assert any(row["right"] != "0" for row in rows)


def test_nobody_gets_more_than_one_message_a_day_nor_more_than_the_weekly_budget(run: Run) -> None:
    days: dict[str, list[str]] = {}
    for row in _sent(run):
        days.setdefault(row["employee"], []).append(row["due_on"])
    assert all(len(set(mine)) == len(mine) for mine in days.values())
    weeks = Counter((row["employee"], *_iso_week(row["due_on"])) for row in _sent(run))
    assert max(weeks.values()) <= 4


def test_the_end_shows_the_rates_and_where_everything_is(run: Run) -> None:
    assert all(title in run.output for title in ("employees", "opened", "acknowledged", "right answers"))
    assert "…" not in run.output  # nothing is cut off, at 80 characters either
    assert all(table in run.output.split("CSV in")[1] for table in run.tables)
    assert f"{len(run.outside)} messages in the Maildir" in run.output
    assert all(policy in run.output for policy in ("usage", "netiquette", "moderation", "crisis-rehearsal"))


def test_the_same_seed_gives_the_same_tables(tmp_path: Path) -> None:
    first, second = (_rehearse(tmp_path / name, seed=7) for name in ("first", "second"))
    assert first == second
    assert _rehearse(tmp_path / "third", seed=8) != first


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("ten years of work", encoding="utf-8")
    done = subprocess.run(
        [DIFFUSE, "demo", "--to", tmp_path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "holds something else; expected a folder that is empty" in done.stderr
    assert (tmp_path / "thesis.txt").exists()


def test_the_links_work_as_long_as_the_demonstration_is_kept(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [DIFFUSE, "demo", "--to", tmp_path / "kept", "--days", "1", "--employees", "3", "--keep"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        found = next(filter(None, (re.search(r"service on (http://\S+)", line) for line in process.stdout)))
        assert httpx.get(f"{found[1]}/health/live").status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30)[0] == "stopped\n"
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0


def _rehearse(folder: Path, seed: int) -> dict[str, bytes]:
    options = Options(
        campaigns=(ROOT / "campaigns" / "crisis_rehearsal.py",),
        directory=ROOT / "campaigns" / "sample-directory.csv",
        folder=folder,
        attention=ROOT / "campaigns" / "attention.yaml",
        days=20,
        seed=seed,
    )
    with demonstrate(options, lambda _day, _passed, _messages: None) as done:
        return _bytes(done)


def _bytes(done: Done) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(done.tables.iterdir())}


def _sent(run: Run) -> Iterator[dict[str, str]]:
    return (row for row in run.tables["deliveries"] if row["state"] == "sent")


def _iso_week(day: str) -> tuple[int, int]:

    year, week, _ = date.fromisoformat(day).isocalendar()
    return year, week


def _rows(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _outside(folder: Path) -> Iterator[tuple[str, Outside]]:
    hits: dict[str, set[str]] = {}
    for line in (folder / "tracking.jsonl").read_text(encoding="utf-8").splitlines():
        hit = json.loads(line)
        kind = {("GET", "o"): "open", ("GET", "c"): "click", ("POST", "a"): "confirm"}.get(
            (hit["method"], hit["path"].split("/")[1])
        )
        assert hit["status"] < 400, hit
        if kind:
            hits.setdefault(hit["path"], set()).add(kind)
    for message in mailbox.Maildir(folder / "maildir", create=False):
        page = _html(message)
        paths = {urlsplit(unescape(link)).path for link in re.findall(r'(?:href|src)="(http[^"]+)"', page)}
        yield (
            message["Message-ID"],
            Outside(
                to=parseaddr(message["To"])[1],
                confirms=any(words in page for words in CONFIRMING),
                hits=frozenset().union(*(hits.get(path, set()) for path in paths)),
            ),
        )


def _html(message: Message) -> str:
    part = next(part for part in message.walk() if part.get_content_type() == "text/html")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode("utf-8")
