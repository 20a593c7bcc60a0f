"""A record has one spelling and one hash."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.domain.evidence import canonical

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(value=st.dictionaries(TEXTS, TEXTS | st.integers() | st.booleans()))
def test_canonical_json_is_what_every_reader_of_json_reads(value: dict[str, object]) -> None:
    assert json.loads(canonical(value)) == value
    assert canonical(value) == json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@pytest.mark.parametrize("value", [1.5, None, [1]])
def test_what_has_several_spellings_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="canonical"):
        canonical({"a": value})
