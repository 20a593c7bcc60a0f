from hypothesis import given
from hypothesis import strategies as st

from diffuse.adapters.markdown import WIDTH, Document, fold, parse


def html(source: str) -> str:
    document = parse(source)
    return document.html(document.links)


def text(source: str) -> str:
    document = parse(source)
    return document.text(document.links)


def problems(source: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.found) for problem in parse(source).problems]


def test_raw_html_is_shown_as_text() -> None:
    assert html("<script>alert(1)</script> and <b>bold</b>") == (
        "<p>&lt;script&gt;alert(1)&lt;/script&gt; and &lt;b&gt;bold&lt;/b&gt;</p>\n"
    )


def test_headings_stand_below_the_subject() -> None:
    assert html("# One\n\n## Two") == "<h2>One</h2>\n<h3>Two</h3>\n"


def test_links_are_listed_in_order_and_each_occurrence_counts() -> None:
    document = parse(
        "[a](https://a.example) [b](mailto:b@b.example)\n\n- <https://a.example>\n- [c](http://c.example)"
    )
    assert document.links == (
        "https://a.example",
        "mailto:b@b.example",
        "https://a.example",
        "http://c.example",
    )
    assert not document.problems


def test_link_number_n_leads_to_the_address_with_that_number() -> None:
    document = parse("[a](https://a.example) and [b](https://a.example)")
    assert document.html(["one", "two"]) == '<p><a href="one">a</a> and <a href="two">b</a></p>\n'
    assert document.text(["one", "two"]) == "a (one) and b (two)"


def test_a_document_can_be_written_again() -> None:
    document = parse("[a](https://a.example)")
    assert document.html(["one"]) != document.html(["two"])
    assert document.links == ("https://a.example",)


def test_what_leads_to_neither_the_web_nor_a_mailbox_is_refused_with_its_line() -> None:
    source = "fine\n[x](javascript:alert(1))\n\n[y](/policy) [z](data:text/html,x)\n- [w](ftp://a.example)"
    assert problems(source) == [
        (2, "a link to 'javascript:alert(1)'"),
        (4, "a link to '/policy'"),
        (4, "a link to 'data:text/html,x'"),
        (5, "a link to 'ftp://a.example'"),
    ]


def test_an_image_is_refused_with_its_line() -> None:
    assert problems("a\n\nb\n![seal](https://a.example/seal.png)") == [
        (4, "an image, 'https://a.example/seal.png'")
    ]


def test_an_address_without_a_host_is_refused() -> None:
    assert problems("[x](https://)") == [(1, "a link to 'https://'")]


def test_a_word_stands_for_a_value_that_is_no_markdown() -> None:
    document = parse("**zq0zq** [zq0zq](https://a.example/zq0zq) `zq0zq`", {"zq0zq": "<*R&D*>"})
    assert document.html(document.links) == (
        "<p><strong>&lt;*R&amp;D*&gt;</strong> "
        '<a href="https://a.example/%3C%2AR%26D%2A%3E">&lt;*R&amp;D*&gt;</a> '
        "<code>&lt;*R&amp;D*&gt;</code></p>\n"
    )
    assert document.text(["link"]) == "<*R&D*> <*R&D*> (link) <*R&D*>"


def test_an_employee_s_value_cannot_be_part_of_an_address() -> None:
    document = parse("[x](https://a.example/?who=zq0zq)", {"zq0zq": None})
    assert [problem.found for problem in document.problems] == ["a link that differs for each employee"]


def test_plain_text_keeps_the_shape_of_a_message() -> None:
    source = """# Before you leave

Say **who** answers, _today_:

- the [register](https://a.example/register)
- your manager, in writing
  - or by telephone

1. first
2. second

> As the plan says.

```
code   stays
```

***

Write to [us](mailto:us@a.example?subject=Help) or to <them@a.example>.\\
Thank you.
"""
    assert text(source) == (
        """Before you leave

Say who answers, today:

• the register (https://a.example/register)
• your manager, in writing
  • or by telephone

1. first
2. second

> As the plan says.

    code   stays

* * *

Write to us (us@a.example) or to them@a.example.
Thank you."""
    )


def test_a_loose_list_has_room_between_its_items() -> None:
    assert text("- a\n\n- b\n\n  c") == "• a\n\n• b\n\n  c"


def test_a_numbered_list_begins_where_the_author_says() -> None:
    assert text("9. a\n10. b") == "9. a\n10. b"


def test_an_empty_item_is_still_an_item() -> None:
    assert text("-\n- b") == "•\n• b"


def test_a_line_is_folded_at_spaces_but_not_at_no_break_spaces() -> None:
    assert fold("aa bb\u00a0: cc", 20) == "aa bb\u00a0: cc"
    assert fold("aaaaaaaa bbbbbbbb ccc\u00a0:", 20) == "aaaaaaaa bbbbbbbb\nccc\u00a0:"


words = st.lists(st.text(alphabet="abcdefgé", min_size=1, max_size=12), min_size=1, max_size=40)


@given(words, st.lists(st.integers(0, 39), max_size=4))
def test_addresses_are_never_broken_and_other_lines_stay_within_the_width(
    said: list[str], where: list[int]
) -> None:
    address = "https://tracking.example/" + "x-y/" * 20
    source = " ".join(f"[{word}](https://a.example)" if n in where else word for n, word in enumerate(said))
    document: Document = parse(source)
    lines = document.text([address] * len(document.links)).splitlines()
    assert sum(line.count(f"({address})") for line in lines) == len(document.links)
    assert all(len(line) <= WIDTH or address in line for line in lines)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_whatever_is_written_no_tag_comes_through(source: str) -> None:
    written = html(source)
    for tag in ("script", "style", "iframe", "div", "span"):
        assert f"<{tag}" not in written
    assert isinstance(text(source), str)
