"""Definitions as canonical JSON: what is stored."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from diffuse.adapters.shapes import CONVERTERS, Form, Kind, expected, hints, shape
from diffuse.domain.attention import Attention
from diffuse.domain.campaign import Campaign
from diffuse.domain.language import ByLanguage
from diffuse.errors import FieldPath, Problem


def dump(definition: object) -> str:
    """Write a definition, defaults and texts included, as JSON with sorted keys; equal ones, equal texts."""
    plain = _plain(type(definition), definition)
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def load(text: str) -> Campaign:
    """Read what ``dump`` wrote of a campaign; fields that it did not know yet get their defaults.

    Raises:
        AuthoringError: when the campaign is not allowed any more.
    """
    campaign: Campaign = _value(Campaign, json.loads(text))
    return campaign


def load_attention(text: str) -> Attention:
    """Read what ``dump`` wrote of the rules of attention.

    Raises:
        AuthoringError: when the rules are not allowed any more.
    """
    attention: Attention = _value(Attention, json.loads(text))
    return attention


def misfits(value: Any, kind: Kind = Campaign, path: FieldPath = ()) -> Iterator[Problem]:  # noqa: ANN401
    """Yield the values in a definition that are not of their field's type; a list may stand for a tuple."""
    form, inner = shape(kind)
    match form:
        case Form.OPTIONAL if value is not None:
            yield from misfits(value, inner, path)
        case Form.LIST if isinstance(value, list | tuple):
            for place, item in enumerate(value):
                yield from misfits(item, inner, (*path, place))
        case Form.BY_LANGUAGE if isinstance(value, ByLanguage):
            for language, item in value.items():
                yield from misfits(item, inner, (*path, language))
        case Form.DEFINITION if isinstance(value, inner):
            for name, hint in hints(inner).items():
                yield from misfits(getattr(value, name), hint, (*path, name))
        case Form.OPTIONAL:
            pass
        case _ if form is not Form.SCALAR or not _is_scalar(value, inner):
            wanted = "ByLanguage(fr=…, en=…)" if form is Form.BY_LANGUAGE else expected(kind)
            yield Problem(path=path, found=f"a value of type {type(value).__name__}", expected=wanted)


def _is_scalar(value: object, kind: type) -> bool:
    """Tell whether a value has a scalar type itself: True is no number, an instant is no day.

    A whole number stands for a number as well.
    """
    given = int if kind is float and isinstance(value, int) else kind
    return isinstance(value, given) and not (isinstance(value, bool | datetime) and kind is not bool)


def _plain(kind: Kind, value: Any) -> Any:  # noqa: ANN401 -- what JSON can hold
    form, inner = shape(kind)
    match form:
        case Form.SCALAR:
            return CONVERTERS[inner].dump(value)
        case Form.OPTIONAL:
            return None if value is None else _plain(inner, value)
        case Form.LIST:
            return [_plain(inner, item) for item in value]
        case Form.BY_LANGUAGE:
            return {language: _plain(inner, item) for language, item in value.items()}
        case Form.DEFINITION:
            return {name: _plain(hint, getattr(value, name)) for name, hint in hints(inner).items()}


def _value(kind: Kind, plain: Any) -> Any:  # noqa: ANN401 -- what JSON can hold
    form, inner = shape(kind)
    match form:
        case Form.SCALAR:
            return CONVERTERS[inner].load(plain)
        case Form.OPTIONAL:
            return None if plain is None else _value(inner, plain)
        case Form.LIST:
            return tuple(_value(inner, item) for item in plain)
        case Form.BY_LANGUAGE:
            return ByLanguage(**{language: _value(inner, item) for language, item in plain.items()})
        case Form.DEFINITION:
            known = hints(inner)
            return inner(**{name: _value(known[name], item) for name, item in plain.items()})
