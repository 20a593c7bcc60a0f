"""File names inside a campaign: a policy or a message that stands in a file of its own."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath

from diffuse.adapters.message_file import read_message
from diffuse.adapters.shapes import Kind
from diffuse.adapters.text_files import is_file, read_text
from diffuse.adapters.yaml_tree import Entries, Items, Node, Scalar, Unreadable, parse, quoted
from diffuse.domain.campaign import LANGUAGES
from diffuse.domain.language import ByLanguage
from diffuse.domain.policy import Policy, Text
from diffuse.domain.source import Place
from diffuse.errors import AuthoringError, Problem, nearest

MESSAGES = "messages"
DEFAULT = LANGUAGES[:1]
"""The languages of a campaign that names none."""


class References:
    """Follows the file names of one campaign; every file stays inside its folder.

    ``problems`` holds what was wrong with the files that were followed.
    """

    def __init__(self, folder: Path, languages: Collection[str]) -> None:
        """Take the campaign's folder, and its languages; none when they cannot be read."""
        self._folder = folder
        self._languages = languages
        self.problems: list[Problem] = []

    def follow(self, kind: Kind, node: Scalar) -> Node:
        """Return what a file name stands for where a value of this type is wanted; anything else as it is."""
        if kind == Policy:
            return self._policy(node)
        if kind == Text:
            return self._message(node.text, node.place)
        if kind == ByLanguage[Text]:
            return self._messages(node)
        return node

    def _policy(self, node: Scalar) -> Node:
        known = (path.relative_to(self._folder) for path in self._folder.glob("*/*.yaml"))
        text = self._read(node.text, node.place, known)
        if text is None:
            return Unreadable(place=node.place)
        tree, problems = parse(text, file=self._shown(node.text))
        self.problems += problems
        return tree

    def _message(self, name: str, place: Place) -> Node:
        root = self._folder / MESSAGES
        known = (path.relative_to(root) for path in root.rglob("*.md"))
        text = self._read(f"{MESSAGES}/{name}", place, known)
        if text is None:
            return Unreadable(place=place)
        tree, problems = read_message(text, self._shown(f"{MESSAGES}/{name}"))
        self.problems += problems
        return tree

    def _messages(self, stem: Scalar) -> Node:
        """Return the texts ``<stem>.<language>.md``, one for each language of the campaign."""
        nothing = Unreadable(place=stem.place)
        names = {code: f"{stem.text}.{code}.md" for code in self._languages or LANGUAGES}
        if not self._is_inside(f"{MESSAGES}/{stem.text}", stem.place):
            return nothing
        there = {code for code, name in names.items() if is_file(self._folder / MESSAGES / name)}
        missing = [name for code, name in names.items() if code not in there]
        if missing and (self._languages or not there):
            self._report_missing(missing, stem)
        entries = [
            (
                Scalar(text=code, place=stem.place),
                self._message(name, stem.place) if code in there else nothing,
            )
            for code, name in names.items()
            if code in there or self._languages
        ]
        return Entries(entries=tuple(entries), place=stem.place) if entries else nothing

    def _report_missing(self, missing: Sequence[str], stem: Scalar) -> None:
        root = self._folder / MESSAGES
        known = {path.relative_to(root).as_posix().rsplit(".", 2)[0] for path in root.rglob("*.*.md")}
        found = f"no file {' and no '.join(quoted(f'{MESSAGES}/{name}') for name in missing)}"
        # A stem with a file in another language is spelled well: what lacks is the text itself.
        suggestion = "" if stem.text in known else nearest(stem.text, known)
        expected = "a message file for each language of the campaign"
        self.problems.append(stem.place.problem(found, expected, suggestion))

    def _read(self, name: str, place: Place, known: Iterator[Path]) -> str | None:
        """Return a file's text, or None when that is a problem, which was reported."""
        if not self._is_inside(name, place):
            return None
        if not is_file(self._folder / name):
            suggestion = nearest(name.removeprefix(f"{MESSAGES}/"), (path.as_posix() for path in known))
            found = f"no file {quoted(name)}"
            self.problems.append(place.problem(found, "a file in the campaign's folder", suggestion))
            return None
        try:
            return read_text(self._folder / name, self._shown(name))
        except AuthoringError as error:
            self.problems += error.problems
            return None

    def _is_inside(self, name: str, place: Place) -> bool:
        """Tell whether a name stays in the campaign's folder, links followed, and report when it does not."""
        inside = name.isprintable() and "\\" not in name and ".." not in PurePosixPath(name).parts
        inside = inside and (self._folder / name).resolve().is_relative_to(self._folder.resolve())
        if not inside:
            expected = "the name of a file inside the campaign's folder"
            self.problems.append(place.problem(quoted(name), expected))
        return inside

    def _shown(self, name: str) -> str:
        return str(self._folder / name)


def languages_of(tree: Node) -> tuple[str, ...]:
    """Return the languages that a campaign names, as far as they can be read, or the default."""
    node = tree.get("languages") if isinstance(tree, Entries) else None
    if node is None:
        return DEFAULT
    if not isinstance(node, Items):
        return ()
    return tuple(item.text for item in node.items if isinstance(item, Scalar) and item.text in LANGUAGES)
