"""The memory model beside the published FSRS-6 package: the same numbers, without its faults."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import fsrs
import numpy as np
import pytest
from numpy.typing import NDArray

from diffuse.domain.memory import LOWER, REVIEW, UPPER, WEIGHTS, Fsrs, Grade, Memory

BEGIN = datetime(2027, 1, 1, 9, tzinfo=UTC)
BEGIN_DAY = (BEGIN.date() - datetime(1970, 1, 1, tzinfo=UTC).date()).days
LONGEST = 6


def histories(n: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Draw days from the start, grades and lengths of random histories, from minutes to years apart."""
    chance = np.random.default_rng(seed)
    reach = chance.choice([0, 3, 30, 400, 4000], (n, LONGEST))
    gaps = np.floor(chance.random((n, LONGEST)) * (reach + 1)).astype(np.int64)
    grades = chance.choice([1, 2, 3, 4], (n, LONGEST), p=[0.2, 0.2, 0.45, 0.15])
    return np.cumsum(gaps, axis=1), grades, chance.integers(1, LONGEST + 1, n)


def theirs(scheduler: fsrs.Scheduler, days: Any, grades: Any, lengths: Any) -> Iterator[tuple[float, ...]]:  # noqa: ANN401
    """Yield stability, difficulty, days until due and step of each history, as the package reckons them."""
    ratings = {grade.value: fsrs.Rating(grade.value) for grade in Grade}
    for number, (when, how, length) in enumerate(
        zip(days.tolist(), grades.tolist(), lengths.tolist(), strict=True)
    ):
        card = fsrs.Card(card_id=number, due=BEGIN)
        for day, grade in zip(when[:length], how[:length], strict=True):
            card, _ = scheduler.review_card(card, ratings[grade], BEGIN + timedelta(days=day))
        assert card.stability is not None
        assert card.difficulty is not None
        assert card.last_review is not None
        wait = (card.due - card.last_review) / timedelta(days=1)
        yield card.stability, card.difficulty, wait, REVIEW if card.step is None else card.step


def ours(
    model: Fsrs, days: NDArray[np.int64], grades: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[Memory, NDArray[np.int64]]:
    """Replay the same histories on columns, one review of every history at a time."""
    memory = Memory.fresh(len(days))
    for turn in range(days.shape[1]):
        rows = np.flatnonzero(turn < lengths)
        memory.put(rows, model.review(memory.at(rows), BEGIN_DAY + days[rows, turn], grades[rows, turn]))
    last = grades[np.arange(len(days)), lengths - 1]
    return memory, model.wait(memory, grade=last)


def equal(n: int, seed: int, model: Fsrs) -> None:
    """Compare n histories: state to 1e-9, intervals and steps exactly."""
    drawn = histories(n, seed)
    scheduler = fsrs.Scheduler(
        parameters=model.weights,
        desired_retention=model.desired_retention,
        learning_steps=[timedelta(days=step) for step in model.learning_steps],
        relearning_steps=[timedelta(days=step) for step in model.relearning_steps],
        maximum_interval=model.maximum_interval,
        enable_fuzzing=False,
    )
    stability, difficulty, wait, step = np.array(list(theirs(scheduler, *drawn))).T
    memory, waits = ours(model, *drawn)
    np.testing.assert_allclose(memory.stability, stability, rtol=1e-9, atol=0)
    np.testing.assert_allclose(memory.difficulty, difficulty, rtol=1e-9, atol=0)
    np.testing.assert_array_equal(memory.step, step)
    np.testing.assert_array_equal(waits, np.ceil(wait))  # half a day, which Hard gives, is waited for


@pytest.mark.parametrize(("steps", "again"), [((), ()), ((1, 3), (2,)), ((3,), (1, 4)), ((), (5,))])
def test_random_histories_end_in_the_published_state_and_interval(
    steps: tuple[int, ...], again: tuple[int, ...]
) -> None:
    equal(500, len(steps), Fsrs(learning_steps=steps, relearning_steps=again, fuzz=False))


def test_with_other_weights_the_states_are_the_published_ones_too() -> None:
    chance = np.random.default_rng(6)
    for seed in range(20):
        drawn = np.clip(np.array(WEIGHTS) * chance.uniform(0.5, 1.5, len(WEIGHTS)), LOWER, UPPER)
        equal(20, seed, Fsrs(weights=tuple(drawn.tolist()), maximum_interval=900, fuzz=False))


def test_the_weights_and_their_bounds_are_the_published_ones() -> None:
    from fsrs.scheduler import LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS

    assert fsrs.Scheduler().parameters == WEIGHTS
    assert LOWER_BOUNDS_PARAMETERS == LOWER
    assert UPPER_BOUNDS_PARAMETERS == UPPER


# --- what the package gets wrong, and this does not -------------------------------------------------


def reviewed(*moments: datetime) -> fsrs.Card:
    """A card of the package after Good at each moment."""
    scheduler = fsrs.Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    card = fsrs.Card(card_id=1)
    for moment in moments:
        card, _ = scheduler.review_card(card, fsrs.Rating.Good, moment)
    return card


def good(*days: float) -> Memory:
    """One memory after Good on each day."""
    memory = Memory.fresh(1)
    for day in days:
        memory = Fsrs().review(memory, day, Grade.GOOD)
    return memory


def test_a_review_of_the_next_calendar_day_is_never_taken_for_one_of_the_same_day() -> None:
    noon = datetime(2027, 3, 1, 12, tzinfo=UTC)
    nearly, exactly = (
        reviewed(noon, noon + timedelta(hours=23, minutes=59)),
        reviewed(noon, noon + timedelta(days=1)),
    )
    assert nearly.stability != exactly.stability
    assert good(20_800, 20_801).stability[0] == pytest.approx(exactly.stability, rel=1e-12)


def test_days_are_numbers_so_that_no_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="UTC"):
        reviewed(datetime(2027, 3, 1, 12, tzinfo=ZoneInfo("UTC")))
    assert good(20_800).exposed[0] == 20_800


def test_reviews_out_of_order_are_refused_rather_than_taken_for_the_same_day() -> None:
    noon = datetime(2027, 3, 1, 12, tzinfo=UTC)
    assert reviewed(noon, noon - timedelta(days=9)).stability == reviewed(noon, noon).stability
    with pytest.raises(ValueError, match="1 reviews lie before the last exposure"):
        good(20_800, 20_791)


def test_fuzz_never_exceeds_the_range_in_which_the_package_returns_a_day_too_many() -> None:
    scheduler = fsrs.Scheduler(learning_steps=(), relearning_steps=())
    drawn = [scheduler._get_fuzzed_interval(interval=timedelta(days=10)).days for _ in range(4_000)]
    fuzzed = Fsrs().fuzzed(np.full(40_000, 10), np.arange(40_000), 1, 2)
    assert max(drawn) == 13  # the range is 8 to 12, its two ends half as likely as the others
    assert np.bincount(drawn, minlength=14)[8] < 0.75 * np.bincount(drawn, minlength=14)[10]
    values, count = np.unique(fuzzed, return_counts=True)
    assert values.tolist() == [8, 9, 10, 11, 12]
    assert np.all(np.abs(count / 40_000 - 0.2) < 0.01)


def test_making_memories_does_not_sleep() -> None:
    begin = time.perf_counter()
    [fsrs.Card() for _ in range(20)]
    slept = time.perf_counter() - begin
    begin = time.perf_counter()
    Memory.fresh(20)
    assert time.perf_counter() - begin < slept
