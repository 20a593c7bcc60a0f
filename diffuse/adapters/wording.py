"""The little language of officers' texts: variables, a few filters, conditions; nothing else.

Jinja2 reads it, in a sandbox; what it may hold is checked on the parsed text, before anything runs.
"""

import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from diffuse.domain.message import PERSONAL
from diffuse.errors import AuthoringError, Problem, nearest

VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "employee.name": "the employee's name",
        "employee.given_name": "the first word of it, as a greeting uses it",
        "campaign.title": "the campaign's title",
        "policy.title": "the policy's title",
        "policy.version": "the version of its text",
        "policy.link": "the address of its text, when it has one",
        "key_point.says": "the key point in one sentence",
        "occasion.about": "of a handover, who is away; of a reminder, who has not confirmed",
        "occasion.duty": "of a handover, the duty that passes on",
    }
)
"""What a text may print, and what each stands for; all in the language of the text."""

FILTERS = ("capitalize", "lower", "title", "trim", "upper")
"""The filters that a text may use, on anything but an employee's values."""

_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.And,
    nodes.Or,
    nodes.Not,
)
_SAID = {
    "Assign": "{% set %}",
    "AssignBlock": "{% set %}",
    "Call": "a call",
    "CallBlock": "{% call %}",
    "Compare": "a comparison",
    "FilterBlock": "{% filter %}",
    "FromImport": "{% from %}",
    "Getattr": "a part of a value",
    "Getitem": "square brackets",
    "Test": "'is'",
}
_ONE_BRACE = re.compile(rf"(?<!\{{)\{{ *({'|'.join(map(re.escape, VARIABLES))}) *\}}(?!\}})")
_TOO_DEEP = Problem(found="braces nested too deeply", expected="a text with a few variables")


class Raw(str):
    """A value that is printed as it is."""

    __slots__ = ()


class Absent(StrictUndefined):
    """A variable without a value: a condition may ask for it, printing it is refused."""

    __slots__ = ()
    __bool__ = Undefined.__bool__  # type: ignore[assignment]  # the strict one refuses conditions too


def check(source: str) -> Iterator[Problem]:
    """Yield what a text must not hold; lines count from 1 within it."""
    for match in _ONE_BRACE.finditer(source):
        line = source.count("\n", 0, match.start()) + 1
        yield Problem(
            found=f"{match[0]}", expected=f"two braces on each side: {{{{ {match[1]} }}}}", line=line
        )
    try:
        yield from _node(ImmutableSandboxedEnvironment().parse(source), printed=False)
    except TemplateSyntaxError as error:
        yield Problem(
            found=f"braces that cannot be read: {error.message}",
            expected="{{ variable }} or {% if variable %} … {% endif %}",
            line=error.lineno,
        )
    except RecursionError:
        yield _TOO_DEEP


def render(source: str, values: Mapping[str, str | Undefined], printed: Callable[[str], str] = str) -> str:
    """Fill in a text that was checked.

    Args:
        source: the text.
        values: what each of ``VARIABLES`` stands for.
        printed: applied to everything that a brace prints, ``Raw`` values excepted.

    Raises:
        AuthoringError: when it prints a value that is absent.
    """
    sandbox = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        finalize=lambda value: value if isinstance(value, Raw | Undefined) else printed(str(value)),
    )
    try:
        return sandbox.from_string(source).render(_nested(values))
    except TemplateError as error:
        raise AuthoringError(
            Problem(found=str(error), expected="a value for it, or {% if … %} around it", line=line_of(error))
        ) from error
    except RecursionError as error:
        raise AuthoringError(_TOO_DEEP) from error


def line_of(error: Exception, file: str = "<template>") -> int:
    """Return the line of a template at which an error arose; 0 when it is not known."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return (lines[-1] if lines else 0) or 0


def _nested(values: Mapping[str, str | Undefined]) -> dict[str, dict[str, str | Undefined]]:
    """Turn ``policy.title`` into a title inside a policy."""
    nested: dict[str, dict[str, str | Undefined]] = {}
    for name, value in values.items():
        owner, _, part = name.partition(".")
        nested.setdefault(owner, {})[part] = value
    return nested


def _node(node: nodes.Node, *, printed: bool) -> Iterator[Problem]:
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        yield from _variable(f"{node.node.name}.{node.attr}", node.lineno, printed=printed)
    elif isinstance(node, nodes.Name):
        yield from _variable(node.name, node.lineno, printed=printed)
    elif isinstance(node, nodes.Filter):
        yield from _filter(node)
    elif isinstance(node, _ALLOWED):
        for child in node.iter_child_nodes():
            yield from _node(child, printed=isinstance(node, nodes.Output))
    else:
        yield Problem(
            found=f"{_said(node)} in a text",
            expected="only {{ variable }}, {{ variable|filter }} or {% if variable %} … {% endif %}",
            line=node.lineno,
        )


def _said(node: nodes.Node) -> str:
    """Name a part of a text the way it is written."""
    name = type(node).__name__
    if name in _SAID:
        return _SAID[name]
    return f"{{% {name.lower()} %}}" if isinstance(node, nodes.Stmt) else "a calculation"


def _variable(name: str, line: int, *, printed: bool) -> Iterator[Problem]:
    if name not in VARIABLES:
        ends = {known.partition(".")[2]: known for known in VARIABLES}
        end = nearest(name.rpartition(".")[2], ends)
        yield Problem(
            found=f"no variable is called {name!r}",
            expected=f"one of {', '.join(VARIABLES)}",
            suggestion=nearest(name, VARIABLES) or ends.get(end, ""),
            line=line,
        )
    elif name in PERSONAL and not printed:
        yield Problem(
            found=f"{name!r} in a condition or with a filter",
            expected=f"{{{{ {name} }}}} alone: an employee's values are printed as they are",
            line=line,
        )


def _filter(node: nodes.Filter) -> Iterator[Problem]:
    if node.name not in FILTERS:
        yield Problem(
            found=f"no filter is called {node.name!r}",
            expected=f"one of {', '.join(FILTERS)}",
            suggestion=nearest(node.name, FILTERS),
            line=node.lineno,
        )
    elif node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
        yield Problem(
            found=f"the filter {node.name!r} with a value", expected=f"|{node.name} alone", line=node.lineno
        )
    if node.node is not None:
        yield from _node(node.node, printed=False)
