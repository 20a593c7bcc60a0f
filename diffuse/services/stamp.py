"""Stamp: let somebody else confirm how far the chain of evidence had come, and check what they confirmed."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from diffuse.domain.stamps import Stamp
from diffuse.errors import DiffuseError
from diffuse.ports import Authority, Chain, Clock, Stamps

EVERY = timedelta(days=1)
"""Between two timestamps: whoever forges the chain later must leave everything up to yesterday as it was."""

AGAIN = timedelta(hours=1)
"""After a failure."""

_log = logging.getLogger("diffuse.stamp")


class Stamping:
    """Has the end of the chain stamped; without an authority only what is there is checked."""

    def __init__(
        self, *, chain: Chain, stamps: Stamps, clock: Clock, authority: Authority, is_asked: bool
    ) -> None:
        """Take the collaborators; ``is_asked`` tells whether an address is set."""
        self._chain = chain
        self._stamps = stamps
        self._clock = clock
        self._authority = authority
        self.is_asked = is_asked
        self._next: datetime | None = None

    def run(self) -> Stamp | None:
        """Stamp the end of the chain; None when it is empty, or stamped already.

        Raises:
            TransientFailure: when the authority gives nothing that can be used.
        """
        head, last = self._chain.head(), self._stamps.last()
        if not head.sequence or (last and last.sequence >= head.sequence):
            return None
        response = self._authority.stamp(head.sha256)
        stamp = Stamp(
            sequence=head.sequence,
            sha256=head.sha256,
            at=self._authority.at(response),
            url=self._authority.url,
            response=response,
        )
        self._stamps.keep(stamp)
        return stamp

    def daily(self) -> None:
        """Stamp once a day, for workers; what fails is logged, tried again, and stops nothing."""
        now = self._clock.now()
        if not self.is_asked or (self._next and now < self._next):
            return
        last = self._stamps.last()
        if last and now < last.at + EVERY:
            self._next = last.at + EVERY
            return
        self._next = now + AGAIN
        try:
            stamp = self.run()
        except DiffuseError as error:
            _log.warning("%s", error)
            return
        if stamp:
            _log.info("record %d of the evidence was stamped at %s", stamp.sequence, stamp.at.isoformat())

    def findings(self) -> Iterator[str]:
        """Yield what is wrong with the timestamps, each line naming its record."""
        stamps = {stamp.sequence: stamp for stamp in self._stamps.all()}
        if not stamps:
            return
        for record in self._chain.records():
            stamp = stamps.pop(record.sequence, None)
            if stamp is None:
                continue
            if stamp.sha256 != record.sha256:
                yield (
                    f"record {record.sequence}: its timestamp is about {stamp.sha256}, found {record.sha256}"
                )
            elif problem := self._authority.problem(stamp.response, record.sha256):
                yield f"record {record.sequence}: its timestamp does not hold: {problem}"
        for number in stamps:
            yield f"record {number}: it was stamped, found no such record"
