"""How fast memories change and are weighed, beside the published scheduler.

Run it as ``python benchmarks/memory.py``.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter

import numpy as np
from fsrs import Card, Rating, Scheduler

from diffuse.domain.memory import REVIEW, Fsrs, Grade, Memory
from diffuse.domain.signals import Signal, absorb, gain

PAIRS = 1_000_000
REVIEWS = 60_000
TODAY = 20_820.0


def memories(n: int) -> Memory:
    """Return memories of all ages and strengths."""
    chance = np.random.default_rng(1)
    return Memory(
        stability=np.exp(chance.normal(3.0, 1.5, n)),
        difficulty=chance.uniform(1.0, 10.0, n),
        exposed=TODAY - chance.integers(1, 400, n).astype(np.float64),
        step=np.full(n, REVIEW),
        relearning=np.zeros(n, dtype=np.bool_),
    )


def best(work: Callable[[], object], times: int = 5) -> float:
    """Return the seconds of the quickest of several runs."""
    taken = []
    for _ in range(times):
        begin = perf_counter()
        work()
        taken.append(perf_counter() - begin)
    return min(taken)


def published() -> float:
    """Return the reviews per second of the published scheduler."""
    scheduler = Scheduler(desired_retention=0.8, learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    cards = [Card(card_id=number) for number in range(REVIEWS // 6)]
    days = [datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=30 * turn) for turn in range(6)]

    def review() -> None:
        for card in cards:
            now = card
            for day in days:
                now, _ = scheduler.review_card(now, Rating.Good, day)

    return REVIEWS / best(review, times=2)


def main() -> None:
    """Print rates on one core."""
    model = Fsrs(desired_retention=0.8)
    memory = memories(PAIRS)
    chance = np.random.default_rng(2)
    grade = chance.choice([Grade.AGAIN, Grade.HARD, Grade.GOOD, Grade.EASY], PAIRS, p=[0.1, 0.1, 0.7, 0.1])
    signal = chance.choice(list(Signal), PAIRS, p=[0.6, 0.2, 0.15, 0.05])
    elapsed = TODAY - memory.exposed
    who = np.arange(PAIRS)

    def update() -> None:
        stability, _ = model.next_state(memory.stability, memory.difficulty, elapsed, grade)
        model.interval(stability)

    theirs = published()
    print(f"published scheduler   {theirs:14,.0f} reviews/s")
    for name, work in {
        "next state + interval": update,
        "review + fuzzed wait": lambda: model.wait(model.review(memory, TODAY, grade), who, 7, 3),
        "absorb a signal": lambda: absorb(model, memory, TODAY, signal, choices=4),
        "gain of a message": lambda: gain(model, memory, TODAY, horizon=365.0, strength=0.35, attend=0.5),
        "recall today": lambda: model.retrievability(elapsed, memory.stability),
    }.items():
        rate = PAIRS / best(work)
        print(f"{name:21} {rate:14,.0f} rows/s    {PAIRS / rate:6.3f} s a million   {rate / theirs:6,.0f}x")


if __name__ == "__main__":
    main()
