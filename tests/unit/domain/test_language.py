"""Values that exist once per language."""

import pytest

from diffuse.domain.language import ByLanguage
from diffuse.errors import AuthoringError


def test_each_language_has_its_value() -> None:
    title = ByLanguage(fr="Relève", en="Succession")
    assert (title["fr"], title["en"]) == ("Relève", "Succession")
    assert (list(title), len(title)) == (["en", "fr"], 2)
    with pytest.raises(KeyError):
        title["de"]


def test_one_value_stands_for_every_language() -> None:
    link = ByLanguage("https://universite.example")
    assert link["fr"] == link["en"] == "https://universite.example"
    assert list(link) == ["*"]
    assert link.missing(["fr", "en"]) == ()


def test_one_value_for_every_language_leaves_no_room_for_another() -> None:
    with pytest.raises(AuthoringError) as refused:
        ByLanguage("Relève", en="Succession")  # type: ignore[call-overload]
    assert str(refused.value) == (
        "a value for every language beside others ('Relève', en='Succession'); "
        "expected one value alone, or one for each language, such as fr='…', en='…'"
    )
    with pytest.raises(AuthoringError):
        ByLanguage("Relève", "Succession")  # type: ignore[call-overload]


def test_the_missing_languages_are_named() -> None:
    assert ByLanguage(fr="Relève").missing(["fr", "en", "de"]) == ("en", "de")


def test_the_order_of_languages_does_not_matter() -> None:
    one, other = ByLanguage(fr="a", en="b"), ByLanguage(en="b", fr="a")
    assert one == other
    assert hash(one) == hash(other)
    assert one != ByLanguage(fr="a", en="c")


@pytest.mark.parametrize("value", [ByLanguage("a"), ByLanguage(fr="a", en="b")])
def test_its_repr_makes_an_equal_value(value: ByLanguage[str]) -> None:
    assert eval(repr(value), {"ByLanguage": ByLanguage}) == value  # noqa: S307 -- the point of a repr
