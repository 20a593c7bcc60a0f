"""From a YAML tree to the frozen definitions, with every problem found on the way.

What cannot be read is replaced by a harmless stand-in, so that the rest is still checked: the mistakes in
single fields and those between fields are told in one go, and what follows only from a stand-in is not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from diffuse.adapters.shapes import (
    CONVERTERS,
    Form,
    Kind,
    bare,
    expected,
    hints,
    optional_fields,
    shape,
    stand_in,
)
from diffuse.adapters.yaml_tree import Entries, Items, Node, Scalar, Unreadable, quoted
from diffuse.domain.attention import Attention
from diffuse.domain.campaign import LANGUAGES, Campaign
from diffuse.domain.language import ByLanguage
from diffuse.domain.policy import Text
from diffuse.domain.source import Place, Written
from diffuse.errors import FieldPath, Problem, nearest

Follow: TypeAlias = Callable[[Kind, Scalar], Node]
"""Returns what a file name stands for where a value of some type is wanted, or the text itself."""

_DEPENDS = {"audience": "audiences", "closes": "opens"}
"""A problem with the first field is not to be believed when the second could not be read."""

_FITS: Mapping[Form, tuple[type, ...]] = {
    Form.SCALAR: (Scalar,),
    Form.LIST: (Items,),
    Form.BY_LANGUAGE: (Entries, Scalar),
    Form.DEFINITION: (Entries, Scalar),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """A campaign built from a tree; ``campaign`` holds stand-ins as soon as there is any problem."""

    campaign: Campaign
    problems: tuple[Problem, ...]
    texts: tuple[Written, ...]
    places: Mapping[FieldPath, Place]


def build(tree: Node, follow: Follow = lambda _, node: node) -> Built:
    """Build a campaign out of a tree, whatever is wrong with it."""
    builder = _Builder(follow)
    campaign: Any = builder.value(Campaign, tree, ())
    return Built(
        campaign=campaign,
        problems=tuple(builder.problems),
        texts=tuple(builder.texts),
        places=builder.places,
    )


def build_rules(tree: Node) -> tuple[Attention, tuple[Problem, ...]]:
    """Build the organisation's rules out of a tree; they hold stand-ins as soon as there is any problem."""
    builder = _Builder(lambda _, node: node)
    rules: Any = builder.value(Attention, tree, ())
    return rules, tuple(builder.problems)


class _Builder:
    """Builds values, and keeps what was found: problems, places, wordings, and paths of stand-ins."""

    def __init__(self, follow: Follow) -> None:
        self._follow = follow
        self._stood_in: list[FieldPath] = []
        self.problems: list[Problem] = []
        self.texts: list[Written] = []
        self.places: dict[FieldPath, Place] = {}

    def value(self, kind: Kind, node: Node, path: FieldPath) -> object:
        """Build a value of a type; a stand-in when the tree does not have its form."""
        form, inner = shape(kind)
        if form is Form.OPTIONAL:
            return None if _is_empty(node) else self.value(inner, node, path)
        if isinstance(node, Scalar) and not _is_empty(node):
            node = self._follow(kind, node)
        self.places[path] = node.place
        built: object
        match form, node:
            case _, Unreadable():
                built = self._instead(kind, path)
            case Form.SCALAR, Scalar():
                built = self._scalar(inner, node, path)
            case Form.LIST, Items():
                built = self._list(kind, node, path)
            case Form.BY_LANGUAGE, Entries():
                built = self._by_language(inner, node, path)
            case Form.BY_LANGUAGE, Scalar() if inner in CONVERTERS:
                built = ByLanguage(self._scalar(inner, node, path))
            case Form.DEFINITION, Entries():
                built = self._definition(inner, node, path)
            case _:
                built = self._refused(kind, path, _said(node))
        return built

    def _scalar(self, kind: type, node: Scalar, path: FieldPath) -> object:
        converter = CONVERTERS[kind]
        if _is_empty(node):
            return self._refused(kind, path, "nothing")
        try:
            return converter.parse(node.text)
        except ValueError:
            found = f"{quoted(node.text)} is not {converter.noun}"
            return self._refused(kind, path, found, converter.suggest(node.text))

    def _list(self, kind: Kind, node: Items, path: FieldPath) -> object:
        _, inner = shape(kind)
        before = len(self._stood_in)
        values = tuple(self.value(inner, item, (*path, place)) for place, item in enumerate(node.items))
        if inner in CONVERTERS and len(self._stood_in) > before:
            return self._instead(kind, path)
        return values

    def _by_language(self, kind: Kind, node: Entries, path: FieldPath) -> object:
        given = self._given(node, LANGUAGES, {}, path, "a language")
        return ByLanguage(**{code: self.value(kind, value, (*path, code)) for code, value in given.items()})

    def _definition(self, definition: type, node: Entries, path: FieldPath) -> object:
        fields, defaults = hints(definition), optional_fields(definition)
        given = self._given(node, fields, fields, path, "a key")
        values = {}
        for name, kind in fields.items():
            here = (*path, name)
            if name in given and not (defaults.get(name) == "" and _is_empty(given[name])):
                values[name] = self.value(kind, given[name], here)
            elif name in defaults:
                values[name] = defaults[name]
            else:
                self.places[here] = node.place
                values[name] = self._refused(kind, here, f"no {name!r}")
        instance = bare(definition, values)
        self._check(instance, path)
        if isinstance(instance, Text) and not self._stands_in((*path, "body")):
            self._keep(instance, path)
        return instance

    def _keep(self, text: Text, path: FieldPath) -> None:
        """Keep a wording whose body could be read; its subject may be a stand-in, but never an empty one."""
        if self._stands_in((*path, "subject")):
            text = cast("Text", bare(Text, {"subject": "…", "body": text.body, "action": text.action}))
        self.texts.append(Written(text=text, language=str(path[-1]), path=path))

    def _given(
        self,
        node: Entries,
        known: Mapping[str, Kind] | tuple[str, ...],
        kinds: Mapping[str, Kind],
        path: FieldPath,
        noun: str,
    ) -> dict[str, Node]:
        """Return the values by key; report other keys, and read them as what was probably meant."""
        given = {key.text: value for key, value in node.entries if key.text in known}
        for key, value in node.entries:
            if key.text in known:
                continue
            guess = nearest(key.text, known)
            found = f"{quoted(key.text)} is not {noun} that is known here"
            self._report(key.place, found, f"one of {', '.join(known)}", guess, path)
            if guess and guess not in given:
                given[guess] = value if _fits(kinds.get(guess), value) else Unreadable(place=key.place)
        return given

    def _check(self, instance: Any, path: FieldPath) -> None:  # noqa: ANN401 -- any definition
        """Keep what a definition says about itself, unless a stand-in may be the reason."""
        if not hasattr(instance, "problems"):
            return
        for problem in instance.problems():
            seen = problem.under(*path)
            if not self._is_doubtful(seen.path):
                place = self._place(seen.path)
                self._report(place, seen.found, seen.expected, seen.suggestion, seen.path)

    def _is_doubtful(self, path: FieldPath) -> bool:
        """Tell whether a problem with the value at ``path`` may only be that of a stand-in."""
        if any(path[: len(other)] == other for other in self._stood_in):
            return True
        if path[-1:] == ("answers",):
            return self._stands_in(path)
        return any(_DEPENDS.get(str(path[-1])) in other for other in self._stood_in) if path else False

    def _stands_in(self, path: FieldPath) -> bool:
        """Tell whether the value at ``path``, or a part of it, is a stand-in."""
        return any(other[: len(path)] == path for other in self._stood_in)

    def _place(self, path: FieldPath) -> Place:
        while path not in self.places:
            path = path[:-1]
        return self.places[path]

    def _refused(self, kind: Kind, path: FieldPath, found: str, suggestion: str = "") -> object:
        self._report(self._place(path), found, expected(kind), suggestion, path)
        return self._instead(kind, path)

    def _instead(self, kind: Kind, path: FieldPath) -> object:
        self._stood_in.append(path)
        return stand_in(kind)

    def _report(self, place: Place, found: str, wanted: str, suggestion: str, path: FieldPath) -> None:
        self.problems.append(place.problem(found, wanted, suggestion, path=path))


def _is_empty(node: Node) -> bool:
    """Tell whether nothing at all was written after a key."""
    return isinstance(node, Scalar) and node.plain and not node.text


def _fits(kind: Kind | None, node: Node) -> bool:
    """Tell whether a value has the form that a type asks for; any form will do for no type."""
    if kind is None:
        return True
    form, inner = shape(kind)
    return _fits(inner, node) if form is Form.OPTIONAL else isinstance(node, _FITS[form])


def _said(node: Node) -> str:
    if isinstance(node, Scalar):
        return quoted(node.text) if node.text else "nothing"
    return "a list" if isinstance(node, Items) else "keys with values"
