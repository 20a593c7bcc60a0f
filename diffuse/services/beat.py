"""Beat: one round of everything that must happen by itself; a worker beats every few seconds."""

from dataclasses import dataclass

from diffuse.ports import Clock, Ledger
from diffuse.services.deliver import Deliver, Delivered
from diffuse.services.plan import Plan, Planned


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What one beat did."""

    planned: Planned
    delivered: Delivered
    recovered: int
    unknown: int


class Beat:
    """Settles what dead workers left, plans, and delivers; the database alone says what is due."""

    def __init__(self, *, clock: Clock, ledger: Ledger, plan: Plan, deliver: Deliver) -> None:
        """Take the collaborators."""
        self._clock = clock
        self._ledger = ledger
        self._plan = plan
        self._deliver = deliver

    def run(self) -> Round:
        """Do one round."""
        recovered, unknown = self._ledger.recover(self._clock.now())
        return Round(
            planned=self._plan.run(), delivered=self._deliver.run(), recovered=recovered, unknown=unknown
        )
