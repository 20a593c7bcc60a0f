"""What an employee is taken to remember, and when something returns."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffuse.domain.memory import REVIEW, WEIGHTS, Fsrs, Grade, Memory
from tests.unit.domain.given import refusal

FSRS = Fsrs()
STEADY = Fsrs(fuzz=False)
GRADES = st.sampled_from(list(Grade))
STABILITIES = st.floats(0.01, 30_000)
GAPS_AND_GRADES = st.lists(st.tuples(st.integers(0, 900), GRADES), min_size=1, max_size=8)
MODELS = st.builds(
    Fsrs,
    desired_retention=st.floats(0.5, 0.99),
    maximum_interval=st.integers(60, 36_500),
    learning_steps=st.lists(st.integers(1, 60), max_size=3).map(tuple),
    relearning_steps=st.lists(st.integers(1, 60), max_size=3).map(tuple),
)


def memory(**columns: Any) -> Memory:  # noqa: ANN401 -- any column
    """A memory of ten days' stability, last refreshed on day 20 800, but for what is said otherwise."""
    values = {"stability": 10.0, "difficulty": 5.0, "exposed": 20_800.0, "step": REVIEW, "relearning": False}
    return Memory(**{name: np.array([value]) for name, value in (values | columns).items()})


def replay(model: Fsrs, log: list[tuple[int, Grade]]) -> Memory:
    """One memory after a log of days and grades."""
    now = Memory.fresh(1)
    for day, grade in log:
        now = model.review(now, day, grade)
    return now


def log_of(gaps: list[tuple[int, Grade]]) -> list[tuple[int, Grade]]:
    days = np.cumsum([gap for gap, _ in gaps]) + 20_000
    return [(int(day), grade) for day, (_, grade) in zip(days, gaps, strict=True)]


# --- the model --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"weights": WEIGHTS[:19]}, "weights: 19 weights; expected 21, or none"),
        (
            {"weights": (*WEIGHTS[:20], 0.9)},
            "weights[20]: 0.9; expected a number from 0.1 to 0.8",
        ),
        (
            {"weights": (float("nan"), *WEIGHTS[1:])},
            "weights[0]: nan; expected a number from 0.001 to 100",
        ),
        (
            {"desired_retention": 1.0},
            "desired_retention: 1; expected a probability between 0 and 1, such as 0.8",
        ),
        (
            {"desired_retention": 80},
            "desired_retention: 80; expected a probability between 0 and 1, such as 0.8",
        ),
        ({"maximum_interval": 0}, "maximum_interval: less than a day; expected at least '1 day'"),
        ({"learning_steps": (3, 0)}, "learning_steps[1]: 0 days; expected at least '1 day'"),
        ({"relearning_steps": (-2,)}, "relearning_steps[0]: -2 days; expected at least '1 day'"),
        (
            {"learning_steps": (40,), "maximum_interval": 30},
            "learning_steps[0]: 40 days; expected no more than maximum_interval, 30 days",
        ),
    ],
)
def test_a_model_with_which_nothing_can_be_reckoned_is_refused(changes: dict[str, Any], text: str) -> None:
    assert refusal(lambda: Fsrs(**changes)) == text


def test_every_mistake_in_a_model_is_named_at_once() -> None:
    weights = (0.0, *WEIGHTS[1:20], 7.0)
    text = refusal(lambda: Fsrs(weights=weights, desired_retention=0.0))
    assert [line.split(":")[0] for line in text.splitlines()] == [
        "weights[0]",
        "weights[20]",
        "desired_retention",
    ]


def test_recall_is_certain_at_the_exposure_and_nine_in_ten_after_the_stability() -> None:
    assert FSRS.retrievability(0, 10.0) == 1.0
    assert FSRS.retrievability(10, 10.0) == pytest.approx(0.9, abs=1e-15)
    assert FSRS.retrievability(100, 10.0) < FSRS.retrievability(99, 10.0)


def test_nobody_recalls_what_they_never_met() -> None:
    assert FSRS.retrievability([0, 5], [np.nan, np.nan]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("retention", "ladder"),
    [
        (0.95, [1, 3, 8, 19, 43, 89, 175]),
        (0.9, [2, 11, 46, 163, 497]),
        (0.85, [4, 31, 173, 773]),
        (0.8, [8, 75, 521]),
        (0.7, [21, 310]),
    ],
)
def test_answers_on_the_day_climb_the_published_ladder(retention: float, ladder: list[int]) -> None:
    model = Fsrs(desired_retention=retention, fuzz=False)
    now, day, waits = Memory.fresh(1), 20_000, []
    for _ in ladder:
        now = model.review(now, day, Grade.GOOD)
        waits.append(int(model.wait(now)[0]))
        day += waits[-1]
    assert waits == ladder


def test_a_half_day_is_rounded_to_the_even_day_as_the_package_does() -> None:
    at_stability = Fsrs(desired_retention=0.9, fuzz=False)
    assert at_stability.interval([2.5, 3.5, 4.5]).tolist() == [2, 4, 4]


def test_an_interval_is_at_least_a_day_and_at_most_the_maximum() -> None:
    assert Fsrs(maximum_interval=30).interval([0.001, 5.0, 4_000.0]).tolist() == [1, 17, 30]


def test_another_retention_may_be_asked_for() -> None:
    assert FSRS.interval(10.0, 0.9) == 10
    assert FSRS.interval(10.0) == 33


def test_plain_numbers_are_reckoned_as_columns_are() -> None:
    stability, difficulty = FSRS.next_state(10.0, 5.0, 12, Grade.GOOD)
    columns = FSRS.next_state(np.full(3, 10.0), 5.0, 12, Grade.GOOD)
    assert stability.shape == ()
    assert columns[0].tolist() == [float(stability)] * 3
    assert columns[1].tolist() == [float(difficulty)] * 3
    assert FSRS.next_state(np.nan, np.nan, 0, Grade.EASY)[0] == WEIGHTS[3]


def test_no_rows_are_no_trouble() -> None:
    nothing = FSRS.review(Memory.fresh(0), 20_800, Grade.GOOD)
    assert len(nothing) == 0
    assert len(FSRS.wait(nothing)) == 0


@given(stability=STABILITIES, begin=st.floats(0, 400), span=st.floats(0, 800))
def test_knowledge_is_the_area_under_the_curve_of_recall(stability: float, begin: float, span: float) -> None:
    days = begin + np.linspace(0.0, 1.0, 4_001) ** 3 * span  # steep where it begins
    area = np.trapezoid(FSRS.retrievability(days, stability), days)
    assert float(FSRS.knowledge(stability, begin, begin + span)) == pytest.approx(area, rel=1e-3, abs=1e-9)


@given(recall=st.floats(0.05, 1.0), stability=STABILITIES)
def test_the_days_to_a_recall_are_those_on_which_the_curve_has_it(recall: float, stability: float) -> None:
    assert FSRS.retrievability(FSRS.elapsed(recall, stability), stability) == pytest.approx(recall)


# --- the steps --------------------------------------------------------------------------------------

STEPPED = Fsrs(learning_steps=(1, 4), relearning_steps=(2,), fuzz=False)


@pytest.mark.parametrize(
    ("grade", "step", "wait"),
    [(Grade.AGAIN, 0, 1), (Grade.HARD, 0, 3), (Grade.GOOD, 1, 4), (Grade.EASY, REVIEW, 28)],
)
def test_a_first_grade_leads_to_its_learning_step(grade: Grade, step: int, wait: int) -> None:
    now = STEPPED.review(Memory.fresh(1), 20_800, grade)
    assert (now.step[0], STEPPED.wait(now, grade=grade)[0]) == (step, wait)


def test_a_failed_retrieval_is_relearned_before_it_returns_to_long_intervals() -> None:
    failed = STEPPED.review(memory(), 20_810, Grade.AGAIN)
    assert (failed.step[0], failed.relearning[0], STEPPED.wait(failed)[0]) == (0, True, 2)
    again = STEPPED.review(failed, 20_812, Grade.HARD)
    assert (again.relearning[0], STEPPED.wait(again, grade=Grade.HARD)[0]) == (True, 3)
    passed = STEPPED.review(again, 20_815, Grade.GOOD)
    assert (passed.step[0], passed.relearning[0]) == (REVIEW, False)
    assert STEPPED.wait(passed)[0] == STEPPED.interval(passed.stability)[0]


def test_without_relearning_steps_a_failed_retrieval_gets_a_short_interval() -> None:
    failed = STEADY.review(memory(), 20_810, Grade.AGAIN)
    assert failed.step[0] == REVIEW
    assert STEADY.wait(failed)[0] < STEADY.wait(memory())[0]


def test_a_step_that_no_longer_exists_is_left_behind() -> None:
    beyond = memory(step=5)
    assert STEPPED.review(beyond, 20_810, Grade.GOOD).step[0] == REVIEW
    assert STEPPED.review(beyond, 20_810, Grade.AGAIN).step[0] == 0


def test_half_a_day_is_waited_for_to_its_end() -> None:
    hard = Fsrs(learning_steps=(3,)).review(Memory.fresh(1), 20_800, Grade.HARD)
    assert Fsrs(learning_steps=(3,)).wait(hard, grade=Grade.HARD)[0] == 5
    assert Fsrs(learning_steps=(1, 2)).wait(hard, grade=Grade.HARD)[0] == 2


def test_what_was_never_met_waits_for_nothing() -> None:
    assert FSRS.wait(Memory.fresh(2)).tolist() == [0, 0]


# --- the log ----------------------------------------------------------------------------------------


def test_reviews_out_of_order_are_refused_and_counted() -> None:
    three = Memory.fresh(3)
    three.put([0, 1], memory())
    with pytest.raises(ValueError, match="2 reviews lie before the last exposure"):
        FSRS.review(three, 20_799, Grade.GOOD)


def test_a_grade_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="1 grades are none; give 1"):
        FSRS.review(Memory.fresh(2), 20_800, [3, 0])


def test_a_review_leaves_the_memory_that_it_was_given_as_it_was() -> None:
    before = memory()
    FSRS.review(before, 20_810, Grade.AGAIN)
    np.testing.assert_array_equal(before.stability, [10.0])
    np.testing.assert_array_equal(before.exposed, [20_800.0])


def same(one: Memory, other: Memory) -> None:
    for name in ("stability", "difficulty", "exposed", "step", "relearning"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@settings(max_examples=50)
@given(model=MODELS, gaps=GAPS_AND_GRADES, cut=st.integers(0, 8))
def test_replaying_a_log_gives_the_state_reached_step_by_step(
    model: Fsrs, gaps: list[tuple[int, Grade]], cut: int
) -> None:
    log = log_of(gaps)
    kept = replay(model, log[:cut])
    for day, grade in log[cut:]:
        kept = model.review(kept, day, grade)
    same(kept, replay(model, log))


@settings(max_examples=50)
@given(
    rows=st.lists(
        st.tuples(STABILITIES | st.just(np.nan), st.floats(1, 10), st.integers(0, 900), GRADES),
        min_size=1,
        max_size=20,
    ),
    data=st.data(),
)
def test_each_row_is_reckoned_alone_whatever_stands_beside_it(
    rows: list[tuple[float, float, int, Grade]], data: st.DataObject
) -> None:
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    order = np.array(data.draw(st.permutations(range(len(rows)))))
    together = FSRS.next_state(*columns)
    shuffled = FSRS.next_state(*(column[order] for column in columns))
    alone = [FSRS.next_state(*row) for row in rows]
    for place in (0, 1):
        np.testing.assert_allclose(shuffled[place], together[place][order], rtol=1e-14)
        np.testing.assert_allclose([one[place] for one in alone], together[place], rtol=1e-14)


@settings(max_examples=50)
@given(model=MODELS, gaps=GAPS_AND_GRADES, who=st.integers(0, 2**32 - 1))
def test_no_wait_exceeds_the_maximum_interval_nor_is_shorter_than_a_day(
    model: Fsrs, gaps: list[tuple[int, Grade]], who: int
) -> None:
    now = replay(model, log_of(gaps))
    wait = model.wait(now, who, 7, 1, grade=gaps[-1][1])
    assert 1 <= wait[0] <= model.maximum_interval


@given(stability=STABILITIES, difficulty=st.floats(1, 10), elapsed=st.integers(0, 2_000), grade=GRADES)
def test_a_state_stays_within_its_bounds(
    stability: float, difficulty: float, elapsed: int, grade: Grade
) -> None:
    after, harder = FSRS.next_state(stability, difficulty, elapsed, grade)
    assert after >= 0.001
    assert 1 <= harder <= 10
    assert grade == Grade.AGAIN or after >= stability


# --- fuzz -------------------------------------------------------------------------------------------


@given(interval=st.integers(1, 500), maximum=st.integers(500, 520), who=st.integers(0, 2**32 - 1))
def test_fuzz_stays_in_the_published_range_and_below_the_maximum(
    interval: int, maximum: int, who: int
) -> None:
    parts = ((2.5, 7, 0.15), (7, 20, 0.1), (20, 10**6, 0.05))
    delta = 1 + sum(share * max(min(interval, to) - begin, 0) for begin, to, share in parts)
    fuzzed = int(Fsrs(maximum_interval=maximum).fuzzed(interval, who, 8, 2))
    if interval < 3:
        assert fuzzed == interval
    else:
        assert max(2, round(interval - delta)) <= fuzzed <= min(round(interval + delta), maximum)


def test_every_day_of_the_range_is_equally_likely() -> None:
    who = np.arange(30_000, dtype=np.uint32)
    days, count = np.unique(FSRS.fuzzed(30, who * np.uint32(2_654_435_761), 99, 4), return_counts=True)
    assert days.tolist() == list(range(27, 34))
    assert np.all(np.abs(count / len(who) * len(days) - 1) < 0.08)


def test_at_the_maximum_fuzz_only_shortens() -> None:
    fuzzed = Fsrs(maximum_interval=30).fuzzed(30, np.arange(1_000), 1, 1)
    assert fuzzed.max() == 30
    assert fuzzed.min() < 30


def test_the_same_employee_thing_and_repetition_always_wait_equally_long() -> None:
    who = np.arange(200, dtype=np.uint32)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002 -- global randomness must not matter
    first = FSRS.fuzzed(200, who, 7, 3)
    random.seed(2)
    np.random.seed(2)  # noqa: NPY002 -- as above
    np.testing.assert_array_equal(FSRS.fuzzed(200, who, 7, 3), first)
    assert FSRS.fuzzed(200, 5, 7, 3) == first[5]
    assert first[:5].tolist() == [190, 202, 208, 193, 198]  # on every machine, in every version


def test_employees_things_and_repetitions_vary_independently() -> None:
    same_day = [
        np.mean(FSRS.fuzzed(200, np.arange(2_000), 7, 3) == FSRS.fuzzed(200, *other))
        for other in ((np.arange(2_000), 8, 3), (np.arange(2_000), 7, 4), (np.arange(1, 2_001), 7, 3))
    ]
    assert max(same_day) < 0.1  # by chance: one in 25


@given(elapsed=st.integers(2, 500), growth=st.integers(1, 30))
def test_fuzz_never_brings_a_growing_interval_back_to_the_one_before(elapsed: int, growth: int) -> None:
    fuzzed = FSRS.fuzzed(elapsed + growth, np.arange(60), 1, 1, elapsed=elapsed)
    assert fuzzed.min() > elapsed


def test_without_fuzz_an_interval_is_what_the_formula_says() -> None:
    assert STEADY.wait(memory(), 1, 2, 3)[0] == STEADY.interval(10.0)
