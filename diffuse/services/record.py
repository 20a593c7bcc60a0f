"""Record what comes back through the links of a message."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from diffuse.domain.events import Event, Kind
from diffuse.domain.evidence import Acknowledgement
from diffuse.domain.message import Baked, Wording
from diffuse.domain.policy import Question
from diffuse.domain.tracking import AGGREGATE, NAMED
from diffuse.errors import PermanentFailure
from diffuse.ports import Clock, Hits, Links, Publications, Shown, Signer
from diffuse.services.page import Page, page_of, statement


class NotOurs(PermanentFailure):
    """Raised for every link that leads nowhere, whatever the reason, and in the same words."""

    def __init__(self) -> None:
        """Say nothing about the reason: it would help only those who guess."""
        super().__init__(
            "this link belongs to no message that was sent; open it again from the message itself"
        )


class NoSuchAnswer(PermanentFailure):
    """Raised when an answer that was not offered is given; nothing is recorded."""


class Record:
    """Turns tokens that come back into events, acknowledgements and pages."""

    def __init__(self, *, hits: Hits, publications: Publications, clock: Clock, signer: Signer) -> None:
        """Take the collaborators."""
        self._hits = hits
        self._clock = clock
        self._signer = signer
        self._publications = publications

    def opened(self, token: str) -> None:
        """Record that the message was opened.

        Raises:
            NotOurs: when the token leads nowhere.
        """
        self._keep(self.delivery("open", token), Kind.OPENED)

    def clicked(self, token: str) -> str:
        """Record that a link was followed, and return where it leads.

        Raises:
            NotOurs: when the token leads nowhere.
        """
        shown, destination = self._followed(token)
        self._keep(shown, Kind.CLICKED, destination)
        return destination

    def destination(self, token: str) -> str:
        """Return where a link leads and record nothing.

        Raises:
            NotOurs: when the token leads nowhere.
        """
        return self._followed(token)[1]

    def page(self, token: str) -> Page:
        """Return what the employee sees, and record nothing.

        Raises:
            NotOurs: when the token leads nowhere.
        """
        shown = self.delivery("acknowledge", token)
        return page_of(shown, self._publications.get(shown.publication).campaign, self._baked(shown).excerpt)

    def acknowledge(self, token: str, answer: int | None = None) -> None:
        """Record that the employee confirmed the message, and the answer if there is one; the first stand.

        A key point that is not to be acknowledged gets its answer alone. The answer goes first: when
        the second write fails, the page still asks for the confirmation, and doing both again is harmless.

        Raises:
            NotOurs: when the token leads nowhere.
            NoSuchAnswer: when the answer was not offered; nothing is recorded.
        """
        shown = self.delivery("acknowledge", token)
        policy, point = self._publications.get(shown.publication).campaign.key_point(shown.key_point)
        if answer is not None:
            self._answer(shown, point.question, answer)
        if not point.acknowledge or shown.acknowledged_at is not None:
            return
        now = self._clock.now()
        acknowledgement = Acknowledgement(
            delivery=shown.id,
            policy=policy.id,
            version=policy.version,
            language=shown.language,
            statement=statement(policy, point, shown),
            at=now,
        )
        self._hits.acknowledge(acknowledgement, _local_day(now, shown))

    def delivery(self, purpose: str, token: str) -> Shown:
        """Return the delivery that a token stands for, and record nothing.

        Raises:
            NotOurs: when the token leads nowhere.
        """
        return self._read(purpose, token)[0]

    def _read(self, purpose: str, token: str) -> tuple[Shown, Links]:
        links = self._signer.read(purpose, token)
        shown = self._hits.shown(links.delivery) if links else None
        if links is None or shown is None:
            raise NotOurs
        return shown, links

    def _followed(self, token: str) -> tuple[Shown, str]:
        shown, links = self._read("click", token)
        destinations = self._baked(shown).links
        if links.number >= len(destinations):
            raise NotOurs
        return shown, destinations[links.number]

    def _baked(self, shown: Shown) -> Baked:
        """Return the wording that was sent, as it was baked then."""
        return self._publications.wording(
            shown.publication, Wording(shown.key_point, shown.variant, shown.language)
        )

    def _keep(self, shown: Shown, kind: Kind, detail: str = "") -> None:
        now, mode = self._clock.now(), shown.tracking.of(kind)
        if mode == AGGREGATE:
            self._hits.count(shown, kind)
        if mode != NAMED:
            return
        self._hits.record(Event(delivery=shown.id, kind=kind, at=now, detail=detail), _local_day(now, shown))

    def _answer(self, shown: Shown, question: Question | None, number: int) -> None:
        if question is None or not 0 <= number < len(question.answers):
            raise NoSuchAnswer(
                f"answer {number} was not offered in delivery {shown.id}; choose one that the page shows"
            )
        if shown.answer is None:
            judged = "right" if question.answers[number].right else "wrong"
            self._keep(shown, Kind.ANSWERED, f"{number}:{judged}")


def _local_day(at: datetime, shown: Shown) -> date:
    return at.astimezone(ZoneInfo(shown.time_zone)).date()
