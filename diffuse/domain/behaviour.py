"""How simulated employees behave: who notices a message, what comes back, and who is away.

Every number is an assumption, named here and settable. Chance is drawn from (seed, employee, key point,
number of the message), so that under every policy the same message of the same key point meets the same luck.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffuse.domain.memory import chance
from diffuse.domain.policy import refuse
from diffuse.domain.truths import Exposure
from diffuse.errors import Problem

Reals = NDArray[np.float64]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

YEAR = 365
NOTICES, SHOWS, CONFIRMS, ANSWERS, KNOWS, GUESSES, PERSON, AWAY = range(1, 9)
"""What is drawn; each has a stream of chance of its own."""

_STREAM = 40


def draw(seed: int, stream: int, who: ArrayLike, what: ArrayLike, number: ArrayLike) -> Reals:
    """Return a number in [0, 1) for each row, always the same for the same five numbers."""
    thing = np.asarray(what, dtype=np.uint64) + (np.uint64(stream) << np.uint64(_STREAM))
    return chance(who, thing, np.asarray(number, dtype=np.uint64) + (np.uint64(seed) << np.uint64(32)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Behaviour:
    """What is assumed of employees.

    Attributes:
        attention_spread: order of the Beta distribution, the same on both sides, from which each employee's
            chance of noticing a message is drawn: mean one half, standard deviation 0.22 for 2.
        fatigue: c of e^(-c·recent), with the messages of the last seven days.
        repeat_discount: how much less a message is noticed on the day after one of the same key point.
        repeat_half_life: days after which that discount has halved.
        open_shown: how often a message that is noticed shows as opened; image blocking hides the others.
        false_open: how often one that nobody noticed shows as opened: by a machine that is not recognised.
        confirms: how often somebody who noticed a message confirms it, where it asks for that.
        answers: how often somebody who noticed a message answers its question, where it has one.
        slip: how often somebody who knows the answer misses it.
        absences: absences in a year.
        shortest_absence, longest_absence: their days, any length between them equally likely.
    """

    attention_spread: int = 2
    fatigue: float = 0.05
    repeat_discount: float = 0.3
    repeat_half_life: float = 14.0
    open_shown: float = 0.85
    false_open: float = 0.1
    confirms: float = 0.5
    answers: float = 0.4
    slip: float = 0.05
    absences: int = 3
    shortest_absence: int = 3
    longest_absence: int = 16

    def __post_init__(self) -> None:
        """Refuse what nobody does."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with these assumptions alone."""
        shares = ("repeat_discount", "open_shown", "false_open", "confirms", "answers", "slip")
        for name in shares:
            if not 0 <= getattr(self, name) <= 1:
                yield Problem(path=(name,), found=f"{getattr(self, name):g}", expected="a share from 0 to 1")
        for name in sorted({one.name for one in fields(self)} - set(shares)):
            if getattr(self, name) < 0:
                yield Problem(path=(name,), found=f"{getattr(self, name):g}", expected="0 or more")
        for name in ("attention_spread", "repeat_half_life", "shortest_absence"):
            if not getattr(self, name) >= (0 if name == "repeat_half_life" else 1):
                yield Problem(path=(name,), found=f"{getattr(self, name):g}", expected="1 or more")
        if self.longest_absence < self.shortest_absence:
            yield Problem(
                path=("longest_absence",),
                found=f"{self.longest_absence} days",
                expected=f"no less than shortest_absence, {self.shortest_absence} days",
            )

    def attention(self, employees: int, seed: int) -> Reals:
        """Return each employee's chance of noticing a message to which nothing else is added.

        The a-th smallest of 2·a - 1 uniform numbers has the distribution Beta(a, a).
        """
        order = self.attention_spread
        drawn = draw(seed, PERSON, np.arange(employees)[:, None], np.arange(2 * order - 1)[None, :], 0)
        return np.sort(drawn, axis=1)[:, order - 1]

    def away(self, employees: int, days: int, seed: int) -> Flags:
        """Tell for each employee (rows) and day (columns) whether they are away.

        Each year, or part of one, is cut into as many equal stretches as it has absences; one absence begins
        on some day of each.
        """
        absent = np.zeros((employees, days), dtype=np.bool_)
        if not self.absences:
            return absent
        who, day = np.arange(employees), np.arange(days)
        stretch = YEAR / self.absences
        for number in range(int(np.ceil(days / stretch))):
            begins = np.floor((number + draw(seed, AWAY, who, 0, number)) * stretch)
            span = self.longest_absence - self.shortest_absence + 1
            length = self.shortest_absence + np.floor(draw(seed, AWAY, who, 1, number) * span)
            absent |= (day >= begins[:, None]) & (day < (begins + length)[:, None])
        return absent

    def noticing(self, attention: Reals, recent: Numbers, since: Reals) -> Reals:
        """Return the chance that each message is noticed.

        Args:
            attention: the employee's own.
            recent: messages of the employee in the seven days before.
            since: days since the last message of the same key point; infinite for none.
        """
        again = 1 - self.repeat_discount * 0.5 ** (np.maximum(since - 1, 0) / self.repeat_half_life)
        return np.asarray(attention * np.exp(-self.fatigue * recent) * again)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """Messages of one day, as columns: one row a message, no pair twice.

    Attributes:
        employee, point, number: of the message; ``number`` counts those of its pair from 0.
        noticing: the chance that it is noticed.
        recall: the true probability that its key point is recalled.
        asks: whether it is to be confirmed.
        choices: the answers that its question offers, 0 for no question.
    """

    employee: Numbers
    point: Numbers
    number: Numbers
    noticing: Reals
    recall: Reals
    asks: Flags
    choices: Numbers


@dataclass(frozen=True, kw_only=True, slots=True)
class Reactions:
    """What messages came to, one row each.

    Attributes:
        noticed: whether anybody read it; only the truth knows.
        exposure: what it came to for the memory of those who noticed it.
        opened, acknowledged, answered, right: what comes back, on the same day.
    """

    noticed: Flags
    exposure: Numbers
    opened: Flags
    acknowledged: Flags
    answered: Flags
    right: Flags


def react(behaviour: Behaviour, sending: Sending, seed: int) -> Reactions:
    """Let employees react to the messages of a day.

    Who knows the answer recalls it, and slips at times; who does not know it guesses among the choices, and
    reads the right one afterwards.
    """

    def drawn(stream: int) -> Reals:
        return draw(seed, stream, sending.employee, sending.point, sending.number)

    noticed = drawn(NOTICES) < sending.noticing
    shown = np.where(noticed, behaviour.open_shown, behaviour.false_open)
    opened = drawn(SHOWS) < shown
    acknowledged = noticed & sending.asks & (drawn(CONFIRMS) < behaviour.confirms)
    answered = noticed & (sending.choices > 0) & (drawn(ANSWERS) < behaviour.answers)
    knew = drawn(KNOWS) < sending.recall
    luck = np.where(knew, 1 - behaviour.slip, 1 / np.maximum(sending.choices, 1))
    exposure = np.where(acknowledged, Exposure.CONFIRMED, Exposure.READ)
    exposure = np.where(answered, np.where(knew, Exposure.RECALLED, Exposure.FAILED), exposure)
    return Reactions(
        noticed=noticed,
        exposure=exposure,
        opened=opened,
        acknowledged=acknowledged,
        answered=answered,
        right=answered & (drawn(GUESSES) < luck),
    )
