"""The pages of the documentation, and what stands on them."""

import re
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
GUIDE = ROOT / "docs" / "guide.fr.md"
GLOSSARY = ROOT / "docs" / "glossary.md"
CSV = ROOT / "docs" / "csv.md"
SETTINGS = ROOT / "docs" / "settings.md"
OPERATING = ROOT / "docs" / "operating.md"

_BLOCK = re.compile(
    r"^(?:<!-- (?P<label>[^\n]+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_CODE = re.compile(r"`([^`\n]+)`")


def text(*pages: Path) -> str:
    """Return the text of some pages."""
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of a page in one language."""
    return [found["text"] for found in _BLOCK.finditer(text(page)) if found["language"] == language]


def labelled(page: Path, label: str) -> list[tuple[str, str]]:
    """Return the blocks under a comment such as ``<!-- file: a.yaml -->``: what it names, and the block."""
    found = ((each["label"] or "", each["text"]) for each in _BLOCK.finditer(text(page)))
    return [
        (name.removeprefix(f"{label}: "), block) for name, block in found if name.startswith(f"{label}: ")
    ]


def section(page: Path, heading: str) -> str:
    """Return what stands below a heading that begins so, up to the next one of any level."""
    match = re.search(
        rf"^#+ {re.escape(heading)}[^\n]*\n(.*?)(?=^#+ |\Z)", text(page), re.MULTILINE | re.DOTALL
    )
    assert match is not None, f"{page} has no heading {heading!r}"
    return match[1]


def code(markdown: str) -> set[str]:
    """Return the pieces of code in a text, those of its blocks left out."""
    return set(_CODE.findall(_BLOCK.sub("", markdown)))


def rows(markdown: str) -> list[list[str]]:
    """Return the cells of every row of every table, the heads of the tables left out."""
    lines = markdown.splitlines()
    tables = [line for line in lines if line.startswith("|") and not set(line) <= set("|-: ")]
    heads = {before for before, line in pairwise(lines) if line.startswith("|-")}
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in tables if line not in heads]
