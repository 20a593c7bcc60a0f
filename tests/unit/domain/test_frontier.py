"""What a simulation found: equal knowledge, intervals, ties, and the sentences that say it."""

from dataclasses import replace

import numpy as np
import pytest

from diffuse.domain.frontier import (
    COLUMNS,
    FRONTIER_COLUMNS,
    PRICES,
    WAITS,
    Found,
    estimate,
    frontier_rows,
    headline,
    needed,
    rows,
    saved,
    worst_decile,
)
from diffuse.domain.trial import Outcome
from tests.unit.domain.test_trial import scene

N = 40


def outcome(messages: float, knowledge: float) -> Outcome:
    spread = np.linspace(-0.01, 0.01, N)
    return Outcome(
        knowledge=knowledge + spread,
        messages=np.full(N, messages),
        last=np.full(N, knowledge),
        later=np.full(N, knowledge),
        covered=np.full(N, np.nan),
        full=np.zeros(N),
        curve=np.full(10, knowledge),
    )


def found(uniform: float = 0.5, fixed: float = 0.45, truth: str = "spacing") -> Found:
    """Budgeted knows 0.005 for each message; uniform knows so much with 100, and a fixed ladder too."""
    known = {"blast": (20, 0.1), "uniform": (100, uniform), "fixed": (100, fixed), "fsrs": (100, 0.4)}
    outcomes = {(truth, name): outcome(*one) for name, one in known.items()}
    ours = [outcome(max(100 - price, 1), (100 - price) * 0.006) for price in PRICES[:-1]]
    return Found(
        scene=scene(employees=N),
        outcomes={**outcomes, (truth, "budgeted"): outcome(100, 0.6)},
        frontier={
            (truth, "uniform"): [outcome(100 - place, 0.3) for place in range(len(WAITS))],
            (truth, "budgeted"): [*ours, outcome(0, 0.0)],
        },
    )


def test_messages_for_equal_knowledge_are_read_off_between_two_points() -> None:
    messages, knowledge = np.array([50.0, 10.0, 30.0]), np.array([0.5, 0.1, 0.3])
    assert needed(messages, knowledge, 0.4) == pytest.approx(40)
    assert np.isnan(needed(messages, knowledge, 0.6))
    assert np.isnan(needed(messages, knowledge, 0.05))


def test_a_point_that_costs_more_and_knows_less_does_not_count() -> None:
    assert needed(np.array([10.0, 20.0, 30.0]), np.array([0.2, 0.1, 0.4]), 0.3) == pytest.approx(20)


def test_an_interval_holds_the_true_mean_95_times_in_100() -> None:
    chance = np.random.default_rng(1)
    hits = sum(
        one.low <= 3.0 <= one.high for one in (estimate(chance.normal(3.0, 2.0, 50)) for _ in range(2_000))
    )
    assert 0.92 <= hits / 2_000 <= 0.97


def test_the_worst_decile_is_the_tenth_that_knows_least() -> None:
    one = replace(outcome(1, 0.5), knowledge=np.arange(N) / N)
    assert worst_decile(one) == pytest.approx(np.mean([0, 1, 2, 3]) / N)


def test_what_budgeted_saves_is_a_share_of_the_other_messages_with_its_interval() -> None:
    share = saved(found(), "spacing", found().outcomes["spacing", "uniform"])
    assert share.mean == pytest.approx(1 - 0.5 / 0.6, abs=0.01)
    assert share.half < 0.05


def test_the_headline_says_the_worst_case_first() -> None:
    one, other = found(uniform=0.5), found(uniform=0.3, truth="half-life")
    both = replace(
        one, outcomes={**one.outcomes, **other.outcomes}, frontier={**one.frontier, **other.frontier}
    )
    sentences = list(headline(both))
    assert "17% fewer messages" in sentences[0]
    assert "in the worst case (spacing)" in sentences[0]
    assert "50% fewer messages" in sentences[1]
    assert any("every" in one and "it saves" in one for one in sentences)


def test_where_nothing_is_saved_and_where_a_ladder_ties_is_said() -> None:
    sentences = " ".join(headline(found(uniform=0.7, fixed=0.59)))
    assert "Under spacing, budgeted saves nothing" in sentences
    assert "A fixed ladder does as well as budgeted, within 5%, under: spacing." in sentences
    assert "A fixed ladder" not in " ".join(headline(found()))


def test_the_tables_have_their_columns_and_leave_out_what_is_not_known() -> None:
    for columns, lines in ((COLUMNS, list(rows(found()))), (FRONTIER_COLUMNS, list(frontier_rows(found())))):
        assert {len(line) for line in lines} == {len(columns)}
    (first, *_) = rows(found())
    assert dict(zip(COLUMNS, first, strict=True))["coverage"] is None
