"""What the services need from outside, as small Protocols shaped by the caller."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import Claimed, Outcome, Touchpoint
from diffuse.domain.events import Event
from diffuse.domain.evidence import Acknowledgement
from diffuse.domain.message import Baked, Outgoing, Wording
from diffuse.domain.people import Employee
from diffuse.domain.planning import History, Load
from diffuse.domain.policy import KeyPoint, Policy, Text
from diffuse.domain.source import Loaded
from diffuse.errors import Problem


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the instant, in UTC and aware."""


class Calendar(Protocol):
    """Knows the public holidays."""

    def holidays(self, region: str, years: Iterable[int]) -> frozenset[date]:
        """Return the public holidays of a region such as ``CA-QC``; of an empty region, none.

        Raises:
            AuthoringError: for a region that is not known.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """What reading a directory changed: ids, in the order of the file; ``missing`` in that of their ids."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row of a directory file: an employee, or the reasons why it is none. Lines count from 1.

    ``id`` is the employee's, as far as it could be read.
    """

    line: int
    file: str = ""
    id: str = ""
    employee: Employee | None = None
    problems: tuple[Problem, ...] = ()


class Directory(Protocol):
    """Keeps the employees."""

    def employees(self) -> Sequence[Employee]:
        """Return everybody, by id."""

    def save(self, employees: Sequence[Employee], *, end_missing: date | None = None) -> Import:
        """Add or update employees, all or none; those who are kept but not among them are ``missing``.

        With ``end_missing``, the missing ones get that last day, unless an earlier one is known.
        Nobody is ever deleted.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """A campaign's text as it was launched; it never changes afterwards.

    Attributes:
        id: grows with each publication; deliveries point to it.
        digest: SHA-256 of the canonical definition and of all baked wordings, in hexadecimal.
    """

    id: int
    digest: str
    campaign: Campaign
    published_at: datetime


class Publications(Protocol):
    """Keeps what was launched."""

    def publish(self, campaign: Campaign, wordings: Mapping[Wording, Baked], at: datetime) -> Published:
        """Keep a campaign's text with all its baked wordings, in one transaction.

        The same text in the same layout again returns the publication that exists.
        """

    def running(self) -> Sequence[Published]:
        """Return the newest publication of each campaign, by campaign id."""

    def get(self, publication: int) -> Published:
        """Return one publication; KeyError when there is none."""

    def wording(self, publication: int, wording: Wording) -> Baked:
        """Return a wording as it was baked for a publication; KeyError when there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overdue:
    """A planned delivery whose window closed before it could be sent."""

    id: int
    publication: int
    employee: str
    due_on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """The new day and window of a planned delivery, and why it moved."""

    id: int
    due_on: date
    due_at: datetime
    not_after: datetime
    reason: str


class Ledger(Protocol):
    """Keeps the deliveries: the queue's truth."""

    def history(self, campaign: str) -> History:
        """Return the last message of every pair of the campaign, cancelled and suppressed ones left out.

        ``touch`` counts those too, so that the next touch is always a new one.
        """

    def load(self, since: date) -> Load:
        """Return the messages since a day that count against the attention budget."""

    def add(self, touchpoints: Iterable[Touchpoint], at: datetime) -> int:
        """Record touchpoints as planned deliveries, unless their key exists. Return how many are new."""

    def overdue(self, now: datetime) -> Sequence[Overdue]:
        """Return planned deliveries whose window has closed, by due instant and id."""

    def move(self, moves: Iterable[Move]) -> int:
        """Move deliveries that are still planned. Return how many moved."""

    def expire(self, deliveries: Collection[int], reason: str) -> int:
        """End deliveries that are still planned, and that no window awaits any more. Return how many."""

    def cancel(self, employees: Collection[str], reason: str) -> int:
        """Cancel everything still planned for these employees. Return how many."""

    def claim(self, now: datetime, *, token: str, limit: int) -> Sequence[Claimed]:
        """Take due deliveries within their window, oldest first, for the length of a lease."""

    def fence(self, claimed: Claimed, now: datetime) -> bool:
        """Commit that the final dot may follow; False when the lease was lost, and then it must not."""

    def finish(self, claimed: Claimed, outcome: Outcome) -> bool:
        """Write how the attempt ended, and log it; False when another attempt owns the delivery by now."""

    def recover(self, now: datetime) -> tuple[int, int]:
        """Settle expired leases: claimed ones are planned again, sending ones unknown. Return both counts."""

    def counts(self) -> dict[str, dict[str, int]]:
        """Return for each campaign the number of deliveries in each state, states without any left out."""


class Campaigns(Protocol):
    """Reads campaign files."""

    def read(self, path: Path) -> Loaded:
        """Read a campaign; whatever is wrong with the file is in the problems."""


class Renderer(Protocol):
    """Turns wordings into messages."""

    def problems(self, text: Text, language: str) -> Sequence[Problem]:
        """Return what would go wrong when this text is rendered.

        Paths are those of ``Text``, lines are counted within the field.
        """

    def bake(
        self, campaign: Campaign, policy: Policy, point: KeyPoint, register: str, language: str
    ) -> Baked:
        """Lay out, inline and check one wording.

        Raises:
            AuthoringError: when the text or the layout must be mended.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Specimen:
    """One wording in one language, filled in for a fictional employee.

    Attributes:
        campaign, policy, key_point: ids; the titles and ``says`` are in the language.
        words: how many of them an employee reads, the action included.
    """

    campaign: str
    campaign_title: str
    policy: str
    policy_title: str
    key_point: str
    says: str
    register: str
    language: str
    subject: str
    action: str
    words: int
    html: str
    text: str


class Channel(Protocol):
    """Delivers messages."""

    def send(self, batch: Sequence[Outgoing], fence: Callable[[int], bool]) -> Iterator[Outcome]:
        """Deliver each message and yield how it ended, one by one.

        ``fence(delivery)`` is called when everything but the final dot has been handed over; when it
        returns False the message is dropped without an outcome.

        Raises:
            TransientFailure: when the other side cannot be reached at all; messages without an
                outcome were not sent.
        """

    def close(self) -> None:
        """Hang up; the next message connects anew. Call it when nothing is being sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Links:
    """A link that came back: which delivery, and the number of the link in it."""

    delivery: int
    number: int = 0


class Signer(Protocol):
    """Makes the addresses in a message, and reads them when they come back."""

    def message_id(self, campaign: str, key_point: str, touch: int, employee: str) -> str:
        """Return the Message-ID of a delivery, in angle brackets; always the same for the same delivery."""

    def address(self, purpose: str, delivery: int, number: int = 0) -> str:
        """Return the address for a purpose: ``open``, ``click`` or ``acknowledge``."""

    def read(self, purpose: str, token: str) -> Links | None:
        """Return what a token stands for, or None when it is not one of ours for that purpose."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A delivery as the tracking service needs it.

    ``answer`` is the number of the first answer given, or None; ``time_zone`` is the employee's, as in the
    directory.
    """

    id: int
    publication: int
    key_point: str
    variant: str
    language: str
    employee: str
    time_zone: str
    acknowledged_at: datetime | None
    answer: int | None


class Hits(Protocol):
    """Keeps what comes back."""

    def shown(self, delivery: int) -> Shown | None:
        """Return a delivery that has left, or None."""

    def record(self, event: Event, reached_on: date) -> None:
        """Keep an event; the first of each kind sets the delivery's time. ``reached_on`` is the local day."""

    def acknowledge(self, acknowledgement: Acknowledgement, reached_on: date) -> bool:
        """Keep an acknowledgement and its event; False, and nothing changes, when there is one already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One delivery with everything that came back, for reports."""

    delivery: int
    campaign: str
    publication: int
    policy: str
    key_point: str
    touch: int
    step: int
    variant: str
    language: str
    channel: str
    employee: str
    state: str
    reason: str
    due_on: date
    due_at: datetime
    attempts: int
    sent_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None
    answered_at: datetime | None
    answer: str
    acknowledged_at: datetime | None
    message_id: str


class Results(Protocol):
    """Reads the ledger for reports."""

    def results(self) -> Iterator[Result]:
        """Yield every delivery, by campaign, employee, key point and touch; memory stays bounded."""


class Queue(Protocol):
    """Carries hints; a lost, doubled or late one changes nothing but latency."""

    def kick(self) -> None:
        """Hint that there is something to do; never fails."""
