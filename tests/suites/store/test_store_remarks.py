"""Questions and disagreements: kept once, chained, and forwarded by one worker at a time."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from diffuse.adapters.sql.engine import writing
from diffuse.adapters.sql.remarks import SqlRemarks
from diffuse.domain.evidence import Response
from diffuse.domain.remark import Remark
from tests.suites.store.given import MINUTE, NOW, TODAY, together
from tests.suites.store.test_store_evidence import Office
from tests.suites.store.test_store_evidence import office as office  # noqa: PLC0414 -- a fixture

LEASE = timedelta(minutes=10)
TOMORROW = TODAY + timedelta(days=1)


def asked(delivery: int = 1, form: str = "f1", **changes: object) -> Remark:
    remark = Remark(
        delivery=delivery,
        response=Response.QUESTION,
        policy="conduct",
        version="2026.1",
        language="fr",
        statement="J’ai une question.",
        text="Et la fin de semaine?",
        form=form,
        at=NOW,
    )
    return replace(remark, **changes)  # type: ignore[arg-type]


def test_a_question_is_kept_chained_and_shows_that_the_message_was_opened(office: Office) -> None:
    office.hits.remark(asked(), TODAY)
    assert office.hits.remarks(1) == [asked()]
    assert office.hits.remarks(2) == []
    (record,) = office.records
    assert (record.proof.answer, record.proof.detail) == ("question", asked().digest)
    assert record.proof.statement == "J’ai une question."
    assert "semaine" not in record.proof.detail
    row = office.store.row(1)
    assert (row["opened_at"], row["reached_on"], row["acknowledged_at"]) == (NOW, TODAY, None)
    assert office.findings == []


def test_the_same_form_sent_again_is_one_remark(office: Office) -> None:
    together(8, lambda _: office.hits.remark(asked(), TODAY))
    office.hits.remark(asked(text="Autre chose", at=NOW + MINUTE), TOMORROW)
    office.hits.remark(asked(form="f2", response=Response.DISAGREE, at=NOW + MINUTE), TOMORROW)
    assert [one.response for one in office.hits.remarks(1)] == ["question", "disagree"]
    assert [one.proof.answer for one in office.records] == ["question", "disagree"]
    assert office.store.row(1)["reached_on"] == TODAY


def test_a_remark_that_is_changed_dropped_or_added_is_found(office: Office) -> None:
    office.hits.remark(asked(), TODAY)
    office.hits.remark(asked(2), TODAY)
    with writing(office.store.engine) as connection:
        connection.execute(text("UPDATE remark SET text = 'Rien' WHERE delivery = 1"))
        connection.execute(text("UPDATE remark SET delivery = 3 WHERE delivery = 2"))
    first, second, third = office.findings
    assert first.startswith("record 2: the question at 2026-")
    assert second.startswith("record 1: detail: the remark has the digest ")
    assert third == "delivery 3: expected a record of its question, found none"


def test_one_worker_at_a_time_forwards_a_remark_and_another_one_after_a_failure(office: Office) -> None:
    office.hits.remark(asked(), TODAY)
    office.hits.remark(asked(2), TODAY)
    remarks = SqlRemarks(office.store.engine)
    taken = [one for lot in together(4, lambda _: remarks.waiting(NOW, LEASE)) for one in lot]
    assert sorted(one.id for one in taken) == [1, 2]
    first = min(taken, key=lambda one: one.id)
    assert (first.remark, first.email) == (asked(), "e0@universite.example")
    remarks.forwarded(1, NOW)
    assert remarks.waiting(NOW + LEASE - MINUTE, LEASE) == []
    assert [one.id for one in remarks.waiting(NOW + LEASE, LEASE)] == [2]
    assert [(number, employee, at) for number, employee, _, at in remarks.all()] == [
        (2, "e1", None),
        (1, "e0", NOW),
    ]
