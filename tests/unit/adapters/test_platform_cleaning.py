"""Cleaning: what is not on the list does not exist, words stay, and twice is as once."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.adapters.platforms import cleaning
from diffuse.adapters.platforms.cleaning import ATTRIBUTES, TAGS, clean

TAG = re.compile(r"<(/?)([a-zA-Z0-9]+)((?:\s[^<>]*)?)>")
PIECES = [
    *(
        f"<{name}>"
        for name in ("p", "li", "ul", "a", "b", "script", "style", "svg", "math", "iframe", "form")
    ),
    *("</p>", "</li>", "</ul>", "</a>", "</script>", "</style>", "</svg>", "<!--", "-->", "<![CDATA[", "]]>"),
    '<a href="javascript:x()">',
    '<a href="https://exemple.ca/?a=1&b=2" onclick="x()">',
    "<img src=x onerror=x()>",
    '<p style="color:red" lang="en">',
    "<",
    ">",
    '"',
    "&lt;script&gt;",
    "é 😀",
    " mot ",
]


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("<p onclick=x()>Mot</p>", "<p>Mot</p>"),
        ("<script>x()</script>Mot", "Mot"),
        ("<style>p{}</style><p>Mot</p>", "<p>Mot</p>"),
        ('<iframe src="https://x.ca">Non</iframe>Mot', "Mot"),
        ("<form><input value=1>Mot</form>", "Mot"),
        ("<b>Mot</b> <span>autre</span>", "Mot autre"),
        ('<a href="javascript:x()">Mot</a>', "<a>Mot</a>"),
        ('<a href=" jAvA\tscript:x()">Mot</a>', "<a>Mot</a>"),
        ('<a href="data:text/html,x">Mot</a>', "<a>Mot</a>"),
        ('<a href="/ici">Mot</a>', "<a>Mot</a>"),
        ('<a href="//autre.ca/ici">Mot</a>', "<a>Mot</a>"),
        ('<a href="mailto:a@b.ca">Mot</a>', '<a href="mailto:a@b.ca">Mot</a>'),
        ('<p lang="en" class="x">Word</p>', '<p lang="en">Word</p>'),
        ("<!-- Non -->Mot", "Mot"),
        ("<li><form><li>", "<li></li><li></li>"),
        ("2 < 3 & 4 > 1", "2 &lt; 3 &amp; 4 &gt; 1"),
    ],
)
def test_only_what_is_harmless_is_left(given: str, left: str) -> None:
    assert clean(given) == left


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_whatever_comes_in_only_known_elements_come_out(html: str) -> None:
    left = clean(html)
    for _, name, attributes in TAG.findall(left):
        assert name in TAGS
        names = set(re.findall(r'\s([a-z]+)="', attributes))
        assert names <= ATTRIBUTES.get(name, set())
    assert not re.search(r'href="(?!https?:|mailto:)', left)
    assert len(re.findall(r"<", left)) == len(TAG.findall(left))


def test_what_no_reading_settles_leaves_as_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "PASSES", 1)
    assert clean("<li><form><li>Mot") == "&lt;li&gt;&lt;li&gt;Mot&lt;/li&gt;&lt;/li&gt;"


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_cleaning_twice_changes_nothing_more(html: str) -> None:
    once = clean(html)
    assert clean(once) == once
