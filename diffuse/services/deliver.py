"""Deliver: claim what is due, fill the baked messages, hand them over, write down how each one ended."""

import logging
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from diffuse.domain.delivery import RETRY_FOR, Claimed, Ending, State, judged
from diffuse.domain.message import (
    ABOUT,
    ACKNOWLEDGE_URL,
    DECOY_URL,
    DUTY,
    GIVEN_NAME,
    NAME,
    PIXEL_URL,
    Baked,
    Outgoing,
    Slot,
    Wording,
    link_slot,
)
from diffuse.domain.people import given_name
from diffuse.domain.tracking import OFF, Tracking, tracking_of
from diffuse.domain.traffic import told
from diffuse.errors import DiffuseError
from diffuse.ports import Channel, Clock, Journal, Journals, Ledger, Publications, Signer, Turn
from diffuse.services.guard import Guard

BATCH = 1024
REST = 384
"""Messages of a batch, at most, that are left when the next one is claimed."""

SOON = timedelta(seconds=10)
"""The time that these may take, as the last ones did: what is claimed must leave long before its lease."""

WORDINGS = 512
"""Wordings of which the worker keeps what their messages have in common."""

NOT_KEPT = "the database does not hold {}: it was changed by something else than diffuse"

_log = logging.getLogger("diffuse.deliver")


@dataclass(kw_only=True, slots=True)
class Delivered:
    """What a run did.

    Attributes:
        ended: how many attempts ended in each state.
        trouble: why it stopped early, if it did.
        recovered, unknown: what dead workers left: deliveries planned again, and of unknown fate.
    """

    ended: dict[State, int] = field(default_factory=dict)
    trouble: str = ""
    recovered: int = 0
    unknown: int = 0

    def count(self, recorded: Mapping[State, int]) -> None:
        """Count attempts."""
        for state, number in recorded.items():
            self.ended[state] = self.ended.get(state, 0) + number

    @property
    def total(self) -> int:
        """The number of attempts that ended."""
        return sum(self.ended.values())


class Deliver:
    """Sends what is due through one channel; any number of workers may run it at once.

    In one process one run at a time does all the work: another one that begins meanwhile ends at once.
    """

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        guard: Guard,
        clock: Clock,
        publications: Publications,
        ledger: Ledger,
        channel: Channel,
        journals: Journals,
        signer: Signer,
        worker: str,
        stop: threading.Event | None = None,
        retry_for: timedelta = RETRY_FOR,
    ) -> None:
        """Take the collaborators.

        Args:
            worker: names this process in leases, and is unique.
            stop: when set, what has not been handed over is given back.
            retry_for: for how long a message that is refused for now is tried again.
        """
        self._guard = guard
        self._clock = clock
        self._publications = publications
        self._ledger = ledger
        self._channel = channel
        self._journals = journals
        self._signer = signer
        self._worker = worker
        self._stop = stop or threading.Event()
        self._retry_for = retry_for
        self._shared = lru_cache(maxsize=WORDINGS)(self._share)
        self._batches = 0
        self._alone = threading.Lock()
        self._database = threading.Lock()

    def run(self) -> Delivered:
        """Deliver until nothing is due, or until no server can be used, or until told to stop."""
        report = Delivered()
        if not self._alone.acquire(blocking=False):
            return report
        try:
            with ThreadPoolExecutor(1, thread_name_prefix="diffuse-claim") as aside:
                held = None if self._stop.is_set() else self._claim(report)
                while held is not None:
                    held = self._hand_over(held, aside, report)
        finally:
            self._alone.release()
        return report

    def left(self) -> bool:
        """Tell whether dead processes of this machine left anything."""
        return any(True for _ in self._journals.left())

    def settle(self, report: Delivered) -> None:
        """Settle what dead processes of this machine left, and what others held for too long."""
        with self._database:
            self._settle(report)

    def _settle(self, report: Delivered) -> None:
        for journal in self._journals.left():
            with journal as left:
                counts = self._ledger.settle_left(self._clock.now(), left)
            report.recovered += counts.get(State.PLANNED, 0)
            report.unknown += counts.get(State.UNKNOWN, 0)
        recovered, unknown = self._ledger.recover(self._clock.now())
        report.recovered += recovered
        report.unknown += unknown

    def _claim(self, report: Delivered) -> "_Held | None":
        """Claim a batch and open its journal, first of all; None when nothing is due."""
        with self._database, ExitStack() as stack:
            self._settle(report)
            self._batches += 1
            token = f"{self._worker}.{self._batches}"
            journal = stack.enter_context(self._journals.begin(token))
            now = self._clock.now()
            claimed = self._ledger.claim(now, token=token, limit=BATCH)
            if not claimed:
                return None
            broken: list[Ending] = []
            return _Held(
                token=token,
                claimed={one.id: one for one in claimed},
                outgoing=tuple(self._filled(claimed, broken)),
                broken=broken,
                journal=journal,
                since=now,
                end=stack.pop_all(),
            )

    def _hand_over(self, held: "_Held", aside: Executor, report: Delivered) -> "_Held | None":
        """Send a batch; return the next one, which is claimed towards the end of this one."""
        ahead: list[Future[_Held | None]] = []

        def turn(ended: Sequence[Ending], wanted: Sequence[int]) -> Collection[int]:
            with self._database:
                allowed = self._turn(held, ended, wanted, report)
                if not ahead and not self._stop.is_set() and held.nearly_over(self._clock.now()):
                    ahead.append(aside.submit(self._claim, report))
            return allowed

        try:
            with held.end:
                self._send(held, turn, report)
        except BaseException:
            for future in ahead:
                _abandon(future)
            raise
        following = ahead[0].result() if ahead else None
        if report.trouble or self._stop.is_set():
            if following is not None:
                with following.end, self._database:
                    self._ledger.give_back(self._clock.now(), following.token, {})
            return None
        return following if ahead else self._claim(report)

    def _send(self, held: "_Held", turn: Turn, report: Delivered) -> None:
        """Hand everything over, write down how each one ended, and give back what is left."""
        with self._database:
            self._guard.check()
        if held.broken:
            turn(held.broken, ())
        troubles = self._channel.send(held.outgoing, turn, held.journal)
        report.trouble = "; ".join(troubles.values())
        if held.ended == len(held.claimed) and not troubles:
            return
        with self._database:
            back = self._ledger.give_back(self._clock.now(), held.token, troubles)
        if back and troubles:
            report.count({State.PLANNED: back})

    def _turn(
        self, held: "_Held", ended: Sequence[Ending], wanted: Sequence[int], report: Delivered
    ) -> Collection[int]:
        """Write down how messages ended; let others be sent, unless the worker is to stop."""
        now, claimed = self._clock.now(), held.claimed
        turned = self._ledger.turn(
            now,
            held.token,
            ended=[judged(claimed[one.delivery], one, now, self._retry_for) for one in ended],
            wanted=() if self._stop.is_set() else [(number, claimed[number].attempt) for number in wanted],
            lease=self._channel.lease,
            heard=[lane for one in ended for lane in told(claimed[one.delivery], one)],
        )
        held.ended += len(ended)
        report.count(turned.recorded)
        for one in ended:
            if one.state is not State.SENT or _log.isEnabledFor(logging.DEBUG):
                _tell(claimed[one.delivery], one)
        return turned.allowed

    def _filled(self, claimed: Iterable[Claimed], broken: list[Ending]) -> Iterator[Outgoing]:
        """Yield what the channel needs; what cannot be filled fails alone."""
        for one in claimed:
            try:
                yield self._outgoing(one)
            except KeyError as missing:
                reply = NOT_KEPT.format(missing)
                broken.append(Ending(delivery=one.id, attempt=one.attempt, state=State.FAILED, reply=reply))

    def _outgoing(self, one: Claimed) -> Outgoing:
        which = Wording(one.key_point, one.variant, one.language)
        shared = self._shared(one.publication, which, tracking_of(one.opens, one.clicks))
        return Outgoing(
            delivery=one.id,
            attempt=one.attempt,
            email=one.email,
            name=one.name,
            reply_to_name=shared.reply_to_name,
            reply_to_email=shared.reply_to_email,
            list_id=shared.list_id,
            list_name=shared.list_name,
            message_id=one.message_id,
            date=_whole_second(one.dated_at),
            baked=shared.baked,
            values=_values(self._signer, one, shared),
            server=one.server,
        )

    def _share(self, publication: int, wording: Wording, tracking: Tracking) -> "_Shared":
        campaign = self._publications.get(publication).campaign
        baked = self._publications.wording(publication, wording).tracked(tracking)
        return _Shared(
            baked=baked,
            reply_to_name=campaign.owner_name,
            reply_to_email=campaign.owner_email,
            list_id=f"{campaign.id}.{campaign.owner_email.rpartition('@')[2]}",
            list_name=campaign.title[wording.language],
            links=tuple(link_slot(number) for number in range(len(baked.links))),
            decoy=Slot(DECOY_URL) in baked.html,
        )


@dataclass(kw_only=True, slots=True)
class _Held:
    """A batch that this process holds: claimed at an instant, with a journal that ends with ``end``.

    Attributes:
        outgoing: what the channel needs of each message.
        broken: the messages for which that cannot be had, with their reasons.
        ended: how many have ended.
    """

    token: str
    claimed: Mapping[int, Claimed]
    outgoing: Sequence[Outgoing]
    broken: Sequence[Ending]
    journal: Journal
    since: datetime
    end: ExitStack
    ended: int = 0

    def nearly_over(self, now: datetime) -> bool:
        """Tell whether the next batch may be claimed: this one was full, and goes on for seconds only."""
        rest = len(self.claimed) - self.ended
        return len(self.claimed) == BATCH and rest <= REST and (now - self.since) * rest < SOON * self.ended


class _Abandoned(Exception):
    """Ends the journal of a batch that was claimed and not handed over: it stays, and somebody settles it."""


def _abandon(future: "Future[_Held | None]") -> None:
    """Let go of a batch that was claimed ahead."""
    with suppress(DiffuseError, _Abandoned):
        held = future.result()
        if held is not None:
            with held.end:
                raise _Abandoned


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shared:
    """What the messages of one wording have in common."""

    baked: Baked
    reply_to_name: str
    reply_to_email: str
    list_id: str
    list_name: str
    links: tuple[str, ...]
    decoy: bool


def _tell(claimed: Claimed, one: Ending) -> None:
    """Log an ending; what went well is worth no line at the usual level."""
    level = logging.DEBUG if one.state is State.SENT else logging.INFO
    about = {
        "delivery": one.delivery,
        "attempt": one.attempt,
        "campaign": claimed.campaign,
        "state": str(one.state),
        "server": claimed.server,
    }
    _log.log(level, "%s", one.reply, extra=about)


def _values(signer: Signer, one: Claimed, shared: "_Shared") -> dict[str, str]:
    values = {
        NAME: one.name,
        GIVEN_NAME: given_name(one.name),
        ACKNOWLEDGE_URL: signer.address("acknowledge", one.id),
    }
    if one.opens != OFF:
        values[PIXEL_URL] = signer.address("open", one.id)
    if shared.decoy:
        values[DECOY_URL] = signer.address("decoy", one.id)
    for number, slot in enumerate(shared.links):
        values[slot] = signer.address("click", one.id, number)
    if one.about:
        values[ABOUT] = one.about
    if one.duty:
        values[DUTY] = one.duty
    return values


def _whole_second(at: datetime) -> datetime:
    """Drop what a Date header cannot carry."""
    return at.replace(microsecond=0)
