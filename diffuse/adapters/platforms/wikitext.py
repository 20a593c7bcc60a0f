"""Turns cleaned HTML into wikitext, in which whatever an officer wrote stays text.

Structure becomes wiki markup, so that people can edit the page; bold and emphasis stay HTML, as quotes beside
apostrophes are not safe. In text every character that MediaWiki might read becomes a character reference.
"""

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from urllib.parse import quote
from xml.etree.ElementTree import Element, TreeBuilder

BLOCKS = frozenset({"p", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "pre", "hr"})
TALL = BLOCKS - {"ul", "ol", "li"}
VOID = frozenset({"br", "hr"})
HEADINGS = {"h2": "==", "h3": "===", "h4": "===="}
INLINE = frozenset({"strong", "em", "code"})
SIGNS = {"ul": "*", "ol": "#"}

HOLLOW = re.compile(r"<(strong|em|code)></\1>|<a></a>")
DEEPEST = 60
"""Elements within elements; what is deeper stands as its words."""

SPACE = re.compile(r"[ \t\n\r\f]+")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
ALWAYS = re.compile(r"[][{}|<>&=]")
"""Links, templates, tables, elements, references and headings."""
BETWEEN = re.compile(r"'(?=')|(?<=')'|~(?=~)|(?<=~)~|_(?=_)|(?<=_)_|:(?! )|!(?=!)|(?<=!)!|-(?=-)|(?<=-)-")
"""Emphasis, signatures, switches such as __NOTOC__, and addresses that would become links."""
MAGIC = re.compile(r"(?<=ISB)N(?=\s)|(?<=RF)C(?=\s)|(?<=PMI)D(?=\s)")
"""Numbers of books and standards that would become links."""
FIRST = re.compile(r"^[*#:;!+-]")
"""What means something at the beginning of a line."""

ADDRESS = "%/:?#@!$&()*+,;=-._"
"""Characters that stay in the address of a link."""


def wikitext(cleaned: str) -> str:
    """Return the wikitext of cleaned HTML, its blocks apart by an empty line."""
    reader = _Reader()
    reader.feed(_hollowed(_readable(cleaned)))
    return "\n\n".join(_blocks(reader.whole()))


def literal(text: str) -> str:
    """Return one line of text so that MediaWiki shows exactly that, wherever in a line it stands."""
    return FIRST.sub(_reference, _safe(SPACE.sub(" ", _readable(text)).strip(" ")))


class _Reader(HTMLParser):
    """Reads cleaned HTML into a tree; links that lead nowhere are their words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._tree = TreeBuilder()
        self._tree.start("body", {})
        self._kept: list[bool] = []

    def whole(self) -> Element:
        """Return the tree."""
        self.close()
        for kept in reversed(self._kept):
            if kept:
                self._tree.end("")
        self._tree.end("body")
        return self._tree.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element."""
        given = {name: value or "" for name, value in attrs}
        kept = len(self._kept) < DEEPEST and (tag != "a" or bool(given.get("href")))
        if kept:
            self._tree.start(tag, given)
        if tag not in VOID:
            self._kept.append(kept)
        elif kept:
            self._tree.end(tag)
        else:
            self._tree.data(" ")  # words stay apart where a line ended

    def handle_endtag(self, tag: str) -> None:
        """End an element; cleaned HTML ends each where it should."""
        if tag not in VOID and self._kept and self._kept.pop():
            self._tree.end(tag)

    def handle_data(self, data: str) -> None:
        """Take text."""
        self._tree.data(data)


def _hollowed(cleaned: str) -> str:
    """Take away elements with nothing in them: text must not meet where it was looked at in pieces."""
    count = 1
    while count:
        cleaned, count = HOLLOW.subn("", cleaned)
    return cleaned


def _readable(text: str) -> str:
    return CONTROL.sub("", text)


def _safe(text: str) -> str:
    for dangerous in (MAGIC, BETWEEN):
        text = dangerous.sub(lambda met: f"\0{ord(met[0])};", text)
    return ALWAYS.sub(_reference, text).replace("\0", "&#")


def _reference(met: re.Match[str]) -> str:
    return f"&#{ord(met[0])};"


def _blocks(element: Element) -> Iterator[str]:
    """Yield the blocks in an element; text between them is a paragraph of its own."""
    loose = _inline(element.text)
    for child in element:
        if child.tag in BLOCKS:
            yield from _paragraph(loose)
            yield from _block(child)
            loose = ""
        else:
            loose += _span(child)
        loose += _inline(child.tail)
    yield from _paragraph(loose)


def _block(element: Element) -> Iterator[str]:
    tag = element.tag
    if tag in SIGNS:
        yield _tagged(element) if _is_tall(element) else "\n".join(_items(element, SIGNS[tag]))
    elif tag in HEADINGS:
        if words := _words(element):
            yield f"{HEADINGS[tag]} {words} {HEADINGS[tag]}"
    elif tag == "hr":
        yield "----"
    elif tag == "pre":
        yield f"<pre>{_safe(''.join(element.itertext()))}</pre>"
    elif tag == "blockquote":
        yield _around("blockquote", element, "\n\n".join(_blocks(element)))
    elif element.get("lang"):
        yield _around("div", element, "\n\n".join(_blocks(element)))
    else:
        yield from _blocks(element)


def _around(tag: str, element: Element, inside: str) -> str:
    language = element.get("lang", "")
    mark = f' lang="{language}"' if re.fullmatch(r"[A-Za-z0-9-]+", language) else ""
    return f"<{tag}{mark}>\n{inside}\n</{tag}>"


def _paragraph(loose: str) -> Iterator[str]:
    if line := _line(loose):
        yield line


def _line(loose: str) -> str:
    """Return wikitext that can begin a line: its first character means nothing there."""
    return FIRST.sub(_reference, SPACE.sub(" ", loose).strip(" "))


def _words(element: Element) -> str:
    """Return all that is in an element on one line."""
    return _line(_inside(element))


def _inside(element: Element) -> str:
    return _inline(element.text) + "".join(_span(child) + _inline(child.tail) for child in element)


def _inline(text: str | None) -> str:
    return _safe(SPACE.sub(" ", text or ""))


def _span(element: Element) -> str:
    tag, inside = element.tag, _inside(element)
    if tag == "br":
        return "<br />"
    if tag == "a" and (address := element.get("href", "")) and inside.strip():
        return f"[{_address(address)} {inside.strip()}]"
    if tag in INLINE and inside:
        return f"<{tag}>{inside}</{tag}>"
    # A block in a line, such as a heading in an item: its words, apart from those beside it.
    return f" {inside} " if tag in BLOCKS else inside


def _address(href: str) -> str:
    """Return an address that ends where it ends, and in which nothing is read as markup."""
    quoted = quote(href.strip(), safe=ADDRESS)
    return quoted.replace("__", "%5F%5F").replace("~", "%7E").replace("&", "&amp;")


def _is_tall(listed: Element) -> bool:
    """Whether a list has what no line of a wiki list can hold."""
    return any(item.tag in TALL or item.get("start") for item in listed.iter())


def _items(listed: Element, signs: str) -> Iterator[str]:
    """Yield the lines of a list, and of those in it."""
    for words, inner in _pieces(listed):
        if line := _line(words):
            yield f"{signs} {line}"
        for one in inner:
            yield from _items(one, signs + SIGNS[one.tag])


def _pieces(listed: Element) -> Iterator[tuple[str, Sequence[Element]]]:
    """Yield what each item says, and the lists in it; text between items is an item too."""
    yield _inline(listed.text), ()
    for item in listed:
        if item.tag in SIGNS:
            yield "", [item]
        else:
            inner = [child for child in item if child.tag in SIGNS]
            words = [_inline(item.text)]
            for child in item:
                words += [" " if child.tag in SIGNS else _span(child), _inline(child.tail)]
            yield "".join(words), inner
        yield _inline(item.tail), ()


def _tagged(listed: Element) -> str:
    """Return a list in HTML, which MediaWiki knows too, with blocks in its items."""
    start = listed.get("start", "")
    mark = f' start="{start}"' if start.isascii() and start.isdecimal() else ""
    lines = [_line(_inline(listed.text))]
    for item in listed:
        inside = _block(item) if item.tag in SIGNS else _blocks(item)
        lines += ["<li>", "\n\n".join(inside), "</li>", _line(_inline(item.tail))]
    return "\n".join((f"<{listed.tag}{mark}>", *filter(None, lines), f"</{listed.tag}>"))
