"""Limits and troubles: what goes now, what waits, and for how long."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from diffuse.domain.traffic import (
    DAY,
    DEFERRALS,
    MINUTE,
    PROBES,
    Limit,
    Recipient,
    Routes,
    Server,
    Traffic,
    Trouble,
    learned,
    probed,
    refused,
    route,
)

NOON = datetime(2027, 3, 1, 12, 0, 30, tzinfo=UTC)
CLOSES = NOON + timedelta(hours=4)
LANE = "domain:example.org"
ONE = Traffic(servers=(Server(name="relay"),))


def people(number: int, first: int = 1, domain: str = "example.org") -> list[Recipient]:
    return [Recipient(delivery=first + place, domain=domain, closes=CLOSES) for place in range(number)]


def limited(per_minute: int | None = None, per_day: int | None = None) -> Traffic:
    limit = Limit(per_minute=per_minute, per_day=per_day)
    return Traffic(servers=(Server(name="relay"),), domains={"example.org": limit})


def run(traffic: Traffic, recipients: list[Recipient], days: float = 0.2) -> list[tuple[datetime, int]]:
    """Route until everything has gone or its window has closed; return when each one went."""
    used: Counter[tuple[str, int, int]] = Counter()
    waiting = {one.delivery: (NOON, one) for one in recipients}
    gone = []
    now = NOON
    while waiting and now < NOON + timedelta(days=days):
        due = [one for at, one in waiting.values() if at <= now and one.closes > now]
        routes = route(now, traffic, due, used, {})
        used += routes.used
        for number in routes.server:
            gone.append((now, number))
            del waiting[number]
        for later in routes.put_off:
            one = waiting[later.delivery][1]
            again = replace(one, paced_at=later.paced_at, server=later.server)
            waiting[later.delivery] = later.due_at, again
        now += timedelta(seconds=20)
    return gone


def windows(gone: list[tuple[datetime, int]], span: int) -> list[int]:
    return list(Counter(int(at.timestamp()) // span for at, _ in gone).values())


def test_without_limits_or_troubles_everything_goes_at_once() -> None:
    routes = route(NOON, ONE, people(5), {}, {})
    assert routes.server == dict.fromkeys(range(1, 6), "relay")
    assert (routes.put_off, routes.used, routes.waiting) == ([], Counter(), None)


@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 80))
@settings(max_examples=40)
def test_no_window_ever_holds_more_than_its_limit_and_nothing_is_lost(
    per_minute: int, per_day: int, number: int
) -> None:
    gone = run(limited(per_minute, per_day), people(number))
    assert all(count <= per_minute for count in windows(gone, MINUTE))
    assert all(count <= per_day for count in windows(gone, DAY))
    assert len({delivery for _, delivery in gone}) == len(gone) == min(number, per_day)


def test_what_a_limit_puts_off_comes_in_the_first_minutes_with_room_and_is_counted_once() -> None:
    gone = run(limited(per_minute=10), people(35))
    assert sorted(windows(gone, MINUTE)) == [5, 10, 10, 10]
    assert max(at for at, _ in gone) < NOON + timedelta(minutes=4)


def test_what_is_put_off_is_due_within_its_minute_and_says_why() -> None:
    routes = route(NOON, limited(per_minute=1), people(2), {}, {})
    (later,) = routes.put_off
    assert later.paced_at == datetime(2027, 3, 1, 12, 1, tzinfo=UTC)
    assert later.paced_at <= later.due_at < later.paced_at + timedelta(minutes=1)
    assert later.reason == "limit of domain example.org"


def test_nothing_is_promised_beyond_the_end_of_a_window() -> None:
    brief = Recipient(delivery=2, domain="example.org", closes=NOON + timedelta(minutes=1))
    routes = route(NOON, limited(per_minute=1, per_day=1), [*people(1), brief], {}, {})
    (later,) = routes.put_off
    assert (later.due_at, later.paced_at) == (brief.closes, None)


def test_room_that_was_kept_and_not_used_in_its_minute_is_asked_for_anew() -> None:
    late = Recipient(delivery=1, domain="example.org", closes=CLOSES, paced_at=NOON - timedelta(minutes=5))
    routes = route(NOON, limited(per_minute=1), [late], {}, {})
    assert routes.server == {1: "relay"}
    assert routes.used == {(LANE, MINUTE, int(NOON.timestamp()) // MINUTE * MINUTE): 1}


def test_a_domain_without_a_limit_of_its_own_has_that_of_all_others() -> None:
    traffic = Traffic(
        servers=(Server(name="relay"),), domains={"*": Limit(per_minute=1), "example.org": Limit()}
    )
    routes = route(NOON, traffic, [*people(3), *people(3, first=9, domain="b.example")], {}, {})
    assert sorted(routes.server) == [1, 2, 3, 9]


def test_servers_share_by_weight_and_always_the_same_way() -> None:
    traffic = Traffic(servers=(Server(name="a", weight=3), Server(name="b", weight=1)))
    routes = route(NOON, traffic, people(4000), {}, {})
    shares = Counter(routes.server.values())
    assert 2800 < shares["a"] < 3200
    assert route(NOON, traffic, people(4000), {}, {}).server == routes.server


def test_what_one_server_has_no_room_for_goes_through_another() -> None:
    full = Server(name="a", weight=99, limit=Limit(per_minute=2))
    traffic = Traffic(servers=(full, Server(name="b", limit=Limit(per_minute=3))))
    routes = route(NOON, traffic, people(8), {}, {})
    assert Counter(routes.server.values()) == {"a": 2, "b": 3}
    assert len(routes.put_off) == 3


def test_room_that_was_kept_in_a_server_that_rests_is_taken_in_another_one_and_counted_there() -> None:
    limit = Limit(per_minute=1)
    traffic = Traffic(servers=(Server(name="a", limit=limit), Server(name="b", limit=limit)))
    kept = [replace(one, paced_at=NOON, server="a") for one in people(2)]
    routes = route(NOON, traffic, kept, {}, trouble("server:a", 5))
    assert list(routes.server.values()) == ["b"]
    assert routes.used["server:b", MINUTE, int(NOON.timestamp()) // MINUTE * MINUTE] == 1
    (later,) = routes.put_off
    assert later.server == "b"


def test_a_day_that_is_full_is_followed_by_tomorrow() -> None:
    both = [replace(one, closes=NOON + timedelta(days=3)) for one in people(2)]
    (later,) = route(NOON, limited(per_day=1), both, {}, {}).put_off
    assert later.paced_at == datetime(2027, 3, 2, tzinfo=UTC)


def test_a_server_that_is_full_for_today_keeps_nobody_from_one_with_room_soon() -> None:
    full = Server(name="a", weight=99, limit=Limit(per_day=2))
    traffic = Traffic(servers=(full, Server(name="b", limit=Limit(per_minute=3))))
    routes = route(NOON, traffic, people(9), {}, {})
    assert Counter(routes.server.values()) == {"a": 2, "b": 3}
    assert {later.server for later in routes.put_off} == {"b"}
    assert {later.reason for later in routes.put_off} == {"limit of server a and limit of server b"}
    assert max(later.due_at for later in routes.put_off) < NOON + timedelta(minutes=3)


def trouble(lane: str, minutes: float) -> dict[str, Trouble]:
    until = NOON + timedelta(minutes=minutes)
    return {lane: Trouble(lane=lane, failures=1, level=1, until=until, reason="it is away")}


def test_a_server_in_trouble_gets_nothing_while_another_one_works() -> None:
    traffic = Traffic(servers=(Server(name="a"), Server(name="b")))
    routes = route(NOON, traffic, people(10), {}, trouble("server:a", 5))
    assert set(routes.server.values()) == {"b"}


def test_while_every_server_is_in_trouble_deliveries_stay_as_they_are() -> None:
    routes = route(NOON, ONE, people(3), {}, trouble("server:relay", 5))
    assert (routes.server, routes.put_off) == ({}, [])
    assert (routes.waiting, routes.why) == (NOON + timedelta(minutes=5), "it is away")


def test_a_server_whose_rest_is_over_gets_a_few_messages_first() -> None:
    routes = route(NOON, ONE, people(10), {}, trouble("server:relay", -1))
    assert len(routes.server) == PROBES
    assert (routes.put_off, routes.probed) == ([], {"server:relay"})


def test_a_domain_in_trouble_waits_and_then_gets_a_few_messages_first() -> None:
    during = route(NOON, ONE, people(10), {}, trouble(LANE, 5))
    assert during.server == {}
    assert all(later.due_at >= NOON + timedelta(minutes=5) for later in during.put_off)
    after = route(NOON, ONE, people(10), {}, trouble(LANE, -1))
    assert (len(after.server), len(after.put_off)) == (PROBES, 10 - PROBES)


def test_a_domain_that_defers_again_and_again_rests_longer_each_time() -> None:
    (found,) = learned(NOON, [], [(LANE, "450 busy")] * DEFERRALS)
    assert found.level == 1
    assert found.until is not None
    assert timedelta(minutes=1) <= found.until - NOON <= timedelta(minutes=1.5)
    lengths = []
    now = NOON
    for _ in range(9):
        assert found.until is not None
        lengths.append(found.until - now)
        now = found.until
        found = refused(probed(found, now), now, "450 busy")
    assert lengths[:-1] <= lengths[1:]
    assert lengths[-1] <= timedelta(minutes=90)


def test_a_few_refusals_are_no_trouble_and_a_success_forgets_them() -> None:
    (few,) = learned(NOON, [], [(LANE, "450 busy")] * (DEFERRALS - 1))
    assert (few.level, few.until) == (0, None)
    (over,) = learned(NOON, [few], [(LANE, "")])
    assert over == Trouble(lane=LANE)
    assert list(learned(NOON, [], [(LANE, "")])) == []


def test_refusals_that_were_under_way_together_make_the_rest_no_longer() -> None:
    (found,) = learned(NOON, [], [(LANE, "450 busy")] * (DEFERRALS * 10))
    assert found.level == 1


def test_a_server_that_cannot_be_reached_rests_at_once() -> None:
    (found,) = learned(NOON, [], [("server:relay", "it is away")], at_once=True)
    assert found.shut(NOON)
    assert isinstance(route(NOON, ONE, people(1), {}, {found.lane: found}), Routes)
