"""Whatever is asked for, in whatever order: no limit is broken, and nothing is lost or kept for nobody."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from diffuse.domain.traffic import DAY, MINUTE, Limit, Recipient, Routes, Server, Traffic, Trouble, route

BEGIN = datetime(2027, 3, 1, 23, 50, 30, tzinfo=UTC)
CLOSES = BEGIN + timedelta(minutes=25)
DOMAINS = ("a.example", "b.example", "c.example")

limits = st.builds(Limit, per_minute=st.none() | st.integers(1, 4), per_day=st.none() | st.integers(1, 12))
traffics = st.builds(
    lambda weighted, domains: Traffic(
        servers=tuple(Server(name=str(n), weight=w, limit=one) for n, (w, one) in enumerate(weighted)),
        domains=domains,
    ),
    st.lists(st.tuples(st.integers(1, 5), limits), min_size=1, max_size=3),
    st.dictionaries(st.sampled_from([*DOMAINS, "*"]), limits),
)
arrivals = st.lists(st.sampled_from(DOMAINS), max_size=12)
rests = st.dictionaries(
    st.sampled_from(["server:0", "server:1", "server:2", *(f"domain:{one}" for one in DOMAINS)]),
    st.tuples(st.integers(-90, 180), st.integers(1, 3)),
    max_size=2,
)
steps = st.lists(st.tuples(st.integers(0, 100), arrivals, rests), min_size=1, max_size=12)


@dataclass
class World:
    """Deliveries that come, wait and go, and the counts that all workers share."""

    traffic: Traffic
    now: datetime = BEGIN
    used: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    waiting: dict[int, tuple[datetime, Recipient]] = field(default_factory=dict)
    gone: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    number: int = 0

    def arrive(self, domains: list[str]) -> None:
        for domain in domains:
            self.number += 1
            one = Recipient(delivery=self.number, domain=domain, closes=CLOSES)
            self.waiting[self.number] = self.now, one

    def go(self, rests: dict[str, tuple[int, int]]) -> tuple[list[Recipient], Routes]:
        """Route what is due; the newest come first, which is the worst order for what has waited."""
        due = [one for at, one in reversed(self.waiting.values()) if at <= self.now < one.closes]
        troubles = {
            name: Trouble(lane=name, failures=1, level=level, until=self.now + timedelta(seconds=rest))
            for name, (rest, level) in rests.items()
        }
        routes = route(self.now, self.traffic, due, self.used, troubles)
        assert routes == route(self.now, self.traffic, due, dict(self.used), dict(troubles))
        self.used += routes.used
        for number, server in routes.server.items():
            _, one = self.waiting.pop(number)
            for lane in (one.lane, f"server:{server}"):
                for span in (MINUTE, DAY):
                    self.gone[lane, span, int(self.now.timestamp()) // span * span] += 1
        for later in routes.put_off:
            _, one = self.waiting[later.delivery]
            moved = replace(one, paced_at=later.paced_at, server=later.server)
            self.waiting[later.delivery] = later.due_at, moved
        return due, routes

    def most(self, lane: str, span: int) -> int | None:
        server = next((one for one in self.traffic.servers if one.lane == lane), None)
        limit = server.limit if server else self.traffic.limit_of(lane.removeprefix("domain:"))
        return dict(limit.spans).get(span)


@given(traffics, steps)
@settings(max_examples=100)
def test_no_window_of_any_lane_exceeds_its_limit_whatever_is_asked_for(
    traffic: Traffic, course: list[tuple[int, list[str], dict[str, tuple[int, int]]]]
) -> None:
    world = World(traffic)
    for seconds, domains, resting in course:
        world.now += timedelta(seconds=seconds)
        world.arrive(domains)
        world.go(resting)
        for (lane, span, _), number in world.gone.items():
            most = world.most(lane, span)
            assert most is None or number <= most
        for key, number in world.used.items():
            most = world.most(key[0], key[1])
            assert most is not None
            assert world.gone[key] <= number <= most


@given(traffics, steps)
@settings(max_examples=60)
def test_each_delivery_goes_or_is_put_off_within_its_window_unless_a_server_is_only_probed(
    traffic: Traffic, course: list[tuple[int, list[str], dict[str, tuple[int, int]]]]
) -> None:
    world = World(traffic)
    for seconds, domains, resting in course:
        world.now += timedelta(seconds=seconds)
        world.arrive(domains)
        due, routes = world.go(resting)
        put_off = {one.delivery: one for one in routes.put_off}
        assert not put_off.keys() & routes.server.keys()
        if not any(one.lane in resting for one in traffic.servers):
            assert put_off.keys() | routes.server.keys() == {one.delivery for one in due}
        for one in put_off.values():
            assert world.now <= one.due_at <= CLOSES
            assert one.reason or any(name.startswith("domain:") for name in resting)
            if one.paced_at is not None:
                assert one.paced_at <= one.due_at < one.paced_at + timedelta(seconds=MINUTE)
                assert one.paced_at + timedelta(seconds=MINUTE) <= CLOSES


@given(traffics, st.lists(st.sampled_from(DOMAINS), min_size=1, max_size=30))
@settings(max_examples=50)
def test_room_that_is_kept_is_used_in_its_minute_and_counted_once(
    traffic: Traffic, domains: list[str]
) -> None:
    world = World(traffic)
    world.arrive(domains)
    while world.now < CLOSES:
        due, routes = world.go({})
        kept = [one for one in due if one.kept(world.now)]
        assert {one.delivery for one in kept} <= routes.server.keys()
        world.now += timedelta(seconds=5)
    assert all(world.gone[key] == number for key, number in world.used.items())
