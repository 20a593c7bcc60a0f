"""A campaign: which policies go to whom, in which rhythm, within which hours."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from diffuse.domain.channel import CHANNELS, EMAIL, channel_problems
from diffuse.domain.language import ANY, ByLanguage
from diffuse.domain.people import EMAIL as ADDRESS
from diffuse.domain.people import EVERYONE, Audience, zone_problems
from diffuse.domain.period import Period
from diffuse.domain.policy import KeyPoint, Policy, id_problems, refuse, repeated_ids, single_line
from diffuse.domain.schedule import Schedule, Targets
from diffuse.domain.tracking import Tracking
from diffuse.domain.window import SendWindow
from diffuse.errors import FieldPath, Problem, nearest

LANGUAGES = ("fr", "en")
"""The languages in which the layouts, pages and notices of diffuse itself exist."""

ON_UNKNOWN = ("next_step", "hold", "resend")
"""What may happen to a message of which nobody knows whether it was accepted."""

LATE = ("next_window", "skip", "send")
"""What may happen to a message whose window closed before it could leave."""


_OWNER = re.compile(r"(?P<name>[^<>\"\x00-\x1f]+) <(?P<email>[^<>\s]+)>")


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """A spaced-repetition campaign; everything that an officer decides, nothing that has happened.

    Attributes:
        owner: the person who answers replies, ``Name <address>``.
        languages: the languages in which every text must exist; the first one is used for an employee
            whose own language is not among them.
        channels: how key points travel: ``email``, or the intranet platform on which they are posted once
            for each audience and language; in their order.
        fall_back_after: how long after the other channels the last one is used, and then only for those who
            have not acknowledged; '0 days' uses all of them at once.
        withdraw_after: how long posts stay; '0 days' leaves them until the campaign ends.
        time_zone: by which posts keep ``send_window`` and days; messages keep each employee's own.
        starts: the first day on which anything is sent.
        ends: the last day, or None.
        holidays: a region of the ``holidays`` library such as ``CA-QC``, or nothing.
        max_messages_per_week: in any seven days this campaign adds no message for an employee who
            already has so many, from whichever campaign.
        priority: 1 to 9; where two campaigns want the same employee's attention, the higher one goes first.
        targets: what is to be reached, and by when.
        on_unknown: what happens when nobody knows whether a message was accepted: ``next_step`` counts it as
            sent, ``hold`` waits until it is settled, ``resend`` sends the same bytes again.
        late: what happens to a message whose window closed before it could leave: ``next_window`` gives it
            another day, ``skip`` drops it, ``send`` lets it leave as soon as it can, for a week.
        tracking: what is measured of its messages; the organisation and each employee may allow less.
        decoy: whether messages carry a hidden link that only mail scanners follow; spam filters may
            dislike it.
        audiences: the audiences that policies and key points name; ``everyone`` always exists.
    """

    id: str
    title: ByLanguage[str]
    owner: str
    starts: date
    policies: tuple[Policy, ...]
    languages: tuple[str, ...] = ("fr",)
    ends: date | None = None
    channels: tuple[str, ...] = (EMAIL,)
    fall_back_after: Period = Period()
    withdraw_after: Period = Period()
    time_zone: str = "America/Toronto"
    holidays: str = ""
    send_window: SendWindow = SendWindow()  # noqa: RUF009 -- frozen
    schedule: Schedule = Schedule()  # noqa: RUF009 -- frozen
    max_messages_per_week: int = 3
    priority: int = 5
    targets: Targets = Targets()  # noqa: RUF009 -- frozen
    on_unknown: str = "next_step"
    late: str = "next_window"
    tracking: Tracking = Tracking()  # noqa: RUF009 -- frozen
    decoy: bool = False
    audiences: tuple[Audience, ...] = (EVERYONE,)

    def __post_init__(self) -> None:
        """Refuse a campaign that contradicts itself."""
        refuse(self.problems())

    @property
    def owner_name(self) -> str:
        """The name of the person who answers."""
        return self.owner.rpartition(" <")[0]

    @property
    def owner_email(self) -> str:
        """The address of the person who answers."""
        return self.owner.rpartition(" <")[2].removesuffix(">")

    @property
    def key_points(self) -> tuple[tuple[Policy, KeyPoint], ...]:
        """Every key point with its policy, in the order in which they enter."""
        return tuple((policy, point) for policy in self.policies for point in policy.key_points)

    @property
    def repeated(self) -> tuple[tuple[Policy, KeyPoint], ...]:
        """The key points that the schedule repeats, with their policies, in the order in which they enter."""
        return tuple((policy, point) for policy, point in self.key_points if not point.occasion)

    def key_point(self, name: str) -> tuple[Policy, KeyPoint]:
        """Find a key point and its policy by the key point's id; KeyError when there is none."""
        for policy, point in self.key_points:
            if point.id == name:
                return policy, point
        raise KeyError(name)

    def audience(self, name: str) -> Audience:
        """Find an audience by its id; KeyError when there is none."""
        return {EVERYONE.id: EVERYONE, **{audience.id: audience for audience in self.audiences}}[name]

    def audience_of(self, policy: Policy, point: KeyPoint) -> Audience:
        """Return the audience of a key point: its own, or its policy's."""
        return self.audience(point.audience or policy.audience)

    def channels_of(self, audience: Audience) -> tuple[str, ...]:
        """Return how an audience's key points travel, in their order: its own channels, or the campaign's."""
        return audience.channels or self.channels

    def fall_back_of(self, audience: Audience) -> str:
        """Return the channel that is used for those who have not acknowledged; empty for none."""
        channels = self.channels_of(audience)
        return channels[-1] if len(channels) > 1 and self.fall_back_after != Period() else ""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of its posts."""
        return ZoneInfo(self.time_zone)

    def language_for(self, language: str) -> str:
        """Return the campaign's language for an employee who reads ``language``."""
        return language if language in self.languages else self.languages[0]

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with this campaign: its own values, then how its parts fit together."""
        yield from id_problems(self.id)
        yield from self._own_problems()
        yield from repeated_ids("audiences", (audience.id for audience in self.audiences))
        yield from repeated_ids("policies", (policy.id for policy in self.policies))
        yield from self._repeated_key_points()
        yield from self._unknown_audiences()
        yield from self._missing_languages()
        yield from self._empty_texts()

    def _own_problems(self) -> Iterator[Problem]:
        yield from _owner_problems(self.owner)
        for place, policy in enumerate(self.policies):
            if policy.owner:
                yield from (problem.under("policies", place) for problem in _owner_problems(policy.owner))
        if self.ends and self.ends < self.starts:
            yield Problem(
                path=("ends",), found=f"{self.ends} lies before {self.starts}", expected="a later day"
            )
        if not self.policies:
            yield Problem(path=("policies",), found="no policy", expected="at least one policy")
        if not 1 <= self.max_messages_per_week <= 7:  # noqa: PLR2004 -- one a day
            yield Problem(
                path=("max_messages_per_week",), found=f"{self.max_messages_per_week}", expected="1 to 7"
            )
        if not 1 <= self.priority <= 9:  # noqa: PLR2004 -- one digit
            yield Problem(path=("priority",), found=f"{self.priority}", expected="1 to 9")
        for field, value, known in (("on_unknown", self.on_unknown, ON_UNKNOWN), ("late", self.late, LATE)):
            if value not in known:
                yield Problem(
                    path=(field,),
                    found=f"{value!r}",
                    expected=f"one of {', '.join(known)}",
                    suggestion=nearest(value, known),
                )
        yield from zone_problems(self.time_zone)
        yield from self._lists()

    def _lists(self) -> Iterator[Problem]:
        for field, values, known in (
            ("channels", self.channels, CHANNELS),
            ("languages", self.languages, LANGUAGES),
        ):
            if not values:
                yield Problem(
                    path=(field,), found="an empty list", expected=f"at least one of {', '.join(known)}"
                )
        yield from channel_problems("channels", self.channels)
        if self.fall_back_after != Period() and all(
            len(self.channels_of(one)) == 1 for one in (EVERYONE, *self.audiences)
        ):
            yield Problem(
                path=("fall_back_after",),
                found=f"a fall-back after {self.fall_back_after} with a single channel",
                expected="two channels or more, the fall-back last",
            )
        for place, language in enumerate(self.languages):
            if language not in LANGUAGES:
                yield Problem(
                    path=("languages", place),
                    found=f"{language!r}",
                    expected=f"one of {', '.join(LANGUAGES)}",
                    suggestion=nearest(language, LANGUAGES),
                )
            elif language in self.languages[:place]:
                yield Problem(
                    path=("languages", place),
                    found=f"{language!r} stands twice",
                    expected="values that differ",
                )

    def _repeated_key_points(self) -> Iterator[Problem]:
        seen: dict[str, str] = {}
        for where, policy in enumerate(self.policies):
            for place, point in enumerate(policy.key_points):
                if point.id in seen:
                    yield Problem(
                        path=("policies", where, "key_points", place, "id"),
                        found=f"key point {point.id!r} already stands in policy {seen[point.id]!r}",
                        expected="an id that no other key point of the campaign has",
                    )
                seen.setdefault(point.id, policy.id)

    def _unknown_audiences(self) -> Iterator[Problem]:
        known = [EVERYONE.id, *(audience.id for audience in self.audiences)]
        for where, policy in enumerate(self.policies):
            named: list[tuple[FieldPath, str]] = [(("policies", where, "audience"), policy.audience)]
            named += [
                (("policies", where, "key_points", place, "audience"), point.audience)
                for place, point in enumerate(policy.key_points)
                if point.audience
            ]
            for path, name in named:
                if name not in known:
                    yield Problem(
                        path=path,
                        found=f"no audience is called {name!r}",
                        expected=f"one of {', '.join(sorted(set(known)))}",
                        suggestion=nearest(name, known),
                    )

    def _missing_languages(self) -> Iterator[Problem]:
        known = [language for language in self.languages if language in LANGUAGES]
        for path, value in by_language(self, ()):
            for language in value.missing(known):
                yield Problem(
                    path=path,
                    found=f"nothing in {language!r}",
                    expected="a text in each language of the campaign",
                )

    def _empty_texts(self) -> Iterator[Problem]:
        for path, value in by_language(self, ()):
            for language, text in value.items():
                here = path if language == ANY else (*path, language)
                if isinstance(text, str) and not text.strip():
                    yield Problem(path=here, found="an empty text", expected="a few words")
                elif isinstance(text, str) and path[-1] == "title":
                    # A title goes into headers, which one line break would make unfit to be sent.
                    yield from (replace(problem, path=here) for problem in single_line("title", text))


def by_language(part: object, path: FieldPath) -> Iterator[tuple[FieldPath, ByLanguage[object]]]:
    """Yield every value by language below a definition, with its field path."""
    if isinstance(part, ByLanguage):
        yield path, part
    elif isinstance(part, tuple):
        for place, item in enumerate(part):
            yield from by_language(item, (*path, place))
    elif hasattr(part, "__dataclass_fields__"):
        for name in part.__dataclass_fields__:
            yield from by_language(getattr(part, name), (*path, name))


def _owner_problems(owner: str) -> Iterator[Problem]:
    """Say whether an owner is not one person with one address."""
    match = _OWNER.fullmatch(owner)
    if match is None or not ADDRESS.fullmatch(match["email"]) or any(single_line("owner", match["name"])):
        yield Problem(
            path=("owner",), found=f"{owner!r}", expected="a person, written 'Name <name@example.org>'"
        )
