"""Invented employees: attention, fatigue, absences, and what comes back."""

import numpy as np
import pytest

from diffuse.domain.behaviour import Behaviour, Sending, react
from diffuse.domain.truths import Exposure
from diffuse.errors import AuthoringError

N = 20_000


def sending(noticing: float = 1.0, recall: float = 0.5, choices: int = 0, number: int = 0) -> Sending:
    return Sending(
        employee=np.arange(N),
        point=np.zeros(N, dtype=np.int64),
        number=np.full(N, number),
        noticing=np.full(N, noticing),
        recall=np.full(N, recall),
        asks=np.ones(N, dtype=np.bool_),
        choices=np.full(N, choices),
    )


def test_attention_is_spread_around_one_half() -> None:
    drawn = Behaviour().attention(N, 5)
    assert drawn.mean() == pytest.approx(0.5, abs=0.01)
    assert drawn.std() == pytest.approx(np.sqrt(0.05), abs=0.01)  # Beta(2, 2)


def test_fatigue_and_repetition_make_a_message_less_noticed() -> None:
    chance = Behaviour().noticing(
        np.array([0.5, 0.5, 0.5]), np.array([0, 3, 0]), np.array([np.inf, np.inf, 1.0])
    )
    assert chance[0] == 0.5
    assert (chance[1:] < 0.5).all()


def test_people_are_away_as_often_and_as_long_as_is_assumed() -> None:
    away = Behaviour(absences=3, shortest_absence=5, longest_absence=5).away(2_000, 365, 1)
    assert away.sum(axis=1).mean() == pytest.approx(15, abs=0.5)
    assert not Behaviour(absences=0).away(50, 365, 1).any()


def test_only_who_notices_confirms_or_answers_and_machines_open_the_rest() -> None:
    nobody = react(Behaviour(), sending(noticing=0.0, choices=4), 1)
    assert not (nobody.noticed | nobody.acknowledged | nobody.answered).any()
    assert nobody.opened.mean() == pytest.approx(0.1, abs=0.01)
    everybody = react(Behaviour(), sending(choices=4), 1)
    assert everybody.noticed.all()
    assert everybody.opened.mean() == pytest.approx(0.85, abs=0.01)
    assert everybody.acknowledged.mean() == pytest.approx(0.5, abs=0.02)
    assert everybody.answered.mean() == pytest.approx(0.4, abs=0.02)


def test_who_knows_the_answer_slips_at_times_and_who_does_not_guesses() -> None:
    knows, guesses = (react(Behaviour(answers=1.0), sending(recall=one, choices=4), 1) for one in (1.0, 0.0))
    assert knows.right.mean() == pytest.approx(0.95, abs=0.01)
    assert guesses.right.mean() == pytest.approx(0.25, abs=0.01)
    assert (knows.exposure == Exposure.RECALLED).all()
    assert (guesses.exposure == Exposure.FAILED).all()


def test_the_same_message_meets_the_same_luck_and_another_one_its_own() -> None:
    first, again, next_one = (react(Behaviour(), sending(0.5, number=n), 9) for n in (0, 0, 1))
    assert (first.noticed == again.noticed).all()
    assert (first.noticed == next_one.noticed).mean() == pytest.approx(0.5, abs=0.02)


def test_assumptions_that_nobody_could_meet_are_refused_all_at_once() -> None:
    with pytest.raises(AuthoringError) as refused:
        Behaviour(slip=2.0, fatigue=-1.0, attention_spread=0, shortest_absence=9, longest_absence=3)
    assert len(refused.value.problems) == 4
