"""The results port on each database."""

from datetime import timedelta
from typing import Any

import pytest

from diffuse.adapters.sql import results
from diffuse.domain.delivery import State
from diffuse.domain.events import Event, Kind
from diffuse.domain.evidence import Acknowledgement
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
