"""The page of evidence says the same in both languages, as it is written in each of them."""

import re

from tests.docs.pages import ROOT, section, text

ENGLISH = ROOT / "docs" / "why-repetition.md"
FRENCH = ROOT / "docs" / "pourquoi-repeter.fr.md"
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)*")
REFERENCE = re.compile(r"\[\d+\]")


def test_both_pages_give_the_same_numbers() -> None:
    english = re.sub(r"(?<=\d),(?=\d{3})", "", text(ENGLISH))
    french = re.sub(r"(?<=\d)\u00a0(?=\d{3}\b)", "", text(FRENCH))
    french = re.sub(r"(?<=\d),(?=\d)", ".", french)
    assert sorted(NUMBER.findall(french)) == sorted(NUMBER.findall(english))


def test_every_reference_is_listed_and_every_one_listed_is_used() -> None:
    for page, heading in ((ENGLISH, "References"), (FRENCH, "Références")):
        listed = REFERENCE.findall(section(page, heading))
        used = REFERENCE.findall(text(page).partition(f"## {heading}")[0])
        assert listed == [f"[{number}]" for number in range(1, len(listed) + 1)]
        assert set(used) == set(listed)


def test_the_french_page_keeps_the_typography_of_quebec() -> None:
    prose = re.sub(r"^\|[-|]+$", "", text(FRENCH), flags=re.MULTILINE)
    assert re.findall(r".{0,20}[ \u00a0][?!;]", prose) == []
    assert re.findall(r".{0,20}(?:(?<!\u00a0):(?=\s|$)|« | »| %)", prose, re.MULTILINE) == []
    assert "'" not in prose


def test_each_page_leads_to_the_other() -> None:
    assert f"({FRENCH.name})" in text(ENGLISH)
    assert f"({ENGLISH.name})" in text(FRENCH)
