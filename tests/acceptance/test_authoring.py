"""What communications officers type before anything is launched."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.acceptance.installation import Installation

ROOT = Path(__file__).parents[2]
SHIPPED = (ROOT / "campaigns" / "social-media", ROOT / "campaigns" / "crisis_rehearsal.py")
COMMANDS = (
    "check", "schema", "preview", "simulate", "calendar", "import", "absences", "duties", "launch",
    "up", "serve", "status", "pause", "resume", "cancel", "deliveries", "settle", "posts", "retry", "doctor",
    "succession", "export", "remarks", "returns", "doubts", "reclassify", "ledger", "evidence", "person",
    "access", "retention", "demo", "feeds",
)  # fmt: skip

TEN_MISTAKES = """\
id: Dix fautes
title: {fr: Dix fautes, en: Ten mistakes}
owner: Camille Côté
languages: [fr, en]
starts: 2027-02-30
holidays: CA-QB
send_window:
  days: [monday]
  opens: 9:00
  closes: "16:30"
schedule:
  intervals: [0 days, 3 days, 10 days]
  resend_unopened_after: 4 dayz
max_message_per_week: 3
policies:
  - id: usage
    title: {fr: Utilisation, en: Usage}
    version: "2026.1"
    audience: everbody
    key_points:
      - id: relay
        says: {fr: "Prévoyez une relève.", en: "Name a substitute."}
        question:
          asks: {fr: "Qui?", en: "Who?"}
          answers:
            - says: {fr: "Moi", en: "Me"}
              feedback: {fr: "Non", en: "No"}
            - says: {fr: "Vous", en: "You"}
              feedback: {fr: "Non", en: "No"}
        variants:
          - register: legal
            texts:
              fr: {subject: Relève, body: "{{ employee.givenname }}, nommez une relève."}
              en: {subject: Relay, body: "Name a substitute."}
"""

PLANTED = {
    1: "'Dix fautes' cannot be an id",
    3: "'Camille Côté'; expected a person",
    5: "'2027-02-30' is not a day",
    6: "did you mean 'CA-QC'?",
    9: "did you mean '09:00'?",
    13: "did you mean '4 days'?",
    14: "did you mean 'max_messages_per_week'?",
    19: "did you mean 'everyone'?",
    25: "0 right answers; expected exactly one",
    33: "did you mean 'employee.given_name'?",
}
"""Line: what is said about it."""


def test_ten_planted_mistakes_are_all_named_with_their_lines(place: Installation) -> None:
    file = place.folder / "dix.yaml"
    file.write_text(TEN_MISTAKES, encoding="utf-8")
    lines = place.run("check", file.name, status=1).out.splitlines()
    found = {int(re.match(r"dix\.yaml:(\d+):\d+: ", line)[1]): line for line in lines}  # type: ignore[index]
    assert list(found) == list(PLANTED)
    assert all(words in found[line] for line, words in PLANTED.items())


def test_the_shipped_campaigns_are_sound(place: Installation) -> None:
    said = place.run("check", *SHIPPED)
    assert (said.out, said.err) == ("", "")


def test_the_schema_is_json(place: Installation) -> None:
    schema = json.loads(place.run("schema").out)
    assert {"id", "title", "policies"} <= schema["properties"].keys()


def test_the_preview_leads_to_every_wording(place: Installation) -> None:
    said = place.run("preview", *SHIPPED, "--to", "apercu")
    count = int(re.match(r"(\d+) messages", said.out)[1])  # type: ignore[index]
    assert count >= 4 * 30
    folder = place.folder / "apercu"
    page = _Links()
    page.feed((folder / "index.html").read_text(encoding="utf-8"))
    pages = {link for link in page.links if link.endswith(".html")}
    assert len(pages) == count
    assert all((folder / link).is_file() for link in page.links if "://" not in link and link[0] != "#")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_explains_itself(command: str, place: Installation) -> None:
    said = place.run(*command.split(), "--help").out
    assert said.startswith(f"Usage: diffuse {command}".rstrip())
    if not command:
        assert re.findall(r"^  ([a-z]+) ", said.partition("Commands:")[2], re.MULTILINE) == sorted(COMMANDS)


def test_importing_diffuse_loads_no_server_library() -> None:
    program = "import sys, diffuse; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = _python(program)
    assert "diffuse" in loaded
    assert loaded.isdisjoint(
        {
            "sqlalchemy",
            "alembic",
            "psycopg",
            "dramatiq",
            "redis",
            "starlette",
            "uvicorn",
            "premailer",
            "smtplib",
        }
    )


def test_checking_a_campaign_loads_no_server_library() -> None:
    program = (
        "import sys; from diffuse.cli import main; main(['check', sys.argv[1]], standalone_mode=False); "
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    loaded = _python(program, str(SHIPPED[1]))
    assert loaded.isdisjoint(
        {"sqlalchemy", "alembic", "psycopg", "dramatiq", "redis", "starlette", "uvicorn"}
    )


class _Links(HTMLParser):
    """The addresses of a page's links."""

    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links |= {value for name, value in attrs if name == "href" and value and tag == "a"}


def _python(program: str, *words: str) -> set[str]:
    """Run a program in a Python of its own; return the words that it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *words],
        capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())
