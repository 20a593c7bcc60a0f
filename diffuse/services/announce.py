"""Announce: publish what is due on the intranet, renew what has changed, withdraw what is over.

The ledger says what is to be done, and is told before a platform is asked. A platform in trouble holds up
nothing but its own posts, which wait with its words.
"""

import logging
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256

from diffuse.domain.campaign import Campaign
from diffuse.domain.channel import is_chat
from diffuse.domain.control import EVERYTHING, Standstill
from diffuse.domain.delivery import GONE, State
from diffuse.domain.post import Absent, Post, Refused, Retry
from diffuse.domain.posted import Ended, changed, found, published, withdrawn
from diffuse.domain.posting import (
    LEASE,
    Frame,
    Move,
    Posting,
    Wanted,
    What,
    dropped,
    is_over,
    moved,
    variant_of,
    wanted,
)
from diffuse.errors import DiffuseError
from diffuse.ports import (
    Calendar,
    Clock,
    Control,
    House,
    Platform,
    Postings,
    Publications,
    Published,
    Signer,
)
from diffuse.services.compose import compose
from diffuse.services.newer import renewed
from diffuse.services.owed import Owed

NOT_SET_UP = "no platform is set up as {channel}; add it to the setting 'platforms'"
FAULT = "a fault of diffuse itself; the log says more"
NOT_KEPT = "its text is not in the database: launch the campaign again"

_log = logging.getLogger("diffuse.announce")


@dataclass(kw_only=True, slots=True)
class Announced:
    """What a run did: how many posts came to what, and the troubles by channel."""

    done: dict[str, int] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)

    def count(self, what: str) -> None:
        """Count a post."""
        self.done[what] = self.done.get(what, 0) + 1


class Announce:
    """Talks to the platforms; any number of workers may, each about another post."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        clock: Clock,
        publications: Publications,
        control: Control,
        house: House,
        calendar: Calendar,
        postings: Postings,
        platforms: Mapping[str, Platform],
        owed: Owed,
        signer: Signer,
        worker: str,
        stop: threading.Event | None = None,
    ) -> None:
        """Take the collaborators; ``platforms`` by channel, ``worker`` names this process, and is unique."""
        self._clock = clock
        self._publications = publications
        self._control = control
        self._house = house
        self._calendar = calendar
        self._postings = postings
        self._platforms = platforms
        self._owed = owed
        self._signer = signer
        self._token = worker
        self._stop = stop or threading.Event()
        self._quiet: dict[str, tuple[datetime, str]] = {}
        self._needless: dict[str, tuple[int, date]] = {}

    def run(self) -> Announced:
        """Do what is due; nothing while all is halted, and nothing of a campaign that is paused."""
        report = Announced()
        stops = {one.campaign: one.state for one in self._control.stops()}
        if EVERYTHING in stops:
            return report
        self._settle(report)
        rows = self._postings.all()
        for one in self._publications.running():
            state = stops.get(one.campaign.id)
            mine = [row for row in rows if row.campaign == one.campaign.id]
            if state is not Standstill.PAUSED:
                self._campaign(one, mine, report, is_cancelled=state is Standstill.CANCELLED)
        return report

    def _settle(self, report: Announced) -> None:
        """Ask platforms what became of posts that somebody was publishing who has stopped."""
        for row in self._postings.left(self._clock.now()):
            platform = self._ready(row, report)
            if platform and self._postings.take(row, What.UPDATE, self._token, *self._lease()):
                answer = platform.lookup(row.key)
                if isinstance(answer, Retry):
                    self._wait(row.channel, answer, report)
                self._end(row, found(answer, self._clock.now()), report)

    def _campaign(
        self, one: Published, rows: Sequence[Posting], report: Announced, *, is_cancelled: bool
    ) -> None:
        asked = {} if is_cancelled else {each.key: each for each in wanted(one.campaign)}
        if not asked and not rows:
            return
        view = _View(
            one=one,
            asked=asked,
            frame=self._frame(one.campaign),
            days=_days(one.campaign, rows),
            changed_on={name: day for name, (_, day) in renewed(one, self._publications).items()},
        )
        known = {row.key for row in rows}
        self._see_each(rows, view, report)
        # After the others: what has just got another day takes that day from what is new.
        if new := list(self._new(view, known)):
            self._postings.add(new)
            fresh = {each.key for each in new}
            self._see_each([row for row in self._postings.all() if row.key in fresh], view, report)

    def _see_each(self, rows: Sequence[Posting], view: "_View", report: Announced) -> None:
        for row in rows:
            if self._stop.is_set():
                return
            try:
                self._see(row, view, report)
            except DiffuseError:
                raise
            except Exception:  # noqa: BLE001 -- one post must not end the round of all others
                # What was under way is asked about once its lease is over; mail and other channels go on.
                _log.exception("a fault of diffuse itself, with post %d on %s", row.id, row.channel)
                report.troubles[row.channel] = FAULT

    def _new(self, view: "_View", known: Collection[str]) -> Iterator[Posting]:
        """Yield the posts that are wanted by now: on each channel, one a day in each language."""
        campaign, now = view.campaign, self._clock.now()
        today = _day(campaign, now)
        due = [each for key, each in view.asked.items() if key not in known and each.wanted_on <= today]
        for each in sorted(due, key=_wanted_on):
            slot = view.frame.slot(campaign, each.wanted_on, now)
            if slot is None or _day(campaign, slot[0]) in view.taken(each):
                continue
            if not each.falls_back or self._is_owed(view.one, each, today):
                view.give(each, slot[0])
                _, point = campaign.key_point(each.key_point)
                yield Posting(
                    key=each.key,
                    campaign=each.campaign,
                    key_point=each.key_point,
                    audience=each.audience,
                    language=each.language,
                    channel=each.channel,
                    publication=view.one.id,
                    variant=variant_of(point, each.language),
                    wanted_on=each.wanted_on,
                    due_at=slot[0],
                    not_after=slot[1],
                )

    def _is_owed(self, one: Published, each: Wanted, today: date) -> bool:
        """Tell whether anybody owes what a fall-back is for; when nobody does, that holds for the day."""
        if self._needless.get(each.key) == (one.id, today):
            return False
        is_owed = self._owed.by_anybody(one, each)
        if not is_owed:
            self._needless[each.key] = (one.id, today)
        return is_owed

    def _see(self, row: Posting, view: "_View", report: Announced) -> None:
        """Do what one post needs."""
        now, campaign, asked = self._clock.now(), view.campaign, view.asked.get(row.key)
        if asked is None or is_over(campaign, row, now, view.changed_on.get(row.key_point, date.min)):
            if row.may_be_read and row.state is not State.SENDING:
                self._withdraw(row, report)
            elif row.state in {State.PLANNED, State.HELD}:
                self._move(row, dropped(campaign, row, asked, now), view)
        elif row.state is State.PLANNED:
            if move := moved(campaign, view.frame, row, asked, now, view.taken(row)):
                self._move(row, move, view)
                row = self._postings.get(row.id) or row
            if row.state is State.PLANNED and row.due_at <= now < row.not_after:
                self._publish(row, view.one, report)
        elif row.stands:
            is_old = row.publication < view.one.id or not row.digest
            if is_old and view.frame.is_open(campaign, now):
                self._renew(row, view, report)
        elif _comes_back(row, view.one) and (slot := view.frame.free(campaign, now, view.taken(row))):
            move = Move(was=row.state, state=State.PLANNED, due_at=slot[0], not_after=slot[1])
            self._move(row, move, view)

    def _publish(self, row: Posting, one: Published, report: Announced) -> None:
        new = _with_text_of(row, one)
        platform, post = self._ready(row, report), self._post(new)
        if platform is None or not self._postings.take(row, What.POST, self._token, *self._lease()):
            return
        if post is None:
            ended = Ended(what=What.POST, state=State.FAILED, reply=NOT_KEPT)
        else:
            answer = platform.post(post)
            ended = replace(published(answer, self._clock.now()), digest=_digest(post))
            if isinstance(answer, Retry):
                self._wait(row.channel, answer, report)
        self._end(row, replace(ended, publication=new.publication, variant=new.variant), report)

    def _renew(self, row: Posting, view: "_View", report: Announced) -> None:
        """Let a post say what is in force; where that is what it says already, only the ledger changes."""
        is_material = row.publication < view.one.asked_since.get(row.key_point, 0)
        new = _with_text_of(row, view.one)
        platform, post = self._ready(row, report), self._post(new)
        if platform is None or post is None:
            return
        if not self._postings.take(row, What.UPDATE, self._token, *self._lease()):
            return
        if _digest(post) == row.digest:
            ended = Ended(what=What.UPDATE, state=State.SENT)
        else:
            answer = platform.update(post)
            is_there = isinstance(answer, Refused) and not _is_gone(platform, row)
            ended = changed(answer, self._clock.now(), is_material=is_material, is_there=is_there)
            if isinstance(answer, Retry):
                self._wait(row.channel, answer, report)
            if ended.retry_at:  # it still says what it said
                self._end(row, ended, report)
                return
            ended = replace(ended, digest=_digest(post))
        if ended.state is State.PLANNED and (slot := self._today(view)):
            ended = replace(ended, retry_at=slot[0], not_after=slot[1])
        self._end(row, replace(ended, publication=new.publication, variant=new.variant), report)

    def _today(self, view: "_View") -> tuple[datetime, datetime] | None:
        """Return the open hours of today, or of the next day that has any."""
        now = self._clock.now()
        return view.frame.slot(view.campaign, _day(view.campaign, now), now)

    def _withdraw(self, row: Posting, report: Announced) -> None:
        platform = self._ready(row, report)
        if platform and self._postings.take(row, What.WITHDRAW, self._token, *self._lease()):
            answer = platform.withdraw(row.key)
            if isinstance(answer, Retry):
                self._wait(row.channel, answer, report)
            before = State.SENT if row.sent_at else row.state
            ended = withdrawn(answer, self._clock.now(), before, is_chat=is_chat(row.channel))
            self._end(row, ended, report)

    def _ready(self, row: Posting, report: Announced) -> Platform | None:
        """Return the platform of a post, unless it is in trouble, or not set up here."""
        until, reason = self._quiet.get(row.channel, (self._clock.now(), ""))
        if self._clock.now() < until:
            report.troubles.setdefault(row.channel, reason)
        platform = self._platforms.get(row.channel)
        if platform is None:
            report.troubles.setdefault(row.channel, NOT_SET_UP.format(channel=row.channel))
        return None if row.channel in report.troubles else platform

    def _wait(self, channel: str, answer: Retry, report: Announced) -> None:
        """Leave a platform alone for as long as it asks."""
        until = self._clock.now() + answer.after
        report.troubles[channel] = answer.reason
        self._quiet[channel] = (until, answer.reason)  # what is planned from now on waits as well
        self._postings.put_off(channel, until)

    def _end(self, row: Posting, ended: Ended, report: Announced) -> None:
        """Write down how it ended; what somebody else holds by now is theirs to tell."""
        if self._postings.end(row.id, self._token, ended, self._clock.now()):
            report.count(f"{ended.what} {ended.state}")
            level = logging.INFO if ended.reply else logging.DEBUG
            about = {"post": row.id, "campaign": row.campaign, "channel": row.channel}
            _log.log(level, "%s: %s", row.channel, ended.reply, extra=about)

    def _move(self, row: Posting, move: Move, view: "_View") -> None:
        new = _with_text_of(row, view.one) if move.state is State.PLANNED else row
        self._postings.move(row.id, move, new.publication, new.variant)
        if move.due_at:
            view.give(row, move.due_at)

    def _lease(self) -> tuple[datetime, datetime]:
        now = self._clock.now()
        return now, now + LEASE

    def _frame(self, campaign: Campaign) -> Frame:
        attention, year = self._house.attention(), self._clock.now().year
        regions = {campaign.holidays, attention.holidays}
        holidays = (self._calendar.holidays(one, (year - 1, year, year + 1)) for one in regions)
        return Frame(window=attention.window(campaign.send_window), holidays=frozenset().union(*holidays))

    def _post(self, row: Posting) -> Post | None:
        return compose(row, self._publications, self._signer)


@dataclass(frozen=True, kw_only=True, slots=True)
class _View:
    """A campaign as a run finds it: what it asks for and when.

    Attributes:
        days: who reads each post, and the day on which they get it.
        changed_on: for key points that have changed materially, the day.
    """

    one: Published
    asked: Mapping[str, Wanted]
    frame: Frame
    days: dict[str, tuple[tuple[str, str], date]]
    changed_on: Mapping[str, date]

    @property
    def campaign(self) -> Campaign:
        return self.one.campaign

    def taken(self, one: Posting | Wanted) -> frozenset[date]:
        """Return the days on which those who would read a post get another one there."""
        reader = _reader(one)
        return frozenset(day for key, (who, day) in self.days.items() if who == reader and key != one.key)

    def give(self, one: Posting | Wanted, at: datetime) -> None:
        """Let its readers get a post on the day of an instant."""
        self.days[one.key] = (_reader(one), _day(self.campaign, at))


def _days(campaign: Campaign, rows: Sequence[Posting]) -> dict[str, tuple[tuple[str, str], date]]:
    """Return on which day each post comes, or came; not those that nobody can read."""
    here = [row for row in rows if row.state not in GONE and row.withdrawn_at is None]
    return {row.key: (_reader(row), _day(campaign, row.due_at)) for row in here}


def _is_gone(platform: Platform, row: Posting) -> bool:
    """Tell whether a post that cannot be changed is not there, or is in a chat, where nothing can."""
    return is_chat(row.channel) or isinstance(platform.lookup(row.key), Absent)


def _comes_back(row: Posting, one: Published) -> bool:
    """Tell whether a post is published anew that does not stand: its campaign asks again, or was mended."""
    if row.state is State.FAILED:
        return row.publication < one.id
    if row.state is State.EXPIRED:
        return row.publication < one.id and one.campaign.late != "skip"
    return row.state is State.CANCELLED or (row.state is State.SENT and row.withdrawn_at is not None)


def _with_text_of(row: Posting, one: Published) -> Posting:
    """Return a post with the text that is in force."""
    _, point = one.campaign.key_point(row.key_point)
    return replace(row, publication=one.id, variant=variant_of(point, row.language, row.variant))


def _digest(post: Post) -> str:
    return sha256(f"{post.title}\0{post.html}\0{post.text}".encode()).hexdigest()


def _reader(one: Posting | Wanted) -> tuple[str, str]:
    """Return where a post is read: a page of news is one for everybody, whomever its posts are meant for."""
    return one.language, one.channel


def _day(campaign: Campaign, at: datetime) -> date:
    return at.astimezone(campaign.zone).date()


def _wanted_on(one: Wanted) -> date:
    return one.wanted_on
