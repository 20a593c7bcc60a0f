"""A message in a file of its own: front matter between ``---`` lines, then the body in Markdown."""

from collections.abc import Sequence

from diffuse.adapters.yaml_tree import Entries, Node, Scalar, Unreadable, parse
from diffuse.domain.source import Place
from diffuse.errors import Problem

FENCE = "---"


def read_message(text: str, file: str) -> tuple[Node, tuple[Problem, ...]]:
    """Read ``subject`` and ``action`` from the front matter, and the body below it.

    Returns:
        The keys of ``Text`` (``Unreadable`` when there are none), and what is wrong with the spelling.
    """
    top = Place(file=file, line=1, column=1)
    lines = text.split("\n")
    fences = [number for number, line in enumerate(lines) if line.rstrip() == FENCE][:2]
    if len(fences) < 2 or fences[0]:  # noqa: PLR2004 -- one above the keys and one below
        expected = f"a line {FENCE!r}, then 'subject:' and 'action:', then a line {FENCE!r}, then the text"
        return Unreadable(place=top), (top.problem("no front matter", expected),)
    tree, problems = parse("\n".join(lines[1 : fences[1]]), file=file, first_line=2)
    if not isinstance(tree, Entries):
        said = problems or (tree.place.problem("no key", "'subject:' and 'action:'"),)
        return Unreadable(place=top), said
    written = next((key for key, _ in tree.entries if key.text == "body"), None)
    if written is not None:
        problem = written.place.problem("key 'body'", f"the text below the second {FENCE!r}")
        return Unreadable(place=top), (*problems, problem)
    body = _body(lines, fences[1] + 1, file)
    entries = (*tree.entries, (Scalar(text="body", place=body.place), body))
    return Entries(entries=entries, place=top), problems


def _body(lines: Sequence[str], begin: int, file: str) -> Scalar:
    """Return the text below the front matter, without the blank lines around it."""
    last = len(lines) - 1
    while begin < last and not lines[begin].strip():
        begin += 1
    place = Place(file=file, line=min(begin, last) + 1, column=1, verbatim=True)
    return Scalar(text="\n".join(lines[begin:]).rstrip(), place=place)
