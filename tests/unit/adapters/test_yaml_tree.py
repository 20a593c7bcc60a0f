"""YAML as it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.adapters.yaml_tree import MAX_DEPTH, Entries, Items, Node, Scalar, Unreadable, parse, quoted
from diffuse.domain.source import Place

PROSE = "the whole sentence between double quotes"
LEVELS = "keys of the same level in the same column, with spaces"
BRACE = "a '{' without its '}', or with a '?' or '[' inside"
WHEN = "when the line above goes on"
MARKS = "each quotation mark inside it written"
ODD = f"YAML, with {PROSE} when it holds ':', '#' or quotation marks"


def read(text: str) -> Node:
    node, problems = parse(text, file="f.yaml")
    assert problems == ()
    return node


def said(text: str) -> list[str]:
    return [str(problem) for problem in parse(text, file="f.yaml")[1]]


def scalar(node: Node, *path: str | int) -> Scalar:
    for part in path:
        if isinstance(part, int):
            assert isinstance(node, Items)
            node = node.items[part]
        else:
            assert isinstance(node, Entries)
            found = node.get(part)
            assert found is not None
            node = found
    assert isinstance(node, Scalar)
    return node


@pytest.mark.parametrize(
    "text", ["10:30", "1.10", "0123", "no", "on", "~", "null", "1e3", "0x1F", "2027-01-11", "=", "<<"]
)
def test_a_scalar_stays_what_was_written(text: str) -> None:
    assert scalar(read(f"key: {text}\n"), "key").text == text


def test_a_scalar_knows_its_line_and_column() -> None:
    node = read("a: 1\nb:\n  - x\n  - y: 'z'\n")
    assert scalar(node, "a").place == Place(file="f.yaml", line=1, column=4, verbatim=True)
    assert scalar(node, "b", 0).place == Place(file="f.yaml", line=3, column=5, verbatim=True)
    assert scalar(node, "b", 1, "y").place == Place(file="f.yaml", line=4, column=8)


def test_a_list_below_its_key_is_placed_at_the_key() -> None:
    node = read("a: 1\nkey:\n  - x\n")
    assert isinstance(node, Entries)
    value = node.get("key")
    assert value is not None
    assert (value.place.line, value.place.column) == (2, 1)


def test_a_text_below_a_bar_is_placed_where_its_first_line_begins() -> None:
    node = read("a:\n  body: |\n\n    One\n      two\n")
    assert scalar(node, "a", "body").text == "\nOne\n  two\n"
    assert scalar(node, "a", "body").place == Place(file="f.yaml", line=3, column=5, verbatim=True)


def test_a_text_that_is_folded_is_placed_at_its_sign() -> None:
    assert scalar(read("body: >\n  One\n  two\n"), "body").place == Place(file="f.yaml", line=1, column=7)


def test_lines_are_counted_from_the_line_on_which_the_text_begins() -> None:
    node, _ = parse("a: 1\n", file="f.md", first_line=2)
    assert scalar(node, "a").place.line == 2


def test_a_key_that_stands_twice_is_reported_and_the_first_one_counts() -> None:
    node, problems = parse("a: 1\nb: 2\na: 3\n", file="f.yaml")
    assert [str(problem) for problem in problems] == [
        "f.yaml:3:1: key 'a' stands twice, first on line 1; expected each key once"
    ]
    assert scalar(node, "a").text == "1"


def test_an_anchor_and_an_alias_are_reported_where_they_stand() -> None:
    assert said("a: &x 1\nb: *x\n") == [
        f"f.yaml:1:4: an anchor, &x; expected the value alone, or {PROSE}",
        f"f.yaml:2:4: an alias, *x; expected the value itself, or {PROSE}",
    ]


def test_aliases_of_aliases_are_not_followed() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    assert len(said("\n".join(lines))) == 60 + 2 * 59


def test_a_tag_is_reported() -> None:
    assert said("a: !!python/object:os.system x\n") == [
        f"f.yaml:1:4: a tag, written with '!'; expected the value alone, or {PROSE}"
    ]


def test_a_hashtag_that_would_be_a_comment_is_reported() -> None:
    assert said("a: Notre mot-clic #campus\nb: #ici\nc: 1 # fine\nd: 'x' #fine\n") == [
        f"f.yaml:1:19: '#campus', which YAML leaves out as a comment; expected {PROSE}, or a space after '#'",
        f"f.yaml:2:4: '#ici', which YAML leaves out as a comment; expected {PROSE}, or a space after '#'",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("title: Le mot : deux\n", f"1:15: a second ':' in the same value; expected {PROSE}"),
        (
            'a: 1\nb: "abc\nc: 2\n',
            "2:4: a quotation mark that is never closed; expected the same mark at the end",
        ),
        ("a: 1\nb\nc: 2\n", f"2:1: a line without ':'; expected 'key: value', or {PROSE} that began above"),
        ("a:1\nb: 2\n", "2:2: no space after the ':' of the line above; expected 'key: value'"),
        ("a:\n\tb: 2\n", "2:1: a tab; expected spaces, two for each level"),
        ("a: @campus\n", f"1:4: a text that begins with '@'; expected {PROSE}"),
        ("a: *gras* x\n", f"1:4: a text that begins with '*'; expected {PROSE}"),
        ("a: & co\n", f"1:4: a text that begins with '&'; expected {PROSE}"),
        ("a: {{ employee.name }}\n", f"1:5: a value that begins with '{{' or '['; expected {PROSE}"),
        ("a: {{ employee.name }}, allo\n", f"1:5: a value that begins with '{{' or '['; expected {PROSE}"),
        (
            "a: [x, y\nb: 2\n",
            f"1:4: a '[' without its ']', or with a '?' or '{{' inside; expected ']' at the end; or {PROSE}",
        ),
        (
            "a: {x: y\nb: 2\n",
            f"1:4: {BRACE}; expected '}}' at the end; or {PROSE}",
        ),
        (
            "a: {x: Vrai?, y: z}\n",
            f"1:4: {BRACE}; expected '}}' at the end; or {PROSE}",
        ),
        (
            "a: 'l'an'\n",
            rf"1:7: text after the end of a value; expected {PROSE}, {MARKS} \"",
        ),
        (
            "a:\n    b: 2\n  c: 3\n",
            f"3:3: a line in a column that fits nothing above it; expected {LEVELS}",
        ),
        (
            "a: 1\n  b: 2\n",
            f"2:4: a key below a value that is complete; expected {LEVELS}; or {PROSE} {WHEN}",
        ),
        (
            "a: - x\n",
            f"1:4: '- ' on the line of its key; expected the list on the lines below; or {PROSE}",
        ),
        (
            "a: |x\n",
            "1:4: text on the line of '|' or '>'; expected the text on the lines below, indented",
        ),
        ('a: "C:\\dir"\n', r"1:8: a backslash; expected '\\' for a backslash between double quotes"),
        (
            "a: 1\nb: \x07\n",
            "2:4: the invisible character U+0007; expected the line typed again without it",
        ),
        ("a: 1\n---\nb: 2\n", "2:1: a second document; expected one document in a file"),
        ("# nothing\n", "1:1: nothing in this file; expected 'key: value' lines"),
        ("%x\n", "2:1: text that belongs to no key; expected 'key: value' lines"),
        ("a: ? b\n", f"1:4: mapping keys are not allowed here; expected {ODD}"),
    ],
)
def test_a_slip_of_the_pen_is_told_with_its_remedy(text: str, problem: str) -> None:
    assert said(text) == [f"f.yaml:{problem}"]


def test_a_file_that_cannot_be_parsed_has_no_tree() -> None:
    assert isinstance(parse("a: [", file="f.yaml")[0], Unreadable)


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 50_000, "- " * 50_000])
def test_nesting_without_end_is_refused_at_once(text: str) -> None:
    (problem,) = parse(text, file="f.yaml")[1]
    assert problem.found == f"more than {MAX_DEPTH} levels"


def test_a_long_value_is_cut_where_it_is_shown() -> None:
    assert quoted("x" * 61) == repr("x" * 59 + "…")
    assert quoted("x" * 60) == repr("x" * 60)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_any_text_is_read_or_told(text: str) -> None:
    node, problems = parse(text, file="f.yaml")
    assert problems or not isinstance(node, Unreadable)
    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)


@given(st.text(st.sampled_from("ab:-[]{}#&*!|>'\"%@`,? \n\t"), max_size=40))
def test_any_tangle_of_yaml_signs_is_read_or_told(text: str) -> None:
    node, problems = parse(text, file="f.yaml")
    assert problems or not isinstance(node, Unreadable)


def test_a_mistake_on_a_line_after_another_kind_of_line_break_is_told() -> None:
    _, problems = parse("\x85@", file="essai.yaml")
    assert [problem.found for problem in problems] == ["a text that begins with '@'"]
