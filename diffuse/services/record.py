"""Record what comes back through the links of a message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from diffuse.domain.events import Event, Kind
from diffuse.domain.evidence import LINK, Acknowledgement, Response
from diffuse.domain.message import Baked, Wording
from diffuse.domain.policy import Question
from diffuse.domain.remark import LONGEST, MOST, Remark
from diffuse.domain.tracking import AGGREGATE, NAMED
from diffuse.domain.verdicts import FOLLOWED, TELLING, UNTOLD, Hit, Visit, What
from diffuse.errors import PermanentFailure, TransientFailure
from diffuse.ports import Clock, Hits, Links, Publications, Shown, Signer
from diffuse.services.newer import newer
from diffuse.services.page import Page, page_of, statement

DWELL = timedelta(seconds=2)
"""Nobody reads a page and chooses in less; programs do."""

FEW = 8
"""Requests of a group that are judged at once; of more, verdicts come when no one waits any longer."""

SOME = 64
"""Messages whose hits are judged then, before it is looked again whether someone waits."""

LASTS = timedelta(days=7)
"""For so long a page that stays open can still be sent."""

COUNTED = frozenset({What.OPEN, What.CLICK})
"""Requests that may be counted without a name."""

PURPOSES: Mapping[What, str] = MappingProxyType(
    {What.OPEN: "open", What.CLICK: "click", What.DECOY: "decoy", What.PAGE: "acknowledge"}
)
"""What the address of a message says, by what is asked for."""

REMARKS = frozenset({Response.QUESTION, Response.DISAGREE})


class NotOurs(PermanentFailure):
    """Raised for every link that leads nowhere, whatever the reason, and in the same words."""

    def __init__(self) -> None:
        """Say nothing about the reason: it would help only those who guess."""
        super().__init__(
            "this link belongs to no message that was sent; open it again from the message itself"
        )


class NoSuchAnswer(PermanentFailure):
    """Raised when an answer that was not offered is given; nothing is recorded."""


class NotOurForm(PermanentFailure):
    """Raised when what was posted is not our form as its button sends it; nothing is recorded."""


class Unfit(PermanentFailure):
    """Raised when our form cannot be recorded as it came; the page says why, and what to do.

    ``why`` is ``choose``, ``answer``, ``early``, ``late``, ``long`` or ``many``.
    """

    def __init__(self, why: str) -> None:
        """Take the reason."""
        super().__init__(f"the form is not recorded: {why}")
        self.why = why


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request whose link was read; ``mutated`` when it is only almost one of ours."""

    what: What
    links: Links
    visit: Visit


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What an employee sent by pressing the button.

    Attributes:
        form: the stamp of the form.
        response: what was chosen; None when nothing was, or nothing is to be acknowledged.
        answer: the number of the answer to the question, or None.
        text: what was written to the owner.
    """

    form: str
    response: Response | None = None
    answer: int | None = None
    text: str = ""


def refuse_unfit(page: Page, given: Given, dwell: timedelta) -> None:
    """Refuse a form in which something is missing, or that came too early or too late.

    Raises:
        Unfit: with the first reason.
    """
    is_remark = given.response in REMARKS
    for why, wrong in (
        ("late", dwell > LASTS),
        ("choose", page.can_acknowledge and given.response is None),
        ("answer", page.can_answer and given.answer is None and not is_remark),
        ("long", len(given.text) > LONGEST),
        ("many", is_remark and len(page.remarks) >= MOST),
        ("early", dwell < DWELL),
    ):
        if wrong:
            raise Unfit(why)


class Record:
    """Turns tokens that come back into events, acknowledgements and pages."""

    def __init__(self, *, hits: Hits, publications: Publications, clock: Clock, signer: Signer) -> None:
        """Take the collaborators."""
        self._hits = hits
        self._clock = clock
        self._signer = signer
        self._publications = publications
        self._is_behind = True

    def opened(self, token: str, visit: Visit = UNTOLD) -> None:
        """Record that the message's image was asked for.

        Raises:
            NotOurs: when the token leads nowhere.
        """
        self._alone(What.OPEN, token, visit)

    def clicked(self, token: str, visit: Visit = UNTOLD) -> str:
        """Record that a link was asked for, and return where it leads.

        Raises:
            NotOurs: when the token leads nowhere.
        """
        return self._alone(What.CLICK, token, visit)

    def lured(self, token: str, visit: Visit) -> None:
        """Record that the hidden link was followed; it leads nowhere.

        Raises:
            NotOurs: always.
        """
        self._alone(What.DECOY, token, visit)

    def visited(self, token: str, visit: Visit) -> None:
        """Record that the page was asked for, which acknowledges nothing.

        Raises:
            NotOurs: when the token leads nowhere.
        """
        self._alone(What.PAGE, token, visit)

    def asked(self, what: What, token: str, visit: Visit) -> Asked:
        """Read the link of a request, and record nothing.

        Raises:
            NotOurs: when it does not even resemble one of ours.
        """
        links = self._signer.read(PURPOSES[what], token)
        if links is not None:
            return Asked(what=what, links=links, visit=visit)
        number = self._signer.resembling(token)
        if number is None:
            raise NotOurs
        return Asked(what=What.MUTATED, links=Links(delivery=number), visit=visit)

    def take(self, asked: Sequence[Asked]) -> Sequence[str | NotOurs]:
        """Record requests, all in one transaction; when there are many, ``catch_up`` judges them.

        Returns:
            For each where it leads, empty for what leads nowhere else; or that there is nothing.
        """
        shown = self._hits.shown_many({one.links.delivery for one in asked})
        now = self._clock.now()
        hits: list[Hit] = []
        counted: list[tuple[Shown, Kind]] = []
        answers = [self._take(one, shown.get(one.links.delivery), now, hits, counted) for one in asked]
        if len(hits) > FEW:
            self._is_behind = True
            self._hits.keep_many(hits, counted)
        elif hits or counted:
            self._hits.record_many(hits, counted)
        return answers

    def catch_up(self) -> bool:
        """Judge some of what was only kept, here or by a process that has died; tell whether any is left.

        What this needs is a moment at which nobody waits: it goes on when it is called again.
        """
        if self._is_behind:
            self._is_behind = self._hits.judge_kept(SOME) == SOME
        return self._is_behind

    def judge_all(self) -> None:
        """Judge everything that was only kept: plans and reminders rest on it."""
        while self._hits.judge_kept(SOME) == SOME:
            pass

    def _take(
        self,
        one: Asked,
        shown: Shown | None,
        now: datetime,
        hits: list[Hit],
        counted: list[tuple[Shown, Kind]],
    ) -> str | NotOurs:
        """Add what is to be recorded of a request, and return its answer."""
        if shown is None:
            return NotOurs()
        destination = ""
        if one.what is What.CLICK:
            destinations = self._baked(shown).links
            if one.links.number >= len(destinations):
                return NotOurs()
            destination = destinations[one.links.number]
        kind = Kind.OPENED if one.what is What.OPEN else Kind.CLICKED
        mode = shown.tracking.of(kind)
        if mode == NAMED:
            hits.append(self._hit(one, shown, now, destination))
        elif mode == AGGREGATE and one.what in COUNTED and one.visit.method == "GET":
            counted.append((shown, kind))
        return NotOurs() if one.what in TELLING else destination

    def _alone(self, what: What, token: str, visit: Visit) -> str:
        """Record one request; one that only resembles ours is told so even while the database is away."""
        asked = self.asked(what, token, visit)
        try:
            (answer,) = self.take([asked])
        except TransientFailure:
            if asked.what is What.MUTATED:
                raise NotOurs from None
            raise
        if isinstance(answer, NotOurs):
            raise answer
        return answer

    def page(self, token: str) -> Page:
        """Return what the employee sees, and record nothing.

        Raises:
            NotOurs: when the token leads nowhere.
        """
        return self.page_of(self.delivery("acknowledge", token))

    def page_of(self, shown: Shown) -> Page:
        """Return what the employee of a delivery sees, and record nothing."""
        published = self._publications.get(shown.publication)
        later = newer(published, self._publications.running(), shown.key_point)
        return replace(self._page(shown), newer=later)

    def stamp(self, token: str, page: Page) -> str:
        """Return what the form of a page carries: when it was shown, and what it showed."""
        return self._signer.stamp(_shown(token, page), self._clock.now())

    def respond(self, token: str, given: Given, visit: Visit = UNTOLD) -> None:
        """Record what the employee chose on the page: a confirmation, a question, an answer; the first stand.

        A key point that is not to be acknowledged gets its answer alone. The answer goes first: when
        the second write fails, the page still asks for the confirmation, and doing both again is harmless.

        Raises:
            NotOurs: when the token leads nowhere.
            NotOurForm: when the form is not one that this page showed.
            NoSuchAnswer: when the answer was not offered.
            Unfit: when something is missing, or it came too early or too late. Nothing is recorded then.
        """
        self.respond_to(self.delivery("acknowledge", token), token, given, visit)

    def respond_to(
        self, shown: Shown, token: str, given: Given, visit: Visit = UNTOLD, by: str = LINK
    ) -> None:
        """Record what the employee of a delivery chose on a page; ``by`` says how they are known.

        ``token`` is what the page's stamp was made for. Raises as ``respond`` does.
        """
        now = self._clock.now()
        page, dwell = self.check(shown, token, given)
        if shown.tracking.of(Kind.CLICKED) == NAMED:
            asked = Asked(what=What.FORM, links=Links(delivery=shown.id), visit=visit)
            self._hits.record_many([self._hit(asked, shown, now)])
        policy, point = self._publications.get(shown.publication).campaign.key_point(shown.key_point)
        if given.response in REMARKS:
            remark = Remark(
                delivery=shown.id,
                response=given.response,
                policy=policy.id,
                version=policy.version,
                language=shown.language,
                statement=statement(policy, point, shown, given.response),
                text=given.text,
                form=given.form,
                at=now,
            )
            self._hits.remark(remark, _local_day(now, shown), by)
            return
        if given.answer is not None:
            self._answer(shown, point.question, given.answer, by)
        if page.can_acknowledge:
            acknowledgement = Acknowledgement(
                delivery=shown.id,
                policy=policy.id,
                version=policy.version,
                language=shown.language,
                statement=page.statement,
                at=now,
                dwell=dwell // timedelta(milliseconds=1),
            )
            self._hits.acknowledge(acknowledgement, _local_day(now, shown), by)

    def check(self, shown: Shown, token: str, given: Given) -> tuple[Page, timedelta]:
        """Return the page that a form was sent from, and for how long it was read; nothing is recorded.

        Raises as ``respond`` does.
        """
        page = self._page(shown)
        stamped = self._signer.stamped_at(_shown(token, page), given.form)
        if stamped is None:
            raise NotOurForm("a form that this page does not have")
        dwell = self._clock.now() - stamped
        refuse_unfit(page, given, dwell)
        answers = page.question.answers if page.question else ()
        answer = None if given.response in REMARKS else given.answer
        if answer is not None and answer not in range(len(answers)):
            raise NoSuchAnswer(
                f"answer {answer} was not offered in delivery {shown.id}; choose one that the page shows"
            )
        return page, dwell

    def delivery(self, purpose: str, token: str) -> Shown:
        """Return the delivery that a token stands for, and record nothing.

        Raises:
            NotOurs: when the token leads nowhere.
        """
        links = self._signer.read(purpose, token)
        shown = self._hits.shown(links.delivery) if links else None
        if shown is None:
            raise NotOurs
        return shown

    def _page(self, shown: Shown) -> Page:
        campaign = self._publications.get(shown.publication).campaign
        return page_of(shown, campaign, self._baked(shown).excerpt, self._hits.remarks(shown.id))

    def _hit(self, one: Asked, shown: Shown, now: datetime, destination: str = "") -> Hit:
        return Hit(
            delivery=shown.id,
            what=one.what,
            at=now,
            day=_local_day(now, shown),
            number=one.links.number if one.what is What.CLICK else 0,
            links=self._links(shown) if one.what in FOLLOWED else 0,
            method=one.visit.method,
            agent=one.visit.agent,
            prefetch=one.visit.prefetch,
            network=one.visit.network,
            detail=destination,
        )

    def _links(self, shown: Shown) -> int:
        """Count the different links of a message, that to its page among them if it asks for anything."""
        _, point = self._publications.get(shown.publication).campaign.key_point(shown.key_point)
        return len(self._baked(shown).links) + (point.acknowledge or point.question is not None)

    def _baked(self, shown: Shown) -> Baked:
        """Return the wording that was sent, as it was baked then."""
        return self._publications.wording(
            shown.publication, Wording(shown.key_point, shown.variant, shown.language)
        )

    def _answer(self, shown: Shown, question: Question | None, number: int, by: str) -> None:
        if question is not None and shown.answer is None:
            judged = "right" if question.answers[number].right else "wrong"
            now = self._clock.now()
            event = Event(delivery=shown.id, kind=Kind.ANSWERED, at=now, detail=f"{number}:{judged}")
            self._hits.record(event, _local_day(now, shown), by)


def _local_day(at: datetime, shown: Shown) -> date:
    return at.astimezone(ZoneInfo(shown.time_zone)).date()


def _shown(token: str, page: Page) -> str:
    """Return what a stamp stands for: the message, and what is to be confirmed or answered."""
    return "\0".join((token, page.language, page.statement, page.question.asks if page.question else ""))
