"""Deliveries that have not left yet, and messages that something else than the schedule asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.period import Days
from diffuse.domain.population import Instants

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """Deliveries of one campaign that are planned or held and in nobody's hands, as columns.

    Attributes:
        id: the deliveries.
        employee: the row of the employee.
        key_point: its name.
        point: its place among the repeated ones, -1 for one that is not among them.
        touch: as in ``Touchpoint``.
        held: whether it is held.
        not_after: the instant at which its window closes.
        due_on, wanted_on: as in ``Touchpoint``.
        reason: why it is held.
        occasion: what it was planned for, empty for the schedule.
    """

    id: Numbers
    employee: Numbers
    key_point: Sequence[str]
    point: Numbers
    touch: Numbers
    held: Flags
    not_after: Instants
    due_on: Days
    wanted_on: Days
    reason: Sequence[str]
    occasion: Sequence[str]

    @property
    def special(self) -> Flags:
        """Whether each was planned for an occasion."""
        return np.array([bool(key) for key in self.occasion], dtype=np.bool_)

    @classmethod
    def none(cls) -> "Pending":
        """No delivery."""
        numbers, days = np.zeros(0, dtype=np.int64), np.zeros(0, dtype="datetime64[D]")
        flags = np.zeros(0, dtype=np.bool_)
        return cls(
            id=numbers, employee=numbers, key_point=(), point=numbers, touch=numbers, held=flags,
            not_after=numbers, due_on=days, wanted_on=days, reason=(), occasion=(),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Occasion:
    """A message that the schedule does not repeat: it is sent once, when something happens.

    Attributes:
        key: what it is sent for, unique: ``handover:17``.
        kind: ``handover`` or ``reminder``, the ``occasion`` of the key point that is sent.
        employee: who gets it.
        about: the employee whom it is about.
        duty: the duty that it is about, in words.
        touch: counts the messages of its kind to this employee, from 0.
        since, until: the first and the last day on which it makes sense.
    """

    key: str
    campaign: str
    kind: str
    employee: str
    about: str
    duty: str = ""
    touch: int = 0
    since: date
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Tell whether its message makes sense on a day."""
        return self.since <= day and (self.until is None or day <= self.until)
