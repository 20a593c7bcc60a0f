"""YAML as it was written: every scalar stays text and knows its place; nothing is guessed.

PyYAML scans and parses; the tree is built from its events, so that ``10:30``, ``1.10``, ``0123``, ``no``
and ``on`` stay what they are, a key that stands twice is reported, and no alias can multiply a value.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias, cast

import yaml

from diffuse.adapters.yaml_mistakes import PROSE, explain, invisible
from diffuse.domain.source import Place
from diffuse.errors import Problem

MAX_DEPTH = 20
"""Levels of lists and mappings; a whole campaign in one file needs half of them."""

SHOWN = 60
"""Characters of a value that a problem repeats."""

_HASHTAG = re.compile(r"\s+(#[^\s#-]\S*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scalar:
    """A text; ``plain`` when it stands without quotation marks, ``|`` or ``>``."""

    text: str
    place: Place
    plain: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Items:
    """A list."""

    items: tuple["Node", ...]
    place: Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Entries:
    """A mapping, in the order of the file; no key stands twice."""

    entries: tuple[tuple[Scalar, "Node"], ...]
    place: Place

    def get(self, name: str) -> "Node | None":
        """Return the value of a key, or None."""
        return next((value for key, value in self.entries if key.text == name), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """A value about which everything has been said already."""

    place: Place


Node: TypeAlias = Scalar | Items | Entries | Unreadable


def quoted(text: str) -> str:
    """Show what was written, cut where nobody would read on."""
    return repr(text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…")


def parse(text: str, *, file: str, first_line: int = 1) -> tuple[Node, tuple[Problem, ...]]:
    """Read one YAML document.

    Args:
        text: the document, its lines ended by line feeds alone.
        file: its name, for the places.
        first_line: the line of the file on which the text begins.

    Returns:
        The tree (``Unreadable`` when there is none) and everything that is wrong with its spelling.
    """
    composer = _Composer(text, file, first_line)
    return composer.document(), tuple(composer.problems)


_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line in YAML 1.1, by which PyYAML counts lines."""


class _Composer:
    """Builds the tree from the parser's events."""

    def __init__(self, text: str, file: str, first_line: int) -> None:
        self._text = text
        self._lines = _BREAK.split(text)
        self._file = file
        self._offset = first_line
        self._events: Iterator[yaml.Event] = iter(())
        self.problems: list[Problem] = []

    def document(self) -> Node:
        """Read the only document."""
        start = Place(file=self._file, line=self._offset, column=1)
        try:
            self._events = yaml.parse(self._text, Loader=yaml.BaseLoader)
            return self._only_document(start)
        except yaml.MarkedYAMLError as error:
            found, expected, mark = explain(error, self._lines)
            place = self._place(mark)
            if place.line not in {problem.line for problem in self.problems}:
                self._report(place, found, expected)
        except yaml.reader.ReaderError as error:
            found, expected, line, column = invisible(error, self._text)
            self._report(replace(start, line=line + self._offset - 1, column=column), found, expected)
        except _TooDeepError as error:
            self._report(error.place, f"more than {MAX_DEPTH} levels", "the levels of a campaign")
        return Unreadable(place=start)

    def _only_document(self, start: Place) -> Node:
        node: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if node is not None:
                    self._report(self._place(_begin(event)), "a second document", "one document in a file")
                    break
                node = self._node(next(self._events), 0)
        if node is None:
            self._report(start, "nothing in this file", "'key: value' lines")
        return node or Unreadable(place=start)

    def _node(self, event: yaml.Event, depth: int) -> Node:
        place = self._place(_begin(event))
        if depth > MAX_DEPTH:
            raise _TooDeepError(place)
        if isinstance(event, yaml.AliasEvent):
            self._report(place, f"an alias, *{event.anchor}", f"the value itself, or {PROSE}")
            return Unreadable(place=place)
        self._refuse_extras(event, place)
        if isinstance(event, yaml.SequenceStartEvent):
            return Items(items=tuple(self._items(depth)), place=place)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(place, depth)
        assert isinstance(event, yaml.ScalarEvent)  # noqa: S101 -- no other event begins a value
        return self._scalar(event, place)

    def _refuse_extras(self, event: yaml.Event, place: Place) -> None:
        if anchor := getattr(event, "anchor", None):
            self._report(place, f"an anchor, &{anchor}", f"the value alone, or {PROSE}")
        if getattr(event, "tag", None):
            self._report(place, "a tag, written with '!'", f"the value alone, or {PROSE}")

    def _items(self, depth: int) -> Iterator[Node]:
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self._node(event, depth + 1)

    def _mapping(self, place: Place, depth: int) -> Node:
        entries: list[tuple[Scalar, Node]] = []
        lines: dict[str, int] = {}
        readable = True
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if isinstance(key, Scalar):
                if self._is_new(key, lines):
                    entries.append((key, _seen_from(key, value)))
            else:
                readable = False
                if not isinstance(key, Unreadable):
                    self._report(key.place, "a value that begins with '{' or '['", PROSE)
        return Entries(entries=tuple(entries), place=place) if readable else Unreadable(place=place)

    def _is_new(self, key: Scalar, lines: dict[str, int]) -> bool:
        """Tell whether a key stands for the first time; ``lines`` keeps where."""
        if key.text not in lines:
            lines[key.text] = key.place.line
            return True
        found = f"key {key.text!r} stands twice, first on line {lines[key.text]}"
        self._report(key.place, found, "each key once")
        return False

    def _scalar(self, event: yaml.ScalarEvent, place: Place) -> Scalar:
        text = event.value
        if event.style == "|" and text.strip():
            return Scalar(text=text, place=self._first_line(text, place))
        plain = event.style is None
        if plain:
            self._refuse_hashtag(_end(event))
        one_line = _begin(event).line == _end(event).line
        return Scalar(text=text, place=replace(place, verbatim=plain and one_line), plain=plain)

    def _first_line(self, text: str, place: Place) -> Place:
        """Return where the text below a ``|`` begins; its first line with words tells the column."""
        blank = len(text) - len(text.lstrip("\n"))
        first = text.split("\n")[blank]
        written = self._lines[place.line - self._offset + 1 + blank]
        return replace(place, line=place.line + 1, column=len(written) - len(first) + 1, verbatim=True)

    def _refuse_hashtag(self, end: yaml.Mark) -> None:
        match = _HASHTAG.match(self._lines[end.line][end.column :]) if end.line < len(self._lines) else None
        if match:
            place = self._place(end)
            self._report(
                replace(place, column=place.column + match.start(1)),
                f"{match[1]!r}, which YAML leaves out as a comment",
                f"{PROSE}, or a space after '#'",
            )

    def _place(self, mark: yaml.Mark) -> Place:
        return Place(file=self._file, line=mark.line + self._offset, column=mark.column + 1)

    def _report(self, place: Place, found: str, expected: str) -> None:
        self.problems.append(place.problem(found, expected))


class _TooDeepError(Exception):
    """Raised to leave a document whose nesting no campaign needs."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.place = place


def _begin(event: yaml.Event) -> yaml.Mark:
    return cast("yaml.Mark", event.start_mark)  # the stubs allow for parsers that set no marks


def _end(event: yaml.Event) -> yaml.Mark:
    return cast("yaml.Mark", event.end_mark)


def _seen_from(key: Scalar, value: Node) -> Node:
    """Place a list or a mapping that begins on a later line where people look for it: at its key."""
    if isinstance(value, Items | Entries) and value.place.line > key.place.line:
        return replace(value, place=key.place)
    return value
