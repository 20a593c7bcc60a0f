"""Which posts a campaign asks for, and what is to be done about each: state in, decisions out.

A key point is posted once for each audience, language and platform, on the day on which it enters; where the
platform is the fall-back, so long after the other channels. From then on it stays, and says what is in force.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType

import numpy as np

from diffuse.domain.campaign import Campaign
from diffuse.domain.channel import EMAIL
from diffuse.domain.delivery import PENDING, State
from diffuse.domain.period import Period
from diffuse.domain.policy import KeyPoint
from diffuse.domain.tracking import Tracking
from diffuse.domain.window import SendWindow

CLOSED = "the window of {day} closed before it could be published"
OVER = "the campaign's last day, {day}, closed before it could be published"
SKIPPED = "its window closed before it could be published, and the campaign skips what is late"
DROPPED = "the campaign does not ask for it any more"

WITHDRAWN = "withdrawn"
STANDINGS = (
    *(str(one) for one in State if one not in {State.CLAIMED, State.SUPPRESSED, State.HELD}),
    WITHDRAWN,
)
"""What can be said of a post in one word."""

LEASE = timedelta(minutes=5)
"""How long somebody may talk to a platform about one post before another one asks what became of it."""

NO_HOURS = datetime(1970, 1, 1, tzinfo=UTC)
"""Where the hours of a post end that has none: an operator wants it, and it gets the next ones."""

NEVER_RENEWED: Mapping[str, tuple[int, date]] = MappingProxyType({})
"""No key point has changed materially."""

_CLOSED = re.compile(r"the window of \S+ closed before it could be published(?:; |$)")
_NOT_IN_A_KEY = re.compile(r"[^a-z0-9]+")
_READABLE = 44
_DIGITS = 16


class What(StrEnum):
    """What is asked of a platform."""

    POST = "post"
    UPDATE = "update"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A post that a campaign asks for; the first five fields tell it from every other one.

    Attributes:
        wanted_on: the day on which the schedule asks for it, by the campaign's time zone.
        falls_back: whether it is only for those who have not acknowledged.
    """

    campaign: str
    key_point: str
    audience: str
    language: str
    channel: str
    wanted_on: date
    falls_back: bool = False

    @property
    def key(self) -> str:
        """What platforms know it by: readable, at most 64 characters, always the same."""
        parts = (self.campaign, self.key_point, self.audience, self.language, self.channel)
        digits = sha256("\0".join(parts).encode()).hexdigest()[:_DIGITS]
        readable = _NOT_IN_A_KEY.sub("-", f"{self.campaign}-{self.key_point}"[:_READABLE]).strip("-")
        return f"{readable}-{self.language}-{digits}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Posting:
    """A post in the ledger.

    Attributes:
        publication, variant: the text that it shows, or is to show.
        state, reason: as of a delivery; ``sent`` means published.
        due_at, not_after: the instants (UTC) from which, and before which, it may be published.
        attempt: how often a platform was asked to publish it.
        sent_at: when it was published.
        remote, url: what the platform calls it, and where people read it.
        digest: the hash of what the platform was given last.
        updated_at: when it was changed in place; None when never.
        withdrawn_at: since when nobody reads it any more; None while people do.
    """

    id: int = 0
    key: str
    campaign: str
    key_point: str
    audience: str
    language: str
    channel: str
    publication: int
    variant: str
    state: State = State.PLANNED
    reason: str = ""
    wanted_on: date
    due_at: datetime
    not_after: datetime
    attempt: int = 0
    sent_at: datetime | None = None
    remote: str = ""
    url: str = ""
    digest: str = ""
    updated_at: datetime | None = None
    withdrawn_at: datetime | None = None

    @property
    def stands(self) -> bool:
        """Whether people can read it."""
        return self.state is State.SENT and self.withdrawn_at is None

    @property
    def may_be_read(self) -> bool:
        """Whether people can read it, for all that anybody knows; what stood before stays until then."""
        known = self.sent_at is not None or self.state in {State.SENDING, State.UNKNOWN}
        return known and self.withdrawn_at is None

    @property
    def said(self) -> str:
        """What its platform said last, without what we say of windows; empty while nothing is amiss."""
        return _CLOSED.sub("", self.reason)

    @property
    def standing(self) -> str:
        """Its state in one word, one of ``STANDINGS``: what was sent may be withdrawn since."""
        return WITHDRAWN if self.state is State.SENT and not self.stands else str(self.state)


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """When a campaign may post: its window cut by the organisation's rules (None: never), and holidays."""

    window: SendWindow | None
    holidays: Collection[date] = ()

    def slot(self, campaign: Campaign, day: date, now: datetime) -> tuple[datetime, datetime] | None:
        """Return the next open hours from a day on that are not over at ``now``; None: there are none."""
        if self.window is None:
            return None
        day = max(day, now.astimezone(campaign.zone).date())
        for ahead in range(366):
            here = day + timedelta(days=ahead)
            if campaign.ends and here > campaign.ends:
                return None
            opens, closes = self.window.hours(here, campaign.zone)
            if self.window.sends_on(here, self.holidays) and max(opens, now) < closes:
                return opens, closes
        return None

    def free(
        self, campaign: Campaign, at: datetime, taken: Collection[date]
    ) -> tuple[datetime, datetime] | None:
        """Return the next open hours from an instant on, on a day that is not taken; None: there are none."""
        day = at.astimezone(campaign.zone).date()
        while slot := self.slot(campaign, day, at):
            day = slot[0].astimezone(campaign.zone).date()
            if day not in taken:
                return slot
            day += timedelta(days=1)
        return None

    def is_open(self, campaign: Campaign, now: datetime) -> bool:
        """Tell whether posts may be published or changed now."""
        slot = self.slot(campaign, now.astimezone(campaign.zone).date(), now)
        return slot is not None and slot[0] <= now


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """What becomes of a post in the ledger without asking its platform: a new state, or other hours.

    ``was`` is the state that it leaves: one that has come to another in the meantime stays there.
    """

    was: State
    state: State
    reason: str = ""
    due_at: datetime | None = None
    not_after: datetime | None = None


def wanted(campaign: Campaign) -> Iterator[Wanted]:
    """Yield every post that a campaign asks for, in the order of its key points."""
    places: dict[str, int] = {}
    for policy, point in campaign.repeated:
        audience = campaign.audience_of(policy, point)
        place = places.get(audience.id, 0)
        places[audience.id] = place + 1
        fall_back = campaign.fall_back_of(audience)
        enters = entry(campaign, place)
        for channel in campaign.channels_of(audience):
            if channel == EMAIL:
                continue
            late = channel == fall_back
            for language in campaign.languages:
                yield Wanted(
                    campaign=campaign.id,
                    key_point=point.id,
                    audience=audience.id,
                    language=language,
                    channel=channel,
                    wanted_on=campaign.fall_back_after.after(enters) if late else enters,
                    falls_back=late,
                )


def entry(campaign: Campaign, place: int) -> date:
    """Return the day on which the key point at a place (from 0) among those of its audience is posted."""
    first = np.array([campaign.starts], dtype="datetime64[D]")
    day: date = campaign.schedule.enters(first, np.array([place]))[0].item()
    return campaign.schedule.intervals[0].after(day) if campaign.schedule.policy == "fixed" else day


def mail_after(campaign: Campaign) -> dict[str, date]:
    """Return for each key point whose fall-back is e-mail the day on which it enters elsewhere."""
    found: dict[str, date] = {}
    places: dict[str, int] = {}
    for policy, point in campaign.repeated:
        audience = campaign.audience_of(policy, point)
        place = places.get(audience.id, 0)
        places[audience.id] = place + 1
        if campaign.fall_back_of(audience) == EMAIL:
            found[point.id] = entry(campaign, place)
    return found


def posted_on(
    campaign: Campaign,
    postings: Iterable[Posting],
    today: date,
    renewed: Mapping[str, tuple[int, date]] = NEVER_RENEWED,
) -> dict[str, date]:
    """Return for each key point the day on which it came to the intranet, for a mail that waits after that.

    While all of its posts wait for their platforms, or for their turn, it comes today; one that cannot come
    counts as wanted. So does one whose platform has been in trouble for as long as the mail was to wait: who
    would have been asked by mail today is. A text that has changed materially comes anew.

    Args:
        campaign: as it is in force.
        postings: what the ledger holds of it; what it does not ask for any more is left out.
        today: the day by its time zone.
        renewed: for key points that have changed materially: the publication since when, and its day.
    """
    rows = {one.key: one for one in postings}
    asked = {one.key: one for one in wanted(campaign)}
    late = {key: row for key, row in rows.items() if key in asked and _is_late(row, renewed)}
    stuck = {row.channel for row in late.values() if row.said}
    found: dict[str, date] = {}
    for key, one in asked.items():
        row = rows.get(key)
        if one.falls_back or (row is None and one.wanted_on > today):
            continue
        wanted_on = (row or one).wanted_on
        _, changed_on = renewed.get(one.key_point, (0, wanted_on))
        due = max(wanted_on, changed_on)
        if row is None or key in late:
            is_given_up = one.channel in stuck and campaign.fall_back_after.after(due) <= today
            day = due if is_given_up else today
        elif row.sent_at is None:
            day = wanted_on
        else:
            day = max(row.sent_at.astimezone(campaign.zone).date(), due)
        found[one.key_point] = min(day, found.get(one.key_point, day))
    return found


def _is_late(row: Posting, renewed: Mapping[str, tuple[int, date]]) -> bool:
    """Tell whether a post is still to come, or still to say what has changed materially."""
    since, _ = renewed.get(row.key_point, (0, row.wanted_on))
    return row.state in PENDING or (row.stands and row.publication < since)


def variant_of(point: KeyPoint, language: str, before: str = "") -> str:
    """Choose the register of a post: the one it had, or the first, as posts stay for months."""
    registers = [one.register for one in point.variants if not one.texts.missing([language])]
    return before if before in registers else registers[0]


def is_over(campaign: Campaign, posting: Posting, now: datetime, changed_on: date = date.min) -> bool:
    """Tell whether a post has stood for as long as its campaign wants, since its last material change.

    One that was withdrawn before the change comes anew.
    """
    today = now.astimezone(campaign.zone).date()
    if campaign.ends and today > campaign.ends:
        return True
    if posting.sent_at is None or campaign.withdraw_after == Period():
        return False
    said_on = max(posting.sent_at.astimezone(campaign.zone).date(), changed_on)
    return today >= campaign.withdraw_after.after(said_on)


def moved(  # noqa: PLR0913, PLR0917 -- a post, what is asked of it, and when it may be published
    campaign: Campaign,
    frame: Frame,
    posting: Posting,
    asked: Wanted,
    now: datetime,
    taken: Collection[date] = (),
) -> Move | None:
    """Say what becomes of a planned post whose hours are over, or wanted later by now: None when nothing.

    ``taken`` are the days on which its readers get another one; before its platform wants to be asked again
    it does not come either.
    """
    if posting.state is not State.PLANNED:
        return None
    today, last = (at.astimezone(campaign.zone).date() for at in (now, posting.not_after))
    if asked.wanted_on > max(today, last):
        slot = frame.slot(campaign, asked.wanted_on, now)
        return _planned(posting, slot, posting.reason) if slot else None
    if now < posting.not_after:
        return None
    has_hours = posting.not_after != NO_HOURS
    if campaign.late == "skip" and has_hours:
        return Move(was=State.PLANNED, state=State.EXPIRED, reason=SKIPPED)
    slot = frame.free(campaign, max(now, posting.due_at), taken)
    said = [CLOSED.format(day=last)] * has_hours + [posting.said] * bool(posting.said)
    return _planned(posting, slot, "; ".join(said)) if slot else None


def _planned(posting: Posting, slot: tuple[datetime, datetime], reason: str) -> Move:
    return Move(
        was=State.PLANNED,
        state=State.PLANNED,
        reason=reason,
        due_at=max(slot[0], posting.due_at),
        not_after=slot[1],
    )


def dropped(campaign: Campaign, posting: Posting, asked: Wanted | None, now: datetime) -> Move:
    """Say what becomes of a post that has not been published and is not to be any more."""
    if asked and campaign.ends and now.astimezone(campaign.zone).date() > campaign.ends:
        return Move(was=posting.state, state=State.EXPIRED, reason=OVER.format(day=campaign.ends))
    return Move(was=posting.state, state=State.CANCELLED, reason=DROPPED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Meeting:
    """An employee who meets a post for the first time: a delivery begins.

    Attributes:
        day: the employee's local one.
        since: the publication since which the text is in force: acknowledgements of earlier ones are stale.
    """

    posting: Posting
    employee: str
    day: date
    at: datetime
    tracking: Tracking
    since: int = 0
