"""What a post says, in the markup of a chat."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.adapters.platforms import chat_markdown
from diffuse.adapters.platforms.chat_text import (
    JOINER,
    Block,
    Markup,
    blocks,
    cut,
    joined,
    more,
    pieces,
    quiet,
    shortened,
)

MARKDOWN = Markup(
    escape=chat_markdown.escaped,
    link=chat_markdown.link,
    strong=("**", "**"),
    emphasis=("_", "_"),
    quote="> ",
)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>Un <strong>mot </strong>fort.</p>", ["Un **mot** fort."]),
        ("<p><em>a</em><strong> </strong><strong></strong></p>", ["_a_"]),
        ("<p><em>a</em><em>b</em></p>", ["_a_\u2060_b_"]),
        ("<h2>Trois <strong>règles</strong></h2>", ["**Trois règles**"]),
        ("<p>a</p>  \n <p> b\n c </p>", ["a", "b c"]),
        ("<p></p><ul></ul><hr><p><br></p>", []),
        ("mot<p>a</p>fin", ["mot", "a", "fin"]),
        ("<ul><li>a</li><li><p>b</p></li><li></li></ul>", ["- a\n- b"]),
        ("<ol start='7'><li>a<br>c</li><li>b<ul><li>d<ul><li>e</li></ul></li></ul></li></ol>", None),
        ("<blockquote><p>a<br>b</p></blockquote>", ["> a\n> b"]),
        ("<pre>a\n  *b*</pre>", ["a\n\\*b\\*"]),
        ('<p><a href="https://a.test/x(y)">là <em>bas</em></a></p>', ["[là _bas_](https://a.test/x%28y%29)"]),
        ('<p><a href="/ici">relatif</a> <a href="https://a.test"> </a></p>', ["relatif"]),
        (
            '<p><a href="https://a.test/_b">https://a.test/_b</a></p>',
            ["[https://a.test/\\_b](https://a.test/_b)"],
        ),
        ("<p>Voir (https://a.test/_b).</p>", ["Voir ([https://a.test/\\_b](https://a.test/_b))."]),
        ("<p>1. un</p><p>- deux</p><p>12) trois</p>", ["1\\. un", "\\- deux", "12\\) trois"]),
        ("<table><tr><td>a</td></tr></table>", ["a"]),
    ],
)
def test_html_becomes_markdown(html: str, expected: list[str] | None) -> None:
    wanted = ["7. a\n    c\n8. b\n    - d\n        - e"] if expected is None else expected
    assert [block.marked for block in blocks(html, MARKDOWN)] == wanted


@pytest.mark.parametrize("tag", ["blockquote", "strong", "ul><li"])
def test_what_is_too_deep_leaves_its_words(tag: str) -> None:
    (block,) = blocks(f"{f'<{tag}>' * 3000}fond", MARKDOWN)
    assert "fond" in block.marked


def test_without_marks_an_address_is_spelled_out() -> None:
    html = '<p><strong>a</strong> <a href="https://a.test">là</a> <a href="https://a.test">https://a.test</a></p>'
    (block,) = blocks(html, MARKDOWN)
    assert block.bare == "a là (https://a.test) https://a.test"


@pytest.mark.parametrize(
    ("text", "is_quiet"),
    [
        ("@all", False),
        ("(@channel)", False),
        ("bonjour,@marie.roy", False),
        ("<!here>", False),
        ("<users/all>", False),
        ("<@U1>", False),
        ("marie@exemple.test", True),
        ("5 @ 3", True),
        ("a < b", True),
    ],
)
def test_what_calls_people_looks_the_same_and_calls_nobody(text: str, *, is_quiet: bool) -> None:
    assert (quiet(text) == text) == is_quiet
    assert quiet(text).replace(JOINER, "") == text
    assert quiet(quiet(text)) == quiet(text)


@pytest.mark.parametrize("tag", ["code", "strong", "em", 'a href="https://a.test"', "br", "p"])
def test_a_mention_in_two_halves_calls_nobody_either(tag: str) -> None:
    for block in blocks(f"<p>@<{tag}>all</p><p>&lt;<{tag}>!channel&gt;</p>", MARKDOWN):
        assert "@all" not in block.marked + block.bare
        assert "<!channel" not in (block.marked + block.bare).replace("\\", "")


def test_a_long_block_comes_apart_at_spaces_and_without_marks() -> None:
    block = Block("**un deux trois**", "un deux trois")
    assert list(block.pieces(17)) == ["**un deux trois**"]
    assert list(block.pieces(8)) == ["un deux", "trois"]


@pytest.mark.parametrize("text", ["é&lt;" * 50, "\\*" * 50, "a<br>" * 50, "\\\\" * 50, "&" * 90])
@pytest.mark.parametrize("longest", range(20, 29))
def test_a_piece_never_ends_in_the_middle_of_an_escape(text: str, longest: int) -> None:
    found = list(Block(text, text).pieces(longest))
    assert "".join(found) == text
    assert all(0 < len(piece) <= longest for piece in found)
    if text[0] != "&":
        assert not [piece for piece in found if re.search(r"&\w*$|<\w*$|(?<!\\)(\\\\)*\\$", piece)]


@given(st.text(alphabet="ab \n<>&\\*@", max_size=200), st.integers(20, 60))
def test_pieces_hold_every_word(text: str, longest: int) -> None:
    found = list(Block("x" * 1000, text).pieces(longest))
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(len(piece) <= longest for piece in found)


@given(st.lists(st.text(alphabet="abc", min_size=1, max_size=9), max_size=12), st.integers(5, 60))
def test_what_is_shortened_fits_and_keeps_as_much_as_it_can(parts: list[str], longest: int) -> None:
    def size(some: object) -> int:
        assert isinstance(some, list)
        return sum(map(len, some))

    kept = shortened(parts, "…", longest, size)
    assert size(kept) <= longest
    if kept != parts:
        assert kept[-1] == "…"
        assert kept[:-1] == parts[: len(kept) - 1]
        assert size([*parts[: len(kept)], "…"]) > longest


def test_parts_come_together_as_far_as_they_fit() -> None:
    assert joined(["a", "b", "c", "dddddd"], 5) == ["a\n\nb", "c", "dddddd"]
    assert joined([]) == []


def test_what_is_missing_is_said() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abc ef", 5) == "abc…"
    assert more("", "fr", MARKDOWN) == "…"
    assert more("https://a.test", "en", MARKDOWN) == "… [Read the rest](https://a.test)"
    assert max(map(len, pieces(f"<p>{'mot ' * 9000}</p>", MARKDOWN))) <= 2900


@given(st.text(max_size=60))
def test_escaped_text_holds_no_mark(text: str) -> None:
    escaped = chat_markdown.escaped(text)
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_`\[\]<>#|~!{}]", escaped)
    assert re.sub(r"\\([\\`*_\[\]{}<>#|~!+=.)-])", r"\1", escaped) == text
