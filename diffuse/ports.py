"""What the services need from outside, as small Protocols shaped by the caller."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol

from diffuse.domain.attention import Attention
from diffuse.domain.campaign import Campaign
from diffuse.domain.channel import EMAIL
from diffuse.domain.control import Stop
from diffuse.domain.delivery import Change, Claimed, Ending, Left, Outcome, State, Touchpoint
from diffuse.domain.events import Event, Kind
from diffuse.domain.evidence import LINK, Acknowledgement, Evidence
from diffuse.domain.identity import Identified
from diffuse.domain.message import Baked, Outgoing, Wording
from diffuse.domain.messages import Messages
from diffuse.domain.pending import Occasion
from diffuse.domain.people import Absence, Employee
from diffuse.domain.policy import KeyPoint, Policy, Text
from diffuse.domain.population import Population
from diffuse.domain.post import Answer, Dressed, Found, Gone, Post
from diffuse.domain.posted import Ended
from diffuse.domain.posting import Meeting, Move, Posting, What
from diffuse.domain.remark import Remark
from diffuse.domain.source import Loaded
from diffuse.domain.stamps import Stamp
from diffuse.domain.standing import Standing
from diffuse.domain.succession import Duty
from diffuse.domain.tracking import EVERYTHING, NAMED, Tracking
from diffuse.domain.verdicts import Hit, Verdict
from diffuse.domain.versions import Revision
from diffuse.errors import Problem, TransientFailure

NEVER_CHANGED: Mapping[tuple[str, str], int] = MappingProxyType({})
"""No key point has changed materially."""


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

    def those(self, ids: Collection[str]) -> Sequence[Employee]:
        """Return some employees, by id; those who are not known are left out."""

    def called(self, value: str) -> Sequence[Employee]:
        """Return whoever has exactly that id, or that address in whatever case, by id."""

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
        revisions: the versions of policies that it added.
        asked_since: for each key point that has changed materially, the publication since which
            acknowledgements count: those of earlier texts are stale.
    """

    id: int
    digest: str
    campaign: Campaign
    published_at: datetime
    revisions: Sequence[Revision] = ()
    asked_since: Mapping[str, int] = field(default_factory=dict)


class Publications(Protocol):
    """Keeps what was launched."""

    def publish(
        self,
        campaign: Campaign,
        wordings: Mapping[Wording, Baked],
        at: datetime,
        revisions: Sequence[Revision] = (),
    ) -> Published:
        """Keep a campaign's text with all its baked wordings and the versions it adds, in one transaction.

        The same text in the same layout again returns the publication that exists.
        """

    def running(self) -> Sequence[Published]:
        """Return the newest publication of each campaign, by campaign id."""

    def get(self, publication: int) -> Published:
        """Return one publication; KeyError when there is none."""

    def earlier(self, campaign: str) -> Sequence[Published]:
        """Return every publication of a campaign, the newest first."""

    def wording(self, publication: int, wording: Wording) -> Baked:
        """Return a wording as it was baked for a publication; KeyError when there is none."""


class House(Protocol):
    """Keeps the organisation's rules of attention."""

    def attention(self) -> Attention:
        """Return the rules that count now; those that restrict nothing when none were published."""

    def publish(self, attention: Attention, at: datetime) -> None:
        """Let rules count from now on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A range of employees, by bucket, that a planner holds.

    ``revision`` counts what has changed for them when it was taken.
    """

    first: int
    last: int
    revision: int
    token: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """Where a campaign's pairs stood at the beginning of a day, ``cut``; it may be thrown away at any time.

    ``digest`` tells with which definition it was folded, ``employees`` names the rows.
    """

    digest: str
    cut: date
    employees: Sequence[str]
    standing: Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """What recording a plan changed: new deliveries, and how many others came to each state."""

    added: int
    changed: Mapping[State, int]


class LeaseLost(TransientFailure):
    """Raised when a planner took too long and another one has taken its employees over."""


class Plans(Protocol):
    """Keeps what planning needs and what it asks for; each chunk of employees is planned by one at a time."""

    def lay_out(self, now: datetime) -> None:
        """Cut the employees into chunks, if their number asks for another cut."""

    def claim(self, now: datetime, token: str) -> Chunk | None:
        """Take a chunk that is to be planned and that nobody holds; None when there is none."""

    def population(self, held: Chunk, acting: Mapping[str, Collection[str]]) -> Population:
        """Return the chunk's employees, by id, the roles that they have for others, and absences."""

    def kept(self, held: Chunk, campaign: str) -> Kept | None:
        """Return the standing that was kept for a campaign and a chunk, or None."""

    def messages(
        self, held: Chunk, population: Population, cuts: Mapping[str, date], until: date
    ) -> Messages:
        """Return the messages of a chunk: of each campaign those from ``cuts`` on, and old ones with news."""

    def occasions(self, held: Chunk) -> Sequence[Occasion]:
        """Return the occasions of a chunk's employees of which no message has left."""

    def ask(self, occasions: Collection[Occasion], *, only: str = "") -> None:
        """Keep occasions, each key once with its latest days, and let their employees be planned anew.

        Of the kind ``only``, all others are over from now on.
        """

    def record(  # noqa: PLR0913 -- everything that a plan changes, in one transaction
        self,
        held: Chunk,
        *,
        new: Sequence[Touchpoint],
        changes: Sequence[Change],
        standings: Mapping[str, Kept],
        now: datetime,
        due_at: datetime,
    ) -> Recorded:
        """Record a plan and give the chunk back, all or nothing.

        Raises:
            LeaseLost: when another planner has taken the chunk over; nothing is recorded.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Turned:
    """What a turn changed: the deliveries that may be sent, and how many came to each state."""

    allowed: frozenset[int]
    recorded: Mapping[State, int]


class Ledger(Protocol):
    """Keeps the deliveries: the queue's truth."""

    def claim(self, now: datetime, *, token: str, limit: int) -> Sequence[Claimed]:
        """Take due deliveries within their window, oldest first, for the length of a lease."""

    def turn(  # noqa: PLR0913 -- everything that changes between two rounds of messages, in one transaction
        self,
        now: datetime,
        token: str,
        *,
        ended: Sequence[Outcome],
        wanted: Sequence[tuple[int, int]],
        lease: timedelta,
        heard: Collection[tuple[str, str]] = (),
    ) -> Turned:
        """Write how attempts ended, and commit that the final dots of others may follow, in one transaction.

        ``wanted`` are (delivery, attempt) pairs, whose lease begins anew; ``heard`` are lanes, each with its
        refusal for now or, for success, nothing. What another token owns by now is
        left alone; what is still claimed is held on to.
        """

    def give_back(self, now: datetime, token: str, why: Mapping[str, str]) -> int:
        """Plan again what is still claimed, with the trouble by mail server; return how many.

        Nothing goes through those servers for a while.
        """

    def recover(self, now: datetime) -> tuple[int, int]:
        """Settle expired leases: claimed ones are planned again, sending ones unknown. Return both counts."""

    def settle_left(self, now: datetime, left: Left) -> Mapping[State, int]:
        """Settle what a dead process had in hand; return how many came to each state."""

    def resend(self, now: datetime, campaigns: Collection[str]) -> int:
        """Plan the messages of unknown fate of some campaigns again, as they were; return how many."""

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
class PostSpecimen:
    """A wording as a post on one channel.

    Attributes:
        at: when it would be published, in the campaign's time zone.
        post: what would be published then.
        dressed: what its platform is given.
        falls_back: whether it comes only where somebody has not acknowledged.
        is_posted: whether this wording is the one that is published; of several, one is.
    """

    channel: str
    at: datetime
    post: Post
    dressed: Dressed
    falls_back: bool
    is_posted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Specimen:
    """One wording in one language, filled in for a fictional employee.

    Attributes:
        campaign, policy, key_point: ids; the titles and ``says`` are in the language.
        words: how many of them an employee reads, the action included.
        posts: the same as intranet posts, one for each channel of its audience that is none of mail.
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
    posts: tuple[PostSpecimen, ...] = ()


class Turn(Protocol):
    """What a channel calls between the messages."""

    def __call__(self, ended: Sequence[Ending], wanted: Sequence[int]) -> Collection[int]:
        """Write down how attempts ended, and commit that the final dots of others may follow.

        Returns the wanted deliveries whose final dot may follow; the others are not to be sent.
        """


class Journal(Protocol):
    """Keeps beside the database, for the time that it takes, what must survive the death of the process."""

    def dots(self, deliveries: Sequence[tuple[int, int]]) -> None:
        """Note (delivery, attempt) pairs whose final dot is about to be set."""

    def replies(self, endings: Sequence[Ending]) -> None:
        """Note what the other side answered."""


class Journals(Protocol):
    """Keeps one journal for each batch."""

    def begin(self, token: str) -> AbstractContextManager[Journal]:
        """Keep a journal; it is thrown away at the end, but not when that end is an exception."""

    def left(self) -> Iterator[AbstractContextManager[Left]]:
        """Yield what dead processes of this machine left; the end of a ``with`` block throws it away."""


class Channel(Protocol):
    """Delivers messages."""

    @property
    def lease(self) -> timedelta:
        """For how long a fence must hold: as long as the other side may take to answer, and a margin."""

    def send(self, batch: Sequence[Outgoing], turn: Turn, journal: Journal) -> Mapping[str, str]:
        """Deliver messages, and tell ``turn`` how each one ended.

        A message whose final dot ``turn`` did not allow has no ending, nor has one that was not tried because
        its server could not be used; of such servers the troubles are returned, in words, by their names.
        What ``turn`` raises ends everything at once.
        """

    def close(self) -> None:
        """Hang up; the next message connects anew. Call it when nothing is being sent."""


class Platform(Protocol):
    """Publishes posts where employees read them; everything it is told goes into its answers, never up."""

    @property
    def name(self) -> str:
        """The channel's name in campaigns and reports, such as ``wordpress``."""

    def dress(self, post: Post) -> Dressed:
        """Return what the platform is given of a post; nothing is sent."""

    def post(self, post: Post) -> Answer:
        """Publish a post once, however often asked: a timeout is followed by a look-up, not a retry.

        One that is there and that people cannot read, as it was withdrawn or never published, is published.
        """

    def lookup(self, key: str) -> Found:
        """Return where the post of a key stands; ``Absent`` when people cannot read it, nor will.

        ``Unsure`` where the platform cannot be asked.
        """

    def update(self, post: Post) -> Answer:
        """Let the post of that key say something else, in place; ``Refused`` when there is none.

        The answer is ``Posted``, with its address.
        """

    def withdraw(self, key: str) -> Gone:
        """Let nobody read the post of that key any longer."""

    def close(self) -> None:
        """Hang up; the next call connects anew."""


class Postings(Protocol):
    """Keeps the posts: what is asked of platforms, and what became of it."""

    def all(self) -> Sequence[Posting]:
        """Return every post, by number; there are hundreds."""

    def get(self, number: int) -> Posting | None:
        """Return a post, or None."""

    def add(self, new: Sequence[Posting]) -> int:
        """Add posts, each key once; return how many are new."""

    def move(self, number: int, move: Move, publication: int, variant: str) -> None:
        """Let a post that nobody holds come to another state, or be published at another time."""

    def take(self, posting: Posting, what: What, token: str, now: datetime, until: datetime) -> bool:
        """Hold a post while its platform is asked; False when somebody else does, or when it has changed.

        One that is to be published is ``sending`` from then on, before anything leaves.
        """

    def end(self, number: int, token: str, ended: Ended, now: datetime) -> bool:
        """Write down how it ended, and let go; False when somebody else holds it by now."""

    def put_off(self, channel: str, until: datetime) -> None:
        """Publish nothing more on a channel before an instant."""

    def left(self, now: datetime) -> Sequence[Posting]:
        """Return the posts that somebody was publishing who has stopped."""

    def settle(self, ids: Collection[int], state: State, by: str, now: datetime) -> "Settled":
        """Settle posts of unknown fate: sent, or planned again because they are not there."""

    def retry(self, campaign: str, by: str, now: datetime) -> int:
        """Plan again the posts of a campaign that a platform refused; return how many."""

    def meet(self, meeting: Meeting) -> int:
        """Return the number of the delivery of whoever meets a post with its text; it begins then."""

    def met_by(self, number: int, employee: str) -> Sequence[int]:
        """Return the deliveries that began when an employee met a post, the newest first."""


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
        """Return the address for a purpose.

        One of ``open``, ``click``, ``acknowledge``, ``mine``, ``decoy``, ``post`` and ``feed``.
        """

    def read(self, purpose: str, token: str) -> Links | None:
        """Return what a token stands for, or None when it is not one of ours for that purpose."""

    def resembling(self, token: str) -> int | None:
        """Return the delivery that a token names which is not ours; anybody can make one up."""

    def stamp(self, shown: str, at: datetime) -> str:
        """Return what a form carries that shows something at an instant; no two stamps are alike."""

    def stamped_at(self, shown: str, stamp: str) -> datetime | None:
        """Return when a form was shown; None when it is not ours, or showed something else."""


class Head(NamedTuple):
    """The end of the chain of evidence: how many records it has, and the hash of the last."""

    sequence: int
    sha256: str


class Chain(Protocol):
    """Reads the chain of evidence."""

    def records(self) -> Iterator[Evidence]:
        """Yield the whole chain in its order, in constant memory."""

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield every text that is kept, by its hash."""

    def head(self) -> Head:
        """Return the end of the chain as writers left it."""


class Stamps(Protocol):
    """Keeps the timestamps of the chain."""

    def all(self) -> Sequence[Stamp]:
        """Return every timestamp, by the record that it is about."""

    def last(self) -> Stamp | None:
        """Return the timestamp of the last record that has one."""

    def keep(self, stamp: Stamp) -> None:
        """Keep a timestamp; the first one about a record stands."""


class Authority(Protocol):
    """Somebody else, who confirms that a hash was known at an instant."""

    @property
    def url(self) -> str:
        """Where it is asked."""

    def stamp(self, sha256: str) -> bytes:
        """Return its answer about a hash; TransientFailure when there is none that can be used."""

    def at(self, response: bytes) -> datetime:
        """Return the instant that an answer names."""

    def problem(self, response: bytes, sha256: str) -> str:
        """Say what is wrong with an answer about a hash; empty when nothing is."""


class Audit(Protocol):
    """Checks the chain of evidence."""

    def findings(self) -> Iterator[str]:
        """Yield all that is wrong: which record, what was expected, what was found."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A delivery as the tracking service needs it.

    ``answer`` is the number of the first answer given, or None; ``time_zone`` is the employee's, as in the
    directory. A message for an occasion has the name of the employee whom it is ``about``, and the ``duty``.
    ``channel`` is how it came, ``week`` the ISO week of its local day, and ``tracking`` what is measured of
    it: as it was sent, or less where the employee has changed their mind since.
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
    about: str = ""
    duty: str = ""
    week: str = ""
    tracking: Tracking = EVERYTHING
    channel: str = EMAIL


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejudged:
    """What came of judging some messages anew.

    Attributes:
        last: the number of the last delivery; the next part comes after it.
        deliveries: how many there were.
        before: how many hits had each verdict, by what was asked for.
        now: how many have it now.
    """

    last: int
    deliveries: int
    before: Mapping[tuple[str, str], int]
    now: Mapping[tuple[str, str], int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubted:
    """An acknowledgement to follow up: a program may have sent it; ``doubt`` says what speaks for that."""

    delivery: int
    employee: str
    campaign: str
    key_point: str
    policy: str
    version: str
    at: datetime
    doubt: str


class Hits(Protocol):
    """Keeps what comes back."""

    def shown(self, delivery: int) -> Shown | None:
        """Return a delivery that has left, or None."""

    def shown_many(self, deliveries: Collection[int]) -> Mapping[int, Shown]:
        """Return those of some deliveries that have left, by their numbers."""

    def record_many(
        self, hits: Sequence[Hit], counted: Sequence[tuple[Shown, Kind]] = ()
    ) -> Sequence[Verdict | None]:
        """Keep requests, judge all of each message anew, and fold what persons did; all or nothing.

        What is ``counted`` is counted without the person: nothing of it leads back to a delivery.
        Return a verdict for each hit; None where nothing was kept, as there is no such delivery.
        """

    def keep_many(self, hits: Sequence[Hit], counted: Sequence[tuple[Shown, Kind]] = ()) -> None:
        """Keep requests durably, and judge them later: many have come at once."""

    def judge_kept(self, limit: int) -> int:
        """Judge what was only kept, of some messages; return how many of them there were."""

    def rejudge(self, campaign: str, after: int, limit: int) -> Rejudged | None:
        """Judge the hits of some deliveries anew, those after a number; None when there are no more.

        ``campaign`` may be empty for all of them.
        """

    def doubted(self) -> Sequence[Doubted]:
        """Return the acknowledgements that may be a program's, the newest first."""

    def record(self, event: Event, reached_on: date, by: str = LINK) -> None:
        """Keep what comes from a person for sure; the first of each kind sets the delivery's time.

        ``reached_on`` is the local day; ``by`` says how the person was known.
        """

    def acknowledge(
        self, acknowledgement: Acknowledgement, reached_on: date, by: str = LINK, *, reason: str = ""
    ) -> bool:
        """Keep an acknowledgement and its event; False, and nothing changes, when there is one already.

        With a ``reason`` an officer gave it on behalf of the employee.
        """

    def remark(self, remark: Remark, reached_on: date, by: str = LINK) -> None:
        """Keep a question or a disagreement; the same form sent again changes nothing."""

    def remarks(self, delivery: int) -> Sequence[Remark]:
        """Return what was written about a delivery, in the order in which it came."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unforwarded:
    """A remark that has to be forwarded, and whose it is: ``publication`` and ``key_point`` name the text."""

    id: int
    remark: Remark
    publication: int
    key_point: str
    variant: str
    name: str
    email: str


class Remarks(Protocol):
    """Keeps what is to be forwarded to the owners of policies."""

    def waiting(self, now: datetime, lease: timedelta) -> Sequence[Unforwarded]:
        """Take what waits, some at a time; nobody else takes it before the lease has run out."""

    def forwarded(self, number: int, at: datetime) -> None:
        """Write down that a remark has been handed over."""

    def all(self) -> Sequence[tuple[int, str, Remark, datetime | None]]:
        """Return every remark with its number, its employee, and when it was forwarded, the newest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A plain mail to one person; ``reply_to`` is an address, ``message_id`` has its angle brackets."""

    to: str
    reply_to: str
    subject: str
    text: str
    language: str
    message_id: str
    date: datetime


class Letters(Protocol):
    """Sends plain mail."""

    def send(self, letter: Letter) -> None:
        """Hand a letter over; TransientFailure when that cannot be done now, PermanentFailure when never."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A message that has left for an employee, and what they gave; ``answer`` as in a result.

    ``post`` is the number of the intranet post that they met; None for a mail.
    """

    id: int
    publication: int
    key_point: str
    variant: str
    language: str
    due_at: datetime
    acknowledged_at: datetime | None
    answer: str
    post: int | None = None


class Theirs(Protocol):
    """Reads what one employee was sent."""

    def sent_to(self, employee: str, limit: int) -> Sequence[Sent]:
        """Return what has left for an employee, the newest first, so many at most."""


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
    wanted_on: date
    delayed_by: str
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
    opens: str = NAMED
    clicks: str = NAMED
    raw_opens: int = 0
    human_opens: int = 0
    unsure_opens: int = 0
    raw_clicks: int = 0
    human_clicks: int = 0
    unsure_clicks: int = 0
    identified_by: str = ""
    post: int | None = None


class Count(NamedTuple):
    """Hits that were counted without a person."""

    publication: int
    key_point: str
    channel: str
    week: str
    kind: Kind
    hits: int


class Results(Protocol):
    """Reads the ledger for reports."""

    def counts(self) -> Iterable[Count]:
        """Return the hits that were counted without a person."""

    def results(self) -> Iterator[Result]:
        """Yield every delivery, by campaign, employee, key point and touch; memory stays bounded."""


class Queue(Protocol):
    """Carries hints; a lost, doubled or late one changes nothing but latency."""

    def kick(self) -> None:
        """Hint that there is something to do; never fails."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Passed:
    """What came of the message about a handover; None while it has not."""

    sent_at: datetime | None
    acknowledged_at: datetime | None


class Relief(Protocol):
    """Keeps who is away, and who stands in for whom."""

    def absences(self, employees: Collection[str] | None = None) -> Sequence[Absence]:
        """Return the absences of some employees, or of all, by employee and first day."""

    def renew(
        self, given: Collection[Absence], days: Mapping[str, date], employee: str | None = None
    ) -> tuple[int, int]:
        """Replace the absences of an employee, or of everybody, from their local days on.

        Return how many were added and how many taken away. What has passed stays, and an absence that has
        begun and is not given any more ended yesterday.
        """

    def duties(self) -> Sequence[Duty]:
        """Return every duty, by role and duty."""

    def assign(self, duties: Collection[Duty]) -> None:
        """Replace every duty."""

    def acknowledged(
        self, employees: Collection[str], asked_since: Mapping[tuple[str, str], int] = NEVER_CHANGED
    ) -> Mapping[str, Collection[tuple[str, str]]]:
        """Return for each employee the (campaign, key point) pairs that they have acknowledged.

        ``asked_since`` gives the publication since which acknowledgements of a pair count.
        """

    def passed(self, employees: Collection[str]) -> Mapping[str, Passed]:
        """Return what came of the messages that some employees got for occasions, by the occasion's key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A delivery as an operator looks at it; ``since`` is when it was last allowed to leave, if ever."""

    id: int
    campaign: str
    key_point: str
    employee: str
    state: State
    reason: str
    due_at: datetime
    attempt: int
    since: datetime | None
    server: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What came of settling by hand: how many were settled, and how many stayed as they were, by state.

    Attributes:
        done: those that were unknown.
        others: those that stay as they are; unknown ones among them are of a cancelled campaign.
        missing: ids that nobody knows.
    """

    done: int
    others: Mapping[State, int]
    missing: tuple[int, ...] = ()


class Control(Protocol):
    """Keeps what operators and guards have brought to a standstill, and takes their decisions."""

    def stops(self) -> Sequence[Stop]:
        """Return what stands still, by campaign; ``EVERYTHING`` first."""

    def pause(self, campaign: str, reason: str, now: datetime) -> int:
        """Let nothing more of a campaign leave, at once, and hold what is planned; return how many are held.

        A campaign that is cancelled stays so.
        """

    def resume(self, campaign: str, now: datetime) -> int:
        """End a pause, and plan again what it held; return how many."""

    def cancel(self, campaign: str, reason: str, now: datetime) -> int:
        """Let nothing more of a campaign leave, at once; cancel what is planned or held, return how many."""

    def lift(self, campaign: str, now: datetime) -> bool:
        """End a cancellation, so that the campaign is planned from now on; False when there is none."""

    def halt(self, reason: str, now: datetime) -> None:
        """Let nothing leave at all; what is halted already keeps its reason."""

    def confirm(self, now: datetime) -> Stop | None:
        """Let everything go on; return what stood still, or None."""

    def enforce(self, now: datetime) -> int:
        """Hold or cancel what came to be planned while a stop began; return how many."""

    def waiting(self, state: State, campaign: str | None = None, *, limit: int) -> Sequence[Waiting]:
        """Return deliveries in a state, by id."""

    def settle(self, ids: Collection[int], state: State, by: str, now: datetime) -> Settled:
        """Settle deliveries of unknown fate: sent, or planned again because they were not accepted."""

    def retry(self, campaign: str, by: str, now: datetime) -> int:
        """Plan again what failed of a campaign, unless it may have arrived; return how many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A database as it was seen.

    Attributes:
        address: where it is, without a password; empty for one that ends with its process.
        incarnation: drawn when the database was made; a copy has the same.
        server: names the server's data as long as nobody makes them anew; empty when it cannot be known.
        ticked_at: when a worker last looked at it; it never goes back by itself.
    """

    address: str
    incarnation: str
    server: str
    ticked_at: datetime


class Pulse(Protocol):
    """Keeps in the database when a worker last looked at it."""

    def read(self) -> Seen:
        """Return what the database says of itself."""

    def beat(self, now: datetime, *, anew: bool = False) -> Seen:
        """Keep the instant, unless a later one is kept; ``anew``, keep it in any case."""


class Memory(Protocol):
    """Keeps, outside the database, how it was when a worker of this machine last saw it."""

    def read(self) -> Seen | None:
        """Return that; None before the first time."""

    def keep(self, seen: Seen) -> None:
        """Keep it for the next time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """What goes on in a campaign.

    Attributes:
        states: how many deliveries are in each state, states without any left out.
        due: how many could leave now.
        rate: how many left a second, lately.
    """

    states: Mapping[State, int]
    due: int = 0
    rate: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """A mail server, a domain of recipients or a platform in trouble: nothing goes there before ``until``."""

    name: str
    until: datetime
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Posts:
    """How many posts of a campaign stand how on a channel; ``state`` is one of ``STANDINGS``."""

    campaign: str
    channel: str
    state: str
    number: int


class Overview(Protocol):
    """Reads what goes on."""

    def flows(self, now: datetime) -> Mapping[str, Flow]:
        """Return what goes on in each campaign that has deliveries."""

    def posts(self) -> Sequence[Posts]:
        """Return how the posts stand, by campaign, channel and state; none that count nothing."""

    def lanes(self, now: datetime) -> Sequence[Lane]:
        """Return the lanes in trouble, by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at: what was seen, and the trouble and its remedy, if there is one."""

    about: str
    seen: str
    trouble: bool = False
    remedy: str = ""


class Examination(Protocol):
    """Looks at one part of an installation."""

    @property
    def about(self) -> str:
        """What it looks at."""

    def findings(self) -> Iterator[Finding]:
        """Look; an error of diffuse that is raised is a finding too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a monitor watches.

    Attributes:
        flows: what goes on in each campaign that has deliveries; it may be a little older than the rest.
        attempts: how many endings of attempts are in the log, by state; as old as ``flows``, and never falls.
        oldest: since when the oldest delivery that could leave now could have left; None when there is none.
        expired: how many leases have run out without anybody taking the deliveries over.
        lanes: the names of the mail servers, domains and platforms in trouble.
        stops: what stands still.
        ticked_at: when a worker last looked at the database; None when none ever did.
        posts: how the posts stand.
    """

    flows: Mapping[str, Flow]
    attempts: Mapping[State, int]
    oldest: datetime | None
    expired: int
    lanes: tuple[str, ...]
    stops: tuple[Stop, ...]
    ticked_at: datetime | None
    posts: tuple[Posts, ...] = ()


class Gauges(Protocol):
    """Reads what monitors ask for; it writes nothing, and costs the database little however often asked."""

    def read(self, now: datetime) -> Reading:
        """Return what there is to watch."""

    def ready(self) -> None:
        """Look whether the database can be worked with.

        Raises:
            AuthoringError: when it must be mended, such as tables that are not those of this version.
            TransientFailure: when it does not answer.
        """


class Versions(Protocol):
    """Counts those whom a new version concerns."""

    def acknowledged(self, running: Published, key_points: Collection[str], on: date) -> int:
        """Count the employees who acknowledged any of these key points as it is in force, and still work."""


class Access(NamedTuple):
    """An entry of the access log: who read what by name, about whom (a pseudonym) or how many, and why."""

    at: datetime
    who: str
    what: str
    whom: str
    people: int
    reason: str


class AccessLog(Protocol):
    """Keeps who read what; nothing in it is ever changed."""

    def add(self, access: Access) -> None:
        """Keep an entry."""

    def entries(self, whom: str, limit: int) -> Sequence[Access]:
        """Return the latest entries, the last one first; of one person where ``whom`` is a pseudonym."""


class Erased(NamedTuple):
    """What was done to forget somebody."""

    pseudonym: str
    deliveries: int
    signals: int


class Persons(Protocol):
    """Single employees, with everything that is kept about them."""

    def kept(self, employee: str) -> Mapping[str, Sequence[Mapping[str, object]]]:
        """Return every row about an employee, by table."""

    def erase(self, employee: str, day: date) -> Erased:
        """Forget an employee; evidence stays under the pseudonym."""

    def outdated(self, before: datetime) -> int:
        """Count the records of evidence of erased people that were given before an instant."""

    def withhold(self, before: datetime) -> int:
        """Take the content of those records, and leave their hashes; return how many."""

    def leavers(self, before: date) -> Sequence[str]:
        """Return the employees whose last day of work lies before a day."""


class Choices(Protocol):
    """What employees themselves allow to be measured."""

    def of(self, employee: str) -> str:
        """Return what an employee has chosen: a mode, or nothing."""

    def choose(self, employee: str, mode: str, at: datetime) -> None:
        """Keep a choice; KeyError when nobody has that id."""


class Signals(Protocol):
    """Opens and clicks by name."""

    def signals(self, before: datetime) -> int:
        """Count those before an instant."""

    def forget(self, before: datetime) -> int:
        """Forget those before an instant; return how many."""

    def sweep(self, now: datetime) -> int:
        """Forget the sessions and links for signing in whose time is over; return how many."""


@dataclass(frozen=True, slots=True)
class Known:
    """A delivery that has left, and whom it went to."""

    delivery: int
    employee: str
    email: str
    time_zone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Returned:
    """A mail that came back.

    Attributes:
        digest: the SHA-256 of the whole mail; the same mail is kept once.
        delivery: what it is about, when that is sure.
        matched: by what that was found: ``verp``, ``message-id``, ``recipient``, or empty.
        address: the address that failed, or that answered.
        review: why a person should look at it; empty when nobody has to.
        size: how many bytes the mail had; ``raw`` may be less of it.
    """

    digest: str
    delivery: int | None
    kind: str
    status: str
    matched: str
    reason: str
    address: str
    review: str
    subject: str
    at: datetime
    size: int
    raw: bytes
    id: int = 0


class Returns(Protocol):
    """Where mails are kept that came back."""

    def known(self, number: int) -> Known | None:
        """Return a delivery that has left, or None."""

    def sent_to(
        self, addresses: Collection[str], message_ids: Collection[str], since: datetime
    ) -> tuple[Known, str] | None:
        """Return the delivery to one of some addresses that a mail is about, and how it was found."""

    def keep(self, mail: Returned) -> bool:
        """Keep a mail and settle its delivery; False when it was kept before."""

    def suppress(self, now: datetime) -> int:
        """Suppress what is planned for addresses that do not exist; return how many."""

    def listed(self, *, review: bool, limit: int) -> Sequence[Returned]:
        """Return mails that came back, the newest first, without their text."""

    def raw(self, number: int) -> bytes | None:
        """Return a mail as it came, or None."""


class Mailbox(Protocol):
    """Where mails come in."""

    def unread(self) -> AbstractContextManager[Iterator[tuple[str, bytes]]]:
        """Give the name and the bytes of each mail that nobody has taken yet."""

    def taken(self, name: str) -> None:
        """Put a mail aside that is kept by now; called before ``unread`` ends."""


class Entry(NamedTuple):
    """A session, or a link that opens one: whose it is, and the token of the post that a link leads to."""

    who: Identified
    post: str = ""


class Entries(Protocol):
    """Keeps who is signed in, and the links by which somebody can, under hashes of their tokens."""

    def open(
        self, kind: str, entry: Entry, at: datetime, expires_at: datetime, *, most: int | None = None
    ) -> str | None:
        """Keep a ``session`` or a ``link``, and return its random token of 43 characters.

        None, and nothing is kept, when the employee has ``most`` of that kind already at that instant, or is
        not known.
        """

    def find(self, kind: str, token: str, now: datetime) -> Entry | None:
        """Return what a token opens at an instant; None for one that is unknown, over or of another kind."""

    def close(self, kind: str, token: str) -> None:
        """Let a token open nothing any longer."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """A sign-in that has begun at an identity provider.

    Attributes:
        address: where the browser goes.
        state, nonce, verifier: what comes back with it, in the token, and what proves that we began it.
    """

    address: str
    state: str
    nonce: str
    verifier: str


class IdentityProvider(Protocol):
    """Vouches for employees (OpenID Connect)."""

    def close(self) -> None:
        """Hang up."""

    @property
    def issuer(self) -> str:
        """What it calls itself."""

    def begin(self, back: str) -> Handshake:
        """Begin a sign-in that leads the browser to an address of ours; TransientFailure when it cannot."""

    def finish(self, begun: Handshake, back: str, code: str) -> str:
        """Return the address or id of whoever has signed in.

        Raises:
            TransientFailure: when it does not answer.
            PermanentFailure: when it does not vouch for anybody, or its word does not hold.
        """
