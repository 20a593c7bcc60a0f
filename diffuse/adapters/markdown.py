"""Officers' Markdown, read once and written twice: as safe HTML and as plain text.

Only the CommonMark part of the language: raw HTML is shown as text, images and links to anything but
the web and mailboxes are refused.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from diffuse.errors import Problem

WIDTH = 72
"""Columns of the plain text; only an address may be longer."""

MAILTO = "mailto:"
_ADDRESS = re.compile(r"https?://[^\s/?#]+\S*|mailto:[^\s@]+@[^\s@]+", re.IGNORECASE)


class _Reader(MarkdownIt):
    """Reads CommonMark without raw HTML; every link is let through, to be judged with its line."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False})

    def validateLink(self, url: str) -> bool:  # noqa: ARG002, N802 -- the library's name
        return True


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A text that was read.

    Attributes:
        links: the destination of every link, in order; one that stands twice is counted twice.
        problems: what cannot be sent; lines count from 1 within the text.
    """

    links: tuple[str, ...]
    problems: tuple[Problem, ...]
    _tokens: tuple[Token, ...]

    def html(self, addresses: Sequence[str]) -> str:
        """Write HTML in which link number n leads to ``addresses[n]``."""
        tokens = deepcopy(list(self._tokens))
        for link, address in zip(_links(tokens), addresses, strict=True):
            link.attrs = {"href": address}
        reader = _Reader()
        return str(reader.renderer.render(tokens, reader.options, {}))

    def text(self, addresses: Sequence[str], width: int = WIDTH) -> str:
        """Write plain text, wrapped; link number n is written ``text (addresses[n])``."""
        root = SyntaxTreeNode(list(self._tokens))
        return "\n".join(_children(root, width, iter(addresses)))


def parse(source: str, values: Mapping[str, str | None] | None = None) -> Document:
    """Read a text.

    Args:
        source: Markdown.
        values: what certain words of the source stand for, none of it Markdown; a word that stands
            for None is left as it is, and cannot be part of an address.
    """
    values = values or {}
    tokens = _Reader().parse(source)
    problems: list[Problem] = []
    for token in tokens:
        token.content = _replace(token.content, values)
        token.info = ""
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
        problems += _inline(token, values)
    links = tuple(str(link.attrs["href"]) for link in _links(tokens))
    return Document(links=links, problems=tuple(problems), _tokens=tuple(tokens))


def fold(text: str, width: int = WIDTH) -> str:
    """Wrap a line at its spaces; an address is never broken."""
    return "\n".join(_wrapped(text, width))


def _inline(block: Token, values: Mapping[str, str | None]) -> Iterator[Problem]:
    line = block.map[0] + 1 if block.map else 0
    for token in block.children or ():
        if token.type in {"softbreak", "hardbreak"}:
            line += 1
        elif token.type == "image":
            yield Problem(
                found=f"an image, {token.attrs.get('src', '')!r}",
                expected="text only: say it in words, or link to the page that shows the image",
                line=line,
            )
        elif token.type == "link_open":
            href = str(token.attrs["href"])
            yield from _link_problems(href, values, line)
            quoted = {word: value and quote(value, safe="") for word, value in values.items()}
            token.attrs = {"href": _replace(href, quoted)}
        token.content = _replace(token.content, values)


def _link_problems(href: str, values: Mapping[str, str | None], line: int) -> Iterator[Problem]:
    if any(value is None and word in href for word, value in values.items()):
        yield Problem(
            found="a link that differs for each employee",
            expected="an address that is the same for all",
            line=line,
        )
    elif not _ADDRESS.fullmatch(href):
        yield Problem(
            found=f"a link to {href!r}",
            expected="an address that begins with https://, http:// or mailto:",
            line=line,
        )


def _links(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from (child for child in token.children or () if child.type == "link_open")


def _replace(text: str, values: Mapping[str, str | None]) -> str:
    for word, value in values.items():
        if value is not None:
            text = text.replace(word, value)
    return text


def _children(node: SyntaxTreeNode, width: int, addresses: Iterator[str]) -> list[str]:
    """Write the blocks inside a block, an empty line between them unless they stand in a tight list."""
    lines: list[str] = []
    for child in node.children:
        tight = child.hidden or (lines and node.type == "list_item" and _is_tight(child))
        if lines and not tight:
            lines.append("")
        lines += _block(child, width, addresses)
    return lines


def _block(node: SyntaxTreeNode, width: int, addresses: Iterator[str]) -> list[str]:
    match node.type:
        case "bullet_list" | "ordered_list":
            return _list(node, width, addresses)
        case "blockquote":
            return [f"> {line}".rstrip() for line in _children(node, width - 2, addresses)]
        case "fence" | "code_block":
            return [f"    {line}".rstrip() for line in node.content.splitlines()]
        case "hr":
            return ["* * *"]
        case _:
            text = "".join(_words(child, addresses) for child in node.children)
            return [line for part in text.split("\n") for line in _wrapped(part, width)]


def _list(node: SyntaxTreeNode, width: int, addresses: Iterator[str]) -> list[str]:
    lines: list[str] = []
    for number, item in enumerate(node.children, int(node.attrs.get("start", 1))):
        marker = "• " if node.type == "bullet_list" else f"{number}. "
        inside = _children(item, width - len(marker), addresses) or [""]
        if lines and not _is_tight(node):
            lines.append("")
        lines.append(f"{marker}{inside[0]}".rstrip())
        lines += [f"{' ' * len(marker)}{line}".rstrip() for line in inside[1:]]
    return lines


def _is_tight(node: SyntaxTreeNode) -> bool:
    if not node.type.endswith("_list"):
        return False
    return all(part.hidden for item in node.children for part in item.children if part.type == "paragraph")


def _words(node: SyntaxTreeNode, addresses: Iterator[str]) -> str:
    match node.type:
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "link":
            address = next(addresses)
            shown = (
                address[len(MAILTO) :].partition("?")[0] if address.lower().startswith(MAILTO) else address
            )
            text = "".join(_words(child, addresses) for child in node.children)
            return text if text == shown else f"{text} ({shown})"
        case _ if node.children:
            return "".join(_words(child, addresses) for child in node.children)
        case _:
            return node.content


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 20), break_long_words=False, break_on_hyphens=False)
