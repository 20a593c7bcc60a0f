"""The JSON Schema of campaign files."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from diffuse.adapters.schema import json_schema
from diffuse.adapters.shapes import hints
from diffuse.domain.campaign import Campaign
from diffuse.domain.policy import Policy

SHIPPED = Path(__file__).parents[3] / "campaigns" / "social-media"
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": int | float,
    "boolean": bool,
    "null": type(None),
}


def refusals(value: Any, schema: dict[str, Any], root: dict[str, Any], where: str = "") -> Iterator[str]:  # noqa: ANN401
    """Yield where a value does not follow a schema, for the few words that ours uses."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if "anyOf" in schema and all(list(refusals(value, one, root)) for one in schema["anyOf"]):
        yield f"{where}: {value!r} fits none of {schema['anyOf']}"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, TYPES[kind]) for kind in kinds):
        yield f"{where}: {value!r} is none of {kinds}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], str(value)):
        yield f"{where}: {value!r} is not {schema['pattern']}"
    if isinstance(value, dict):
        yield from refused_keys(value, schema, root, where)
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from refusals(item, schema.get("items", {}), root, f"{where}[{place}]")


def refused_keys(
    value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], where: str
) -> Iterator[str]:
    yield from (f"{where}: no {name}" for name in schema.get("required", ()) if name not in value)
    known = schema.get("properties", {})
    for name, item in value.items():
        if name in known:
            yield from refusals(item, known[name], root, f"{where}.{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{where}: {name} is not known"


def as_editors_see_it(text: str) -> Any:  # noqa: ANN401 -- any YAML
    """Read YAML as 1.2 does: whole numbers and true or false apart, a plain scalar is a string."""

    def plain(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        known = {"true": True, "false": False, "": None}
        return int(value) if re.fullmatch(r"\d+", value) else known.get(value, value)

    return plain(yaml.load(text, Loader=yaml.BaseLoader))  # noqa: S506 -- it makes texts only


def test_it_is_a_schema_of_the_2020_draft_that_json_can_hold() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(schema)) == schema


def test_every_definition_lists_the_fields_of_its_class_and_no_other() -> None:
    schema = json_schema()
    assert list(schema["properties"]) == list(hints(Campaign))
    assert list(schema["$defs"]["Policy"]["properties"]) == list(hints(Policy))
    assert schema["required"] == ["id", "title", "owner", "starts", "policies"]
    assert sorted(schema["$defs"]) == [
        "Answer",
        "Audience",
        "EasyDays",
        "KeyPoint",
        "Policy",
        "PolicyChange",
        "Question",
        "Schedule",
        "SendWindow",
        "Signals",
        "Targets",
        "Text",
        "Tracking",
        "Variant",
    ]
    assert all(one["additionalProperties"] is False for one in (schema, *schema["$defs"].values()))


def test_descriptions_come_from_the_docstrings() -> None:
    schema = json_schema()
    assert schema["description"].startswith("A spaced-repetition campaign;")
    assert schema["properties"]["owner"]["description"] == "the person who answers replies, 'Name <address>'."
    every = schema["$defs"]["Schedule"]["properties"]["introduce_every"]
    assert every["description"] == "how long after one key point the next one enters, for one employee."


def test_editors_can_complete_what_is_chosen_from_a_few_names() -> None:
    schema = json_schema()
    assert schema["properties"]["languages"]["items"] == {"enum": ["fr", "en"]}
    assert "monday" in schema["$defs"]["SendWindow"]["properties"]["days"]["items"]["enum"]
    every = schema["$defs"]["Schedule"]["properties"]["introduce_every"]
    assert every["examples"] == ["2 days", "3 weeks", "6 months"]


def test_the_shipped_campaign_and_its_policies_follow_it() -> None:
    schema = json_schema()
    campaign = as_editors_see_it((SHIPPED / "campaign.yaml").read_text(encoding="utf-8"))
    assert list(refusals(campaign, schema, schema)) == []
    files = sorted((SHIPPED / "policies").glob("*.yaml"))
    assert files
    for file in files:
        policy = as_editors_see_it(file.read_text(encoding="utf-8"))
        assert list(refusals(policy, schema["$defs"]["Policy"], schema, file.name)) == []


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("title2: x", ": title2 is not known"),
        ("schedule: {introduce_every: 2d}", ".schedule.introduce_every: '2d' is not"),
        ("languages: [de]", ".languages[0]: 'de' is none of ['fr', 'en']"),
        ("max_messages_per_week: many", ".max_messages_per_week: 'many' is none of ['integer']"),
    ],
)
def test_a_mistake_does_not_follow_it(line: str, refused: str) -> None:
    schema = json_schema()
    campaign = as_editors_see_it(
        f"id: x\ntitle: X\nowner: Zoé <z@example.org>\nstarts: 2027-01-11\npolicies: []\n{line}\n"
    )
    (found,) = refusals(campaign, schema, schema)
    assert found.startswith(refused)


def test_modes_of_measuring_are_named_and_a_window_still_opens_at_a_time() -> None:
    definitions = json_schema()["$defs"]
    modes = {name: definitions["Tracking"]["properties"][name]["enum"] for name in ("opens", "clicks")}
    assert list(modes.values()) == [["named", "aggregate", "off"]] * 2
    assert "enum" not in definitions["SendWindow"]["properties"]["opens"]
