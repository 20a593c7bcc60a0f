"""The JSON Schema (draft 2020-12) of campaign files, made from the definitions themselves."""

import inspect
import re
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, TypeAlias

from diffuse.adapters.shapes import CONVERTERS, Form, Kind, hints, optional_fields, required_fields, shape
from diffuse.domain.campaign import LANGUAGES, LATE, ON_UNKNOWN, Campaign
from diffuse.domain.channel import CHANNELS, PATTERN
from diffuse.domain.policy import ID, Policy, Text
from diffuse.domain.tracking import MODES
from diffuse.domain.window import WEEKDAYS

Schema: TypeAlias = dict[str, Any]

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "days": WEEKDAYS,
    "languages": LANGUAGES,
    "on_unknown": ON_UNKNOWN,
    "late": LATE,
    "Tracking.opens": MODES,
    "Tracking.clicks": MODES,
}
"""Fields that list a few known names; with their definition where another one has a field of that name."""

_EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "owner": ("Marie Tremblay <marie.tremblay@example.org>",),
    "holidays": ("CA-QC",),
    "register": ("legal", "advice"),
    "intervals": ("0 days",),
}
_FILE = {Policy: "policies/usage.yaml", Text: "usage/disclose.legal.fr.md"}
"""What may stand in a file of its own, and what its name looks like."""

_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n {8,}.+)*)", re.MULTILINE)


def json_schema() -> Schema:
    """Return the schema of ``campaign.yaml``; that of a policy's file is ``#/$defs/Policy``."""
    definitions: dict[str, Schema] = {}
    _collect(Campaign, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **definitions.pop("Campaign"),
        "$defs": dict(sorted(definitions.items())),
    }


def _collect(definition: type, into: dict[str, Schema]) -> None:
    """Add the schema of a definition, and of those inside it."""
    if definition.__name__ not in into:
        into[definition.__name__] = _definition(definition)
        for kind in hints(definition).values():
            _collect_inside(kind, into)


def _collect_inside(kind: Kind, into: dict[str, Schema]) -> None:
    form, inner = shape(kind)
    if form is Form.DEFINITION:
        _collect(inner, into)
    elif form is not Form.SCALAR:
        _collect_inside(inner, into)


def _definition(definition: type) -> Schema:
    summary, said = _documentation(definition)
    properties = {}
    for name, kind in hints(definition).items():
        properties[name] = {
            **_field(name, kind, definition.__name__),
            **({"description": said[name]} if name in said else {}),
        }
        default = optional_fields(definition).get(name)
        if isinstance(default, str | int) and default != "":
            properties[name]["default"] = default
    return {
        "title": definition.__name__,
        "description": summary,
        "type": "object",
        "properties": properties,
        "required": list(required_fields(definition)),
        "additionalProperties": False,
    }


def _field(name: str, kind: Kind, whose: str = "") -> Schema:
    """Return the schema of a field; names that are known, and examples, go where the scalar stands."""
    form, inner = shape(kind)
    if form is Form.LIST and inner in CONVERTERS:
        return {"type": "array", "items": _field(name, inner)}
    schema = _kind(kind)
    if choices := _CHOICES.get(f"{whose}.{name}", _CHOICES.get(name)):
        schema = {"enum": list(choices)}
    elif name == "channels":
        schema = {"type": "string", "pattern": f"^({PATTERN.pattern})$", "examples": list(CHANNELS)}
    elif name == "id":
        schema = {"type": ["string", "number"], "pattern": f"^{ID.pattern}$"}
    elif name in _EXAMPLES:
        schema.setdefault("examples", list(_EXAMPLES[name]))
    return schema


def _kind(kind: Kind) -> Schema:
    form, inner = shape(kind)
    match form:
        case Form.SCALAR:
            return dict(CONVERTERS[inner].schema)
        case Form.OPTIONAL:
            return {"anyOf": [_kind(inner), {"type": "null"}]}
        case Form.LIST:
            return {"type": "array", "items": _kind(inner)}
        case Form.BY_LANGUAGE:
            return _by_language(inner)
        case Form.DEFINITION:
            return _or_file(inner, {"$ref": f"#/$defs/{inner.__name__}"})


def _by_language(kind: Kind) -> Schema:
    each = _kind(kind)
    mapping = {
        "type": "object",
        "properties": dict.fromkeys(LANGUAGES, each),
        "additionalProperties": False,
        "minProperties": 1,
    }
    if is_dataclass(kind):
        stem = {
            "type": "string",
            "description": "The files messages/<this>.<language>.md, one for each language of the campaign.",
            "examples": ["usage/disclose.legal"],
        }
        return {"anyOf": [stem, mapping]}
    return {"anyOf": [each, mapping]}


def _or_file(definition: type, schema: Schema) -> Schema:
    if definition not in _FILE:
        return schema
    return {
        "anyOf": [
            {"type": "string", "description": "The name of a file.", "examples": [_FILE[definition]]},
            schema,
        ]
    }


def _documentation(definition: type) -> tuple[str, dict[str, str]]:
    """Return the first paragraph of a docstring, and what it says about each attribute."""
    text = (inspect.getdoc(definition) or "").replace("``", "'")
    _, _, attributes = text.partition("Attributes:\n")
    said = {name: " ".join(words.split()) for name, words in _ATTRIBUTE.findall(attributes)}
    return " ".join(text.partition("\n\n")[0].split()), said
