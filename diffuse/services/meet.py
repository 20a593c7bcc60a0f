"""Meet: an identified employee comes from a post; what they see and give is theirs from then on.

A link of a post is the same for everybody, so nothing is known before somebody is identified. With the first
visit that may be kept by name, or else with the first answer, a delivery begins.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from diffuse.domain.events import Event, Kind
from diffuse.domain.identity import Identified
from diffuse.domain.measures import week_of
from diffuse.domain.message import Wording
from diffuse.domain.people import Employee
from diffuse.domain.posting import Meeting, Posting
from diffuse.domain.tracking import AGGREGATE, NAMED, Tracking, strictest, wish
from diffuse.domain.verdicts import UNTOLD, Visit
from diffuse.ports import Choices, Clock, Directory, Hits, House, Postings, Publications, Shown, Signer
from diffuse.services.owed import Owed
from diffuse.services.page import Page
from diffuse.services.record import Given, NotOurs, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What anybody may know who has the link of a post: which text it is about, in which language, and where.

    ``url`` is where people read it on the intranet; empty where it has no page.
    """

    language: str
    campaign: str
    policy: str
    subject: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    """A post as an employee sees it.

    Attributes:
        page: what is shown; it asks for nothing of somebody for whom the post is not meant, nor of somebody
            who has acknowledged its key point by another channel.
        stamp: what its form carries.
        delivery: the number of the delivery that has begun, 0 while none has.
        name: the employee's.
        is_for: whether the post is meant for them.
        is_known: whether they have acknowledged its key point by another channel.
    """

    page: Page
    stamp: str
    delivery: int
    name: str
    is_for: bool
    is_known: bool


class Meet:
    """Shows posts to employees, and records what they give."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        clock: Clock,
        directory: Directory,
        choices: Choices,
        house: House,
        publications: Publications,
        postings: Postings,
        hits: Hits,
        record: Record,
        owed: Owed,
        signer: Signer,
    ) -> None:
        """Take the collaborators."""
        self._clock = clock
        self._directory = directory
        self._choices = choices
        self._house = house
        self._publications = publications
        self._postings = postings
        self._hits = hits
        self._record = record
        self._owed = owed
        self._signer = signer

    def about(self, token: str) -> About:
        """Return what a post is about; nobody needs to be identified for that.

        Raises:
            NotOurs: when the token leads to no post to be read.
        """
        posting = self._posting(token)
        campaign = self._publications.get(posting.publication).campaign
        policy, point = campaign.key_point(posting.key_point)
        language = posting.language
        baked = self._publications.wording(posting.publication, _which(posting))
        return About(
            language=language,
            campaign=campaign.title[language],
            policy=policy.title[language],
            subject=baked.excerpt.subject.strip() or point.says[language],
            url=posting.url if posting.url.startswith(("https://", "http://")) else "",
        )

    def page(self, token: str, who: Identified) -> Met:
        """Return what an employee sees, and keep that they came as far as that may be kept.

        Raises:
            NotOurs: when the token leads to no post to be read, or the directory does not know the employee.
        """
        posting, employee = self._posting(token), self._employee(who)
        is_for, tracking = self._is_for(posting, employee), self._tracking(posting, employee)
        shown = self._theirs(posting, employee)
        if shown is None and is_for and tracking.opens == NAMED:
            shown = self._begin(posting, employee, tracking)
            at = self._clock.now()
            self._hits.record(Event(delivery=shown.id, kind=Kind.OPENED, at=at), _day(at, employee), who.by)
        elif is_for and tracking.opens == AGGREGATE:
            self._hits.record_many([], [(_nobody(posting, employee, tracking), Kind.OPENED)])
        page = self._record.page_of(shown or _nobody(posting, employee, tracking))
        published = self._publications.get(posting.publication)
        is_known = page.can_acknowledge and self._owed.has_acknowledged(
            published, posting.key_point, employee.id
        )
        if is_known or not is_for:
            page = replace(page, acknowledge=False, question=None)
        return Met(
            page=page,
            stamp=self._record.stamp(_key(token, who), page),
            delivery=shown.id if shown else 0,
            name=employee.name,
            is_for=is_for,
            is_known=is_known,
        )

    def respond(self, token: str, who: Identified, given: Given, visit: Visit = UNTOLD) -> None:
        """Record what an employee chose, as ``Record.respond`` does, and how they were identified.

        Raises:
            NotOurs: when the token leads to no post to be read, or the post is not meant for the employee.
        """
        posting, employee = self._posting(token), self._employee(who)
        if not self._is_for(posting, employee):
            raise NotOurs
        shown = self._theirs(posting, employee)
        if shown is None:
            tracking = self._tracking(posting, employee)
            # A form that cannot be recorded begins nothing.
            self._record.check(_nobody(posting, employee, tracking), _key(token, who), given)
            shown = self._begin(posting, employee, tracking)
        self._record.respond_to(shown, _key(token, who), given, visit, who.by)

    def _posting(self, token: str) -> Posting:
        links = self._signer.read("post", token)
        posting = self._postings.get(links.delivery) if links else None
        if posting is None or not posting.may_be_read:
            raise NotOurs
        return posting

    def _employee(self, who: Identified) -> Employee:
        employee = next(iter(self._directory.those([who.employee])), None)
        if employee is None:
            raise NotOurs
        return employee

    def _is_for(self, posting: Posting, employee: Employee) -> bool:
        campaign = self._publications.get(posting.publication).campaign
        return self._owed.is_for(campaign, posting.audience, employee)

    def _tracking(self, posting: Posting, employee: Employee) -> Tracking:
        return strictest(
            self._house.attention().tracking,
            self._publications.get(posting.publication).campaign.tracking,
            wish(employee.tracking),
            wish(self._choices.of(employee.id)),
        )

    def _theirs(self, posting: Posting, employee: Employee) -> Shown | None:
        """Return the delivery that began when they met the post, unless its text has changed since."""
        published = self._publications.get(posting.publication)
        for number in self._postings.met_by(posting.id, employee.id):
            shown = self._hits.shown(number)
            if shown and shown.publication >= published.asked_since.get(posting.key_point, 0):
                return shown
        return None

    def _begin(self, posting: Posting, employee: Employee, tracking: Tracking) -> Shown:
        at = self._clock.now()
        since = self._publications.get(posting.publication).asked_since.get(posting.key_point, 0)
        number = self._postings.meet(
            Meeting(
                posting=posting,
                employee=employee.id,
                day=_day(at, employee),
                at=at,
                tracking=tracking,
                since=since,
            )
        )
        shown = self._hits.shown(number)
        if shown is None:  # erased in this very moment
            raise NotOurs
        return shown


def _which(posting: Posting) -> Wording:
    return Wording(posting.key_point, posting.variant, posting.language)


def _key(token: str, who: Identified) -> str:
    """Return what a form is stamped for: this post, shown to this employee."""
    return f"{token}\0{who.employee}"


def _day(at: datetime, employee: Employee) -> date:
    return at.astimezone(employee.zone).date()


def _nobody(posting: Posting, employee: Employee, tracking: Tracking) -> Shown:
    """Return what is shown of a post to somebody of whom nothing is kept: a delivery without a number."""
    return Shown(
        id=0,
        publication=posting.publication,
        key_point=posting.key_point,
        variant=posting.variant,
        language=posting.language,
        employee=employee.id,
        time_zone=employee.time_zone,
        acknowledged_at=None,
        answer=None,
        channel=posting.channel,
        week=week_of(_day(posting.sent_at or posting.due_at, employee)),
        tracking=tracking,
    )
