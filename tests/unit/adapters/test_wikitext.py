"""Wikitext: structure becomes markup, and whatever an officer wrote comes out as text."""

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diffuse.adapters.platforms.cleaning import clean
from diffuse.adapters.platforms.wikitext import literal, wikitext

DANGEROUS = re.compile(
    r"\[\[|\]\]|\{\{|\}\}|\{\||\|\}|''|~~~|__|-\{|<(?!/?(?:strong|em|code|br /)>)|&(?!#\d+;|amp;|lt;|gt;)"
    r"|(?:https?|ftp|mailto|tel|news|urn):(?=\S)|//\S+://|(?:RFC|PMID|ISBN)\s",
    re.IGNORECASE,
)
"""What MediaWiki would read as more than text, in a line of it."""

AT_THE_BEGINNING = tuple("*#:;=!|{-+ ")

PIECES = st.sampled_from(
    [
        *("[[", "]]", "{{", "}}", "{|", "|}", "|-", "||", "!!", "''", "'''", "~~~~", "~~", "__NOTOC__", "-{"),
        *("}-", "<nowiki>", "</nowiki>", "<ref>", "<!--", "-->", "&lt;", "&#91;", "&amp;#91;", "==", "----"),
        *(
            "http://x.ca",
            "mailto:a@b.ca",
            "tel:55",
            "//x.ca",
            "RFC 12",
            "ISBN\u00a0978",
            "PMID 1",
            "#REDIRECT ",
        ),
        *(
            "*",
            "#",
            ":",
            ";",
            "=",
            "!",
            "+",
            "-",
            " ",
            "\n",
            "'",
            "_",
            "~",
            "<",
            ">",
            "&",
            "\x7f",
            "\x00",
            "\u2028",
        ),
        *("mot", "l'été", "😀", "C", "N", "RF", "ISB", ": ", "8:30", "\u00a0"),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join)


def shown(text: str) -> str:
    """Return what MediaWiki shows of text without markup."""
    return html.unescape(text)


def seen(text: str) -> str:
    """Return a text without what nobody sees: control characters, and spaces beside others."""
    visible = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff]", "", text)
    return re.sub(r"[ \t\n\r\f]+", " ", visible).strip(" ")


@given(TEXTS)
@example("RFC 12 [[x]] {{y}} '''z''' ~~~~ __TOC__ http://x.ca")
def test_a_line_of_text_comes_out_as_text(text: str) -> None:
    line = literal(text)
    assert not DANGEROUS.search(line), line
    assert not line.startswith(AT_THE_BEGINNING)
    assert "\n" not in line
    assert shown(line) == seen(text)


@given(st.lists(st.tuples(st.sampled_from(["p", "strong", "em", "a", "code"]), TEXTS), max_size=5))
def test_text_in_elements_comes_out_as_text(parts: list[tuple[str, str]]) -> None:
    inside = "".join(f"<{tag}>{html.escape(text)}</{tag}>" for tag, text in parts)
    for line in wikitext(clean(inside)).split("\n"):
        assert not DANGEROUS.search(line), line
        assert not line.startswith(AT_THE_BEGINNING), line


@given(
    st.text(max_size=300)
    | st.lists(
        st.sampled_from(
            [
                "<ul>",
                "<li>",
                "<ol start=3>",
                "<p>",
                "</ul>",
                "x",
                "<pre>",
                "<blockquote lang=fr>",
                "</li>",
                "<h2>",
                "<hr>",
                "<br>",
                "<a href='https://x.ca/[~~~~]'>",
                "</a>",
                "</pre>",
            ]
        ),
        max_size=30,
    ).map("".join)
)
def test_whatever_comes_in_nothing_breaks(given: str) -> None:
    assert isinstance(wikitext(clean(given)), str)


@given(st.text(alphabet="abc[]{}|<>'\"~_&=/:?#é😀 -", max_size=30))
def test_an_address_ends_where_it_ends(rest: str) -> None:
    text = wikitext(f'<p><a href="https://x.ca/{html.escape(rest)}">ici</a></p>')
    address, space, label = text.removeprefix("[").partition(" ")
    assert (space, label) == (" ", "ici]")
    assert not re.search(r"[][{}|<>'\"~\s]|__|&(?!amp;)", address), address


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ""),
        ("<p>Un</p><p>Deux</p>", "Un\n\nDeux"),
        ("Un<p>Deux</p>Trois", "Un\n\nDeux\n\nTrois"),
        ("<h2>Quoi</h2><h4>Comment</h4>", "== Quoi ==\n\n==== Comment ===="),
        ("<ul><li>a<ol><li>b</li></ol></li><li>c</li></ul>", "* a\n*# b\n* c"),
        ("<ul>x<li>a</li>y</ul>", "* x\n* a\n* y"),
        ("<ol start='3'><li>c</li></ol>", '<ol start="3">\n<li>\nc\n</li>\n</ol>'),
        ("<ul><li><p>a</p><p>b</p></li></ul>", "<ul>\n<li>\na\n\nb\n</li>\n</ul>"),
        ("<p><strong>l'</strong><em>été</em><br>!</p>", "<strong>l'</strong><em>été</em><br />!"),
        ("<p lang='en'>Hello</p>", '<div lang="en">\nHello\n</div>'),
        ("<blockquote><p>a</p></blockquote>", "<blockquote>\na\n</blockquote>"),
        ("<pre>a\n  [b]</pre>", "<pre>a\n  &#91;b&#93;</pre>"),
        ("<p>a</p><hr><p>b</p>", "a\n\n----\n\nb"),
        ("<p><a href='https://x.ca/?a=1&amp;b=2'>ici</a></p>", "[https://x.ca/?a=1&amp;b=2 ici]"),
        ("<p><a href='/ici'>ici</a>'<em></em>'</p>", "ici&#39;&#39;"),
    ],
)
def test_structure_becomes_markup(given: str, expected: str) -> None:
    assert wikitext(clean(given)) == expected


def test_what_is_too_deep_keeps_its_words() -> None:
    deep = 3000
    assert "mot" in wikitext(clean("<blockquote>" * deep + "mot" + "</blockquote>" * deep))
    assert "mot" in wikitext(clean("<ul><li>" * deep + "mot" + "</li></ul>" * deep))
    assert "un deux" in wikitext(clean("<em>" * deep + "un<br>deux" + "</em>" * deep))


def test_what_is_not_closed_ends_with_the_text() -> None:
    assert wikitext("<p>un <strong>deux") == "un <strong>deux</strong>"
