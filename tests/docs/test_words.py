"""Every word of the code stands in the documentation, and none was invented there."""

import dataclasses

import pytest

import diffuse
from diffuse.adapters.csv_tables import RATE_SUFFIXES
from diffuse.adapters.wording import VARIABLES
from diffuse.domain.attention import Attention, EasyDays, QuietHours
from diffuse.domain.campaign import Campaign
from diffuse.domain.channel import CHANNELS
from diffuse.domain.delivery import State
from diffuse.domain.events import Kind
from diffuse.domain.evidence import LINK, OFFICER
from diffuse.domain.identity import WAYS
from diffuse.domain.people import Audience, Employee
from diffuse.domain.policy import Answer, KeyPoint, Policy, Question, Text, Variant
from diffuse.domain.schedule import Schedule, Targets
from diffuse.domain.signals import Signals
from diffuse.domain.window import SendWindow
from diffuse.services import export
from diffuse.services.posts import POSTS
from diffuse.services.receipts import RECEIPTS
from diffuse.services.tally import COUNTS, RATES
from diffuse.settings import Settings
from tests.docs.pages import CSV, GLOSSARY, GUIDE, SETTINGS, code, rows, section, text

DEFINITIONS = (
    Attention,
    EasyDays,
    QuietHours,
    Signals,
    Targets,
    Answer,
    Audience,
    Schedule,
    Campaign,
    Employee,
    KeyPoint,
    Policy,
    Question,
    SendWindow,
    Text,
    Variant,
)
FIELDS = [(one.__name__, field.name) for one in DEFINITIONS for field in dataclasses.fields(one)]
AGGREGATES = {
    "key_points": export.KEY_POINTS,
    "policies": export.POLICIES,
    "weeks": export.WEEKS,
    "departments": export.DEPARTMENTS,
}


@pytest.mark.parametrize(("definition", "field"), FIELDS)
def test_every_field_is_explained(definition: str, field: str) -> None:
    assert field in code(text(GUIDE)) | code(text(GLOSSARY)), f"{definition}.{field}"


@pytest.mark.parametrize(
    ("heading", "definition"),
    [("La campagne", Campaign), ("L’annuaire", Employee), ("Le rythme", Schedule)],
)
def test_a_table_of_the_guide_names_the_fields_of_its_definition_and_no_other(
    heading: str, definition: type
) -> None:
    named = {name for cells in rows(section(GUIDE, heading)) for name in code(cells[0])}
    # The section on the rhythm holds the worked calendar too.
    assert {name for name in named if name.isidentifier()} == {
        field.name for field in dataclasses.fields(definition)
    }


def test_the_guide_names_the_targets_and_the_rules_of_attention() -> None:
    for heading, definition in (("Les objectifs", Targets), ("L’attention du personnel", Attention)):
        named = {name for cells in rows(section(GUIDE, heading)) for name in code(cells[0])}
        assert {field.name for field in dataclasses.fields(definition)} <= named


def test_the_guide_names_every_variable_of_a_text_and_no_other() -> None:
    table = rows(section(GUIDE, "Les messages"))
    assert {name for cells in table for name in code(cells[0])} == {f"{{{{ {name} }}}}" for name in VARIABLES}


def test_the_columns_of_deliveries_and_employees_are_described_one_by_one() -> None:
    assert _columns("deliveries.csv") == list(export.DELIVERIES)
    described = _columns("employees.csv")
    assert [name.removesuffix("…") for name in described] == list(export.EMPLOYEES)
    # A rate fills three columns; the dots stand for their endings.
    assert [name for name in described if name.endswith("…")] == [f"{name}…" for name in RATES]


def test_the_columns_of_posts_and_receipts_are_described_one_by_one() -> None:
    assert [name.removesuffix("…") for name in _columns("posts.csv")] == list(POSTS)
    assert _columns("receipts.csv") == list(RECEIPTS)


def test_the_kinds_of_channels_are_named_with_the_column_and_in_the_glossary() -> None:
    held = next(cells[1] for cells in rows(section(CSV, "deliveries.csv")) if cells[0] == "`channel`")
    told = next(cells[1] for cells in rows(text(GLOSSARY)) if cells[0] == "Channel")
    assert set(CHANNELS) <= code(held) & code(told) & code(text(GUIDE))


def test_the_ways_in_which_somebody_is_known_are_named_with_the_column() -> None:
    held = next(cells[1] for cells in rows(section(CSV, "deliveries.csv")) if cells[0] == "`identified_by`")
    assert code(held) == {LINK, OFFICER, *WAYS}


@pytest.mark.parametrize("suffix", RATE_SUFFIXES)
def test_the_three_columns_of_a_rate_are_described(suffix: str) -> None:
    assert not suffix or f"…{suffix}" in code(text(CSV))


@pytest.mark.parametrize("table", AGGREGATES)
def test_the_columns_in_front_of_the_counts_are_described(table: str) -> None:
    columns = {name: front for name, front, _ in rows(section(CSV, "key_points.csv"))}
    in_front = [part.strip(" `") for part in columns[f"`{table}.csv`"].split(",")]
    reach = (export.REACH_RATE,) if "intended" in in_front else ()
    counted = () if table == "departments" else export.COUNTED
    assert (*in_front, *COUNTS, *RATES, *reach, *counted, "suppressed") == AGGREGATES[table]


def test_every_setting_is_described_with_its_default_and_none_is_invented() -> None:
    described = {cells[0].strip("`"): cells[1].strip("`") for cells in rows(text(SETTINGS))}
    assert described == {name: _default(name) for name in Settings.model_fields}


@pytest.mark.parametrize("word", [*Kind, *State])
def test_every_kind_and_every_state_is_explained(word: str) -> None:
    assert word in code(text(GUIDE))


def test_every_state_is_named_with_the_column_that_holds_it() -> None:
    held = next(cells[1] for cells in rows(section(CSV, "deliveries.csv")) if cells[0] == "`state`")
    assert code(held) == set(State)


def test_every_definition_has_its_word_in_the_glossary() -> None:
    words = {cells[0] for cells in rows(text(GLOSSARY))}
    assert {one.__name__ for one in DEFINITIONS} - words <= {"Answer"}
    assert "Answer" in text(GLOSSARY)


def test_the_front_door_names_what_can_be_imported_sorted() -> None:
    assert list(diffuse.__all__) == sorted(set(diffuse.__all__))
    assert all(hasattr(diffuse, name) for name in diffuse.__all__)


@pytest.mark.parametrize("name", diffuse.__all__)
def test_everything_behind_the_front_door_says_what_it_is(name: str) -> None:
    said = getattr(diffuse, name).__doc__ or ""
    assert said.strip()
    # A dataclass without a text of its own gets its signature.
    assert not said.startswith(f"{name}(")


def _columns(heading: str) -> list[str]:
    return [name.strip(" `") for cells in rows(section(CSV, heading)) for name in cells[0].split(",")]


def _default(name: str) -> str:
    field = Settings.model_fields[name]
    if field.is_required():
        return "none, required"
    value = field.default
    shown = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    if isinstance(shown, float):
        return f"{shown:g}"
    if isinstance(shown, bool):
        return f"{shown}".lower()
    return "empty" if shown in ("", None, (), {}) else str(shown)
