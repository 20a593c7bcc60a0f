"""Mine: what an employee was asked and gave, what is kept about them, and what they allow to be measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from diffuse.domain.message import Wording
from diffuse.domain.tracking import MODES
from diffuse.ports import Clock, Hits, Publications, Sent, Shown, Signer, Theirs
from diffuse.services.person import Person
from diffuse.services.record import LASTS, NotOurForm, NotOurs

MOST = 500
"""Messages that the page shows; the file of what is kept holds all of them."""

THEMSELVES = "the employee"
"""Who reads, in the log of reads."""

Kept = Mapping[str, Sequence[Mapping[str, object]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A message as its employee sees it in a list; instants are in their own time zone.

    Attributes:
        language: in which it was sent.
        asks: whether it asks to be acknowledged, or asks a question.
        is_open: whether what it asks has not been given yet.
        address: where it can be read again, and answered.
    """

    language: str
    subject: str
    policy: str
    version: str
    sent_at: datetime
    acknowledged_at: datetime | None
    asks: bool
    is_open: bool
    address: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MyMessages:
    """The page of an employee; ``tracking`` is what they allow at most, empty when they have not chosen."""

    language: str
    entries: tuple[Entry, ...]
    tracking: str
    stamp: str


class Mine:
    """Answers employees about themselves; the link of any message to them tells who asks."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        hits: Hits,
        theirs: Theirs,
        publications: Publications,
        person: Person,
        signer: Signer,
        clock: Clock,
    ) -> None:
        """Take the collaborators."""
        self._hits = hits
        self._theirs = theirs
        self._publications = publications
        self._person = person
        self._signer = signer
        self._clock = clock

    def address(self, delivery: int) -> str:
        """Return where the employee of a delivery finds their page."""
        return self._signer.address("mine", delivery)

    def page(self, token: str) -> MyMessages:
        """Return the page.

        Raises:
            NotOurs: when the token leads nowhere.
        """
        shown = self._who(token)
        zone = ZoneInfo(shown.time_zone)
        return MyMessages(
            language=shown.language,
            entries=tuple(self._entry(one, zone) for one in self._theirs.sent_to(shown.employee, MOST)),
            tracking=self._person.choice(shown.employee),
            stamp=self._signer.stamp(token, self._clock.now()),
        )

    def kept(self, token: str) -> Kept:
        """Return everything that is kept about the employee; that it was read is logged.

        Raises:
            NotOurs: when the token leads nowhere.
        """
        into = _Copy()
        self._person.export(self._who(token).employee, into, THEMSELVES)
        return into.kept

    def choose(self, token: str, form: str, mode: str) -> None:
        """Keep what the employee allows to be measured from now on; empty takes the choice back.

        Raises:
            NotOurs: when the token leads nowhere.
            NotOurForm: for a form that the page did not show, or a mode that does not exist.
        """
        shown = self._who(token)
        stamped = self._signer.stamped_at(token, form)
        late = stamped is None or not timedelta() <= self._clock.now() - stamped <= LASTS
        if late or mode not in {"", *MODES}:
            raise NotOurForm("a form that this page does not have")
        self._person.choose(shown.employee, mode)

    def _who(self, token: str) -> Shown:
        links = self._signer.read("mine", token)
        shown = self._hits.shown(links.delivery) if links else None
        if shown is None:
            raise NotOurs
        return shown

    def _entry(self, one: Sent, zone: ZoneInfo) -> Entry:
        campaign = self._publications.get(one.publication).campaign
        policy, point = campaign.key_point(one.key_point)
        wording = Wording(one.key_point, one.variant, one.language)
        subject = self._publications.wording(one.publication, wording).excerpt.subject.strip()
        open_question = point.question is not None and not one.answer
        return Entry(
            language=one.language,
            subject=subject or point.says[one.language],
            policy=policy.title[one.language],
            version=policy.version,
            sent_at=one.due_at.astimezone(zone),
            acknowledged_at=one.acknowledged_at and one.acknowledged_at.astimezone(zone),
            asks=point.acknowledge or point.question is not None,
            is_open=(point.acknowledge and one.acknowledged_at is None) or open_question,
            address=self._address(one),
        )

    def _address(self, one: Sent) -> str:
        """Return where a message is answered; what came by a post, where its reader is identified again."""
        if one.post is None or one.acknowledged_at is not None:
            return self._signer.address("acknowledge", one.id)
        return self._signer.address("post", one.post)


class _Copy:
    """Takes what is kept as it is."""

    def __init__(self) -> None:
        self.kept: Kept = {}

    def write(self, kept: Kept) -> None:
        """Take it."""
        self.kept = kept
