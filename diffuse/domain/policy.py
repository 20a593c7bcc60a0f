"""What is to be remembered: policies, their key points, and the wordings of each."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from diffuse.domain.language import ByLanguage
from diffuse.errors import AuthoringError, Problem, nearest

MAX_WORDS = 120
"""A message is read in a minute: at most this many words in a text, its action included."""

MAX_SUBJECT = 78
"""Characters of a subject; longer ones are cut off by mail programs on a phone."""

OCCASIONS = ("", "handover", "reminder")

MATERIAL, MINOR = "material", "minor"
"""How much a new version differs: a material change asks again those who acknowledged, a minor one nobody."""

KINDS_OF_CHANGE = (MATERIAL, MINOR)

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_WORD = re.compile(r"\w+(?:['’.-]\w+)*")
_NO_BREAK = str.maketrans({"\u00a0": " ", "\u202f": " "})


def id_problems(value: str) -> Iterator[Problem]:
    """Say what is wrong with an identifier."""
    if not ID.fullmatch(value):
        yield Problem(
            path=("id",),
            found=f"{value!r} cannot be an id",
            expected="lower-case letters, digits and hyphens",
        )


def single_line(field: str, value: str) -> Iterator[Problem]:
    """Say whether a text that goes into a header or a title is empty or broken over lines."""
    if not value.strip() or not value.translate(_NO_BREAK).isprintable():
        yield Problem(path=(field,), found=f"{value!r}", expected="one line of text")


def repeated_ids(field: str, ids: Iterable[str]) -> Iterator[Problem]:
    """Name every id that stands twice in a list."""
    seen: set[str] = set()
    for place, value in enumerate(ids):
        if value in seen:
            yield Problem(
                path=(field, place, "id"), found=f"id {value!r} stands twice", expected="ids that differ"
            )
        seen.add(value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """One wording in one language: a subject, a body in Markdown and the one action that it asks for."""

    subject: str
    body: str
    action: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be sent."""
        refuse(self.problems())

    @property
    def words(self) -> int:
        """The number of words that an employee has to read, the action included."""
        return len(_WORD.findall(f"{self.body} {self.action}"))

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with this text alone."""
        yield from single_line("subject", self.subject)
        if len(self.subject) > MAX_SUBJECT:
            yield Problem(
                path=("subject",),
                found=f"a subject of {len(self.subject)} characters",
                expected=f"at most {MAX_SUBJECT}",
            )
        if self.action:
            yield from single_line("action", self.action)
        if not self.body.strip():
            yield Problem(path=("body",), found="an empty body", expected="a message in Markdown")
        if self.words > MAX_WORDS:
            yield Problem(
                path=("body",), found=f"a text of {self.words} words", expected=f"at most {MAX_WORDS} words"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """One wording of a key point, in each language of the campaign."""

    register: str
    texts: ByLanguage[Text]

    def __post_init__(self) -> None:
        """Refuse what cannot be sent."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with this variant alone."""
        if not ID.fullmatch(self.register):
            yield Problem(
                path=("register",),
                found=f"{self.register!r} cannot be a register",
                expected="a short name such as 'legal' or 'advice'",
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One of the answers offered, and what the employee reads after choosing it."""

    says: ByLanguage[str]
    feedback: ByLanguage[str]
    right: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A fact that can be asked, with exactly one right answer."""

    asks: ByLanguage[str]
    answers: tuple[Answer, ...]

    def __post_init__(self) -> None:
        """Refuse a question that cannot be answered."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with this question alone."""
        if len(self.answers) < 2:  # noqa: PLR2004 -- a choice has two sides
            yield Problem(
                path=("answers",), found=f"{len(self.answers)} answers", expected="at least two answers"
            )
        right = sum(answer.right for answer in self.answers)
        if self.answers and right != 1:
            yield Problem(
                path=("answers",), found=f"{right} right answers", expected="exactly one with 'right: yes'"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyPoint:
    """One thing to remember; the unit that is repeated.

    Attributes:
        audience: who it is for; empty for the audience of its policy.
        acknowledge: whether the employee is asked to confirm it.
        occasion: empty for a key point that the schedule repeats; ``handover`` for a message to whoever takes
            over a duty, ``reminder`` for one to the manager of an employee whose attempts have run out.
    """

    id: str
    says: ByLanguage[str]
    variants: tuple[Variant, ...]
    audience: str = ""
    acknowledge: bool = True
    question: Question | None = None
    occasion: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be sent."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with this key point alone."""
        yield from id_problems(self.id)
        if self.occasion not in OCCASIONS:
            yield Problem(
                path=("occasion",),
                found=f"{self.occasion!r}",
                expected="'handover', 'reminder' or nothing",
                suggestion=nearest(self.occasion, OCCASIONS),
            )
        if not self.variants:
            yield Problem(path=("variants",), found="no wording", expected="at least one variant")
        yield from self._occasion_problems()
        registers: set[str] = set()
        for place, variant in enumerate(self.variants):
            if variant.register in registers:
                yield Problem(
                    path=("variants", place, "register"),
                    found=f"register {variant.register!r} stands twice",
                    expected="registers that differ",
                )
            registers.add(variant.register)

    def _occasion_problems(self) -> Iterator[Problem]:
        """Yield variables of an occasion in a key point that has none."""
        for place, variant in enumerate(self.variants):
            for language, text in variant.texts.items():
                for name in sorted(set(_OF_OCCASION.findall(f"{text.subject} {text.action} {text.body}"))):
                    if self.occasion not in OCCASIONS_OF.get(name, OCCASIONS):
                        yield Problem(
                            path=("variants", place, "texts", language),
                            found=f"{name} in a key point that is not sent for such an occasion",
                            expected=f"another variable, or {' or '.join(map(_as_key, OCCASIONS_OF[name]))}",
                        )


_OF_OCCASION = re.compile(r"\{\{[-+]?\s*(occasion\.\w+)")
OCCASIONS_OF = {"occasion.about": ("handover", "reminder"), "occasion.duty": ("handover",)}
"""The occasions whose messages may use a variable."""


def _as_key(occasion: str) -> str:
    return f"'occasion: {occasion}'"


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyChange:
    """What a new version of a policy changes, in the words of whoever publishes it.

    Attributes:
        kind: ``material`` asks again those who acknowledged a key point that changed; ``minor`` asks nobody.
        reason: why the version follows the one before; it is kept.
        key_points: those that a material change asks again; empty for all whose text changed.
    """

    kind: str
    reason: str
    key_points: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a declaration that says nothing."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with this declaration alone."""
        if self.kind not in KINDS_OF_CHANGE:
            yield Problem(
                path=("kind",),
                found=f"{self.kind!r}",
                expected="'material' or 'minor'",
                suggestion=nearest(self.kind, KINDS_OF_CHANGE),
            )
        yield from single_line("reason", self.reason)
        if self.kind == MINOR and self.key_points:
            yield Problem(
                path=("key_points",), found="a minor change with key points to ask again", expected="none"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """A versioned text of the governance framework and the key points that make it remembered.

    ``owner`` answers questions about it, ``Name <address>``; empty for the campaign's owner.
    ``change`` says what its version changes; the first version needs none.
    """

    id: str
    title: ByLanguage[str]
    version: str
    key_points: tuple[KeyPoint, ...]
    link: ByLanguage[str] | None = None
    audience: str = "everyone"
    owner: str = ""
    change: PolicyChange | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be sent."""
        refuse(self.problems())

    @property
    def owner_email(self) -> str:
        """The address of its own owner; empty when the campaign's owner answers for it."""
        return self.owner.rpartition(" <")[2].removesuffix(">")

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with this policy alone."""
        yield from id_problems(self.id)
        yield from single_line("version", self.version)
        if not self.key_points:
            yield Problem(path=("key_points",), found="no key point", expected="at least one key point")
        known = [point.id for point in self.key_points]
        for place, name in enumerate(self.change.key_points if self.change else ()):
            if name not in known:
                yield Problem(
                    path=("change", "key_points", place),
                    found=f"no key point of this policy is called {name!r}",
                    expected=f"one of {', '.join(known)}",
                    suggestion=nearest(name, known),
                )
        for language, link in (self.link or {}).items():
            path = ("link",) if language == "*" else ("link", language)
            if not re.match(r"https?://.", link):
                yield Problem(path=path, found=f"{link!r}", expected="an address that begins with https://")
            elif not link.isprintable() or " " in link:
                yield Problem(
                    path=path, found=f"{link!r}", expected="an address without spaces ('%20' stands for one)"
                )


def refuse(problems: Iterable[Problem]) -> None:
    """Raise one AuthoringError that holds all problems, if there is any."""
    found = tuple(problems)
    if found:
        raise AuthoringError(*found)
