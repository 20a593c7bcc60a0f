"""History is judged a part at a time."""

from dataclasses import dataclass, field

from diffuse.ports import Rejudged
from diffuse.services.reclassify import AT_A_TIME, Reclassify
from tests.unit.services.test_record import MemoryHits


@dataclass
class Parts(MemoryHits):
    """Hits of some messages, in parts that are told beforehand."""

    parts: list[Rejudged]
    asked: list[tuple[str, int, int]] = field(default_factory=list)

    def rejudge(self, campaign: str, after: int, limit: int) -> Rejudged | None:
        self.asked.append((campaign, after, limit))
        return self.parts.pop(0) if self.parts else None


def test_every_part_is_judged_after_the_one_before_and_all_are_counted() -> None:
    human, machine = ("click", "human"), ("click", "machine")
    hits = Parts(
        [
            Rejudged(last=40, deliveries=3, before={human: 3}, now={human: 1, machine: 2}),
            Rejudged(last=90, deliveries=2, before={human: 2}, now={human: 2}),
        ]
    )
    told: list[int] = []
    done = Reclassify(hits).run("loto", told.append)
    assert hits.asked == [("loto", after, AT_A_TIME) for after in (0, 40, 90)]
    assert (done.deliveries, done.before, done.now) == (5, {human: 5}, {human: 3, machine: 2})
    assert told == [3, 5]
