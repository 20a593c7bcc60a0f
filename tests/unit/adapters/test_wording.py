import pytest

from diffuse.adapters.wording import VARIABLES, Absent, Raw, check, render
from diffuse.errors import AuthoringError

VALUES = {name: name.upper() for name in VARIABLES}


def found(source: str) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.found, problem.suggestion) for problem in check(source)]


@pytest.mark.parametrize("name", VARIABLES)
def test_every_documented_variable_can_be_printed(name: str) -> None:
    assert found(f"{{{{ {name} }}}}") == []
    assert render(f"a {{{{ {name} }}}} b\n", VALUES) == f"a {name.upper()} b\n"


@pytest.mark.parametrize(
    ("source", "meant"),
    [
        ("{{ policy.titel }}", "policy.title"),
        ("{{ titel }}", "policy.title"),
        ("{{ name }}", "employee.name"),
        ("{{ employe.given_name }}", "employee.given_name"),
        ("{{ xyz }}", ""),
    ],
)
def test_an_unknown_variable_is_named_with_the_nearest_one(source: str, meant: str) -> None:
    name = source.strip("{} ")
    assert found(source) == [(1, f"no variable is called {name!r}", meant)]


def test_lines_count_from_one_within_the_text() -> None:
    assert [line for line, _, _ in found("a\n{{ x }}\n\n{% if y %}{{ z }}{% endif %}\n")] == [2, 4, 4]


@pytest.mark.parametrize(
    "source",
    [
        "{{ employee.name|upper }}",
        "{% if employee.given_name %}x{% endif %}",
        "{{ employee.name if policy.link }}",
        "{{ 'x' if employee.name }}",
        "{% if not employee.name %}x{% endif %}",
    ],
)
def test_an_employee_s_value_is_printed_as_it_is_and_nothing_else(source: str) -> None:
    assert "in a condition or with a filter" in found(source)[0][1]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{% include 'email/message.html.j2' %}", "{% include %}"),
        ("{% import 'x' as y %}", "{% import %}"),
        ("{% from 'x' import y %}", "{% from %}"),
        ("{% extends 'x' %}", "{% extends %}"),
        ("{% block x %}{% endblock %}", "{% block %}"),
        ("{% macro x() %}{% endmacro %}", "{% macro %}"),
        ("{% set x = 1 %}", "{% set %}"),
        ("{% set x %}{{ employee.name }}{% endset %}", "{% set %}"),
        ("{% filter upper %}{{ employee.name }}{% endfilter %}", "{% filter %}"),
        ("{% for x in range(1000000000) %}x{% endfor %}", "{% for %}"),
        ("{% for letter in employee.name %}x{% endfor %}", "{% for %}"),
        ("{{ range(1000000000) }}", "a call"),
        ("{{ lipsum(100000) }}", "a call"),
        ("{{ ''.__class__ }}", "a part of a value"),
        ("{{ policy.title.__class__.__mro__ }}", "a part of a value"),
        ("{{ policy['title'] }}", "square brackets"),
        ("{{ ''['__class__'] }}", "square brackets"),
        ("{{ 'a' * 1000000000 }}", "a calculation"),
        ("{{ policy.title ~ employee.name }}", "a calculation"),
        ("{{ 10 ** 10 }}", "a calculation"),
        ("{{ policy.title == 'x' }}", "a comparison"),
        ("{{ policy.link is defined }}", "'is'"),
    ],
)
def test_a_text_holds_variables_filters_and_conditions_only(source: str, said: str) -> None:
    assert found(source)[0][:2] == (1, f"{said} in a text")


def test_an_unknown_filter_is_named_with_the_nearest_one() -> None:
    assert found("{{ policy.title|uper }}") == [(1, "no filter is called 'uper'", "upper")]


def test_a_filter_takes_no_value() -> None:
    assert found("{{ policy.title|trim('x') }}") == [(1, "the filter 'trim' with a value", "")]


@pytest.mark.parametrize(
    ("source", "line"),
    [("\n{{ policy.title", 2), ("a\n\n{% if policy.link %}", 3), ("{% trans %}", 1), ("{{ }}", 1)],
)
def test_braces_that_cannot_be_read_are_named_with_their_line(source: str, line: int) -> None:
    assert [(at, "braces that cannot be read" in said) for at, said, _ in found(source)] == [(line, True)]


def test_a_variable_in_single_braces_is_noticed() -> None:
    assert found("a\nBonjour {employee.name}") == [(2, "{employee.name}", "")]
    assert found("{% raw %}{{{% endraw %} { } {x}") == []


def test_braces_nested_without_end_are_refused() -> None:
    assert found("{{ " + "(" * 50_000 + "1" + ")" * 50_000 + " }}") == [(0, "braces nested too deeply", "")]


def test_a_condition_may_ask_whether_there_is_a_link() -> None:
    source = "{% if policy.link %}see {{ policy.link }}{% else %}ask{% endif %}"
    assert found(source) == []
    assert render(source, VALUES) == "see POLICY.LINK"
    assert render(source, {**VALUES, "policy.link": Absent(hint="no link")}) == "ask"


def test_printing_what_is_absent_is_refused_with_its_line() -> None:
    with pytest.raises(AuthoringError) as refused:
        render("a\nb {{ policy.link }}", {**VALUES, "policy.link": Absent(hint="there is no link")})
    (problem,) = refused.value.problems
    assert (problem.line, problem.found) == (2, "there is no link")


def test_everything_printed_passes_through_but_raw_values() -> None:
    values = {**VALUES, "policy.link": Raw("https://a.example")}
    source = "{{ policy.title|lower }} {{ policy.link }} {{ 'x' }}"
    assert render(source, values, lambda said: f"<{said}>") == "<policy.title> https://a.example <x>"
