"""What the officers' guide shows is what diffuse does."""

import re
import tomllib
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from diffuse.adapters.notices import GIVEN, notice
from diffuse.bootstrap import authoring
from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import Touchpoint
from diffuse.domain.people import Employee
from diffuse.domain.policy import MAX_SUBJECT, MAX_WORDS
from diffuse.domain.tracking import Tracking
from diffuse.errors import Problem
from diffuse.services.check import check
from tests.docs.pages import GUIDE, README, ROOT, labelled, rows, section, text
from tests.unit.domain.simulation import World

EMPLOYEE = Employee(id="e1", name="Camille Côté", email="camille.cote@universite.example")
FRAGMENTS = labelled(GUIDE, "in")
TOUCHED = re.compile(r"\d{4}-\d{2}-\d{2}")


@pytest.fixture
def essai(tmp_path: Path) -> Path:
    """The campaign of the guide, as its readers copy it."""
    folder = tmp_path / "essai"
    for name, content in labelled(GUIDE, "file"):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return folder


def test_the_example_is_complete(essai: Path) -> None:
    assert _problems(essai) == ()
    (policy,) = _campaign(essai).policies
    assert [variant.register for variant in policy.key_points[0].variants] == ["advice", "legal"]
    assert policy.key_points[0].question is not None


def test_the_tree_shows_the_files_of_the_example(essai: Path) -> None:
    tree = section(GUIDE, "Écrire une campagne")
    files = {path.relative_to(essai).as_posix() for path in essai.rglob("*") if path.is_file()}
    assert {line.split()[0] for line in tree.splitlines() if line.startswith("  ")} == files


@pytest.mark.parametrize("number", range(len(FRAGMENTS)))
def test_a_part_that_the_guide_shows_fits_into_the_example(essai: Path, number: int) -> None:
    name, part = FRAGMENTS[number]
    keys = re.findall(r"^(\w+):", part, re.MULTILINE)
    file = essai / name
    without = re.sub(
        rf"^({'|'.join(keys)}):.*\n(?:[ -].*\n)*", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    file.write_text(without + part, encoding="utf-8")
    assert _problems(essai) == ()
    assert all(getattr(_campaign(essai), key) for key in keys)


def test_the_mistake_is_told_as_the_guide_prints_it(essai: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = essai / "campaign.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace('"09:00"', "9h"), encoding="utf-8")
    monkeypatch.chdir(essai.parent)
    (problem,) = _problems(Path("essai"))
    assert f"\n{problem}\n" in section(GUIDE, "Vérifier, prévisualiser, lancer")


def test_the_calendar_is_the_one_that_the_planner_makes(essai: Path) -> None:
    written = [cells for cells in rows(section(GUIDE, "Le rythme")) if TOUCHED.match(cells[0])]
    reached = {_day(cells[0]): _day(cells[3]) if TOUCHED.match(cells[3]) else None for cells in written}
    sent = _life(_campaign(essai), reached)
    assert [(day, variant) for day, variant, _ in sent] == [
        (_day(cells[0]), cells[1].strip("`")) for cells in written
    ]
    assert [step for _, _, step in sent] == [0, 1, 1, 2, 3, 4]


def test_the_weekdays_of_the_calendar_are_right() -> None:
    names = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
    for cells in rows(section(GUIDE, "Le rythme")):
        if TOUCHED.match(cells[0]):
            assert f"({names[_day(cells[0]).weekday()]})" in cells[0]


def test_the_defaults_are_those_of_the_definition() -> None:
    said = {cells[0].strip("`"): cells[2].strip("`") for cells in rows(section(GUIDE, "La campagne"))}
    defaults: dict[str, Any] = {field.name: field.default for field in fields(Campaign)}
    assert said["max_messages_per_week"] == str(defaults["max_messages_per_week"])
    assert said["languages"] == f"[{', '.join(defaults['languages'])}]"
    assert said["channels"] == f"[{', '.join(defaults['channels'])}]"
    window = defaults["send_window"]
    assert (
        said["send_window"] == f"lundi à vendredi, {window.opens.hour}\u00a0h à {window.closes.hour}\u00a0h"
    )


def test_the_limits_of_a_message_are_those_of_the_definition() -> None:
    told = section(GUIDE, "Les messages")
    assert f"{MAX_SUBJECT} caractères" in told
    assert f"{MAX_WORDS} mots" in told


def test_the_notice_is_the_one_that_stands_in_a_message() -> None:
    words = tomllib.loads(text(ROOT / "templates" / "email" / "words.toml"))
    quoted = " ".join(re.findall(r"^> (.*)$", section(GUIDE, "Ce que voit le personnel"), re.MULTILINE))
    assert quoted == notice(words["fr"]["notice"], GIVEN["acknowledge"], Tracking())


@pytest.mark.parametrize("page", [GUIDE, ROOT / "campaigns" / "README.md", ROOT / "docs" / "efvp.fr.md"])
def test_the_french_pages_keep_the_typography_of_quebec(page: Path) -> None:
    prose = re.sub(
        r"```.*?```|`[^`\n]*`|<!--.*?-->",
        "x",
        text(page).partition("## In English")[0],
        flags=re.DOTALL,
    )
    prose = re.sub(r"^\|[-|]+$", "", prose, flags=re.MULTILINE)
    assert re.findall(r".{0,20}[ \u00a0][?!;]", prose) == []
    assert re.findall(r".{0,20}(?:(?<!\u00a0):(?=\s|$)|« | »)", prose, re.MULTILINE) == []
    assert "'" not in prose


def test_the_readme_leads_to_the_guide() -> None:
    assert "docs/guide.fr.md" in text(README)


def _problems(folder: Path) -> tuple[Problem, ...]:
    tools = authoring()
    return check([folder], tools.campaigns, tools.renderer, tools.calendar)


def _campaign(folder: Path) -> Campaign:
    campaign = authoring().campaigns.read(folder).campaign
    assert campaign is not None
    return campaign


def _day(cell: str) -> date:
    return date.fromisoformat(cell[:10])


def _life(campaign: Campaign, reached: dict[date, date | None]) -> list[tuple[date, str, int]]:
    """Plan every day of a year for one employee whose messages are reached on the days given."""
    holidays = authoring().calendar.holidays(campaign.holidays, (2027,))

    def opens(point: Touchpoint) -> int | None:
        day = reached.get(point.due_on)
        return None if day is None else (day - point.due_on).days

    life = World(employees=[EMPLOYEE], campaigns=[(campaign, holidays)], opens=opens)
    life.run(date(2027, 1, 11), 365, [12])
    points = [one.touchpoint for one in life.sent]
    return [(point.due_on, point.variant, point.step) for point in points]
