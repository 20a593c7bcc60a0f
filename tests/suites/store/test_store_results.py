"""The results port on each database."""

from datetime import timedelta
from typing import Any

import pytest

from diffuse.adapters import definitions
from diffuse.adapters.sql import results
from diffuse.adapters.sql.evidence import SqlEvidence
from diffuse.adapters.sql.hits import SqlHits
from diffuse.adapters.sql.postings import SqlPostings
from diffuse.domain.delivery import State
from diffuse.domain.events import Event, Kind
from diffuse.domain.evidence import Acknowledgement
from diffuse.domain.posting import Meeting, Posting
from diffuse.domain.tracking import Tracking
from diffuse.ports import Result
from tests.suites.store.given import MINUTE, NOW, TODAY, Store, campaign, person, touchpoint


def test_no_delivery_no_result(store: Store) -> None:
    assert list(store.results.results()) == []


def test_a_result_holds_everything_that_came_back(store: Store) -> None:
    store.with_people("ana")
    store.plan(touchpoint(key_point="archive", step=2, touch=3))
    store.finish(store.claim(), State.PLANNED, reply="450 later")
    store.sent(NOW + MINUTE)
    for minute, kind in enumerate((Kind.OPENED, Kind.CLICKED, Kind.ANSWERED)):
        store.hits.record(Event(delivery=1, kind=kind, at=NOW + minute * MINUTE, detail="1:right"), TODAY)
    text: Any = {"policy": "records", "version": "2026.1", "language": "fr", "statement": "Lu."}
    store.hits.acknowledge(Acknowledgement(delivery=1, at=NOW + 9 * MINUTE, **text), TODAY)
    assert list(store.results.results()) == [
        Result(
            delivery=1,
            campaign="social-media",
            publication=1,
            policy="records",
            key_point="archive",
            touch=3,
            step=2,
            variant="advice",
            language="fr",
            channel="email",
            employee="ana",
            state="sent",
            reason="",
            wanted_on=TODAY,
            delayed_by="",
            due_on=TODAY,
            due_at=NOW,
            attempts=2,
            sent_at=NOW + MINUTE,
            opened_at=NOW,
            clicked_at=NOW + MINUTE,
            answered_at=NOW + 2 * MINUTE,
            answer="1:right",
            acknowledged_at=NOW + 9 * MINUTE,
            message_id="<social-media.archive.3.ana.email@universite.example>",
            raw_opens=1,
            human_opens=1,
            raw_clicks=1,
            human_clicks=1,
        )
    ]


def test_results_come_in_order_complete_over_pages_and_publications(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "PAGE", 7)
    names = ["b", "É", "a-b", "ab", "B", "a"]
    store.directory.save([person("x", id=name) for name in names])
    publications = [store.publications.publish(campaign(name), {}, NOW).id for name in ("social-media", "ai")]
    store.plan(
        *(
            touchpoint(campaign=one, employee=who, key_point=point, touch=touch, publication=number)
            for number, one in zip(publications, ("social-media", "ai"), strict=True)
            for who in names
            for touch in (10, 9, 0)
            for point in ("pause", "archive")
        )
    )
    found = list(store.results.results())
    keys = [(one.campaign, one.employee, one.key_point, one.touch) for one in found]
    assert len(found) == len(set(keys)) == 2 * 6 * 3 * 2
    assert keys == sorted(keys)
    assert {(one.key_point, one.policy) for one in found} == {("pause", "conduct"), ("archive", "records")}


def test_the_store_can_be_written_while_results_are_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "PAGE", 2)
    store.with_people("ana")
    store.plan(*(touchpoint(touch=number, due_at=NOW + number * MINUTE) for number in range(5)))
    reading = store.results.results()
    assert next(reading).state == "planned"
    store.sent(NOW + timedelta(hours=1))
    assert [one.touch for one in reading] == [1, 2, 3, 4]


def met(store: Store, employee: str) -> int:
    """Let an employee meet a post that stands; return the number of the delivery that begins."""
    postings = SqlPostings(store.engine)
    new = Posting(
        key="a-post",
        campaign="social-media",
        key_point="disclose",
        audience="everyone",
        language="fr",
        channel="wordpress",
        publication=1,
        variant="advice",
        state=State.SENT,
        wanted_on=TODAY,
        due_at=NOW,
        not_after=NOW + timedelta(hours=6),
        sent_at=NOW,
    )
    postings.add([new])
    (post,) = postings.all()
    return postings.meet(Meeting(posting=post, employee=employee, day=TODAY, at=NOW, tracking=Tracking()))


def test_a_result_names_the_post_that_was_met_and_how_whoever_acknowledged_was_known(store: Store) -> None:
    store.with_people("ana", "bob", "eve")
    store.plan(*(touchpoint(employee=name) for name in ("ana", "bob", "eve")))
    store.sent(NOW + MINUTE)
    on_post = met(store, "ana")
    chain = SqlEvidence(
        store.engine, publications=store.publications.get, policies=definitions.dump, pseudonym=str.upper
    )
    hits = SqlHits(store.engine, chain)
    number = {one.employee: one.delivery for one in store.results.results() if one.channel == "email"}
    text: Any = {"policy": "conduct", "version": "2026.1", "language": "fr", "statement": "Lu.", "at": NOW}
    hits.record(Event(delivery=number["eve"], kind=Kind.ANSWERED, at=NOW, detail="1:right"), TODAY)
    hits.acknowledge(Acknowledgement(delivery=on_post, **text), TODAY, by="oidc")
    hits.acknowledge(Acknowledgement(delivery=number["ana"], **text), TODAY)
    hits.acknowledge(Acknowledgement(delivery=number["bob"], **text), TODAY, reason="on paper")
    found = {(one.employee, one.channel): (one.post, one.identified_by) for one in store.results.results()}
    assert found == {
        ("ana", "email"): (None, "link"),
        ("ana", "wordpress"): (1, "oidc"),
        ("bob", "email"): (None, "officer"),
        ("eve", "email"): (None, ""),
    }
