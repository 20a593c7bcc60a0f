"""Judge what came back by the present rules, however long ago it came."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from diffuse.ports import Hits

AT_A_TIME = 200
"""Deliveries that are judged in one transaction: others wait no longer than that."""


@dataclass(kw_only=True, slots=True)
class Reclassified:
    """What changed: how many hits have each verdict, by what was asked for, before and now."""

    deliveries: int = 0
    before: Counter[tuple[str, str]] = field(default_factory=Counter)
    now: Counter[tuple[str, str]] = field(default_factory=Counter)


class Reclassify:
    """Judges history anew; run again after an interruption, it ends where it would have ended."""

    def __init__(self, hits: Hits) -> None:
        """Take what keeps the hits."""
        self._hits = hits

    def run(self, campaign: str = "", progress: Callable[[int], None] = lambda _: None) -> Reclassified:
        """Judge the hits of a campaign, or all of them; ``progress`` is told how many deliveries are done."""
        done, last = Reclassified(), 0
        while part := self._hits.rejudge(campaign, last, AT_A_TIME):
            last = part.last
            done.deliveries += part.deliveries
            done.before.update(part.before)
            done.now.update(part.now)
            progress(done.deliveries)
        return done
