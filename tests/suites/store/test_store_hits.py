"""The hits port on each database."""

from datetime import date, timedelta

import pytest

from diffuse.domain.delivery import LEASE, State
from diffuse.domain.events import Event, Kind
from diffuse.domain.evidence import Acknowledgement
from diffuse.ports import Shown
from tests.suites.store.given import MINUTE, NOW, TODAY, Store, person, together, touchpoint

TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def people(store: Store) -> None:
    store.with_people("ana")
    store.plan(touchpoint())


def hit(kind: Kind, minute: int = 0, detail: str = "") -> Event:
    return Event(delivery=1, kind=kind, at=NOW + minute * MINUTE, detail=detail)


def confirmed(minute: int = 0, delivery: int = 1) -> Acknowledgement:
    return Acknowledgement(
        delivery=delivery,
        policy="conduct",
        version="2026.1",
        language="fr",
        statement="J’ai lu et compris.",
        at=NOW + minute * MINUTE,
    )


def test_only_a_delivery_that_has_left_is_shown(store: Store) -> None:
    assert store.hits.shown(1) is None
    claimed = store.claim()
    assert store.hits.shown(1) is None
    assert store.fence(claimed, NOW)
    assert store.hits.shown(1) is not None
    store.finish(claimed, State.UNKNOWN)
    assert store.hits.shown(1) is not None
    store.finish(claimed, State.SENT)
    assert store.hits.shown(1) == Shown(
        id=1,
        publication=1,
        key_point="disclose",
        variant="advice",
        language="fr",
        employee="ana",
        time_zone="America/Toronto",
        acknowledged_at=None,
        answer=None,
        week="2026-W38",
    )


def test_a_failed_or_unknown_number_is_not_shown(store: Store) -> None:
    store.finish(store.sending(), State.FAILED)
    assert store.hits.shown(1) is None
    assert store.hits.shown(2) is None
    assert store.hits.shown(2**62) is None


def test_the_time_zone_is_the_one_of_the_directory_today(store: Store) -> None:
    store.sent()
    store.directory.save([person("ana", time_zone="Europe/Paris")])
    shown = store.hits.shown(1)
    assert shown is not None
    assert shown.time_zone == "Europe/Paris"


def test_the_first_event_of_each_kind_sets_its_time(store: Store) -> None:
    store.sent()
    for minute, kind in enumerate((Kind.OPENED, Kind.CLICKED, Kind.OPENED, Kind.CLICKED, Kind.ANSWERED)):
        store.hits.record(hit(kind, minute), TODAY)
    row = store.row(1)
    times = [row[name] - NOW for name in ("opened_at", "clicked_at", "answered_at")]
    assert times == [0 * MINUTE, 1 * MINUTE, 4 * MINUTE]
    assert row["acknowledged_at"] is None
    assert [kind for kind, _ in store.events()] == ["opened", "clicked", "opened", "clicked", "answered"]


def test_the_first_answer_stands(store: Store) -> None:
    store.sent()
    store.hits.record(hit(Kind.CLICKED, detail="https://intranet.universite.example/"), TODAY)
    for minute, detail in enumerate(("2:wrong", "0:right")):
        store.hits.record(hit(Kind.ANSWERED, minute, detail), TODAY)
    assert (store.row(1)["answer"], store.row(1)["answered_at"]) == ("2:wrong", NOW)
    shown = store.hits.shown(1)
    assert shown is not None
    assert shown.answer == 2
    assert [detail for _, detail in store.events()][1:] == ["2:wrong", "0:right"]


def test_the_first_day_on_which_it_was_reached_stands(store: Store) -> None:
    store.sent()
    store.hits.record(hit(Kind.CLICKED), TOMORROW)
    store.hits.record(hit(Kind.OPENED), TOMORROW + timedelta(days=1))
    store.hits.acknowledge(confirmed(), TOMORROW + timedelta(days=2))
    assert store.row(1)["reached_on"] == TOMORROW


def test_an_acknowledgement_is_kept_with_its_event(store: Store) -> None:
    store.sent()
    assert store.hits.acknowledge(confirmed(), TODAY)
    row = store.row(1)
    assert (row["acknowledged_at"], row["reached_on"], row["opened_at"]) == (NOW, TODAY, None)
    assert store.events() == [("acknowledged", "")]
    shown = store.hits.shown(1)
    assert shown is not None
    assert shown.acknowledged_at == NOW


def test_a_second_acknowledgement_keeps_the_first_time(store: Store) -> None:
    store.sent()
    assert store.hits.acknowledge(confirmed(5), TODAY)
    assert not store.hits.acknowledge(confirmed(1), TOMORROW)
    assert (store.row(1)["acknowledged_at"], store.row(1)["reached_on"]) == (NOW + 5 * MINUTE, TODAY)
    assert store.events() == [("acknowledged", "")]


def test_the_first_acknowledgement_stands_among_eight_at_once(store: Store) -> None:
    store.sent()
    new = together(8, lambda place: (store.hits.acknowledge(confirmed(place), TODAY), place))
    ((_, first),) = [one for one in new if one[0]]
    assert store.row(1)["acknowledged_at"] == NOW + first * MINUTE
    assert store.events() == [("acknowledged", "")]


def test_hits_at_once_are_all_kept_and_one_sets_the_time(store: Store) -> None:
    store.sent()
    days: list[date] = [TODAY + timedelta(days=place) for place in range(8)]
    together(8, lambda place: store.hits.record(hit(Kind.OPENED, place), days[place]))
    assert len(store.events()) == 8
    row = store.row(1)
    assert row["reached_on"] == days[round((row["opened_at"] - NOW) / MINUTE)]


def test_an_acknowledgement_needs_its_text(store: Store) -> None:
    with pytest.raises(ValueError, match="acknowledge"):
        store.hits.record(hit(Kind.ACKNOWLEDGED), TODAY)
    assert store.row(1)["acknowledged_at"] is None


def test_a_hit_of_no_delivery_is_a_key_error_and_nothing_is_kept(store: Store) -> None:
    with pytest.raises(KeyError):
        store.hits.record(Event(delivery=9, kind=Kind.OPENED, at=NOW), TODAY)
    with pytest.raises(KeyError):
        store.hits.acknowledge(confirmed(delivery=9), TODAY)
    assert store.events() == []


def test_a_hit_proves_that_an_unknown_message_arrived(store: Store) -> None:
    store.finish(store.sending(NOW + MINUTE), State.UNKNOWN, reply="connection lost")
    store.hits.record(hit(Kind.OPENED, 60), TODAY)
    row = store.row(1)
    assert (row["state"], row["reason"], row["sent_at"]) == ("sent", "its link was used", NOW + MINUTE)
    assert store.attempts() == [(1, "unknown", "connection lost"), (1, "sent", "its link was used")]


def test_an_acknowledgement_proves_it_too(store: Store) -> None:
    store.finish(store.sending(), State.UNKNOWN)
    store.hits.acknowledge(confirmed(60), TODAY)
    assert store.row(1)["state"] == "sent"


def test_a_hit_before_the_answer_leaves_the_answer_to_its_worker(store: Store) -> None:
    claimed = store.sending()
    store.hits.record(hit(Kind.OPENED), TODAY)
    assert store.row(1)["state"] == "sending"
    assert store.finish(claimed, State.SENT, reply="250 ok")
    assert store.row(1)["reply"] == "250 ok"


@pytest.mark.parametrize("lost", ["the answer", "the worker"])
def test_a_message_that_was_opened_before_its_answer_was_lost_is_sent(store: Store, lost: str) -> None:
    claimed = store.sending()
    store.hits.record(hit(Kind.OPENED), TODAY)
    if lost == "the answer":
        assert store.finish(claimed, State.UNKNOWN)
    else:
        assert store.ledger.recover(NOW + LEASE) == (0, 1)
    assert (store.row(1)["state"], store.row(1)["reason"]) == ("sent", "its link was used")
    assert [state for _, state, _ in store.attempts()] == ["unknown", "sent"]
