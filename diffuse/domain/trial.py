"""One run: a rhythm, day by day, on people who notice, forget and go away.

The planner sees only what came back, in a standing kept up by the rules of the fold; its decisions are those
of ``rhythm.candidates``. Beside its policies stand two baselines that look at nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.attention import WEEK
from diffuse.domain.behaviour import Reactions, Sending, react
from diffuse.domain.desk import PRIOR
from diffuse.domain.period import NEVER
from diffuse.domain.rhythm import Candidates, Circumstances, Deadline, attempts, candidates, pressing
from diffuse.domain.scene import Scene
from diffuse.domain.schedule import Schedule
from diffuse.domain.signals import Signal, absorb
from diffuse.domain.standing import Standing
from diffuse.domain.truths import Truth

Reals = NDArray[np.float64]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

LONG_AGO = -10_000
NO = -np.inf
FIRST_OF_ALL = 1e9
"""Added to the score of what a deadline makes urgent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """A rhythm that is tried.

    Attributes:
        name: ``blast``, ``uniform``, ``fixed``, ``fsrs`` or ``budgeted``.
        schedule: of the planner's own policies; None for the baselines.
        every: of ``uniform``: days from one message of a key point to the next, at least.
    """

    name: str
    schedule: Schedule | None = None
    every: int = 0

    def wishes(self, standing: Standing, around: Circumstances, point: Numbers) -> Candidates:
        """Return what is asked for on a day; of an employee's pairs the one with the highest score goes."""
        if self.schedule is not None:
            return candidates(self.schedule, standing, around)
        since = (around.today - standing.sent).astype(np.float64)
        since[np.isnat(standing.sent)] = np.inf
        due = np.isinf(since) if self.name == "blast" else since >= self.every
        return Candidates(
            due=due, score=np.where(np.isinf(since), 1e6 - point, since), step=standing.step + 1
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a run came to; one row an employee, but for ``curve``.

    Attributes:
        knowledge: the true probability of recall, mean over key points and days.
        messages: messages sent.
        last: the same on the last day.
        later: the same once ``remember_for`` has passed without another message.
        covered: the share of what is to be confirmed that was, by the deadline or the last day; NaN for none.
        full: the share of weeks in which the budget was used up.
        curve: the mean over employees and key points, for each day.
    """

    knowledge: Reals
    messages: Reals
    last: Reals
    later: Reals
    covered: Reals
    full: Reals
    curve: Reals


@dataclass(kw_only=True, slots=True)
class Office:
    """The planner's view of a run, and what it must count; all of it by employee but for the standing.

    Attributes:
        week: messages on each of the last seven days, by the day's number modulo 7.
        served: the number of the day of the last message.
        total, back: messages, and those from which anything came back.
        calendar: messages of each whole week of the run.
    """

    standing: Standing
    week: Numbers
    served: Numbers
    total: Numbers
    back: Numbers
    calendar: Numbers
    covered: Reals = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def of(cls, scene: Scene) -> "Office":
        """Open before the first day."""
        n = scene.employees
        return cls(
            standing=Standing.fresh(n * scene.points),
            week=np.zeros((n, WEEK), dtype=np.int64),
            served=np.full(n, LONG_AGO),
            total=np.zeros(n, dtype=np.int64),
            back=np.zeros(n, dtype=np.int64),
            calendar=np.zeros((n, -(-scene.days // WEEK)), dtype=np.int64),
        )


def run(
    scene: Scene, contender: Contender, truth: Truth, progress: Callable[[], None] = lambda: None
) -> Outcome:
    """Live through every day of a scene with one rhythm under one truth.

    Args:
        scene: what is fixed.
        contender: the rhythm.
        truth: fresh memories, changed in place.
        progress: called after each day.
    """
    office, n = Office.of(scene), scene.employees
    known, curve = np.zeros(n), np.zeros(scene.days)
    last = np.zeros(n)
    first = int(scene.first.astype(np.int64))
    for number in range(scene.days):
        office.week[:, number % WEEK] = 0
        if scene.open[number]:
            pairs, step = chosen(scene, contender, office, number)
            if len(pairs):
                live(scene, office, truth, pairs, step, number)
        if number == (scene.days - 1 if scene.deadline is None else scene.deadline):
            office.covered = _covered(scene, office.standing)
        last = truth.recall(first + number).reshape(n, -1).mean(axis=1)
        known += last
        curve[number] = last.mean()
        progress()
    return Outcome(
        knowledge=known / scene.days,
        messages=office.total.astype(np.float64),
        last=last,
        later=truth.recall(first + scene.remembered_on).reshape(n, -1).mean(axis=1),
        covered=office.covered,
        full=(office.calendar >= scene.budget).mean(axis=1),
        curve=curve,
    )


def _covered(scene: Scene, standing: Standing) -> Reals:
    confirmed = standing.acknowledged.reshape(scene.employees, -1)[:, scene.asks]
    return confirmed.mean(axis=1) if scene.asks.any() else np.full(scene.employees, np.nan)


# --- the planner's morning ------------------------------------------------------------------------------


def chosen(scene: Scene, contender: Contender, office: Office, number: int) -> tuple[Numbers, Numbers]:
    """Return the pairs that get a message today, one for an employee at most, and the step of each.

    Nobody gets anything who is away, has used up the budget of seven days or had a message too lately; what a
    deadline makes urgent goes first, and on easy days too.
    """
    able = ~scene.away[:, number] & (office.week.sum(axis=1) < scene.budget)
    able &= number - office.served >= scene.attention.min_gap_days
    employees, k = np.flatnonzero(able), scene.points
    pairs = (employees[:, None] * k + np.arange(k)).ravel()
    standing = office.standing.at(pairs)
    point = np.tile(np.arange(k), len(employees))
    around = _circumstances(scene, contender, office, standing, (employees, point, number))
    asked = contender.wishes(standing, around, point)
    spared = np.repeat(scene.eased(number)[employees], k)
    score = np.where(asked.due & ~spared, asked.score, NO)
    if contender.schedule is not None and scene.deadline is not None and number <= scene.deadline:
        urgent = _urgent(scene, office, standing, around, (employees, point, number))
        score = np.where(urgent, FIRST_OF_ALL + 1.0 / (1.0 + standing.messages), score)
    table = score.reshape(len(employees), k)
    best = table.argmax(axis=1) + np.arange(len(employees)) * k
    best = best[score[best] > NO]
    return pairs[best], asked.step[best]


Seats = tuple[Numbers, Numbers, int]
"""The employees who may get something, the key point of each of their pairs, and the day's number."""


def _circumstances(
    scene: Scene, contender: Contender, office: Office, standing: Standing, seats: Seats
) -> Circumstances:
    """Return what the planner knows besides the standing, for each pair, as ``planning`` does."""
    employees, point, number = seats
    who = np.repeat(employees, scene.points)
    today = scene.first + np.timedelta64(number, "D")
    entry = np.full(scene.points, scene.first)
    if contender.schedule is not None:
        entry = contender.schedule.enters(entry, np.arange(scene.points))
        if scene.deadline is not None:
            entry = np.minimum(entry, max(scene.first, _latest_entry(scene, office)))
    enters = entry[point]
    since = (np.fmax(np.fmax(standing.sent, standing.reached), enters) - scene.first).astype(np.int64) + 1
    away = scene.away_before[who, number] - scene.away_before[who, np.minimum(since, number)]
    attend = (PRIOR / 2 + office.back) / (PRIOR + office.total)
    return Circumstances(
        today=np.full(len(who), today),
        enters=enters,
        away=away.astype(np.int64) if scene.attention.vacation_hold else 0,
        horizon=scene.horizon(number),
        attend=attend[who],
        strength=scene.strength[point],
        who=who.astype(np.uint32),
        what=point.astype(np.uint32),
    )


def _rate(office: Office) -> float:
    return float((PRIOR / 2 + office.back.sum()) / (PRIOR + office.total.sum()))


def _latest_entry(scene: Scene, office: Office) -> np.datetime64:
    """Return the day by which a key point must enter, so that its attempts fit before the deadline."""
    wait = scene.schedule.resend_unopened_after.about
    tries = attempts(scene.campaign.targets.reach, _rate(office))
    return scene.first + np.timedelta64((scene.deadline or 0) - round(tries * wait), "D")


def _urgent(scene: Scene, office: Office, standing: Standing, around: Circumstances, seats: Seats) -> Flags:
    """Tell which pairs a deadline makes urgent and may be sent today, as ``planning`` does."""
    employees, point, number = seats
    rate = _rate(office)
    deadline = Deadline(
        attempts=attempts(scene.campaign.targets.reach, rate), rate=rate, slots=scene.slots(number, employees)
    )
    owed = scene.asks[point] & ~standing.acknowledged & (standing.messages < deadline.attempts)
    waited = scene.schedule.resend_unopened_after.after_each(standing.sent) + around.away
    ready = np.isnat(standing.sent) | (waited <= around.today)
    seat = np.repeat(np.arange(len(employees)), scene.points)
    return pressing(standing, seat, owed, deadline) & ready


# --- the day ------------------------------------------------------------------------------------------


def live(  # noqa: PLR0913, PLR0917 -- a day
    scene: Scene, office: Office, truth: Truth, pairs: Numbers, step: Numbers, number: int
) -> Reactions:
    """Send messages, let people react, and write down what came back."""
    employee, point = np.divmod(pairs, scene.points)
    today = scene.first + np.timedelta64(number, "D")
    day = float(today.astype(np.int64))
    since = (today - office.standing.sent[pairs]).astype(np.float64)
    since[np.isnat(office.standing.sent[pairs])] = np.inf
    recent = office.week[employee].sum(axis=1)
    sending = Sending(
        employee=employee,
        point=point,
        number=office.standing.messages[pairs],
        noticing=scene.behaviour.noticing(scene.noticing[employee], recent, since),
        recall=truth.recall(day, pairs),
        asks=scene.asks[point],
        choices=scene.teaching.choices[point],
    )
    reactions = react(scene.behaviour, sending, scene.seed)
    read = np.flatnonzero(reactions.noticed)
    truth.expose(pairs[read], day, reactions.exposure[read])
    office.week[employee, number % WEEK] += 1
    office.calendar[employee, number // WEEK] += 1
    office.served[employee] = number
    office.total[employee] += 1
    office.back[employee] += reactions.opened | reactions.acknowledged | reactions.answered
    note(scene, office.standing, pairs, step, reactions, today)
    return reactions


def note(  # noqa: PLR0913, PLR0917 -- a day's rows
    scene: Scene,
    standing: Standing,
    pairs: Numbers,
    step: Numbers,
    reactions: Reactions,
    today: np.datetime64,
) -> None:
    """Write a day's messages, no pair twice, and what came back into a standing, as the fold does."""
    same = step == standing.step[pairs]
    standing.touch[pairs] += 1
    standing.messages[pairs] += 1
    standing.tries[pairs] = np.where(same, standing.tries[pairs] + 1, 1)
    standing.reached[pairs] = np.where(same, standing.reached[pairs], NEVER)
    standing.step[pairs] = step
    standing.sent[pairs] = today
    back = reactions.opened | reactions.acknowledged | reactions.answered
    here = pairs[back]
    standing.back[here] += 1
    standing.reached[here] = np.fmin(standing.reached[here], today)
    standing.acknowledged[pairs[reactions.acknowledged]] = True
    kind = np.where(reactions.acknowledged, Signal.ACKNOWLEDGED, Signal.OPENED)
    answer = np.where(reactions.right, Signal.RIGHT, Signal.WRONG)
    kind = np.where(reactions.answered, answer, kind)[back]
    learned = absorb(
        scene.teaching.fsrs,
        standing.memory.at(here),
        today.astype(np.int64),
        kind,
        choices=np.maximum(scene.teaching.choices[here % scene.points], 2),
        signals=scene.teaching.signals,
    )
    standing.memory.put(here, learned)
    standing.streak[here[kind == Signal.RIGHT]] += 1
    standing.streak[here[kind == Signal.WRONG]] = 0
