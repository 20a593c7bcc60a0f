"""``diffuse calendar``, as it is typed."""

import csv
from pathlib import Path

import icalendar
import pytest
from click.testing import CliRunner, Result

from diffuse.cli import main
from diffuse.cli.calendar import COLUMNS, WIDTH

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "campaigns" / "social-media"

ESSAI = """\
id: essai
title: Essai
owner: Zoé Roy <zoe@example.org>
starts: 2027-01-11
ends: 2027-03-26
schedule: {policy: fixed, intervals: [0 days, 3 days, 10 days], introduce_every: 2 days}
max_messages_per_week: 2
audiences:
  - id: managers
    roles: [manager]
policies:
  - id: usage
    title: Usage
    version: "1.10"
    key_points:
      - id: relay
        says: Prévoyez.
        variants:
          - register: legal
            texts:
              fr: {subject: Relève, body: Nommez une relève.}
      - id: vault
        says: Gardez.
        audience: managers
        variants:
          - register: legal
            texts:
              fr: {subject: Coffre, body: Gardez les mots de passe.}
"""


@pytest.fixture
def essai(tmp_path: Path) -> Path:
    """A campaign of ten weeks for everybody, with a key point for managers."""
    file = tmp_path / "essai.yaml"
    file.write_text(ESSAI, encoding="utf-8")
    return file


def typed(*words: object) -> Result:
    return CliRunner().invoke(main, ["calendar", *map(str, words)])


def lines(result: Result) -> list[str]:
    assert (result.exit_code, result.stderr) == (0, "")
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def test_each_week_shows_what_each_audience_gets(essai: Path) -> None:
    shown = lines(typed(essai))
    begins = shown.index("2027-01-11 everyone 2 of 2* 2* Mon relay")
    assert shown[begins + 1 : begins + 4] == ["Thu relay (2)", "managers 2 of 2* 2* Mon relay", "Wed vault"]
    assert "everyone 3 3 2027-01-11: 2 of 2 1" in shown


def test_the_table_fits_into_a_hundred_columns() -> None:
    result = typed(SHIPPED, "--attention", ROOT / "campaigns" / "attention.yaml")
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= WIDTH
    assert "2027-01-11" in result.stdout


def test_a_directory_shows_its_groups_with_their_numbers(essai: Path, tmp_path: Path) -> None:
    people = tmp_path / "annuaire.csv"
    people.write_text(
        "id,name,email,roles\n"
        "e1,Ana Roy,a@example.org,\ne2,Bo Roy,b@example.org,\ne3,Cy Roy,c@example.org,manager\n",
        encoding="utf-8",
    )
    shown = lines(typed(essai, "--employees", people))
    assert [line.split()[:2] for line in shown[-7:] if line[:8] in {"everyone", "managers"}] == [
        ["everyone", "2"],
        ["managers", "1"],
    ]


def test_a_bad_row_of_the_directory_is_told_with_its_line(essai: Path, tmp_path: Path) -> None:
    people = tmp_path / "annuaire.csv"
    people.write_text("id,name,email\ne1,Ana Roy,nowhere\n", encoding="utf-8")
    result = typed(essai, "--employees", people)
    assert result.exit_code == 1
    assert f"{people}:2" in result.stderr
    assert "'nowhere'" in result.stderr


def test_the_calendar_file_can_be_read_back(essai: Path, tmp_path: Path) -> None:
    file = tmp_path / "essai.ics"
    assert typed(essai, "--ics", file).exit_code == 0
    events = icalendar.Calendar.from_ical(file.read_bytes()).walk("VEVENT")
    assert [f"{event.decoded('DTSTART')}" for event in events][:2] == ["2027-01-11", "2027-01-13"]


def test_every_message_stands_in_the_csv_file(essai: Path, tmp_path: Path) -> None:
    file = tmp_path / "essai.csv"
    assert typed(essai, "--output", file).exit_code == 0
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert tuple(rows[0]) == COLUMNS
    assert (rows[0]["day"], rows[0]["audience"], rows[0]["key_point"]) == ("2027-01-11", "everyone", "relay")
    assert {row["reacts"] for row in rows} == {"yes", "no"}
    assert any(row["reason"] == "2 messages in seven days already" for row in rows)


def test_a_directory_in_which_nobody_is_meant_gives_no_calendar(essai: Path, tmp_path: Path) -> None:
    text = essai.read_text(encoding="utf-8")
    essai.write_text(text.replace("    version:", "    audience: managers\n    version:"), encoding="utf-8")
    people = tmp_path / "annuaire.csv"
    people.write_text("id,name,email\ne1,Ana Roy,a@example.org\n", encoding="utf-8")
    assert lines(typed(essai, "--employees", people, "--ics", tmp_path / "essai.ics")) == [
        "no message to anybody"
    ]
    assert not (tmp_path / "essai.ics").exists()


def test_the_days_before_from_are_left_out(essai: Path) -> None:
    shown = lines(typed(essai, "--from", "2027-01-18"))
    assert not any("2027-01-11" in line for line in shown)
    assert "From 2027-01-18 to 2027-03-26" in shown


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("max_messages_per_week: 2", "targets: {acknowledged_by: 2027-01-12}"),
        ("10 days]", "3 months]"),
        ("starts: 2027-01-11", "starts: lundi"),
    ],
    ids=["a deadline too close", "a ladder too long", "a mistake"],
)
def test_what_check_refuses_is_refused_in_the_same_words(essai: Path, old: str, new: str) -> None:
    essai.write_text(essai.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    told = CliRunner().invoke(main, ["check", str(essai)])
    result = typed(essai)
    assert (told.exit_code, result.exit_code) == (1, 1)
    assert result.stderr.splitlines() == told.stdout.splitlines()
    assert result.stdout == ""


def test_a_window_that_never_opens_is_refused(essai: Path, tmp_path: Path) -> None:
    rules = tmp_path / "attention.yaml"
    rules.write_text("working_days: [sunday]\n", encoding="utf-8")
    result = typed(essai, "--attention", rules)
    assert result.exit_code == 1
    assert "leave nothing" in result.stderr


@pytest.mark.parametrize("words", [[], ["nowhere.yaml"], ["--from", "lundi"], ["--output", "messages.txt"]])
def test_a_command_that_is_wrong_gives_2(essai: Path, words: list[str]) -> None:
    result = typed(*([essai] if words[:1] in (["--from"], ["--output"]) else []), *words)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")


def test_posts_have_a_table_of_their_own_with_the_days_on_which_they_may_come(essai: Path) -> None:
    text = essai.read_text(encoding="utf-8")
    assert "On the intranet" not in typed(essai).output
    posting = "languages: [fr]\nchannels: [email, wordpress]\nfall_back_after: 1 week\n"
    essai.write_text(text.replace("max_messages", f"{posting}max_messages"), encoding="utf-8")
    said = typed(essai).output.partition("On the intranet")[2]
    rows = [line.split() for line in said.splitlines() if "wordpress" in line]
    assert rows == [
        ["2027-01-18", "everyone", "wordpress", "Mon", "relay?"],
        ["2027-01-18", "managers", "wordpress", "Mon", "vault?"],
    ]
    assert "only where somebody has not acknowledged" in said
    assert "vault" not in typed(essai, "--from", "2027-01-19").output.partition("On the intranet")[2]
