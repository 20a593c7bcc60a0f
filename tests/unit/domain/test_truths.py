"""The truths that rhythms are tried under: what they share, and where they differ."""

import numpy as np
import pytest

from diffuse.domain.truths import (
    MONTH,
    QUARTER,
    TRUTHS,
    WEEK,
    Exposure,
    SpacingTruth,
    Truth,
    first_reading,
)

N, K = 60, 60
PAIRS = np.arange(N * K)
READ = np.full(N * K, Exposure.READ)


def taught(name: str, *days: float, exposure: Exposure = Exposure.RECALLED) -> Truth:
    truth = TRUTHS[name](N, K, 3)
    for day in days:
        truth.expose(PAIRS, day, np.full(N * K, exposure))
    return truth


@pytest.mark.parametrize("name", TRUTHS)
def test_what_was_never_met_is_not_known_and_what_is_met_fades(name: str) -> None:
    truth = TRUTHS[name](N, K, 3)
    assert (truth.recall(100.0) == 0).all()
    truth.expose(PAIRS[:K], 100.0, READ[:K])
    assert (truth.recall(101.0)[K:] == 0).all()
    falling = np.array([truth.recall(day, PAIRS[:K]) for day in (101.0, 110.0, 150.0, 400.0)])
    assert (np.diff(falling, axis=0) < 0).all()
    assert ((falling > 0) & (falling < 1)).all()


@pytest.mark.parametrize("name", TRUTHS)
def test_the_same_seed_gives_the_same_people_and_another_one_others(name: str) -> None:
    same, again, other = (TRUTHS[name](N, K, seed) for seed in (3, 3, 4))
    for truth in (same, again, other):
        truth.expose(PAIRS, 0.0, READ)
    assert (same.recall(30.0) == again.recall(30.0)).all()
    assert (same.recall(30.0) != other.recall(30.0)).mean() > 0.9


@pytest.mark.parametrize(("name", "day"), [("spacing", WEEK), ("spacing", QUARTER), ("half-life", MONTH)])
def test_the_truths_agree_on_a_first_reading_but_for_personal_noise(name: str, day: float) -> None:
    truth = taught(name, 0.0, exposure=Exposure.READ)
    assert np.median(truth.recall(day)) == pytest.approx(first_reading(day), abs=0.06)


@pytest.mark.parametrize("name", TRUTHS)
def test_a_second_success_leaves_more_than_one(name: str) -> None:
    once, twice = taught(name, 0.0), taught(name, 0.0, 14.0)
    assert twice.recall(90.0).mean() > once.recall(76.0).mean()


@pytest.mark.parametrize("name", TRUTHS)
def test_confirming_teaches_no_less_than_reading_and_recalling_no_less_than_confirming(name: str) -> None:
    kinds = (Exposure.READ, Exposure.CONFIRMED, Exposure.RECALLED)
    means = [taught(name, 0.0, 10.0, exposure=one).recall(60.0).mean() for one in kinds]
    assert means == sorted(means)


def after_spacing(name: str) -> float:
    """What three successes ten days apart leave more than three in three days, sixty days later."""
    massed, spaced = taught(name, 18.0, 19.0, 20.0), taught(name, 0.0, 10.0, 20.0)
    return float(spaced.recall(80.0).mean() - massed.recall(80.0).mean())


@pytest.mark.parametrize("name", ["fsrs-shaped", "spacing"])
def test_spacing_pays_under_two_truths(name: str) -> None:
    assert after_spacing(name) > 0.003


def test_spacing_makes_no_difference_under_the_third() -> None:
    assert after_spacing("half-life") == pytest.approx(0, abs=1e-12)


def test_only_the_pairs_that_are_asked_for_are_reckoned() -> None:
    truth = taught("spacing", 0.0, 9.0)
    some = np.array([7, 3, 1_999])
    assert truth.recall(30.0, some) == pytest.approx(truth.recall(30.0)[some])
    assert isinstance(truth, SpacingTruth)
