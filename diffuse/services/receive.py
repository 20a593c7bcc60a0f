"""Receive: keep what comes back by mail, find its delivery, and let follow from it what is sure."""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from diffuse.domain.away import away_until
from diffuse.domain.classify import classify
from diffuse.domain.people import Absence
from diffuse.domain.returned import FAILURES, PROVEN, Classified, Failure, Kind, Mail
from diffuse.errors import DiffuseError
from diffuse.ports import Clock, Known, Mailbox, Returned, Returns
from diffuse.services.succeed import Succeed

EVERY = timedelta(minutes=1)
"""How often a worker looks at the mailboxes."""

MOST = 500
"""Mails of one mailbox that are read at a time."""

KEPT = 256 * 1024
"""Bytes of a mail that are kept."""

RECENT = timedelta(days=7)
"""A report that names no message is about one that was sent within so long."""

ROUTED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc")
"""Headers in which the address stands that a mail came back to."""

UNREADABLE = "it could not be taken apart ({why}): read it as it came"
FORGED = "its return path was not signed by us: somebody made it up, or a secret was withdrawn"
NOT_OURS = "about no message of ours that has left; nothing was changed"
READ_IT = {
    Kind.UNSURE: "nobody can say what it is: read it",
    Kind.CHALLENGE: "a filter asks whether a person wrote: let their mail system accept our messages",
    Kind.COMPLAINT: "somebody called a message unwanted: speak with them",
    Kind.HUMAN_REPLY: "a person wrote: answer them",
}

_log = logging.getLogger("diffuse.receive")


class Receive:
    """Reads mailboxes; each mail is kept once and only then put aside."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        clock: Clock,
        returns: Returns,
        mailboxes: Sequence[Mailbox],
        take_apart: Callable[[bytes], Mail],
        delivery_of: Callable[[str], int | None],
        succeed: Succeed,
    ) -> None:
        """Take the collaborators; ``delivery_of`` reads a return path: None for none of ours, 0 if forged."""
        self._clock = clock
        self._returns = returns
        self._mailboxes = mailboxes
        self._take_apart = take_apart
        self._delivery_of = delivery_of
        self._succeed = succeed
        self._read_at: datetime | None = None

    def run(self) -> None:
        """Read what is new, at most once in ``EVERY``; a mailbox that is away is read the next time."""
        now = self._clock.now()
        if self._read_at is not None and now - self._read_at < EVERY:
            return
        self._read_at = now
        for mailbox in self._mailboxes:
            try:
                counts = Counter(self._read(mailbox))
            except DiffuseError as failure:
                _log.warning("what came back is read later: %s", failure)
            else:
                if counts:
                    _log.info("came back: %s", ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())))

    def read(self) -> Mapping[str, int]:
        """Read what is new now, and raise when a mailbox is away; return how many of each kind came."""
        counts = Counter(kind for mailbox in self._mailboxes for kind in self._read(mailbox))
        self.suppress()
        return counts

    def suppress(self) -> int:
        """Suppress what is planned for addresses that do not exist; return how many."""
        return self._returns.suppress(self._clock.now())

    def _read(self, mailbox: Mailbox) -> Iterator[str]:
        with mailbox.unread() as mails:
            for name, raw in islice(mails, MOST):
                kind = self.take(raw)
                mailbox.taken(name)
                if kind:
                    yield kind

    def take(self, raw: bytes) -> str:
        """Keep one mail and do what follows; return its kind, or nothing when it was kept before."""
        now = self._clock.now()
        try:
            returned, about, until = self._understood(raw, now)
            kept = self._returns.keep(returned)
        except DiffuseError:
            raise
        except Exception as error:  # noqa: BLE001 -- made to stop the reader, or a mistake of ours
            _log.exception("a mail that came back could not be taken apart; it is kept for review")
            returned, about, until = _unreadable(raw, now, error), None, None
            kept = self._returns.keep(returned)
        if not kept:
            return ""
        if about and until:
            self._hold(about, until, now)
        return str(returned.kind)

    def _understood(self, raw: bytes, now: datetime) -> tuple[Returned, Known | None, date | None]:
        """Return what to keep of a mail, the delivery that it is about, and the last day away it names."""
        mail = self._take_apart(raw)
        found = classify(mail)
        about, matched, review = self._match(mail, found, now)
        failure = _theirs(found, about)
        until = self._away(mail, found, about, now) if matched in PROVEN else None
        returned = Returned(
            digest=hashlib.sha256(raw).hexdigest(),
            delivery=about.delivery if about else None,
            kind=failure.kind if failure else found.kind,
            status=failure.status if failure else "",
            matched=matched,
            reason=_plain(failure.reason if failure else found.reason),
            address=_plain(failure.address if failure else ""),
            review=review or _review(found, until),
            subject=_plain(mail.headers.get("subject", ""))[:500],
            at=now,
            size=len(raw),
            raw=raw[:KEPT],
        )
        return returned, about, until

    def _match(self, mail: Mail, found: Classified, now: datetime) -> tuple[Known | None, str, str]:
        """Find the delivery: by the signed return path, then the Message-ID, then the address."""
        for name in ROUTED:
            number = self._delivery_of(mail.headers.get(name, ""))
            if number == 0:
                return None, "", FORGED
            if number is not None:
                about = self._returns.known(number)
                return about, "verp" if about else "", "" if about else NOT_OURS
        addresses = {one for failure in found.failures for one in (failure.address, *failure.also) if one}
        pair = self._returns.sent_to(addresses, found.message_ids, now - RECENT) if addresses else None
        if pair is None and found.kind is Kind.HUMAN_REPLY:  # people answer from other addresses
            pair = self._returns.sent_to((), found.message_ids, now)
        if pair:
            return pair[0], pair[1], ""
        return None, "", NOT_OURS if found.kind in FAILURES else ""

    def _away(self, mail: Mail, found: Classified, about: Known | None, now: datetime) -> date | None:
        if about is None or found.kind is not Kind.AUTO_REPLY:
            return None
        today = now.astimezone(ZoneInfo(about.time_zone)).date()
        own, _, ours = mail.headers.get("subject", "").partition(":")
        return away_until("\n".join(("" if ours else own, *mail.texts[:1])), today)

    def _hold(self, about: Known, until: date, now: datetime) -> None:
        """Add the days from today to those that are known, which stay: nothing is planned for them."""
        today = now.astimezone(ZoneInfo(about.time_zone)).date()
        more = Absence(employee=about.employee, starts=today, ends=until)
        self._succeed.absent_one(about.employee, [*self._succeed.absences_of(about.employee), more])


def _theirs(found: Classified, about: Known | None) -> Failure | None:
    """Return what is said of the delivery's address, or else of the first one."""
    if about:
        for failure in found.failures:
            if about.email.lower() in {one.lower() for one in (failure.address, *failure.also)}:
                return failure
    return found.failures[0] if found.failures else None


def _unreadable(raw: bytes, now: datetime, error: Exception) -> Returned:
    return Returned(
        digest=hashlib.sha256(raw).hexdigest(),
        delivery=None,
        kind=Kind.UNSURE,
        status="",
        matched="",
        reason="",
        address="",
        review=UNREADABLE.format(why=type(error).__name__),
        subject="",
        at=now,
        size=len(raw),
        raw=raw[:KEPT],
    )


def _plain(text: str) -> str:
    """Return a text without what no database takes: surrogates that stand alone, and NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def _review(found: Classified, until: date | None) -> str:
    if found.kind is Kind.AUTO_REPLY:
        return (
            f"away until {until}: messages wait" if until else "an automatic answer that names no plain date"
        )
    if found.kind is Kind.COMPLAINT and found.reason == "not-spam":
        return "somebody called a message wanted that a filter had put aside (RFC 6430)"
    return READ_IT.get(found.kind, "")
