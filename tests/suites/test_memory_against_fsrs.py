"""100,000 histories, reckoned on columns and by the published FSRS-6 package."""

import pytest

from diffuse.domain.memory import Fsrs
from tests.unit.domain.test_memory_against_fsrs import equal

STEPS = (((), ()), ((1, 3), (2,)), ((3,), (1, 4)), ((1, 2, 4), ()), ((), (5,)))


@pytest.mark.parametrize("retention", [0.7, 0.8, 0.9, 0.95])
@pytest.mark.parametrize(("learning", "relearning"), STEPS)
def test_100_000_random_histories_end_in_the_published_state_and_interval(
    learning: tuple[int, ...], relearning: tuple[int, ...], retention: float
) -> None:
    model = Fsrs(
        desired_retention=retention, learning_steps=learning, relearning_steps=relearning, fuzz=False
    )
    equal(100_000 // (4 * len(STEPS)), 10 * len(learning) + len(relearning) + int(retention * 1000), model)
