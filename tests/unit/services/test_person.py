"""One person: handed out, erased, measured less; what is past its time is forgotten; reads are logged."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import pytest

from diffuse.adapters.sql.access import SqlAccessLog
from diffuse.adapters.sql.choices import SqlChoices
from diffuse.adapters.sql.persons import SqlPersons
from diffuse.adapters.sql.retention import SqlRetention
from diffuse.domain.delivery import State
from diffuse.domain.events import Event, Kind
from diffuse.domain.succession import Duty
from diffuse.errors import AuthoringError, PermanentFailure
from diffuse.services.person import Person
from diffuse.services.retain import OVER, Retain, Retained, Terms
from diffuse.testing import MemoryQueue
from tests.unit.services.given import DAY, MONDAY, Office, campaign, person

TERMS = Terms(hits=10 * DAY, leavers=30 * DAY)


class Bundle:
    """Keeps what was written."""

    def __init__(self) -> None:
        self.kept: Mapping[str, Sequence[Mapping[str, object]]] = {}

    def write(self, kept: Mapping[str, Sequence[Mapping[str, object]]]) -> None:
        self.kept = kept


class Bureau(NamedTuple):
    """An office, and what answers for its people."""

    office: Office
    person: Person
    retain: Retain

    @property
    def reads(self) -> list[tuple[str, str, str, int, str]]:
        """The log without its instants, the first entry first."""
        return [tuple(one[1:]) for one in reversed(self.person.reads())]  # type: ignore[misc]


def bureau(office: Office) -> Bureau:
    persons = SqlPersons(office.engine, pseudonym=office.signer.pseudonym)
    one = Person(
        clock=office.clock,
        persons=persons,
        choices=SqlChoices(office.engine),
        log=SqlAccessLog(office.engine),
        queue=MemoryQueue(),
        pseudonym=office.signer.pseudonym,
    )
    signals = SqlRetention(office.engine)
    retain = Retain(clock=office.clock, signals=signals, persons=persons, person=one, terms=TERMS)
    return Bureau(office, one, retain)


def at_work(*names: str) -> Bureau:
    office = Office(*(person(name) for name in names))
    office.launch(campaign())
    office.day()
    return bureau(office)


def opened(office: Office, employee: str) -> None:
    number = next(row.delivery for row in office.rows() if row.employee == employee)
    now = office.clock.now()
    office.hits.record(Event(delivery=number, kind=Kind.OPENED, at=now), now.date())


def test_what_is_kept_is_handed_out_and_the_log_says_to_whom_under_a_pseudonym() -> None:
    it, bundle = at_work("ana", "bob"), Bundle()
    rows = it.person.export("ana", bundle, "root")
    assert rows == sum(map(len, bundle.kept.values()))
    assert bundle.kept["employee"][0]["name"] == "Ana Roy"
    assert it.reads == [("root", "person export", it.office.signer.pseudonym("ana"), 1, "")]
    assert [one.what for one in it.person.reads("ana")] == ["person export"]
    assert it.person.reads("bob") == []


def test_nobody_is_erased_without_a_reason_and_nobody_unknown_is_handed_out() -> None:
    it = at_work("ana")
    with pytest.raises(AuthoringError, match="no reason"):
        it.person.erase("ana", "root", " ")
    with pytest.raises(PermanentFailure, match="nobody has the id 'max'"):
        it.person.export("max", Bundle(), "root")
    assert it.reads == []


def test_an_erased_person_gets_nothing_more_and_stays_in_the_counts() -> None:
    it = at_work("ana", "bob")
    it.person.erase("ana", "root", "asked in writing")
    for _ in range(30):
        it.office.day()
    rows = [row for row in it.office.rows() if row.employee != "bob"]
    assert [(row.employee, row.state) for row in rows] == [
        (f"~{it.office.signer.pseudonym('ana')}", State.SENT)
    ]
    assert len([row for row in it.office.rows() if row.employee == "bob"]) > 1


def test_a_choice_is_refused_when_it_is_no_mode_or_nobodys() -> None:
    it = at_work("ana")
    it.person.choose("ana", "off")
    assert it.person.choice("ana") == "off"
    it.person.choose("ana", "")
    assert it.person.choice("ana") == ""
    with pytest.raises(AuthoringError, match="one of named, aggregate, off"):
        it.person.choose("ana", "none")
    with pytest.raises(PermanentFailure, match="nobody has the id 'max' any more"):
        it.person.choose("max", "off")


def test_opens_and_leavers_are_forgotten_when_their_time_is_over_and_not_before() -> None:
    it = at_work("ana", "bob")
    office = it.office
    opened(office, "bob")
    office.directory.save([person("bob", ends=MONDAY)])
    office.clock.advance(9 * DAY)
    assert it.retain.run(dry_run=True) == it.retain.run() == Retained()
    office.clock.advance(2 * DAY)
    assert it.retain.run(dry_run=True) == Retained(hits=1)
    assert it.retain.run() == Retained(hits=1)
    office.clock.advance(30 * DAY)
    assert it.retain.run(dry_run=True) == Retained(people=1)
    assert it.retain.run() == Retained(people=1)
    assert it.retain.run() == Retained()
    assert it.reads == [
        ("diffuse retention", "person erase", office.signer.pseudonym("bob"), 1, OVER),
    ]
    assert {row.employee for row in office.rows()} == {"ana", f"~{office.signer.pseudonym('bob')}"}


def test_who_cannot_be_forgotten_yet_does_not_keep_the_others() -> None:
    it = at_work("ana", "bob")
    it.office.directory.save([person(name, ends=MONDAY) for name in ("ana", "bob")])
    it.office.relief.assign([Duty(role="moderator", duty="Facebook", holder="ana", substitute="")])
    it.office.clock.advance(60 * DAY)
    done = it.retain.run()
    assert (done.people, len(done.waiting)) == (1, 1)
    assert "still holds the duty 'Facebook'" in done.waiting[0]


def test_workers_forget_once_a_day() -> None:
    it = at_work("ana")
    opened(it.office, "ana")
    it.office.clock.advance(11 * DAY)
    it.retain.daily()
    assert it.office.row().opened_at is None
    opened(it.office, "ana")
    it.office.clock.advance(timedelta(minutes=1))
    it.retain.daily()
    assert it.office.row().opened_at is not None
