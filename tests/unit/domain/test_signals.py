"""What messages that were opened, confirmed and answered teach, and what sending one would buy."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from diffuse.domain.memory import REVIEW, WEIGHTS, Fsrs, Grade, Memory
from diffuse.domain.signals import Signal, Signals, absorb, gain
from tests.unit.domain.given import refusal

FSRS = Fsrs()
DAY = 20_830
SHARES = st.floats(0, 1)
RESTUDIES = st.sampled_from([Signal.OPENED, Signal.ACKNOWLEDGED])
SIGNALS = st.sampled_from(list(Signal))


def memory(**columns: Any) -> Memory:  # noqa: ANN401 -- any column
    """A memory of ten days' stability, refreshed thirty days ago, but for what is said otherwise."""
    values = {"stability": 10.0, "difficulty": 5.0, "exposed": 20_800.0, "step": REVIEW, "relearning": False}
    return Memory(**{name: np.array([value]) for name, value in (values | columns).items()})


MEMORIES = st.builds(
    memory,
    stability=st.floats(0.01, 3_000),
    difficulty=st.floats(1, 10),
    exposed=st.floats(DAY - 800, DAY),
)


def recall(now: Memory, day: float = DAY) -> float:
    return float(FSRS.retrievability(day - now.exposed, now.stability)[0])


def same(one: Memory, other: Memory) -> None:
    for name in ("stability", "difficulty", "exposed", "step", "relearning"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


# --- attention --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"opened_weight": 1.2}, "opened_weight: 1.2; expected a share from 0 to 1"),
        ({"slip": -0.1}, "slip: -0.1; expected a share from 0 to 1"),
        ({"false_open": float("nan")}, "false_open: nan; expected a share from 0 to 1"),
    ],
)
def test_an_assumption_that_is_no_share_is_refused(changes: dict[str, float], text: str) -> None:
    assert refusal(lambda: Signals(**changes)) == text


def test_an_open_is_believed_by_bayes() -> None:
    assumed = Signals(attention_prior=0.5, open_sensitivity=0.8, false_open=0.2)
    assert float(assumed.attention(Signal.OPENED)) == pytest.approx(0.8)
    assert float(assumed.attention(Signal.OPENED, prior=0.2)) == pytest.approx(0.16 / (0.16 + 0.16))


def test_whoever_confirms_or_answers_was_attending() -> None:
    signals = [Signal.ACKNOWLEDGED, Signal.RIGHT, Signal.WRONG]
    assert Signals().attention(signals, prior=0.01).tolist() == [1.0, 1.0, 1.0]


def test_an_open_of_somebody_who_never_reads_is_no_sign_of_attention() -> None:
    assert Signals().attention(Signal.OPENED, prior=0.0) == 0.0
    assert Signals(false_open=0.0, attention_prior=0.0).attention(Signal.OPENED) == 0.0


@given(prior=SHARES, sensitivity=SHARES, low=SHARES, high=SHARES)
def test_the_more_opens_are_false_the_less_an_open_tells(
    prior: float, sensitivity: float, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    much, little = (
        float(Signals(false_open=one, open_sensitivity=sensitivity).attention(Signal.OPENED, prior))
        for one in (low, high)
    )
    assert 0 <= little <= much <= 1


# --- one signal -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signal", "stability"),
    [
        (Signal.OPENED, WEIGHTS[2] * (0.4 + 0.6 * 0.35)),
        (Signal.ACKNOWLEDGED, WEIGHTS[2] * (0.4 + 0.6 * 0.6)),
        (Signal.RIGHT, WEIGHTS[2] * (0.4 + 0.6 * 0.75)),
        (Signal.WRONG, WEIGHTS[2] * (0.4 + 0.6 * 0.35)),
    ],
)
def test_a_first_exposure_is_as_strong_as_its_signal(signal: Signal, stability: float) -> None:
    met = absorb(FSRS, Memory.fresh(1), DAY, signal, choices=4, attention=1.0)
    assert met.stability[0] == pytest.approx(stability)
    assert met.exposed[0] == DAY
    grade = Grade.AGAIN if signal is Signal.WRONG else Grade.GOOD
    assert met.difficulty[0] == FSRS.first(grade)[1]


def test_a_first_message_that_was_perhaps_not_read_is_perhaps_not_known() -> None:
    assert recall(absorb(FSRS, Memory.fresh(1), DAY, Signal.OPENED, attention=0.6)) == pytest.approx(0.6)


def test_opening_and_confirming_teach_their_part_of_a_successful_retrieval() -> None:
    before = memory()
    good = FSRS.review(before, DAY, Grade.GOOD).stability[0]
    for signal, weight in ((Signal.OPENED, 0.35), (Signal.ACKNOWLEDGED, 0.6)):
        after = absorb(FSRS, before, DAY, signal, attention=1.0)
        assert after.stability[0] == pytest.approx(10 + weight * (good - 10))
        assert after.exposed[0] == DAY


def test_an_answer_that_nobody_could_guess_is_a_retrieval() -> None:
    after = absorb(FSRS, memory(), DAY, Signal.RIGHT, choices=10**12)
    good = FSRS.review(memory(), DAY, Grade.GOOD)
    assert after.stability[0] == pytest.approx(good.stability[0])
    assert after.difficulty[0] == good.difficulty[0]


def test_a_right_answer_is_corrected_for_guessing() -> None:
    before, assumed = memory(), Signals(slip=0.0)
    r = recall(before)
    q = r / (r + (1 - r) / 3)
    good = FSRS.review(before, DAY, Grade.GOOD).stability[0]
    relearned = absorb(FSRS, before, DAY, Signal.WRONG).stability[0]
    after = absorb(FSRS, before, DAY, Signal.RIGHT, choices=3, signals=assumed)
    assert after.stability[0] == pytest.approx(q * good + (1 - q) * relearned)


def test_a_right_answer_is_more_likely_a_guess_where_those_who_know_often_slip() -> None:
    careful, careless = (
        absorb(FSRS, memory(), DAY, Signal.RIGHT, choices=3, signals=Signals(slip=slip))
        for slip in (0.0, 0.5)
    )
    assert careless.stability[0] < careful.stability[0]


@given(before=MEMORIES, few=st.integers(2, 10), more=st.integers(0, 10))
def test_a_right_answer_among_more_choices_never_teaches_less(before: Memory, few: int, more: int) -> None:
    little = absorb(FSRS, before, DAY, Signal.RIGHT, choices=few)
    much = absorb(FSRS, before, DAY, Signal.RIGHT, choices=few + more)
    assert much.stability[0] >= little.stability[0] * (1 - 1e-12)


def test_a_wrong_answer_is_a_lapse_and_then_a_short_restudy() -> None:
    lapse = FSRS.review(memory(), DAY, Grade.AGAIN)
    after = absorb(FSRS, memory(), DAY, Signal.WRONG)
    assert lapse.stability[0] < after.stability[0] < memory().stability[0]
    assert after.difficulty[0] == lapse.difficulty[0]
    silent = absorb(FSRS, memory(), DAY, Signal.WRONG, signals=Signals(feedback_weight=0.0))
    assert silent.stability[0] == pytest.approx(lapse.stability[0])


def test_a_wrong_answer_begins_relearning_and_anything_else_goes_on() -> None:
    stepped = Fsrs(learning_steps=(2, 5), relearning_steps=(3,))
    first = absorb(stepped, Memory.fresh(1), DAY, Signal.OPENED)
    assert first.step[0] == 1
    learned = absorb(stepped, first, DAY + 2, Signal.ACKNOWLEDGED)
    assert learned.step[0] == REVIEW
    wrong = absorb(stepped, learned, DAY + 20, Signal.WRONG)
    assert (wrong.step[0], wrong.relearning[0], stepped.wait(wrong)[0]) == (0, True, 3)
    right = absorb(stepped, wrong, DAY + 23, Signal.RIGHT)
    assert (right.step[0], right.relearning[0]) == (REVIEW, False)


def test_what_was_not_opened_is_no_signal_so_that_recall_just_goes_on_falling() -> None:
    assert [signal.name for signal in Signal] == ["OPENED", "ACKNOWLEDGED", "RIGHT", "WRONG"]
    before = memory()
    untouched = absorb(FSRS, before.at([]), DAY, np.array([], dtype=np.int64))
    assert len(untouched) == 0
    assert recall(before, DAY) > recall(before, DAY + 30)


def test_signals_out_of_order_are_refused_and_counted() -> None:
    with pytest.raises(ValueError, match="1 signals lie before the last exposure"):
        absorb(FSRS, memory(), 20_799, Signal.OPENED)


def test_two_partial_exposures_on_one_day_are_in_order() -> None:
    once = absorb(FSRS, memory(), DAY, Signal.OPENED, attention=0.5)
    twice = absorb(FSRS, once, DAY, Signal.ACKNOWLEDGED)
    assert once.exposed[0] < twice.exposed[0] == DAY


# --- attention weighs a signal ----------------------------------------------------------------------


@given(before=MEMORIES, signal=SIGNALS)
def test_a_message_that_nobody_attended_to_changes_nothing(before: Memory, signal: Signal) -> None:
    same(absorb(FSRS, before, DAY, signal, attention=0.0), before)
    same(absorb(FSRS, Memory.fresh(1), DAY, signal, attention=0.0), Memory.fresh(1))


@given(before=MEMORIES, signal=SIGNALS, a=st.floats(0.001, 1))
def test_the_new_curve_passes_through_the_recall_that_is_expected_today(
    before: Memory, signal: Signal, a: float
) -> None:
    after = absorb(FSRS, before, DAY, signal, attention=a)
    assert recall(after) == pytest.approx(a + (1 - a) * recall(before), rel=1e-6)
    assert after.exposed[0] <= DAY


@given(before=MEMORIES, signal=SIGNALS, a=SHARES)
def test_the_new_stability_lies_between_the_old_one_and_that_of_full_attention(
    before: Memory, signal: Signal, a: float
) -> None:
    old, full = before.stability[0], absorb(FSRS, before, DAY, signal, attention=1.0).stability[0]
    new = absorb(FSRS, before, DAY, signal, attention=a).stability[0]
    assert min(old, full) * (1 - 1e-12) <= new <= max(old, full) * (1 + 1e-12)


@given(before=MEMORIES, signal=SIGNALS, a=SHARES)
def test_difficulty_is_mixed_by_attention_too(before: Memory, signal: Signal, a: float) -> None:
    full = absorb(FSRS, before, DAY, signal, attention=1.0).difficulty[0]
    mixed = absorb(FSRS, before, DAY, signal, attention=a).difficulty[0]
    assert mixed == pytest.approx(a * full + (1 - a) * before.difficulty[0])


@given(before=MEMORIES, signal=RESTUDIES, low=SHARES, high=SHARES)
def test_more_attention_never_leaves_less_stability_nor_less_recall(
    before: Memory, signal: Signal, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    little, much = (absorb(FSRS, before, DAY, signal, attention=one) for one in (low, high))
    assert much.stability[0] >= little.stability[0] * (1 - 1e-12)
    assert recall(much) >= recall(little) - 1e-9


@given(before=MEMORIES)
def test_confirming_never_teaches_less_than_opening(before: Memory) -> None:
    opened, confirmed = (absorb(FSRS, before, DAY, one) for one in (Signal.OPENED, Signal.ACKNOWLEDGED))
    assert confirmed.stability[0] >= opened.stability[0] * (1 - 1e-12)


def test_each_row_has_its_own_signal_and_attention() -> None:
    three = Memory.fresh(3)
    three.put([0, 1], memory())
    kinds, weights = [Signal.WRONG, Signal.OPENED, Signal.RIGHT], [1.0, 0.3, 1.0]
    together = absorb(FSRS, three, DAY, kinds, choices=[2, 2, 5], attention=weights)
    for row, (kind, weight, choices) in enumerate(zip(kinds, weights, [2, 2, 5], strict=True)):
        same(absorb(FSRS, three.at([row]), DAY, kind, choices=choices, attention=weight), together.at([row]))


@settings(max_examples=50)
@given(log=st.lists(st.tuples(st.integers(0, 90), SIGNALS), min_size=1, max_size=8), cut=st.integers(0, 8))
def test_replaying_what_came_back_gives_the_state_reached_step_by_step(
    log: list[tuple[int, Signal]], cut: int
) -> None:
    def fold(now: Memory, day: int, part: list[tuple[int, Signal]]) -> tuple[Memory, int]:
        for gap, signal in part:
            day += gap
            now = absorb(FSRS, now, day, signal, choices=4)
        return now, day

    kept, day = fold(Memory.fresh(1), DAY, log[:cut])
    stored = Memory(**{name: getattr(kept, name).copy() for name in kept.__slots__})
    same(fold(stored, day, log[cut:])[0], fold(Memory.fresh(1), DAY, log)[0])


# --- what a message buys ----------------------------------------------------------------------------


def bought(before: Memory, **changes: float) -> float:
    values = {"horizon": 180.0, "strength": 0.35, "attend": 1.0}
    return float(gain(FSRS, before, DAY, **(values | changes))[0])


def test_a_gain_is_the_area_between_the_curves_after_and_without_the_message() -> None:
    before, days = memory(), np.linspace(0, 180, 200_001)
    after = absorb(FSRS, before, DAY, Signal.OPENED, attention=1.0).stability
    without = FSRS.retrievability(DAY - before.exposed + days, before.stability)
    area = np.trapezoid(FSRS.retrievability(days, after) - without, days)
    assert bought(before) == pytest.approx(area, rel=1e-6)


def test_the_first_message_buys_all_that_will_be_known() -> None:
    met = absorb(FSRS, Memory.fresh(1), DAY, Signal.OPENED, attention=1.0)
    assert bought(Memory.fresh(1)) == pytest.approx(float(FSRS.knowledge(met.stability, 0, 180)[0]))


def test_a_message_that_half_of_them_read_buys_half() -> None:
    assert bought(memory(), attend=0.5) == pytest.approx(bought(memory()) / 2)


def test_what_was_read_the_day_before_costs_nothing_even_by_rounding() -> None:
    assert bought(memory(stability=87.0, difficulty=3.0, exposed=20830.0), horizon=2.0, strength=1.0) >= 0


@given(before=MEMORIES, horizon=st.floats(1, 720), strength=SHARES)
def test_no_message_costs_knowledge_and_none_buys_more_days_than_there_are(
    before: Memory, horizon: float, strength: float
) -> None:
    assert 0 <= bought(before, horizon=horizon, strength=strength) <= horizon


@given(before=MEMORIES, low=SHARES, high=SHARES)
def test_a_stronger_message_never_buys_less(before: Memory, low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert bought(before, strength=high) >= bought(before, strength=low) - 1e-9


@given(stability=st.floats(1, 300), early=st.integers(0, 300), late=st.integers(1, 300))
def test_what_is_nearly_forgotten_buys_more_than_what_was_just_refreshed(
    stability: float, early: int, late: int
) -> None:
    assume(late > early)
    fresh, faded = (memory(stability=stability, exposed=float(DAY - ago)) for ago in (early, late))
    assert bought(faded) >= bought(fresh) - 1e-9


def test_rows_of_any_kind_are_weighed_together() -> None:
    three = Memory.fresh(3)
    three.put([1], memory())
    three.put([2], memory(stability=400.0))
    together = gain(FSRS, three, DAY, horizon=180.0, strength=[0.35, 0.6, 0.6], attend=[1.0, 0.5, 0.5])
    alone = [
        bought(three.at([0])),
        bought(three.at([1]), strength=0.6, attend=0.5),
        bought(three.at([2]), strength=0.6, attend=0.5),
    ]
    np.testing.assert_allclose(together, alone, rtol=1e-14)
    assert together[0] > together[1] > together[2]
