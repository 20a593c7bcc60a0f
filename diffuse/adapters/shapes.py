"""What a field's type hint asks for: one table for reading YAML, for storing JSON and for the JSON Schema."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import date, time
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

from diffuse.domain.campaign import LANGUAGES
from diffuse.domain.language import ByLanguage
from diffuse.domain.period import EXPECTED, Period
from diffuse.errors import AuthoringError

Kind: TypeAlias = Any
"""A type hint; the hints of the domain are few, and ``shape`` names them all."""


class Form(Enum):
    """The forms that a value can have in a definition."""

    SCALAR = "scalar"
    OPTIONAL = "optional"
    LIST = "list"
    BY_LANGUAGE = "by language"
    DEFINITION = "definition"


@dataclass(frozen=True, kw_only=True, slots=True)
class Converter:
    """How values of one type are written.

    Attributes:
        type: the type.
        noun: what such a value is called.
        expected: what to write, with an example.
        parse: reads what a person wrote; ValueError when it cannot be read.
        schema: the JSON Schema of what a person writes.
        stand_in: a harmless value, for checking the rest of a definition.
        suggest: guesses what was meant from what cannot be read; empty when it has no guess.
        dump: turns a value into what JSON can hold.
        load: turns that back into an equal value.
    """

    type: type
    noun: str
    expected: str
    parse: Callable[[str], object]
    schema: Mapping[str, object]
    stand_in: object
    suggest: Callable[[str], str] = lambda _: ""
    dump: Callable[[Any], object] = lambda value: value
    load: Callable[[Any], object] = lambda value: value


_TRUTH = {"yes": True, "true": True, "no": False, "false": False}
_TRUTH_MEANT = {
    "oui": "yes",
    "on": "yes",
    "y": "yes",
    "1": "yes",
    "non": "no",
    "off": "no",
    "n": "no",
    "0": "no",
}
_UNITS = {"d": "days", "j": "days", "w": "weeks", "s": "weeks", "m": "months", "y": "years", "a": "years"}


def _bool(text: str) -> bool:
    if text not in _TRUTH:
        raise ValueError
    return _TRUTH[text]


def _bool_meant(text: str) -> str:
    return _TRUTH_MEANT.get(text.lower(), text.lower() if text.lower() in _TRUTH else "")


def _int(text: str) -> int:
    if not re.fullmatch(r"-?(0|[1-9][0-9]{0,8})", text):
        raise ValueError
    return int(text)


def _float(text: str) -> float:
    if not re.fullmatch(r"-?[0-9]{1,9}([.][0-9]{1,12})?", text):
        raise ValueError
    return float(text)


def _float_meant(text: str) -> str:
    match = re.fullmatch(r"([0-9]{1,3}(?:[.,][0-9]+)?) ?%", text)
    if match:
        return f"{float(match[1].replace(',', '.')) / 100:g}"
    return _if_read(_float, text.replace(",", "."))


def _date(text: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError
    return date.fromisoformat(text)


def _date_meant(text: str) -> str:
    match = re.fullmatch(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})", text)
    return _if_read(_date, f"{match[1]}-{match[2]:0>2}-{match[3]:0>2}") if match else ""


def _time(text: str) -> time:
    if not re.fullmatch(r"[0-9]{2}:[0-9]{2}", text):
        raise ValueError
    return time.fromisoformat(text)


def _time_meant(text: str) -> str:
    match = re.fullmatch(r"([0-9]{1,2}) ?[hH:.] ?([0-9]{2})?", text)
    return _if_read(_time, f"{match[1]:0>2}:{match[2] or '00'}") if match else ""


def _period(text: str) -> Period:
    try:
        return Period.parse(text)
    except AuthoringError as error:
        raise ValueError from error


def _period_meant(text: str) -> str:
    match = re.fullmatch(r"([0-9]{1,4}) *([djwsmya])[a-zé]*", text.strip().lower())
    if match is None:
        return ""
    unit = _UNITS[match[2]]
    return f"{match[1]} {unit.removesuffix('s') if match[1] == '1' else unit}"


def _if_read(parse: Callable[[str], object], text: str) -> str:
    """Return the text when it can be read, an empty one otherwise."""
    try:
        parse(text)
    except ValueError:
        return ""
    return text


_TABLE = (
    Converter(
        type=str,
        noun="a text",
        expected="a text",
        parse=str,
        # An editor reads `version: 1.10` or `id: 2027` as a number; diffuse keeps what was written.
        schema={"type": ["string", "number", "boolean"]},
        stand_in="",
    ),
    Converter(
        type=bool,
        noun="yes or no",
        expected="'yes' or 'no'",
        parse=_bool,
        schema={"enum": [True, False, "yes", "no"]},
        stand_in=False,
        suggest=_bool_meant,
    ),
    Converter(
        type=int,
        noun="a whole number",
        expected="a whole number such as 3",
        parse=_int,
        schema={"type": "integer"},
        stand_in=0,
    ),
    Converter(
        type=float,
        noun="a number",
        expected="a number such as 0.8",
        parse=_float,
        schema={"type": "number"},
        stand_in=0.0,
        suggest=_float_meant,
        dump=float,
    ),
    Converter(
        type=date,
        noun="a day",
        expected="a day such as 2027-01-11 (year-month-day)",
        parse=_date,
        schema={"type": "string", "format": "date", "examples": ["2027-01-11"]},
        stand_in=date.min,
        suggest=_date_meant,
        dump=date.isoformat,
        load=date.fromisoformat,
    ),
    Converter(
        type=time,
        noun="a time of day",
        expected="a time of day such as 09:00",
        parse=_time,
        schema={
            "type": "string",
            "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
            "examples": ["09:00", "16:30"],
        },
        stand_in=time.min,
        suggest=_time_meant,
        dump=time.isoformat,
        load=time.fromisoformat,
    ),
    Converter(
        type=Period,
        noun="a length of time",
        expected=EXPECTED,
        parse=_period,
        schema={
            "type": "string",
            "pattern": "^[0-9]{1,4} (day|week|month|year)s?$",
            "examples": ["2 days", "3 weeks", "6 months"],
        },
        stand_in=Period(),
        suggest=_period_meant,
        dump=dataclasses.asdict,
        load=lambda value: Period(**value),
    ),
)
CONVERTERS: Mapping[type, Converter] = {converter.type: converter for converter in _TABLE}


def shape(kind: Kind) -> tuple[Form, Kind]:
    """Return the form that a type hint asks for, and the type hint of what is inside it."""
    if kind in CONVERTERS:
        return Form.SCALAR, kind
    origin: Any = get_origin(kind)
    arguments = get_args(kind)
    if origin is UnionType:
        return Form.OPTIONAL, arguments[0]
    if origin is tuple:
        return Form.LIST, arguments[0]
    if origin is ByLanguage:
        return Form.BY_LANGUAGE, arguments[0]
    if is_dataclass(kind):
        return Form.DEFINITION, kind
    raise TypeError(kind)


@cache
def hints(definition: type) -> Mapping[str, Kind]:
    """Return the fields of a definition and their type hints, in their order."""
    known = get_type_hints(definition)
    return {field.name: known[field.name] for field in dataclasses.fields(definition)}


def optional_fields(definition: type) -> Mapping[str, object]:
    """Return the fields of a definition that may be left out, with their defaults."""
    return {
        field.name: field.default
        for field in dataclasses.fields(definition)
        if field.default is not dataclasses.MISSING
    }


def required_fields(definition: type) -> tuple[str, ...]:
    """Name the fields of a definition that must be given."""
    return tuple(name for name in hints(definition) if name not in optional_fields(definition))


def expected(kind: Kind) -> str:
    """Say what should be written where a value of this type is wanted."""
    form, inner = shape(kind)
    match form:
        case Form.SCALAR:
            return CONVERTERS[inner].expected
        case Form.OPTIONAL:
            return expected(inner)
        case Form.LIST:
            return "a list, each item on a line of its own after '- '"
        case Form.BY_LANGUAGE:
            return f"a text for each language ({', '.join(LANGUAGES)})"
        case Form.DEFINITION:
            return f"the keys {', '.join(required_fields(inner) or hints(inner))}"


def bare(definition: type, values: Mapping[str, object]) -> object:
    """Make a definition out of values without checking that they fit together."""
    instance: object = object.__new__(definition)
    for name, value in values.items():
        object.__setattr__(instance, name, value)
    return instance


def stand_in(kind: Kind) -> object:
    """Return a harmless value of a type, so that the rest of a definition can be checked."""
    form, inner = shape(kind)
    match form:
        case Form.SCALAR:
            return CONVERTERS[inner].stand_in
        case Form.OPTIONAL:
            return None
        case Form.LIST:
            return ()
        case Form.BY_LANGUAGE:
            return ByLanguage(stand_in(inner))
        case Form.DEFINITION:
            return bare(inner, {name: stand_in(hint) for name, hint in hints(inner).items()})
