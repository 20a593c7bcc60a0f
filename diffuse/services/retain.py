"""Retain: forget what nobody needs any longer, and keep evidence for as long as it must be kept."""

import logging
from dataclasses import dataclass
from datetime import date, timedelta

from diffuse.errors import AuthoringError
from diffuse.ports import Clock, Persons, Signals
from diffuse.services.person import Person

BY_ITSELF = "diffuse retention"
OVER = "the time for which leavers are kept is over"

_log = logging.getLogger("diffuse.retain")


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """For how long what is kept.

    Attributes:
        hits: opens and clicks by name.
        leavers: the name of somebody who has left, after the last day of work.
        evidence: what an erased person gave, after they gave it; None for ever.
    """

    hits: timedelta
    leavers: timedelta
    evidence: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Retained:
    """What was forgotten, or would be; ``waiting`` says who must wait, and why."""

    hits: int = 0
    people: int = 0
    records: int = 0
    waiting: tuple[str, ...] = ()


class Retain:
    """Forgets what is past its time: the same run again changes nothing."""

    def __init__(
        self, *, clock: Clock, signals: Signals, persons: Persons, person: Person, terms: Terms
    ) -> None:
        """Take the collaborators."""
        self._clock = clock
        self._signals = signals
        self._persons = persons
        self._person = person
        self._terms = terms
        self._done: date | None = None

    def daily(self) -> None:
        """Run once a day, for workers: a restart may run it again, which harms nothing."""
        today = self._clock.now().date()
        if self._done == today:
            return
        done = self.run()
        self._done = today
        if done.hits or done.people or done.records:
            _log.info(
                "forgot %d opens and clicks, %d people who had left, and %d records of evidence",
                done.hits,
                done.people,
                done.records,
            )
        for why in done.waiting:
            _log.warning("%s", why)

    def run(self, *, dry_run: bool = False, who: str = BY_ITSELF) -> Retained:
        """Forget what is past its time; with ``dry_run`` only count it."""
        now = self._clock.now()
        before = now - self._terms.hits
        leavers = self._persons.leavers(now.date() - self._terms.leavers)
        if dry_run:
            return Retained(
                hits=self._signals.signals(before), people=len(leavers), records=self._evidence(dry_run=True)
            )
        self._signals.sweep(now)
        hits, waiting = self._signals.forget(before), []
        for one in leavers:
            try:
                self._person.erase(one, who, OVER)
            except AuthoringError as error:
                waiting.append(str(error))
        records = self._evidence(dry_run=False)
        if records:
            self._person.read(who, "evidence withheld", reason=f"{records} records, past their time")
        people = len(leavers) - len(waiting)
        return Retained(hits=hits, people=people, records=records, waiting=tuple(waiting))

    def _evidence(self, *, dry_run: bool) -> int:
        if self._terms.evidence is None:
            return 0
        before = self._clock.now() - self._terms.evidence
        return self._persons.outdated(before) if dry_run else self._persons.withhold(before)
