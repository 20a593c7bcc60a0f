"""Who gets what on which day: state in, changes out; nothing is read or written here."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.attention import AWAY, Taken, Wishes, allow, words
from diffuse.domain.campaign import Campaign
from diffuse.domain.channel import EMAIL
from diffuse.domain.delivery import Change, State, Touchpoint, Turn
from diffuse.domain.desk import Desk, Rules, Running
from diffuse.domain.pending import Occasion
from diffuse.domain.policy import KeyPoint
from diffuse.domain.population import Population
from diffuse.domain.rhythm import Circumstances, candidates, pressing
from diffuse.domain.standing import Standing, Teaching

LEFT = "the last day of work has passed"
OVER = "the campaign's last day, {day}, closed before it could be sent"
CLOSED = "the window of {day} closed before it could be sent"
SKIPPED = "its window closed before it could leave, and the campaign skips what is late"
PASSED = "what it was for has passed"
DROPPED = "the campaign does not ask it of this employee any more"

ORDINARY, WAITING, URGENT, SPECIAL = range(4)
"""Ranks of what a campaign wants to send: the schedule's wish, what has been held, what a deadline makes
urgent, and what an occasion asks for; a higher one goes first."""

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Reals = NDArray[np.float64]

MessageId = Callable[[str, str, int, str], str]
"""(campaign, key point, touch, employee) → the Message-ID of that delivery, always the same."""


@dataclass(kw_only=True, slots=True)
class Plan:
    """What planning found: new deliveries, changes of others, and employees of whom a manager should hear."""

    new: list[Touchpoint] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    reminders: list[tuple[str, str]] = field(default_factory=list)


def teaching(campaign: Campaign) -> Teaching:
    """Return what a fold must know of a campaign."""
    choices = [len(point.question.answers) if point.question else 0 for _, point in campaign.repeated]
    return Teaching(
        fsrs=campaign.schedule.fsrs,
        signals=campaign.schedule.signals,
        choices=np.array(choices, dtype=np.int64),
    )


def plan(  # noqa: PLR0913, PLR0917 -- all that a plan depends on
    now: datetime,
    population: Population,
    running: Sequence[Running],
    taken: Taken,
    rules: Rules,
    message_id: MessageId,
) -> Plan:
    """Return the changes that each employee's local day at ``now`` asks for.

    Args:
        now: the instant.
        population: the employees.
        running: the campaigns, each with the standing of the population's pairs.
        taken: the messages that these employees get around this day; campaigns are counted as in ``running``.
        rules: the organisation's rules.
        message_id: makes the Message-ID of a delivery.

    The same state gives the same plan, and once it is recorded, planning again adds nothing.
    """
    result = Plan()
    if not len(population) or not running:
        return result
    desks = [Desk.of(now, population, one, rules) for one in running]
    wishes = [_wishes(desk, taken.served(number, desk.day)) for number, desk in enumerate(desks)]
    rulings = allow(wishes, desks[0].day, population.codes, taken, rules.attention)
    names = [one.campaign.id for one in running]
    for desk, wish, ruling in zip(desks, wishes, rulings, strict=True):
        result.changes += _ended(desk)
        result.reminders += [
            (desk.campaign.id, population.ids[row]) for row in np.flatnonzero(desk.unreached).tolist()
        ]
        said = {verdict: words(verdict, names, wish, rules.attention) for verdict in set(ruling.tolist())}
        for place, verdict in enumerate(ruling.tolist()):
            _settle(desk, wish, place, said[verdict], message_id, result)
    return result


def _ended(desk: Desk) -> Iterator[Change]:
    """End what nobody should get any more; hold what is planned for somebody who is away."""
    pending = desk.one.pending
    over = OVER.format(day=desk.campaign.ends)
    away = ~pending.held & desk.absent[pending.employee] & ~desk.ended
    for places, state, reason in (
        (desk.left, State.CANCELLED, LEFT),
        (desk.over, State.EXPIRED, over),
        (desk.dropped, State.CANCELLED, DROPPED),
        (desk.passed, State.CANCELLED, PASSED),
        (desk.skipped, State.EXPIRED, SKIPPED),
        (away, State.HELD, AWAY),
    ):
        for number in pending.id[places].tolist():
            yield Change(id=number, state=state, reason=reason)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pairs:
    """Pairs that a campaign would send something for, as columns; employees in their order."""

    employee: Numbers
    point: Numbers
    touch: Numbers
    step: Numbers
    wording: Numbers
    score: Reals
    urgent: Flags


def _pairs(desk: Desk) -> _Pairs:
    """Return the pairs for which the schedule or the deadline asks for a message."""
    employee, point = np.nonzero(desk.members & desk.able[:, None])
    standing = desk.one.standing.at(employee * len(desk.one.points) + point)
    around = _circumstances(desk, standing, employee, point)
    asked = candidates(desk.campaign.schedule, standing, around)
    urgent = _urgent(desk, standing, around, employee, point)
    score = np.where(urgent, 1.0 / (1.0 + standing.messages), asked.score)
    early = desk.day[employee] < desk.fall_back[point]  # not even a deadline brings a fall-back forward
    due = np.flatnonzero((asked.due | urgent) & ~early & ~_settled(desk, standing, point))
    return _Pairs(
        employee=employee[due],
        point=point[due],
        touch=standing.touch[due],
        step=asked.step[due],
        wording=standing.wording[due],
        score=score[due],
        urgent=urgent[due],
    )


def _settled(desk: Desk, standing: Standing, point: Numbers) -> Flags:
    """Tell for which pairs mail is a fall-back that is not needed: they are acknowledged, or were reached."""
    falls_back = ~np.isnat(desk.fall_back[point])
    return falls_back & np.where(desk.asks[point], standing.acknowledged, ~np.isnat(standing.reached))


def _circumstances(desk: Desk, standing: Standing, employee: Numbers, point: Numbers) -> Circumstances:
    """Return what the schedule knows besides the standing, for each pair."""
    campaign, population = desk.campaign, desk.population
    today = desk.day[employee]
    first = np.fmax(np.datetime64(campaign.starts, "D"), population.starts[employee])
    position = (np.cumsum(desk.members, axis=1) - 1)[employee, point]
    enters = campaign.schedule.enters(first, position)
    later = desk.fall_back[point]
    if campaign.schedule.policy == "fixed":  # the post came after the first interval already
        later = later - (campaign.schedule.intervals[0].after_each(later) - later)
    enters = np.where(np.isnat(later), enters, np.fmax(first, later))
    if desk.deadline is not None:
        enters = np.minimum(enters, np.maximum(first, desk.latest_entry))
    since = np.fmax(np.fmax(standing.sent, standing.reached), enters)
    return Circumstances(
        today=today,
        enters=enters,
        away=population.absent_since(employee, since, today) if desk.attention.vacation_hold else 0,
        horizon=desk.horizon(today),
        attend=desk.attend[employee],
        strength=desk.strength[point],
        who=population.codes[employee],
        what=desk.point_codes[point],
    )


def _urgent(
    desk: Desk, standing: Standing, around: Circumstances, employee: Numbers, point: Numbers
) -> Flags:
    """Tell which pairs a deadline makes urgent and may be sent, or sent again, today."""
    if desk.deadline is None:
        return np.zeros(len(employee), dtype=np.bool_)
    owed = desk.asks[point] & ~standing.acknowledged & (desk.day[employee] <= desk.deadline)
    owed &= standing.messages < desk.attempts
    waited = desk.campaign.schedule.resend_unopened_after.after_each(standing.sent) + around.away
    ready = ~standing.waiting & (np.isnat(standing.sent) | (waited <= desk.day[employee]))
    return pressing(standing, employee, owed, desk.pressure) & ready


def _occasions(desk: Desk) -> list[tuple[int, Occasion, KeyPoint]]:
    """Return the occasions of today: the employee's row, the occasion, and the key point that is sent."""
    found = []
    under_way = set(desk.one.pending.occasion)
    for one in desk.one.occasions:
        row = desk.population.row.get(one.employee)
        if row is None or one.key in under_way:
            continue
        day = desk.day[row].item()
        point = _special(desk, one.kind, row)
        if point is not None and one.holds_on(day):
            found.append((row, one, point))
    return found


def _special(desk: Desk, kind: str, row: int) -> KeyPoint | None:
    """Return the key point that a campaign sends to an employee on an occasion."""
    for policy, point in desk.campaign.key_points:
        audience = desk.campaign.audience_of(policy, point)
        if point.occasion == kind and desk.population.members(audience)[row]:
            return point
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wishes(Wishes):
    """What a campaign wishes to send today, and where each wish comes from.

    Attributes:
        place: the place among the pairs, then the loose deliveries, then the occasions.
    """

    place: Numbers
    pairs: _Pairs
    occasions: Sequence[tuple[int, Occasion, KeyPoint]]


def _wishes(desk: Desk, served: Flags) -> _Wishes:
    """Return what a campaign wishes to send today: at most one message for each employee.

    Args:
        desk: the campaign.
        served: for each employee, whether they have a message of this campaign on the day already.
    """
    pairs, pending, occasions = _pairs(desk), desk.one.pending, _occasions(desk)
    special = np.array([row for row, _, _ in occasions], dtype=np.int64)
    held = pending.employee[desk.loose]
    employee = np.concatenate([pairs.employee, held, special])
    rank = np.concatenate(
        [
            np.where(pairs.urgent, URGENT, ORDINARY),
            np.where(pending.special[desk.loose], SPECIAL, WAITING),
            np.full(len(special), SPECIAL),
        ]
    )
    score = np.concatenate([pairs.score, np.zeros(len(held) + len(special))])
    able = np.flatnonzero((desk.able & ~served)[employee])
    ranked = able[np.lexsort((-score[able], -rank[able], employee[able]))]
    best = ranked[np.diff(employee[ranked], prepend=-1) != 0]
    return _Wishes(
        employee=employee[best],
        rank=rank[best],
        absent=desk.absent[employee[best]],
        urgent=rank[best] >= URGENT,
        priority=desk.campaign.priority,
        budget=desk.budget,
        easy_days=desk.campaign.schedule.easy_days,
        served_last=desk.served_last[employee[best]],
        place=best,
        pairs=pairs,
        occasions=occasions,
    )


def _settle(  # noqa: PLR0913, PLR0917 -- one wish and everything that it needs
    desk: Desk, wish: _Wishes, place: int, why: str, message_id: MessageId, plan: Plan
) -> None:
    """Turn a wish into a delivery, planned or held, or into a change of one that is pending."""
    row, where = int(wish.employee[place]), int(wish.place[place])
    pairs, loose = wish.pairs, len(desk.loose)
    if where < len(pairs.employee):
        _, point = desk.one.points[int(pairs.point[where])]
        touch, step, last = int(pairs.touch[where]), int(pairs.step[where]), int(pairs.wording[where])
        plan.new.append(_touchpoint(desk, row, point, touch, step, last, why, message_id))
    elif where < len(pairs.employee) + loose:
        number = int(desk.loose[where - len(pairs.employee)])
        plan.changes += _found_another_day(desk, row, number, why)
    else:
        _, occasion, point = wish.occasions[where - len(pairs.employee) - loose]
        new = _touchpoint(desk, row, point, occasion.touch, 0, -1, why, message_id)
        plan.new.append(replace(new, occasion=occasion.key, about=occasion.about, duty=occasion.duty))


def _touchpoint(  # noqa: PLR0913, PLR0917 -- as above
    desk: Desk, row: int, point: KeyPoint, touch: int, step: int, last: int, why: str, message_id: MessageId
) -> Touchpoint:
    campaign, employee, tracking = desk.campaign, desk.population.ids[row], desk.tracking(row)
    day, (due_at, closes) = desk.days[row], desk.slot(row)
    return Touchpoint(
        campaign=campaign.id,
        key_point=point.id,
        touch=touch,
        employee=employee,
        channel=EMAIL,
        step=step,
        publication=desk.one.publication,
        variant=desk.wording(row, point, touch, last),
        language=desk.languages[row],
        due_on=day,
        due_at=due_at,
        not_after=closes,
        message_id=message_id(campaign.id, point.id, touch, employee),
        wanted_on=day,
        state=State.HELD if why else State.PLANNED,
        reason=why,
        opens=tracking.opens,
        clicks=tracking.clicks,
    )


def _found_another_day(desk: Desk, row: int, number: int, why: str) -> Iterator[Change]:
    """Give a loose delivery this day, or hold it if it is not held yet."""
    pending = desk.one.pending
    held, delivery = bool(pending.held[number]), int(pending.id[number])
    closed = CLOSED.format(day=pending.due_on[number])
    if why:
        if not held:
            yield Change(id=delivery, state=State.HELD, reason=f"{closed}; {why}")
        return
    touch, place = int(pending.touch[number]), int(pending.point[number])
    point = desk.one.points[place][1] if place >= 0 else desk.campaign.key_point(pending.key_point[number])[1]
    turn = _turn(desk, row, point, touch, -1)
    delayed_by = pending.reason[number] if held else closed
    yield Change(id=delivery, state=State.PLANNED, delayed_by=delayed_by, turn=turn)


def _turn(desk: Desk, row: int, point: KeyPoint, touch: int, last: int) -> Turn:
    """Return when an employee gets a key point on their day, and in which wording."""
    due_at, closes = desk.slot(row)
    tracking = desk.tracking(row)
    return Turn(
        publication=desk.one.publication,
        variant=desk.wording(row, point, touch, last),
        language=desk.languages[row],
        due_on=desk.days[row],
        due_at=due_at,
        not_after=closes,
        opens=tracking.opens,
        clicks=tracking.clicks,
    )
