"""Tally: counts for one line of a report, and whom each of them counts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from typing import TypeAlias

from diffuse.domain.channel import EMAIL
from diffuse.domain.delivery import State
from diffuse.domain.events import Kind
from diffuse.domain.measures import Rate
from diffuse.domain.tracking import AGGREGATE, NAMED
from diffuse.ports import Result
from diffuse.services import grouped

HITS = ("raw_opens", "human_opens", "unsure_opens", "raw_clicks", "human_clicks", "unsure_clicks")
COUNTS = ("messages", "opened", "unknown", "failed", "asked", "acknowledged", "answered", "right", *HITS)
RATES = ("open_rate", "acknowledgement_rate", "right_rate")

Cell: TypeAlias = "str | int | date | datetime | Rate | None"
Row: TypeAlias = "Sequence[Cell]"

Pair: TypeAlias = "tuple[str, str]"
"""An employee, and a key point of a campaign."""


@dataclass(kw_only=True, slots=True)
class Tally:
    """Counts for one line of a report.

    ``reached`` are those of whom anything came back: of a mail an open by name, a click, an answer or an
    acknowledgement; of a post that they met it. ``intended`` are those who are to be reached.
    """

    messages: int = 0
    measured: int = 0
    opened: int = 0
    unknown: int = 0
    failed: int = 0
    asked: set[Pair] = field(default_factory=set)
    acknowledged: set[Pair] = field(default_factory=set)
    answered: int = 0
    right: int = 0
    counted: dict[Kind, int] = field(default_factory=lambda: {Kind.OPENED: 0, Kind.CLICKED: 0})
    hits: list[int] = field(default_factory=lambda: [0] * len(HITS))
    employees: set[str] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)
    intended: frozenset[str] = frozenset()
    people: dict[str, set[str]] = field(
        default_factory=lambda: {part: set() for part in (grouped.WHOLE, *grouped.PARTS)}
    )

    def add(self, result: Result, *, acknowledge: bool, stale: bool) -> None:
        """Count one delivery; a stale acknowledgement does not count."""
        self.unknown += result.state == State.UNKNOWN
        self.failed += result.state == State.FAILED
        if result.state in {State.UNKNOWN, State.FAILED, State.SENT}:
            self._behind(result, acknowledge=acknowledge)
        if result.state != State.SENT:
            return
        self.messages += 1
        self.employees.add(result.employee)
        by_name = result.opens == NAMED
        self.measured += by_name
        self.opened += by_name and opened(result)
        if opened(result) or result.channel != EMAIL:
            self.reached.add(result.employee)
        pair = (result.employee, f"{result.campaign}/{result.key_point}")
        if acknowledge:
            self.asked.add(pair)
        if result.acknowledged_at and not stale:
            self.acknowledged.add(pair)
        self.answered += result.answered_at is not None
        self.right += result.answer.endswith(":right")
        self.hits = [sum(pair) for pair in zip(self.hits, _hits(result), strict=True)]

    def _behind(self, result: Result, *, acknowledge: bool) -> None:
        """Note whom each part counts."""
        parts = {
            grouped.WHOLE: True,
            "acknowledgements": acknowledge or result.acknowledged_at is not None,
            "answers": result.answered_at is not None,
            "opens": result.opens == NAMED,
            "clicks": result.clicks == NAMED,
            grouped.COUNTED: AGGREGATE in {result.opens, result.clicks},
        }
        for part, counts in parts.items():
            if counts:
                self.people[part].add(result.employee)

    @property
    def is_of_nobody(self) -> bool:
        """Whether hits were counted of which nobody knows of how many people they are, as on a post."""
        return any(self.counted.values()) and not self.people[grouped.COUNTED]

    @property
    def cells(self) -> tuple[int | Rate, ...]:
        """The counts and the rates, in the order of COUNTS and RATES."""
        asked, acknowledged = len(self.asked), len(self.acknowledged)
        counts = (self.messages, self.opened, self.unknown, self.failed)
        rates = (
            Rate(self.opened, self.measured),
            Rate(acknowledged, asked),
            Rate(self.right, self.answered),
        )
        return (*counts, asked, acknowledged, self.answered, self.right, *self.hits, *rates)

    @property
    def reach(self) -> Rate:
        """How many of those who are to be reached were."""
        return Rate(len(self.intended & self.reached), len(self.intended))


_hits = attrgetter(*HITS)


def opened(result: Result) -> bool:
    """Tell whether anything came back that only an opened message can cause."""
    return any((result.opened_at, result.clicked_at, result.answered_at, result.acknowledged_at))
