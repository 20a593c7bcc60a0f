"""What a post says in the markup of a chat: bold, links and lists of cleaned HTML, and nothing that pings."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, TreeBuilder

from diffuse.adapters.platforms.cleaning import clean

BLOCKS = frozenset({"blockquote", "h2", "h3", "h4", "hr", "ol", "p", "pre", "ul"})
HEADINGS = frozenset({"h2", "h3", "h4"})
VOID = frozenset({"br", "hr"})

AT = re.compile(r"(?<![\w.%+-])@(?=\w|$)")
"""What may begin a mention, here or in the next run; the sign in an email address does not."""

ANGLE = re.compile(r"<(?=[!@#]|users/|$)")
"""What begins a mention in Slack and in Google Chat."""

JOINER = "\u2060"
"""Seen by nobody; whoever looks for a mention does not look past it."""

ADDRESS = re.compile(r"(https?://[^\s<>\"]*[^\s<>\".,;:!?)\]'’»])")
LINKED = ("http://", "https://", "mailto:")
PLAIN = ("", "")

DEEPEST = 40
"""Elements in one another, at most."""

PIECE = 2900
"""Characters of one block, at most: what the strictest chat takes is 3,000."""

TITLE = 2000
"""Characters of a title, at most, for the chats that have no limit of their own for it."""

HALF = re.compile(r"(?:&[#\w]{0,8}|(?<!\\)<\w{0,3})$")
"""What must not end a piece: half of an escaped character, or of a line break."""

BUTTON = {"fr": "Lire et confirmer", "en": "Read and confirm"}
MORE = {"fr": "Lire la suite", "en": "Read the rest"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Markup:
    """How a chat writes what posts are made of.

    Attributes:
        escape: makes text that shows as it is, whatever is in it.
        link: makes a link of an address and a text that is marked up already.
        strong, emphasis: what stands before and after.
        line, row: what ends a line of a paragraph, and one of a list.
        bullet, indent, quote: what begins an item, a line below it, and a line of a quotation.
    """

    escape: Callable[[str], str]
    link: Callable[[str, str], str]
    strong: tuple[str, str] = PLAIN
    emphasis: tuple[str, str] = PLAIN
    line: str = "\n"
    row: str = "\n"
    bullet: str = "- "
    indent: str = "    "
    quote: str = ""

    @property
    def bare(self) -> "Markup":
        """The same without marks: such text may be cut at every space."""
        return replace(self, link=self._spelled, strong=PLAIN, emphasis=PLAIN)

    def _spelled(self, url: str, text: str) -> str:
        shown = self.escape(quiet(url))
        return text if text == shown else f"{text} ({shown})"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a heading or a whole list: marked up, and the same without marks."""

    marked: str
    bare: str

    def pieces(self, longest: int = PIECE) -> Iterator[str]:
        """Give the block; one that is too long comes without marks, and in several pieces."""
        if len(self.marked) <= longest:
            yield self.marked
            return
        rest = self.bare
        while len(rest) > longest:
            end = max(rest.rfind(space, 1, longest + 1) for space in " \n")
            end = end if end > 0 else _whole(rest[:longest]) or longest
            yield rest[:end].rstrip()
            rest = rest[end:].lstrip()
        yield rest


def quiet(text: str) -> str:
    """Return text that mentions nobody: ``@all`` looks the same and calls no one."""
    return ANGLE.sub(f"<{JOINER}", AT.sub(f"@{JOINER}", text))


def cut(text: str, longest: int) -> str:
    """Return text of so many characters at most; an ellipsis says that some are missing."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def pieces(html: str, markup: Markup) -> list[str]:
    """Return the blocks of a text as a chat shows them, in their order, none too long."""
    return [piece for block in blocks(html, markup) for piece in block.pieces()]


def blocks(html: str, markup: Markup) -> list[Block]:
    """Return the blocks of a text, in their order; empty ones are left out."""
    root = _tree(clean(html))
    both = zip(_flow(root, markup), _flow(root, markup.bare), strict=True)
    return [Block(marked, bare) for marked, bare in both]


def more(url: str, language: str, markup: Markup) -> str:
    """Return what stands in place of the rest: an ellipsis, and the way to the whole text if there is one."""
    return f"… {markup.link(url, markup.escape(MORE[language]))}" if url else "…"


def joined(parts: Sequence[str], longest: int = PIECE) -> list[str]:
    """Return fewer parts: those that follow one another come together, as far as one part holds them."""
    made: list[str] = []
    for part in parts:
        if made and len(made[-1]) + len(part) + 2 <= longest:
            made[-1] += f"\n\n{part}"
        else:
            made.append(part)
    return made


def shortened(
    parts: Sequence[str], rest: str, longest: int, size: Callable[[Sequence[str]], int]
) -> list[str]:
    """Return as many parts as fit; where some are left out, ``rest`` says where they are.

    ``size`` measures the message that is made of some parts, in the unit of ``longest``.
    """
    if size(parts) <= longest:
        return list(parts)
    fitting = bisect_right(range(len(parts)), longest, key=lambda count: size([*parts[:count], rest]))
    return [*parts[: max(fitting - 1, 0)], rest]


def _whole(text: str) -> int:
    """Return how much of a text that was cut anywhere does not end with half of an escaped character."""
    whole = HALF.sub("", text)
    slashes = len(whole) - len(whole.rstrip("\\"))
    return len(whole) - slashes % 2


class _Reader(HTMLParser):
    """Builds a tree of cleaned HTML, which leaves every element closed; what is too deep leaves its words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.builder = TreeBuilder()
        self.builder.start("div", {})
        self.depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element; one that holds nothing ends at once."""
        self.depth += 1
        if self.depth <= DEEPEST:
            self.builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        if self.depth <= DEEPEST:
            self.builder.end(tag)
        self.depth -= 1

    def handle_data(self, data: str) -> None:
        """Add words."""
        self.builder.data(data)


def _tree(html: str) -> Element:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.builder.end("div")
    return reader.builder.close()


def _flow(element: Element, markup: Markup) -> Iterator[str]:
    """Give the blocks in an element; words between them are blocks too."""
    words = _words(element.text, markup)
    for child in element:
        if child.tag in BLOCKS:
            yield from _ended(words, markup)
            yield from _block(child, markup)
            words = ""
        else:
            words = _added(words, _inline(child, markup))
        words = _added(words, _words(child.tail, markup))
    yield from _ended(words, markup)


def _block(element: Element, markup: Markup) -> Iterator[str]:
    if element.tag in {"ol", "ul"}:
        rows = markup.row.join(_items(element, markup))
        yield from [rows] if rows else []
    elif element.tag == "pre":
        lines = quiet("".join(element.itertext())).strip("\n").split("\n")
        yield from _ended(markup.line.join(markup.escape(line) for line in lines), markup)
    elif element.tag == "blockquote":
        for block in _flow(element, markup):
            yield markup.line.join(f"{markup.quote}{line}" for line in block.split(markup.line))
    elif element.tag in HEADINGS:
        for block in _flow(element, replace(markup, strong=PLAIN)):
            yield _marked(block, markup.strong, markup.line)
    else:
        yield from _flow(element, markup)


def _items(element: Element, markup: Markup) -> Iterator[str]:
    """Give the items of a list; what stands in an item below its first line is indented."""
    start = element.get("start", "")
    number = int(start) if start.isdecimal() else 1
    within = replace(markup, line=markup.row)
    for item in element.iterfind("li"):
        sign = markup.bullet if element.tag == "ul" else f"{number}. "
        number += 1
        if inner := markup.row.join(_flow(item, within)):
            yield sign + inner.replace(markup.row, markup.row + markup.indent)


def _inline(element: Element, markup: Markup) -> str:
    """Return what stands within a block."""
    if element.tag == "br":
        return markup.line
    if element.tag == "strong":
        return _marked(_content(element, replace(markup, strong=PLAIN)), markup.strong, markup.line)
    if element.tag == "em":
        return _marked(_content(element, replace(markup, emphasis=PLAIN)), markup.emphasis, markup.line)
    if element.tag == "a" and element.get("href", "").startswith(LINKED):
        text = _content(element, replace(markup, link=_unlinked, line=" "))
        if not (inner := text.strip()):
            return text
        before, after = text.split(inner, 1)
        return before + markup.link(element.get("href", ""), inner) + after
    return _content(element, markup)


def _content(element: Element, markup: Markup) -> str:
    words = _words(element.text, markup)
    for child in element:
        words = _added(words, _inline(child, markup))
        words = _added(words, _words(child.tail, markup))
    return words


def _added(words: str, more_words: str) -> str:
    """Put words together; marks of two runs that meet would be taken for others."""
    meet = words.endswith(("*", "_")) and more_words.startswith(("*", "_"))
    return f"{words}{JOINER if meet else ''}{more_words}"


def _words(text: str | None, markup: Markup) -> str:
    """Return words as they show; an address among them becomes a link."""
    odd = ADDRESS.split(re.sub(r"\s+", " ", text or ""))
    return "".join(
        markup.link(part, markup.escape(quiet(part))) if index % 2 else markup.escape(quiet(part))
        for index, part in enumerate(odd)
    )


def _unlinked(_: str, text: str) -> str:
    return text


def _marked(text: str, marks: tuple[str, str], line: str) -> str:
    """Put marks around the words of each line, and not around the spaces beside them."""
    lines = []
    for one in text.split(line):
        inner = one.strip()
        before, after = one.split(inner, 1) if inner else (one, "")
        lines.append(f"{before}{marks[0]}{inner}{marks[1]}{after}" if inner else one)
    return line.join(lines)


def _ended(words: str, markup: Markup) -> Iterator[str]:
    """Give the block that words make, if there are any."""
    lines = (line.strip() for line in words.split(markup.line))
    if block := markup.line.join(lines).strip():
        yield block
