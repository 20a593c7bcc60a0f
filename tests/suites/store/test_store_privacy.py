"""What is kept about people: counted without them, chosen by them, handed out, forgotten, read by whom."""

from datetime import timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from diffuse.adapters import definitions
from diffuse.adapters.sql import tables
from diffuse.adapters.sql.access import SqlAccessLog
from diffuse.adapters.sql.audit import SqlAudit
from diffuse.adapters.sql.choices import SqlChoices
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.evidence import SqlEvidence
from diffuse.adapters.sql.hits import SqlHits
from diffuse.adapters.sql.persons import CONTENT, NAMELESS, SqlPersons
from diffuse.adapters.sql.retention import SqlRetention
from diffuse.domain.delivery import State
from diffuse.domain.events import Event, Kind
from diffuse.domain.evidence import Acknowledgement, hash_of
from diffuse.domain.message import Baked, Excerpt, Wording
from diffuse.domain.succession import Duty
from diffuse.domain.tracking import Tracking
from diffuse.errors import AuthoringError, PermanentFailure
from diffuse.ports import Access, Count, Shown
from tests.suites.store.given import MINUTE, NOW, TODAY, Store, campaign, person, touchpoint

YEAR = timedelta(days=365)


def hidden(employee: str) -> str:
    return hash_of(f"secret {employee}")[:32]


class Office(NamedTuple):
    """A store with two messages that were sent, and everything that answers for people."""

    store: Store
    hits: SqlHits
    audit: SqlAudit
    persons: SqlPersons
    choices: SqlChoices
    log: SqlAccessLog
    retention: SqlRetention

    def came_back(self, delivery: int, kind: Kind, detail: str = "", minute: int = 1) -> None:
        at = NOW + minute * MINUTE
        self.hits.record(Event(delivery=delivery, kind=kind, at=at, detail=detail), TODAY)

    def confirm(self, delivery: int) -> None:
        given = Acknowledgement(
            delivery=delivery, policy="conduct", version="2026.1", language="fr", statement="Lu.", at=NOW
        )
        assert self.hits.acknowledge(given, TODAY)

    def shown(self, delivery: int) -> Shown:
        found = self.hits.shown(delivery)
        assert found is not None
        return found

    def number(self, employee: str) -> int:
        with reading(self.store.engine) as connection:
            row = tables.delivery.c
            return int(connection.scalars(select(row.id).where(row.employee == employee)).one())

    def everything(self) -> str:
        """All rows of all tables but the evidence's, as one text."""
        with reading(self.store.engine) as connection:
            found = [
                str([tuple(row) for row in connection.execute(select(table))])
                for table in tables.METADATA.sorted_tables
                if not table.name.startswith("evidence")
            ]
        return "\n".join(found)


@pytest.fixture
def office(store: Store) -> Office:
    store.directory.save(
        [person("ana", manager="bob", roles=("moderator",), department="Archives"), person("bob")]
    )
    words = Excerpt(subject="Un rappel", body="<p>À retenir.</p>", action="")
    baked = Baked(language="fr", subject=("Un rappel",), html=("<p>",), text=("À",), links=(), excerpt=words)
    number = store.publications.publish(campaign(), {Wording("disclose", "advice", "fr"): baked}, NOW).id
    store.plan(*(touchpoint(employee=name, publication=number) for name in ("ana", "bob")))
    for _ in range(2):
        store.sent()
    chain = SqlEvidence(
        store.engine, publications=store.publications.get, policies=definitions.dump, pseudonym=hidden
    )
    return Office(
        store=store,
        hits=SqlHits(store.engine, chain),
        audit=SqlAudit(store.engine, pseudonym=hidden),
        persons=SqlPersons(store.engine, pseudonym=hidden),
        choices=SqlChoices(store.engine),
        log=SqlAccessLog(store.engine),
        retention=SqlRetention(store.engine),
    )


def test_hits_are_counted_without_a_delivery(office: Office) -> None:
    shown = office.shown(office.number("ana"))
    for _ in range(2):
        office.hits.record_many([], [(shown, Kind.OPENED)])
    office.hits.record_many([], [(shown, Kind.CLICKED)])
    assert list(office.store.results.counts()) == [
        Count(shown.publication, "disclose", "email", "2026-W38", Kind.CLICKED, 1),
        Count(shown.publication, "disclose", "email", "2026-W38", Kind.OPENED, 2),
    ]
    assert office.store.row(shown.id)["opened_at"] is None


def test_what_a_delivery_was_planned_with_stays_with_it(store: Store) -> None:
    store.with_people("ana")
    store.plan(touchpoint(opens="off", clicks="aggregate"))
    assert [store.row(1)[name] for name in ("opens", "clicks")] == ["off", "aggregate"]


def test_somebody_who_changes_their_mind_is_heard_at_once(office: Office) -> None:
    number = office.number("ana")
    assert office.shown(number).tracking == Tracking()
    office.choices.choose("ana", "off", NOW)
    assert office.choices.of("ana") == "off"
    assert office.shown(number).tracking == Tracking(opens="off", clicks="off")
    assert office.shown(office.number("bob")).tracking == Tracking()
    office.choices.choose("ana", "", NOW)
    assert office.shown(number).tracking == Tracking()
    with pytest.raises(KeyError):
        office.choices.choose("nobody", "off", NOW)


def test_what_waits_to_be_sent_is_measured_less_from_then_on(store: Store) -> None:
    store.with_people("ana", "bob")
    store.plan(touchpoint(), touchpoint(employee="bob"), touchpoint(touch=1, opens="off"))
    SqlChoices(store.engine).choose("ana", "aggregate", NOW)
    with reading(store.engine) as connection:
        row = tables.delivery.c
        found = connection.execute(
            select(row.employee, row.touch, row.opens, row.clicks).order_by(row.employee, row.touch)
        ).all()
    assert [tuple(one) for one in found] == [
        ("ana", 0, "aggregate", "aggregate"),
        ("ana", 1, "off", "aggregate"),
        ("bob", 0, "named", "named"),
    ]


@pytest.mark.parametrize(
    ("directory", "own", "found"),
    [("", "", ""), ("aggregate", "", "aggregate"), ("aggregate", "off", "off"), ("off", "named", "off")],
)
def test_planners_read_the_stricter_of_the_directory_and_the_person(
    store: Store, directory: str, own: str, found: str
) -> None:
    store.directory.save([person("ana", tracking=directory)])
    SqlChoices(store.engine).choose("ana", own, NOW)
    assert list(store.plans.population(store.hold(), {}).tracking) == [found]


def test_all_that_is_kept_about_a_person_is_handed_out_and_nothing_of_another(office: Office) -> None:
    number = office.number("ana")
    office.came_back(number, Kind.OPENED)
    office.came_back(office.number("bob"), Kind.OPENED)
    office.came_back(number, Kind.ANSWERED, "0:right")
    office.confirm(number)
    office.choices.choose("ana", "aggregate", NOW)
    office.log.add(Access(NOW, "root", "person export", hidden("ana"), 1, ""))
    kept = office.persons.kept("ana")
    assert {name: len(rows) for name, rows in kept.items()} == {
        "access_log": 1, "acknowledgement": 1, "attempt": 1, "choice": 1, "delivery": 1, "employee": 1,
        "employee_role": 1, "event": 3, "evidence": 2,
    }  # fmt: skip
    assert "bob@" not in str(kept)
    with pytest.raises(PermanentFailure, match="nobody has the id 'max'"):
        office.persons.kept("max")


def test_an_erased_person_leaves_evidence_that_verifies_and_no_trace_of_the_name(office: Office) -> None:
    number = office.number("ana")
    office.came_back(number, Kind.OPENED)
    office.came_back(number, Kind.CLICKED, "https://universite.example/ana")
    office.came_back(number, Kind.ANSWERED, "0:right")
    office.confirm(number)
    office.choices.choose("ana", "aggregate", NOW)
    done = office.persons.erase("ana", TODAY)
    assert (done.pseudonym, done.deliveries, done.signals) == (f"~{hidden('ana')}", 1, 2)
    assert list(office.audit.findings()) == []
    told = office.everything()
    assert not [word for word in ("'ana'", "ana@", "Ana Tremblay", "/ana", "Archives") if word in told]
    row = office.store.row(number)
    assert (row["opened_at"], row["clicked_at"], row["acknowledged_at"]) == (None, None, NOW)
    assert (row["state"], row["employee"]) == (State.SENT, done.pseudonym)
    (left,) = office.store.directory.those([done.pseudonym])
    assert (left.name, left.ends, left.tracking) == (NAMELESS, TODAY, "off")
    assert office.hits.shown(number) is None
    assert office.persons.leavers(TODAY + YEAR) == []


def test_editing_what_an_erased_person_gave_is_still_found(office: Office) -> None:
    number = office.number("ana")
    office.confirm(number)
    office.persons.erase("ana", TODAY)
    with writing(office.store.engine) as connection:
        connection.execute(text("UPDATE acknowledgement SET statement = 'Je refuse.'"))
    assert [finding.partition(":")[0] for finding in office.audit.findings()] == ["record 1"]
    with writing(office.store.engine) as connection:
        connection.execute(text("UPDATE acknowledgement SET statement = 'Lu.'"))
        connection.execute(text("UPDATE delivery SET employee = 'bob' WHERE employee LIKE '~%'"))
    assert [finding.split(": ")[1] for finding in office.audit.findings()] == ["person"]


def test_somebody_who_came_back_can_be_erased_again(office: Office) -> None:
    office.persons.erase("ana", TODAY)
    office.store.directory.save([person("ana")])
    office.store.plan(touchpoint(employee="ana"))
    office.persons.erase("ana", TODAY)
    with reading(office.store.engine) as connection:
        row = tables.delivery.c
        found = connection.execute(
            select(row.touch, row.state).where(row.employee.startswith("~")).order_by(row.touch)
        ).all()
    assert [tuple(one) for one in found] == [(0, "sent"), (1, "cancelled")]


def test_nobody_is_erased_who_holds_a_duty(office: Office) -> None:
    office.store.relief.assign([Duty(role="moderator", duty="Facebook", holder="ana", substitute="bob")])
    with pytest.raises(AuthoringError, match="still holds the duty 'Facebook'"):
        office.persons.erase("ana", TODAY)
    assert office.persons.kept("ana")["employee"]


def test_opens_and_clicks_are_forgotten_after_their_time_and_what_was_given_stays(office: Office) -> None:
    ana, bob = office.number("ana"), office.number("bob")
    office.came_back(ana, Kind.OPENED, minute=1)
    office.came_back(ana, Kind.OPENED, minute=30)
    office.came_back(ana, Kind.ANSWERED, "0:right", minute=1)
    office.came_back(bob, Kind.CLICKED, minute=20)
    before = NOW + 10 * MINUTE
    assert office.retention.signals(before) == 1
    assert office.retention.forget(before) == 1
    assert office.retention.forget(before) == 0
    assert office.store.row(ana)["opened_at"] is None
    assert office.store.row(ana)["answer"] == "0:right"
    assert office.store.row(bob)["clicked_at"] == NOW + 20 * MINUTE
    with reading(office.store.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(tables.event)) == 3


def test_the_log_of_reads_is_only_added_to(office: Office) -> None:
    first = Access(NOW, "root", "export", "", 2, "")
    second = Access(NOW + MINUTE, "Ana (root)", "person export", hidden("ana"), 1, "she asked")
    for one in (first, second):
        office.log.add(one)
    assert list(office.log.entries("", 10)) == [second, first]
    assert list(office.log.entries("", 1)) == [second]
    assert list(office.log.entries(hidden("ana"), 10)) == [second]
    for statement in ("UPDATE access_log SET who = 'nobody'", "DELETE FROM access_log"):
        with pytest.raises(DBAPIError, match="only added"), writing(office.store.engine) as connection:
            connection.execute(text(statement))


def test_what_an_erased_person_gave_is_withheld_in_time_and_the_chain_still_verifies(office: Office) -> None:
    ana, bob = office.number("ana"), office.number("bob")
    office.confirm(ana)
    office.came_back(ana, Kind.ANSWERED, "0:right")
    office.confirm(bob)
    later = NOW + 10 * MINUTE
    assert office.persons.withhold(later) == 0
    office.persons.erase("ana", TODAY)
    assert office.persons.withhold(NOW + MINUTE) == 0
    assert office.persons.outdated(later) == 2
    assert office.persons.withhold(later) == 2
    assert office.persons.withhold(later) == 0
    assert list(office.audit.findings()) == []
    with reading(office.store.engine) as connection:
        rows = connection.execute(select(tables.evidence).order_by("sequence")).mappings().all()
    assert [row["person"] for row in rows] == ["", "", hidden("bob")]
    assert [row["statement"] for row in rows][:2] == ["", ""]
    assert office.store.row(ana)["acknowledged_at"] is None


@pytest.mark.parametrize(
    "change",
    [
        "person = ''",
        "statement = 'Je refuse.'",
        "sha256 = '0'",
        ", ".join(("sha256 = '0', delivery = 0", *(f"{name} = ''" for name in CONTENT))),
    ],
)
def test_a_record_may_lose_all_of_its_content_and_nothing_else(office: Office, change: str) -> None:
    office.confirm(office.number("ana"))
    with pytest.raises(DBAPIError, match="only added"), writing(office.store.engine) as connection:
        connection.execute(text(f"UPDATE evidence SET {change}"))  # noqa: S608 -- ours


def test_a_withheld_record_in_another_place_is_found(office: Office) -> None:
    office.confirm(office.number("ana"))
    office.persons.erase("ana", TODAY)
    assert office.persons.withhold(NOW + MINUTE) == 1
    with writing(office.store.engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            connection.execute(text("DROP TRIGGER evidence_update"))
        connection.execute(text("UPDATE evidence SET content_sha256 = 'another'"))
    assert [finding.split(": ")[1] for finding in office.audit.findings()] == ["sha256"]
