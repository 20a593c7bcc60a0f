"""What a simulation found: each rhythm under each truth, and how many messages equal knowledge costs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.scene import Scene
from diffuse.domain.schedule import Schedule
from diffuse.domain.trial import Contender, Outcome

Reals = NDArray[np.float64]

BATCHES = 10
"""Parts of the employees between which results vary; from them the intervals of what is interpolated."""

SURE = 1.96
"""Standard errors on both sides of a mean that hold 95 of 100 true values."""

PRICES = (0.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 130.0)
"""``min_gain_days`` at which the budgeted rhythm is tried: the dearer a message, the fewer."""

WAITS = (45, 60, 90, 120, 180, 270)
"""Days between two messages of a key point at which uniform repetition is tried."""

TIE = 0.05
"""A rhythm that needs so little more, or less, is called a tie."""


def contenders(schedule: Schedule) -> tuple[Contender, ...]:
    """Return the five rhythms: two baselines, and the planner's policies with a campaign's other options."""
    ours = (Contender(name=policy, schedule=replace(schedule, policy=policy)) for policy in OURS)
    return (Contender(name="blast"), Contender(name="uniform"), *ours)


OURS = ("fixed", "fsrs", "budgeted")
POLICIES = ("blast", "uniform", *OURS)
"""Every rhythm that is tried, by name."""


def thinned(schedule: Schedule) -> Iterator[Contender]:
    """Yield the rhythms of two frontiers, uniform repetition and the budgeted rhythm, ever more sparing."""
    for wait in WAITS:
        yield Contender(name="uniform", every=wait)
    for price in PRICES:
        yield Contender(name="budgeted", schedule=replace(schedule, policy="budgeted", min_gain_days=price))


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A simulation's results.

    Attributes:
        outcomes: by truth and rhythm, for all employees.
        frontier: by truth and rhythm, ever more sparing and without a deadline; for the first employees of
            the same scene, in the order of ``WAITS`` and ``PRICES``.
    """

    scene: Scene
    outcomes: Mapping[tuple[str, str], Outcome]
    frontier: Mapping[tuple[str, str], Sequence[Outcome]]

    @property
    def truths(self) -> tuple[str, ...]:
        """The truths that were tried."""
        return tuple(dict.fromkeys(truth for truth, _ in self.outcomes))


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A mean, and the half-width of its 95 % interval."""

    mean: float
    half: float

    @property
    def low(self) -> float:
        """The lower end."""
        return self.mean - self.half

    @property
    def high(self) -> float:
        """The upper end."""
        return self.mean + self.half


def estimate(values: Reals) -> Estimate:
    """Return the mean of independent values with its interval; NaN for none."""
    kept = values[~np.isnan(values)]
    if not len(kept):
        return Estimate(mean=np.nan, half=np.nan)
    half = SURE * kept.std(ddof=1) / np.sqrt(len(kept)) if len(kept) > 1 else np.nan
    return Estimate(mean=float(kept.mean()), half=float(half))


def worst_decile(outcome: Outcome) -> float:
    """Return the mean knowledge of the tenth of the employees who know least."""
    least = np.sort(outcome.knowledge)
    return float(least[: max(len(least) // 10, 1)].mean())


def needed(messages: Reals, knowledge: Reals, target: float) -> float:
    """Return how many messages a frontier needs for some knowledge; NaN beyond its ends.

    Args:
        messages, knowledge: the frontier's points, in any order; a dominated one is left out.
        target: the knowledge.
    """
    order = np.argsort(messages)
    cost, gain = messages[order], np.maximum.accumulate(knowledge[order])
    keep = np.diff(gain, prepend=-1.0) > 0
    cost, gain = cost[keep], gain[keep]
    return float(np.interp(target, gain, cost)) if gain[0] <= target <= gain[-1] else float("nan")


def saved(found: Found, truth: str, other: Outcome) -> Estimate:
    """Return the share of another run's messages that the budgeted rhythm saves for the same mean knowledge.

    Rhythm is compared with rhythm: the frontier has no deadline, which costs messages and buys confirmations.
    Employees are paired, and meet the same luck under both; the interval is that of batches of employees.
    The share is NaN where the budgeted rhythm never knows as much, or always more.
    """
    frontier = found.frontier[truth, "budgeted"]
    size = len(frontier[0].knowledge)

    def share(part: NDArray[np.int64]) -> float:
        messages = np.array([one.messages[part].mean() for one in frontier])
        knowledge = np.array([one.knowledge[part].mean() for one in frontier])
        need = needed(messages, knowledge, float(other.knowledge[part].mean()))
        spent = float(other.messages[part].mean())
        return 1.0 - need / spent if spent else float("nan")

    batches = np.array_split(np.arange(size), min(BATCHES, size))
    return Estimate(
        mean=share(np.arange(size)), half=estimate(np.array([share(one) for one in batches])).half
    )


def headline(found: Found) -> Iterator[str]:
    """Yield the sentences that an officer should read first: the worst case over the truths goes first."""
    shares = {truth: saved(found, truth, found.outcomes[truth, "uniform"]) for truth in found.truths}
    known = {truth: one for truth, one in shares.items() if not np.isnan(one.mean)}
    if known:
        worst = min(known, key=lambda truth: known[truth].mean)
        yield (
            f"For the knowledge of uniform repetition, budgeted needs {_fewer(known[worst])} "
            f"in the worst case ({worst})."
        )
        more = [f"{_fewer(one)} ({truth})" for truth, one in known.items() if truth != worst]
        if more:
            yield f"Under the other truths: {', '.join(more)}."
    for truth in [one for one in shares if one not in known]:
        yield f"Under {truth}, budgeted saves nothing at that budget: with as many messages it knows no more."
    yield _sparing(found)
    ties = [truth for truth in found.truths if _ties(found, truth)]
    if ties:
        yield f"A fixed ladder does as well as budgeted, within {TIE:.0%}, under: {', '.join(ties)}."


def _sparing(found: Found) -> str:
    """Compare with uniform repetition that sends about three quarters of what it might."""
    most = found.outcomes[found.truths[0], "uniform"].messages.mean()
    sent = [one.messages.mean() for one in found.frontier[found.truths[0], "uniform"]]
    place = int(np.argmin(np.abs(np.array(sent) - 0.75 * most)))
    shares = {truth: saved(found, truth, found.frontier[truth, "uniform"][place]) for truth in found.truths}
    words = [
        f"{'nothing' if np.isnan(one.mean) else f'{one.mean:.0%}'} ({truth})" for truth, one in shares.items()
    ]
    return (
        f"Of the {sent[place]:.0f} messages of uniform repetition every {WAITS[place]} days, "
        f"it saves {', '.join(words)}."
    )


def _fewer(share: Estimate) -> str:
    word = "fewer" if share.mean >= 0 else "more"
    return f"{abs(share.mean):.0%} {word} messages (± {share.half:.0%})"


def _ties(found: Found, truth: str) -> bool:
    """Tell whether a ladder knows as much as the budgeted rhythm with as many messages, within a tie."""
    ladder, ours = found.outcomes[truth, "fixed"], found.outcomes[truth, "budgeted"]
    knows = ladder.knowledge.mean() >= (1 - TIE) * ours.knowledge.mean()
    return bool(knows and ladder.messages.mean() <= (1 + TIE) * ours.messages.mean())


COLUMNS = (
    "campaign", "truth", "policy", "employees", "days", "messages",
    "knowledge", "knowledge_low", "knowledge_high", "worst_decile", "last_day", "remembered",
    "coverage", "full_weeks", "saved", "saved_low", "saved_high",
)  # fmt: skip
"""The columns of ``rows``; ``saved`` is what budgeted saves for the policy's knowledge."""


def rows(found: Found) -> Iterator[tuple[object, ...]]:
    """Yield a line for each truth and rhythm, in ``COLUMNS``."""
    scene = found.scene
    for (truth, policy), one in found.outcomes.items():
        known = estimate(one.knowledge)
        share = saved(found, truth, one)
        figures = (
            one.messages.mean(), known.mean, known.low, known.high, worst_decile(one), one.last.mean(),
            one.later.mean(), one.covered.mean(), one.full.mean(), share.mean, share.low, share.high,
        )  # fmt: skip
        size = (scene.campaign.id, truth, policy, scene.employees, scene.days)
        yield (*size, *(None if np.isnan(value) else f"{value:.4f}" for value in figures))


FRONTIER_COLUMNS = (
    "campaign", "truth", "policy", "every", "min_gain_days", "messages", "knowledge", "saved", "saved_low",
    "saved_high",
)  # fmt: skip
"""The columns of ``frontier_rows``; ``every`` counts days."""


def frontier_rows(found: Found) -> Iterator[tuple[object, ...]]:
    """Yield a line for each point of the frontiers, in ``FRONTIER_COLUMNS``."""
    for (truth, policy), outcomes in found.frontier.items():
        levels = WAITS if policy == "uniform" else PRICES
        for level, one in zip(levels, outcomes, strict=True):
            option = (level, None) if policy == "uniform" else (None, f"{level:g}")
            share = saved(found, truth, one)
            figures = (one.messages.mean(), one.knowledge.mean(), share.mean, share.low, share.high)
            yield (
                found.scene.campaign.id, truth, policy, *option,
                *(None if np.isnan(value) else f"{value:.4f}" for value in figures),
            )  # fmt: skip
