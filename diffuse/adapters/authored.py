"""Officers' words on their way into a layout: variables filled in, Markdown read, problems gathered."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from jinja2 import Undefined

from diffuse.adapters.markdown import Document, parse
from diffuse.adapters.sentinels import Sentinels
from diffuse.adapters.wording import VARIABLES, Absent, Raw, check, render
from diffuse.domain.campaign import Campaign
from diffuse.domain.message import PERSONAL
from diffuse.domain.policy import KeyPoint, Policy, Text, refuse, single_line
from diffuse.errors import AuthoringError, Problem

SAMPLE_LINK = "https://example.org/policy"
_FIELDS = ("subject", "body", "action")
_LINES = ("subject", "action")
_BRACES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_NOT_IN_MARKDOWN = re.compile(r"[\s<>()\\]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Authored:
    """A text with the campaign's values in it, and the sentinels of slots for an employee's."""

    subject: str
    action: str
    body: Document


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What a text is about: the definitions around it, and the language they are read in."""

    campaign: Campaign
    policy: Policy
    point: KeyPoint
    language: str

    def values(self) -> dict[str, str | Undefined]:
        """Return what the variables of ``VARIABLES`` stand for, an employee's left out."""
        link: str | Undefined = Absent(
            hint=f"policy.link is printed, and policy {self.policy.id!r} has no link"
        )
        if self.policy.link:
            link = Raw(
                _NOT_IN_MARKDOWN.sub(lambda found: quote(found[0], safe=""), self.policy.link[self.language])
            )
        return {
            "campaign.title": self.campaign.title[self.language],
            "policy.title": self.policy.title[self.language],
            "policy.version": self.policy.version,
            "policy.link": link,
            "key_point.says": self.point.says[self.language],
        }


def sample_values() -> dict[str, str | Undefined]:
    """Return values for a text that is looked at without its campaign."""
    return {**{name: f"({meaning})" for name, meaning in VARIABLES.items()}, "policy.link": Raw(SAMPLE_LINK)}


def marks_for(text: Text) -> Sentinels:
    """Return sentinels that cannot occur in a text."""
    return Sentinels(text.subject, text.body, text.action)


def problems_of(text: Text) -> tuple[Problem, ...]:
    """Return what can be found wrong with a text without its campaign."""
    try:
        write(text, sample_values(), marks_for(text))
    except AuthoringError as error:
        return error.problems
    return ()


def write(text: Text, values: Mapping[str, str | Undefined], marks: Sentinels) -> Authored:
    """Fill in a text's variables and read its Markdown.

    Args:
        text: the officers' words.
        values: what the variables stand for; an employee's are replaced by the sentinels of their slots.
        marks: gives the sentinels.

    Raises:
        AuthoringError: with every problem found; paths are those of ``Text``, lines those of the field.
    """
    wrong: list[Problem] = []
    filled = {**values, **{name: Raw(marks.slot(name)) for name in PERSONAL}}
    done = dict.fromkeys(_FIELDS, "")
    for field in _FIELDS:
        source: str = getattr(text, field)
        try:
            refuse(check(source))
            done[field] = render(source, filled, marks.literal if field == "body" else str)
        except AuthoringError as error:
            wrong += _in(field, error.problems)
            done[field] = _masked(source)
    for field in _LINES:
        wrong += single_line(field, done[field]) if done[field] or field == "subject" else ()
    body = parse(done["body"], marks.values)
    wrong += _in("body", body.problems)
    if wrong:
        raise AuthoringError(*wrong)
    return Authored(subject=done["subject"], action=done["action"], body=body)


def _masked(source: str) -> str:
    """Put an address in the place of braces that were refused, so that the rest can be looked at too."""
    return _BRACES.sub(lambda found: SAMPLE_LINK * (found[0][1] == "{") + "\n" * found[0].count("\n"), source)


def _in(field: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    yield from (problem.under(field) for problem in problems)
