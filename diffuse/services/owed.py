"""Owed: what waits for an employee's confirmation, in mails and on the intranet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from diffuse.domain.campaign import Campaign
from diffuse.domain.control import EVERYTHING, Standstill
from diffuse.domain.message import Wording
from diffuse.domain.people import Employee
from diffuse.domain.posting import Posting, Wanted
from diffuse.domain.succession import standing_in
from diffuse.ports import (
    Clock,
    Control,
    Directory,
    Postings,
    Publications,
    Published,
    Relief,
    Sent,
    Signer,
    Theirs,
)

MOST = 500
"""Messages of an employee that are looked at, the newest first."""

MANY = 1000
"""Employees who are looked at at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Owing:
    """Something that waits for a confirmation; ``address`` is where it is given, ``since`` when it came."""

    campaign: str
    policy: str
    title: str
    language: str
    address: str
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Owes:
    """What one employee owes, the oldest first; ``language`` is the employee's, as far as we speak it."""

    language: str
    owing: tuple[Owing, ...]


class Owed:
    """Looks at what was asked of employees, and at what they have given."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        clock: Clock,
        directory: Directory,
        relief: Relief,
        publications: Publications,
        control: Control,
        postings: Postings,
        theirs: Theirs,
        signer: Signer,
    ) -> None:
        """Take the collaborators."""
        self._clock = clock
        self._directory = directory
        self._relief = relief
        self._publications = publications
        self._control = control
        self._postings = postings
        self._theirs = theirs
        self._signer = signer

    def by(self, employee: str) -> Owes:
        """Return what an employee owes; KeyError when nobody has that id.

        Each key point counts once, however often it was asked: by its post where one stands, else by the
        last mail.
        """
        who = next(iter(self._directory.those([employee])), None)
        if who is None:
            raise KeyError(employee)
        running = {one.campaign.id: one for one in self._going_on()}
        asked_since = {
            (name, point): n for name, one in running.items() for point, n in one.asked_since.items()
        }
        given = set(self._relief.acknowledged([employee], asked_since).get(employee, ()))
        found: dict[tuple[str, str], Owing] = {}
        for sent in self._theirs.sent_to(employee, MOST):
            published = running.get(self._publications.get(sent.publication).campaign.id)
            if published is not None and sent.post is None and _is_in_force(published, sent):
                pair = (published.campaign.id, sent.key_point)
                if pair not in given:
                    found.setdefault(pair, self._mailed(sent))
        for posting in self._standing(who, running):
            pair = (posting.campaign, posting.key_point)
            if pair not in given:
                found[pair] = self._posted(posting)
        language = who.language if who.language in {"fr", "en"} else "fr"
        return Owes(language=language, owing=tuple(sorted(found.values(), key=_since)))

    def is_for(self, campaign: Campaign, audience: str, who: Employee) -> bool:
        """Tell whether an employee belongs to an audience of a campaign, for themselves or for another."""
        return campaign.audience(audience).covers(who.department, who.roles, self._acting(who))

    def has_acknowledged(self, published: Published, key_point: str, employee: str) -> bool:
        """Tell whether an employee has acknowledged a key point as it is in force, by whatever channel."""
        campaign = published.campaign.id
        since = {(campaign, name): number for name, number in published.asked_since.items()}
        given = self._relief.acknowledged([employee], since).get(employee, ())
        return (campaign, key_point) in given

    def by_anybody(self, published: Published, wanted: Wanted) -> bool:
        """Tell whether anybody who would read a post that is meant for them owes its key point."""
        campaign, now = published.campaign, self._clock.now()
        audience, acting = campaign.audience(wanted.audience), standing_in(self._relief.duties())
        members = [
            one.id
            for one in self._directory.employees()
            if campaign.language_for(one.language) == wanted.language
            and one.works_on(now.astimezone(one.zone).date())
            and audience.covers(one.department, one.roles, acting.get(one.id, ()))
        ]
        since = {(campaign.id, point): number for point, number in published.asked_since.items()}
        pair = (campaign.id, wanted.key_point)
        for begin in range(0, len(members), MANY):
            some = members[begin : begin + MANY]
            given = self._relief.acknowledged(some, since)
            if any(pair not in given.get(name, ()) for name in some):
                return True
        return False

    def _going_on(self) -> Iterator[Published]:
        stops = {one.campaign: one.state for one in self._control.stops()}
        if EVERYTHING in stops:
            stops.pop(EVERYTHING)
        for one in self._publications.running():
            if stops.get(one.campaign.id) is not Standstill.CANCELLED:
                yield one

    def _standing(self, who: Employee, running: Mapping[str, Published]) -> Iterator[Posting]:
        """Yield the posts that ask an employee for something, in the language of the campaign for them."""
        acting = self._acting(who)
        for posting in self._postings.all():
            published = running.get(posting.campaign)
            if published is None or not posting.stands or not _is_in_force(published, posting):
                continue
            campaign = published.campaign
            audience = campaign.audience_of(*campaign.key_point(posting.key_point))
            if (
                posting.audience == audience.id
                and posting.language == campaign.language_for(who.language)
                and audience.covers(who.department, who.roles, acting)
            ):
                yield posting

    def _acting(self, who: Employee) -> frozenset[str]:
        """Return the roles that an employee has for others."""
        return standing_in(self._relief.duties()).get(who.id, frozenset())

    def _mailed(self, sent: Sent) -> Owing:
        which = Wording(sent.key_point, sent.variant, sent.language)
        address = self._signer.address("acknowledge", sent.id)
        return self._owing(sent.publication, which, address, sent.due_at)

    def _posted(self, posting: Posting) -> Owing:
        which = Wording(posting.key_point, posting.variant, posting.language)
        address = self._signer.address("post", posting.id)
        return self._owing(posting.publication, which, address, posting.sent_at or posting.due_at)

    def _owing(self, publication: int, which: Wording, address: str, since: datetime) -> Owing:
        campaign, language = self._publications.get(publication).campaign, which.language
        policy, point = campaign.key_point(which.key_point)
        subject = self._publications.wording(publication, which).excerpt.subject.strip()
        return Owing(
            campaign=campaign.title[language],
            policy=policy.title[language],
            title=subject or point.says[language],
            language=language,
            address=address,
            since=since,
        )


def _is_in_force(published: Published, shown: Sent | Posting) -> bool:
    """Tell whether a campaign asks to acknowledge a key point, and counts it of the text that was shown."""
    asks = any(
        point.id == shown.key_point and point.acknowledge for _, point in published.campaign.key_points
    )
    return asks and shown.publication >= published.asked_since.get(shown.key_point, 0)


def _since(one: Owing) -> datetime:
    return one.since
