"""What to tell somebody whose YAML cannot be read: PyYAML's errors in the words of an officer."""

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

import yaml

PROSE = "the whole sentence between double quotes"
_LEVELS = "keys of the same level in the same column, with spaces"
_QUOTED_END = "text after the end of a value"

Said: TypeAlias = tuple[str, str]
"""What was found, and what is expected."""


def explain(error: yaml.MarkedYAMLError, lines: Sequence[str]) -> tuple[str, str, yaml.Mark]:
    """Return what was found, what is expected, and where to look.

    Args:
        error: what PyYAML raised.
        lines: the lines of the text that it was reading.
    """
    mark = error.problem_mark or error.context_mark
    assert mark is not None  # noqa: S101 -- PyYAML marks every error of its scanner and parser
    begin = error.context_mark or mark
    problem, context = error.problem or "", error.context or ""
    for pattern, (found, expected) in _AT_THE_BEGINNING:
        if re.search(pattern, f"{context}: {problem}"):
            return found, expected, begin
    for pattern, tell in _AT_THE_END:
        if re.search(pattern, problem):
            return *tell(mark, lines), mark
    return problem, f"YAML, with {PROSE} when it holds ':', '#' or quotation marks", mark


def invisible(error: yaml.reader.ReaderError, text: str) -> tuple[str, str, int, int]:
    """Return what was found, what is expected, and the line and column of a character that YAML forbids."""
    before = text[: error.position]
    line = before.count("\n") + 1
    character = ord(text[error.position])
    return (
        f"the invisible character U+{character:04X}",
        "the line typed again without it",
        line,
        len(before) - before.rfind("\n"),
    )


def _colon(mark: yaml.Mark, lines: Sequence[str]) -> Said:
    before = lines[mark.line][: mark.column]
    above = next((line for line in reversed(lines[: mark.line]) if line.strip()), "")
    if re.match(r"[\s-]*[^\s:]+:\s+\S", before):
        return "a second ':' in the same value", PROSE
    if re.match(r"[\s-]*\w+:\S", above):
        return "no space after the ':' of the line above", "'key: value'"
    return "a key below a value that is complete", f"{_LEVELS}; or {PROSE} when the line above goes on"


def _character(mark: yaml.Mark, lines: Sequence[str]) -> Said:
    character = lines[mark.line][mark.column]
    if character == "\t":
        return "a tab", "spaces, two for each level"
    return f"a text that begins with {character!r}", PROSE


def _out_of_place(mark: yaml.Mark, lines: Sequence[str]) -> Said:
    if mark.line < len(lines) and lines[mark.line][: mark.column].strip():
        return _QUOTED_END, PROSE + r", each quotation mark inside it written \""
    return "a line in a column that fits nothing above it", _LEVELS


_AT_THE_BEGINNING: Sequence[tuple[str, Said]] = (
    (
        "quoted scalar: found unexpected",
        ("a quotation mark that is never closed", "the same mark at the end"),
    ),
    ("scanning an alias", ("a text that begins with '*'", PROSE)),
    ("scanning an anchor", ("a text that begins with '&'", PROSE)),
    ("scanning a tag", ("a text that begins with '!'", PROSE)),
    ("could not find expected ':'", ("a line without ':'", f"'key: value', or {PROSE} that began above")),
    (
        "parsing a flow sequence",
        ("a '[' without its ']', or with a '?' or '{' inside", f"']' at the end; or {PROSE}"),
    ),
    (
        "parsing a flow mapping",
        ("a '{' without its '}', or with a '?' or '[' inside", f"'}}' at the end; or {PROSE}"),
    ),
    ("scanning a block scalar", ("text on the line of '|' or '>'", "the text on the lines below, indented")),
)
_AT_THE_END: Sequence[tuple[str, Callable[[yaml.Mark, Sequence[str]], Said]]] = (
    ("mapping values are not allowed", _colon),
    ("cannot start any token", _character),
    ("expected <block end>", _out_of_place),
    ("unknown escape character", lambda *_: ("a backslash", r"'\\' for a backslash between double quotes")),
    (
        "sequence entries are not allowed",
        lambda *_: ("'- ' on the line of its key", f"the list on the lines below; or {PROSE}"),
    ),
    ("expected '<document start>'", lambda *_: ("text that belongs to no key", "'key: value' lines")),
)
