"""One run of a rhythm: rules that nothing breaks, and the planner's view, which is that of the fold."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from diffuse.domain.attention import Attention, EasyDays
from diffuse.domain.campaign import Campaign
from diffuse.domain.desk import Rules
from diffuse.domain.frontier import contenders
from diffuse.domain.period import Period
from diffuse.domain.scene import Scene
from diffuse.domain.schedule import Schedule, Targets
from diffuse.domain.standing import Log, Standing, fold
from diffuse.domain.trial import Contender, Office, chosen, live, run
from diffuse.domain.truths import TRUTHS, HalfLifeTruth
from diffuse.domain.window import SendWindow
from tests.unit.services.given import campaign, key_point

POINTS = tuple(key_point(f"p{number}") for number in range(6))
SCHEDULE = Schedule(policy="budgeted", introduce_every=Period(days=1))


def trial(**changes: object) -> Campaign:
    plain = campaign(*POINTS, schedule=SCHEDULE, max_messages_per_week=2, ends=date(2027, 12, 17))
    return replace(plain, **changes)  # type: ignore[arg-type]


def scene(**changes: object) -> Scene:
    plain = Scene(campaign=trial(), employees=60, days=120, seed=2)
    return replace(plain, **changes)  # type: ignore[arg-type]


def contender(name: str, one: Scene) -> Contender:
    return next(each for each in contenders(one.schedule) if each.name == name)


@pytest.mark.parametrize("name", ["blast", "uniform", "fixed", "fsrs", "budgeted"])
def test_nobody_gets_more_than_the_budget_nor_anything_while_away_nor_on_a_closed_day(name: str) -> None:
    one = scene(
        campaign=trial(
            send_window=SendWindow(days=("monday", "wednesday", "friday")),
            targets=Targets(acknowledged_by=date(2027, 3, 1)),
        ),
        holidays=[date(2027, 1, 6)],
        rules=Rules(attention=Attention(min_gap_days=3, easy_days=EasyDays(friday="reduced"))),
    )
    office, truth = Office.of(one), HalfLifeTruth(one.employees, one.points, 2)
    sent = np.zeros((one.employees, one.days), dtype=np.int64)
    for number in range(one.days):
        office.week[:, number % 7] = 0
        if one.open[number]:
            pairs, step = chosen(one, contender(name, one), office, number)
            sent[pairs // one.points, number] += 1  # nobody twice
            live(one, office, truth, pairs, step, number)
    weeks = np.lib.stride_tricks.sliding_window_view(sent, 7, axis=1).sum(axis=-1)
    assert weeks.max() <= one.budget
    assert not sent[one.away].any()
    assert not sent[:, ~one.open].any()
    assert not one.open[2]  # Wednesday, the holiday
    assert sent.sum() > 0


def test_the_planner_sees_what_the_fold_would_see() -> None:
    one = scene(employees=30, days=60)
    office, truth, rows = Office.of(one), HalfLifeTruth(30, one.points, 2), []
    for number in range(one.days):
        office.week[:, number % 7] = 0
        if one.open[number]:
            pairs, step = chosen(one, contender("budgeted", one), office, number)
            touch = office.standing.touch[pairs].copy()
            back = live(one, office, truth, pairs, step, number)
            rows += [
                (pair, turn, rung, number, seen, given)
                for pair, turn, rung, seen, given in zip(
                    pairs, touch, step, back.opened, back.acknowledged, strict=True
                )
            ]
    pair, touch, step, day, opened, given = (np.array(column) for column in zip(*rows, strict=True))
    due = one.first + day
    never = np.datetime64("NaT", "D")
    log = Log(
        employee=pair // one.points,
        point=pair % one.points,
        touch=touch,
        step=step,
        gone=np.zeros(len(pair), dtype=np.bool_),
        pending=np.zeros(len(pair), dtype=np.bool_),
        due_on=due,
        opened=np.where(opened, due, never),
        acknowledged=np.where(given, due, never),
        answered=np.full(len(pair), never),
        right=np.zeros(len(pair), dtype=np.bool_),
        wording=np.full(len(pair), -1),
        stale=np.zeros(len(pair), dtype=np.bool_),
        posted=np.zeros(len(pair), dtype=np.bool_),
    )
    folded = fold(Standing.fresh(30 * one.points), log, one.teaching)
    for name in ("touch", "step", "tries", "messages", "back", "streak", "acknowledged"):
        assert (getattr(folded, name) == getattr(office.standing, name)).all(), name
    for name in ("sent", "reached"):
        mine, theirs = getattr(office.standing, name), getattr(folded, name)
        assert ((mine == theirs) | (np.isnat(mine) & np.isnat(theirs))).all(), name
    known = ~np.isnan(folded.memory.stability)
    assert folded.memory.stability[known] == pytest.approx(office.standing.memory.stability[known])


def test_the_same_seed_gives_the_same_run_and_another_one_another() -> None:
    first, again, other = (
        run(scene(seed=seed), contender("budgeted", scene()), TRUTHS["spacing"](60, 6, 1)).knowledge
        for seed in (2, 2, 3)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_a_blast_says_everything_once_and_knowledge_lies_between_nothing_and_all() -> None:
    one = scene()
    outcome = run(one, contender("blast", one), TRUTHS["fsrs-shaped"](60, 6, 1))
    assert outcome.messages.max() == 6
    assert ((outcome.knowledge >= 0) & (outcome.knowledge < 1)).all()
    assert outcome.knowledge.mean() > 0.05
    assert outcome.curve.mean() == pytest.approx(outcome.knowledge.mean())
    assert (outcome.later <= outcome.last).all()
    assert outcome.later.mean() < outcome.last.mean()


def test_a_deadline_buys_confirmations() -> None:
    alone, pressed = (
        scene(employees=200, days=60, campaign=trial(targets=targets, schedule=ladder))
        for ladder in [replace(SCHEDULE, policy="fixed", max_resends=0)]
        for targets in (Targets(), Targets(acknowledged_by=date(2027, 3, 1)))
    )
    covered = [
        run(one, contender("fixed", one), TRUTHS["half-life"](200, 6, 1)).covered.mean()
        for one in (alone, pressed)
    ]
    assert covered[1] > covered[0] + 0.05
