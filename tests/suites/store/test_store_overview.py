"""The overview port on each database: deliveries by state, what is due, and how fast it leaves."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from diffuse.adapters.sql.control import SqlControl
from diffuse.adapters.sql.engine import writing
from diffuse.adapters.sql.overview import LATELY, SqlOverview
from diffuse.adapters.sql.tables import lane
from diffuse.domain.delivery import State
from diffuse.ports import Flow, Lane
from tests.suites.store.given import CLOSES, MINUTE, NOW, Store, campaign, touchpoint

NAMES = ("ana", "bob", "cyd")


@pytest.fixture(autouse=True)
def people(store: Store) -> None:
    store.with_people(*NAMES)
    store.publications.publish(campaign("other"), {}, NOW)


@pytest.fixture
def overview(store: Store) -> SqlOverview:
    return SqlOverview(store.engine)


def test_nothing_goes_on_in_an_empty_store(overview: SqlOverview) -> None:
    assert (overview.flows(NOW), overview.lanes(NOW)) == ({}, ())


def test_each_campaign_has_its_states_and_what_is_due(store: Store, overview: SqlOverview) -> None:
    store.plan(*(touchpoint(employee=name) for name in NAMES), touchpoint(campaign="other", publication=2))
    store.plan(touchpoint(key_point="pause", due_at=NOW + MINUTE))
    store.plan(touchpoint(key_point="archive", due_at=NOW - MINUTE, not_after=NOW))
    assert overview.flows(NOW) == {
        "other": Flow(states={State.PLANNED: 1}, due=1),
        "social-media": Flow(states={State.PLANNED: 5}, due=3),
    }


def test_nothing_is_due_of_what_stands_still(store: Store, overview: SqlOverview) -> None:
    store.plan(touchpoint(), touchpoint(campaign="other", publication=2))
    control = SqlControl(store.engine)
    in_hand = store.claim()
    control.pause("social-media", "", NOW)
    assert store.finish(in_hand, State.PLANNED)
    assert {name: one.due for name, one in overview.flows(NOW).items()} == {"other": 1, "social-media": 0}
    control.halt("", NOW)
    assert {one.due for one in overview.flows(NOW).values()} == {0}


def test_the_rate_counts_what_left_in_the_last_minutes(store: Store, overview: SqlOverview) -> None:
    store.plan(*(touchpoint(employee=name, not_after=CLOSES) for name in NAMES))
    for _ in NAMES[:2]:
        store.sent()
    assert store.finish(store.sending(), State.FAILED, at=NOW)
    assert overview.flows(NOW)["social-media"].rate == pytest.approx(2 / 10)
    assert overview.flows(NOW + MINUTE)["social-media"].rate == pytest.approx(2 / 60)
    assert overview.flows(NOW + LATELY + MINUTE)["social-media"].rate == 0.0


def test_lanes_in_trouble_are_those_that_still_rest(store: Store, overview: SqlOverview) -> None:
    plain = {"failures": 3, "level": 1, "reason": "no answer"}
    with writing(store.engine) as connection:
        connection.execute(
            insert(lane),
            [
                {"name": "server:b", "until": NOW + MINUTE, **plain},
                {"name": "server:a", "until": NOW + timedelta(hours=1), **plain},
                {"name": "server:over", "until": NOW, **plain},
            ],
        )
        connection.execute(insert(lane).values(name="server:well", **plain))
    assert overview.lanes(NOW) == (
        Lane(name="server:a", until=NOW + timedelta(hours=1), reason="no answer"),
        Lane(name="server:b", until=NOW + MINUTE, reason="no answer"),
    )
