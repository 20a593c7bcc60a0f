"""Beat: one round of everything that must happen by itself; a worker beats every few seconds."""

from dataclasses import dataclass, field

from diffuse.domain.control import EVERYTHING
from diffuse.ports import Clock, Control, Ledger, Publications
from diffuse.services.announce import Announce, Announced
from diffuse.services.deliver import Deliver, Delivered
from diffuse.services.forward import Forward
from diffuse.services.guard import Guard
from diffuse.services.plan import Plan, Planned
from diffuse.services.receive import Receive
from diffuse.services.record import Record
from diffuse.services.retain import Retain
from diffuse.services.stamp import Stamping


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What one beat did."""

    planned: Planned
    delivered: Delivered
    recovered: int
    unknown: int
    announced: Announced = field(default_factory=Announced)


class Beat:
    """Settles what dead workers left, plans, delivers, announces and forwards.

    The database alone says what is due.
    """

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        guard: Guard,
        clock: Clock,
        ledger: Ledger,
        publications: Publications,
        control: Control,
        plan: Plan,
        deliver: Deliver,
        forward: Forward,
        record: Record,
        announce: Announce | None = None,
        receive: Receive | None = None,
        retain: Retain | None = None,
        stamping: Stamping | None = None,
    ) -> None:
        """Take the collaborators; what is left out is not done: nothing announced, read, or forgotten."""
        self._announce = announce
        self._retain = retain
        self._record = record
        self._stamping = stamping
        self._guard = guard
        self._clock = clock
        self._ledger = ledger
        self._publications = publications
        self._control = control
        self._plan = plan
        self._deliver = deliver
        self._forward = forward
        self._receive = receive

    def run(self) -> Round:
        """Do one round."""
        self._guard.check()
        before = Delivered()
        self._deliver.settle(before)
        self._ledger.resend(self._clock.now(), self._resending())
        self._record.judge_all()
        if self._retain is not None:
            self._retain.daily()
        if self._stamping is not None:
            self._stamping.daily()
        planned = self._plan.run()
        if self._receive:
            self._receive.suppress()  # what was just planned may be for an address that does not exist
        # Before messages, which may take hours: a platform answers in seconds, or is left alone.
        announced = self._announce.run() if self._announce else Announced()
        delivered = self._deliver.run()
        self._forward.run()
        if self._receive:
            self._receive.run()
        return Round(
            planned=planned,
            delivered=delivered,
            recovered=before.recovered + delivered.recovered,
            unknown=before.unknown + delivered.unknown,
            announced=announced,
        )

    def somebody_died(self) -> bool:
        """Tell whether a process of this machine died at work, so that a round is worth it at once."""
        return self._deliver.left()

    def _resending(self) -> list[str]:
        """Return the campaigns that want messages of unknown fate to be sent again, the stopped left out."""
        stopped = {one.campaign for one in self._control.stops()}
        running = (one.campaign for one in self._publications.running())
        wanting = (one.id for one in running if one.on_unknown == "resend")
        return [] if EVERYTHING in stopped else [name for name in wanting if name not in stopped]
