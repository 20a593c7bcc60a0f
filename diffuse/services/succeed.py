"""Succeed: let duties pass to substitutes while their holders are away, and say which ones could not."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from diffuse.domain.campaign import Campaign
from diffuse.domain.pending import Occasion
from diffuse.domain.people import Absence
from diffuse.domain.succession import Duty, Handover, People, gap, handovers, standing_in
from diffuse.errors import AuthoringError, Problem, nearest
from diffuse.ports import Clock, Directory, Passed, Plans, Publications, Relief


@dataclass(frozen=True, kw_only=True, slots=True)
class Relieved:
    """A duty as it stands today.

    Attributes:
        asked, missing: how many key points are meant for its role, and how many of them its substitute has
            not acknowledged.
        handover: the handover that is under way, or None.
        passed: what came of the message about it.
        gap: what keeps the duty from being safe, in words; empty when nothing does.
    """

    duty: Duty
    asked: int
    missing: int
    handover: Handover | None
    passed: Passed
    gap: str


class Succeed:
    """Absences, duties and handovers."""

    def __init__(
        self,
        *,
        clock: Clock,
        directory: Directory,
        publications: Publications,
        relief: Relief,
        plans: Plans,
    ) -> None:
        """Take the collaborators."""
        self._clock = clock
        self._directory = directory
        self._publications = publications
        self._relief = relief
        self._plans = plans

    def absent(self, absences: Mapping[int, Absence], file: str = "") -> tuple[int, int]:
        """Take a new list of absences, by their lines; return how many came and how many went.

        The list is whole: what is to come and not in it is cancelled; what has passed stays.

        Raises:
            AuthoringError: naming every employee who is not known; nothing is changed then.
        """
        self._refuse_strangers({line: [("employee", one.employee)] for line, one in absences.items()}, file)
        names = {one.employee for one in (*absences.values(), *self._relief.absences())}
        return self._relief.renew(tuple(absences.values()), self._days(names))

    def absences_of(self, employee: str) -> Sequence[Absence]:
        """Return one employee's absences, by first day; KeyError when nobody has that id."""
        if not self._directory.those([employee]):
            raise KeyError(employee)
        return self._relief.absences([employee])

    def absent_one(self, employee: str, absences: Collection[Absence]) -> Sequence[Absence]:
        """Take a new list of one employee's absences; return all that are kept.

        Raises:
            KeyError: when nobody has that id.
        """
        self.absences_of(employee)
        self._relief.renew(absences, self._days([employee]), employee)
        return self._relief.absences([employee])

    def _days(self, employees: Collection[str]) -> Mapping[str, date]:
        """Return the local day of each employee."""
        now = self._clock.now()
        return {one.id: now.astimezone(one.zone).date() for one in self._directory.those(employees)}

    def assign(self, duties: Mapping[int, Duty], file: str = "") -> None:
        """Take a new list of duties, by their lines; it replaces the one before.

        Raises:
            AuthoringError: naming every employee who is not known; nothing is changed then.
        """
        named = {
            line: [("holder", one.holder), *([("substitute", one.substitute)] if one.substitute else [])]
            for line, one in duties.items()
        }
        self._refuse_strangers(named, file)
        self._relief.assign(tuple(duties.values()))

    def _refuse_strangers(self, named: Mapping[int, Sequence[tuple[str, str]]], file: str) -> None:
        wanted = {name for pairs in named.values() for _, name in pairs}
        known = {one.id for one in self._directory.those(wanted)}
        if wanted <= known:
            return
        everybody = [one.id for one in self._directory.employees()]
        strange = {
            name: nearest(name, everybody) if number < MOST_GUESSES else ""
            for number, name in enumerate(sorted(wanted - known))
        }
        raise AuthoringError(
            *(
                Problem(
                    file=file,
                    line=line,
                    found=f"{column}: nobody has the id {name!r}",
                    expected="the id of an employee in the directory",
                    suggestion=strange[name],
                )
                for line, pairs in named.items()
                for column, name in pairs
                if name in strange
            )
        )

    def pass_on(self) -> Mapping[str, Collection[str]]:
        """Ask for the messages about handovers; return the roles that employees have for others."""
        duties = self._relief.duties()
        now = self._clock.now()
        campaign = self._messenger(now)
        under_way = handovers(duties, self._people(duties, now)) if campaign else ()
        asked = [_occasion(one, campaign) for one in under_way] if campaign else []
        self._plans.ask(asked, only="handover")
        return standing_in(duties)

    def report(self) -> Iterator[Relieved]:
        """Yield every duty as it stands, by role and duty."""
        duties = self._relief.duties()
        people = self._people(duties, self._clock.now())
        substitutes = {one.substitute for one in duties if one.substitute}
        given = self._relief.acknowledged(substitutes, self._asked_since())
        passed = self._relief.passed(substitutes)
        under_way = {duty: one for one in handovers(duties, people) for duty in one.duties}
        campaigns = list(self._going_on(people.now))
        for duty in duties:
            asked = {pair for campaign in campaigns for pair in _meant_for(duty.role, campaign)}
            missing = len(asked.difference(given.get(duty.substitute, ())))
            handover = under_way.get(duty)
            yield Relieved(
                duty=duty,
                asked=len(asked),
                missing=missing,
                handover=handover,
                passed=passed.get(handover.key if handover else "", _NOTHING),
                gap=gap(duty, people, len(asked), missing),
            )

    def _asked_since(self) -> dict[tuple[str, str], int]:
        """Return the publications since which acknowledgements of key points that changed count."""
        running = self._publications.running()
        return {
            (one.campaign.id, name): number for one in running for name, number in one.asked_since.items()
        }

    def _people(self, duties: Sequence[Duty], now: datetime) -> People:
        names = {name for one in duties for name in (one.holder, one.substitute) if name}
        employees = {one.id: one for one in self._directory.those(names)}
        return People(employees=employees, absences=self._relief.absences(names), now=now)

    def _going_on(self, now: datetime) -> Iterator[Campaign]:
        """Yield the campaigns that have begun and are not over."""
        today = now.date()
        for one in self._publications.running():
            if one.campaign.starts <= today and (one.campaign.ends is None or today <= one.campaign.ends):
                yield one.campaign

    def _messenger(self, now: datetime) -> Campaign | None:
        """Return the first campaign that goes on and has a message for handovers."""
        for campaign in self._going_on(now):
            if any(point.occasion == "handover" for _, point in campaign.key_points):
                return campaign
        return None


MOST_GUESSES = 20
"""Unknown ids for which a known one is guessed: each guess looks at everybody."""

_NOTHING = Passed(sent_at=None, acknowledged_at=None)


def _meant_for(role: str, campaign: Campaign) -> Iterator[tuple[str, str]]:
    """Yield the key points that are meant for a role and ask to be acknowledged."""
    for policy, point in campaign.repeated:
        if point.acknowledge and role in campaign.audience_of(policy, point).roles:
            yield campaign.id, point.id


def _occasion(one: Handover, campaign: Campaign) -> Occasion:
    return Occasion(
        key=one.key,
        campaign=campaign.id,
        kind="handover",
        employee=one.substitute,
        about=one.holder,
        duty=one.words,
        since=one.starts,
        until=one.ends,
    )
