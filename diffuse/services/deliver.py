"""Deliver: claim what is due, fill the baked messages, hand them over, write down how each one ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from diffuse.domain.delivery import Claimed, Outcome, State, backoff
from diffuse.domain.message import (
    ABOUT,
    ACKNOWLEDGE_URL,
    DUTY,
    GIVEN_NAME,
    NAME,
    PIXEL_URL,
    Baked,
    Outgoing,
    Wording,
    link_slot,
)
from diffuse.domain.people import Employee
from diffuse.errors import TransientFailure
from diffuse.ports import Channel, Clock, Directory, Ledger, Publications, Signer

BATCH = 50
NOT_KEPT = "the database does not hold {}: it was changed by something else than diffuse"


@dataclass(kw_only=True, slots=True)
class Delivered:
    """What a run did: how many attempts ended in each state, and why it stopped early, if it did."""

    ended: dict[State, int] = field(default_factory=dict)
    trouble: str = ""

    def count(self, state: State) -> None:
        """Count one attempt."""
        self.ended[state] = self.ended.get(state, 0) + 1

    @property
    def total(self) -> int:
        """The number of attempts that ended."""
        return sum(self.ended.values())


class Deliver:
    """Sends what is due through one channel; any number of workers may run it at once."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        clock: Clock,
        directory: Directory,
        publications: Publications,
        ledger: Ledger,
        channel: Channel,
        signer: Signer,
        worker: str,
    ) -> None:
        """Take the collaborators; ``worker`` names this process in leases, and is unique."""
        self._clock = clock
        self._directory = directory
        self._publications = publications
        self._ledger = ledger
        self._channel = channel
        self._signer = signer
        self._worker = worker

    def run(self) -> Delivered:
        """Deliver until nothing is due, or until the other side cannot be reached."""
        report = Delivered()
        employees: Mapping[str, Employee] = {}
        while not report.trouble:
            claimed = self._ledger.claim(self._clock.now(), token=self._worker, limit=BATCH)
            if not claimed:
                break
            # Another process may have enrolled somebody and planned for them in the meantime.
            if not employees.keys() >= {
                name for one in claimed for name in (one.employee, one.about) if name
            }:
                employees = {employee.id: employee for employee in self._directory.employees()}
            self._batch(claimed, employees, report)
        return report

    def _batch(
        self, claimed: Sequence[Claimed], employees: Mapping[str, Employee], report: Delivered
    ) -> None:
        held = {delivery.id: delivery for delivery in claimed}
        outgoing = []
        for delivery in claimed:
            try:
                about = {ABOUT: employees[delivery.about].name} if delivery.about else {}
                occasion = about | ({DUTY: delivery.duty} if delivery.duty else {})
                outgoing.append(self._outgoing(delivery, employees[delivery.employee], occasion))
            except KeyError as missing:
                self._finish(held.pop(delivery.id), State.FAILED, NOT_KEPT.format(missing), report)
        try:
            for outcome in self._channel.send(outgoing, lambda number: self._fence(held[number])):
                if self._ledger.finish(held.pop(outcome.delivery), outcome):
                    report.count(outcome.state)
        except TransientFailure as failure:
            report.trouble = str(failure)
            for delivery in held.values():
                self._finish(delivery, State.PLANNED, failure.reply, report)

    def _fence(self, delivery: Claimed) -> bool:
        return self._ledger.fence(delivery, self._clock.now())

    def _finish(self, delivery: Claimed, state: State, reply: str, report: Delivered) -> None:
        """End an attempt that never reached the channel's wire."""
        now = self._clock.now()
        retry_at = now + backoff(delivery.attempt) if state is State.PLANNED else None
        outcome = Outcome(
            delivery=delivery.id,
            attempt=delivery.attempt,
            state=state,
            at=now,
            reply=reply,
            retry_at=retry_at,
        )
        if self._ledger.finish(delivery, outcome):
            report.count(state)

    def _outgoing(self, delivery: Claimed, employee: Employee, occasion: Mapping[str, str]) -> Outgoing:
        campaign = self._publications.get(delivery.publication).campaign
        wording = Wording(delivery.key_point, delivery.variant, delivery.language)
        baked = self._publications.wording(delivery.publication, wording)
        return Outgoing(
            delivery=delivery.id,
            attempt=delivery.attempt,
            email=employee.email,
            name=employee.name,
            reply_to_name=campaign.owner_name,
            reply_to_email=campaign.owner_email,
            list_id=f"{campaign.id}.{campaign.owner_email.rpartition('@')[2]}",
            list_name=campaign.title[delivery.language],
            message_id=delivery.message_id,
            date=_whole_second(delivery.due_at),
            baked=baked,
            values={**self._values(delivery.id, employee, baked), **occasion},
        )

    def _values(self, delivery: int, employee: Employee, baked: Baked) -> dict[str, str]:
        return {
            NAME: employee.name,
            GIVEN_NAME: employee.given_name,
            ACKNOWLEDGE_URL: self._signer.address("acknowledge", delivery),
            PIXEL_URL: self._signer.address("open", delivery),
        } | {link_slot(n): self._signer.address("click", delivery, n) for n in range(len(baked.links))}


def _whole_second(at: datetime) -> datetime:
    """Drop what a Date header cannot carry."""
    return at.replace(microsecond=0)
