"""What workers share about limits and troubles, on each database."""

from collections import Counter
from datetime import timedelta

from sqlalchemy import event, select

from diffuse.adapters.sql import lanes
from diffuse.adapters.sql.engine import reading, writing
from diffuse.adapters.sql.ledger import SqlLedger
from diffuse.adapters.sql.tables import lane, pace
from diffuse.domain.delivery import LEASE, Claimed
from diffuse.domain.traffic import DEFERRALS, MINUTE, PROBES, Limit, Recipient, Server, Traffic
from tests.suites.store.given import CLOSES, NOW, Store, campaign, person, together, touchpoint

PEOPLE = [f"p{number:03}" for number in range(60)]


def planned(store: Store, traffic: Traffic) -> SqlLedger:
    store.with_people(*PEOPLE)
    store.plan(*(touchpoint(employee=name) for name in PEOPLE))
    return SqlLedger(store.engine, traffic)


def limited(per_minute: int) -> Traffic:
    return Traffic(
        servers=(Server(name="relay"),), domains={"universite.example": Limit(per_minute=per_minute)}
    )


def test_workers_at_once_never_go_beyond_a_limit_and_everything_leaves_in_the_end(store: Store) -> None:
    traffic = limited(25)
    planned(store, traffic)
    minutes: Counter[int] = Counter()
    for minute in range(4):
        now = NOW + timedelta(minutes=minute, seconds=29.8)

        def work(place: int) -> int:
            ledger = SqlLedger(store.engine, traffic)
            return sum(
                len(ledger.claim(now, token=f"w{place}.{minute}.{turn}", limit=10))  # noqa: B023
                for turn in range(3)
            )

        minutes[minute] = sum(together(3, work))
    assert max(minutes.values()) <= 25
    assert sum(minutes.values()) == 60


def test_what_a_limit_puts_off_says_when_and_why(store: Store) -> None:
    ledger = planned(store, limited(10))
    assert len(ledger.claim(NOW, token="w1", limit=60)) == 10
    assert ledger.claim(NOW, token="w2", limit=60) == ()
    row = store.row(60)
    assert (row["state"], row["reason"]) == ("planned", "limit of domain universite.example")
    assert row["paced_at"] is not None
    assert row["paced_at"] <= row["due_at"] < row["paced_at"] + timedelta(seconds=MINUTE)


def test_counts_of_windows_long_past_are_thrown_away(store: Store) -> None:
    ledger = planned(store, limited(10))
    ledger.claim(NOW, token="w1", limit=5)
    store.plan(*(touchpoint(employee=name, touch=1, due_at=NOW + timedelta(days=3),
                            not_after=NOW + timedelta(days=4)) for name in PEOPLE[:1]))  # fmt: skip
    ledger.claim(NOW + timedelta(days=3), token="w2", limit=5)
    with reading(store.engine) as connection:
        starts = [row.start for row in connection.execute(select(pace))]
    assert min(starts) > (NOW + timedelta(days=2)).timestamp()


def test_a_server_in_trouble_is_left_alone_and_its_share_goes_through_another(store: Store) -> None:
    ledger = planned(store, Traffic(servers=(Server(name="a"), Server(name="b"))))
    first = ledger.claim(NOW, token="w1", limit=20)
    assert {one.server for one in first} == {"a", "b"}
    ledger.give_back(NOW, "w1", {"a": "a is away"})
    again = ledger.claim(NOW, token="w2", limit=60)
    assert {one.server for one in again} == {"b"}


def test_while_no_server_works_nothing_is_claimed_and_then_a_few_are_tried_first(store: Store) -> None:
    ledger = planned(store, Traffic(servers=(Server(name="a"),)))
    ledger.claim(NOW, token="w1", limit=20)
    ledger.give_back(NOW, "w1", {"a": "a is away"})
    assert ledger.claim(NOW + timedelta(seconds=50), token="w2", limit=20) == ()
    later = NOW + timedelta(minutes=2)
    probes = ledger.claim(later, token="w3", limit=20)
    assert len(probes) == PROBES
    assert ledger.claim(later, token="w4", limit=20) == ()
    ledger.turn(later, "w3", ended=(), wanted=(), lease=LEASE, heard=[("server:a", "")])
    assert len(ledger.claim(later, token="w5", limit=20)) == 20


def test_a_domain_that_keeps_deferring_is_slowed_and_the_others_are_not(store: Store) -> None:
    ledger = planned(store, Traffic(servers=(Server(name="a"),)))
    store.directory.save([person("x", email="x@elsewhere.example"), *map(person, PEOPLE)])
    store.plan(touchpoint(employee="x"))
    heard = [("domain:universite.example", "450 busy")] * DEFERRALS
    ledger.turn(NOW, "w1", ended=(), wanted=(), lease=LEASE, heard=heard)
    assert [one.employee for one in ledger.claim(NOW, token="w2", limit=100)] == ["x"]
    assert store.row(1)["due_at"] > NOW
    with reading(store.engine) as connection:
        assert [row.name for row in connection.execute(select(lane))] == ["domain:universite.example"]


def test_workers_at_once_keep_the_limits_of_servers_and_domains_together(store: Store) -> None:
    traffic = Traffic(
        servers=(
            Server(name="a", weight=3, limit=Limit(per_minute=9)),
            Server(name="b", limit=Limit(per_minute=6, per_day=20)),
        ),
        domains={"universite.example": Limit(per_minute=10)},
    )
    store.directory.save([person(name, email=f"{name}@elsewhere.example") for name in PEOPLE[::2]])
    store.directory.save([person(name) for name in PEOPLE[1::2]])
    store.publications.publish(campaign(), {}, NOW)
    store.plan(*(touchpoint(employee=name) for name in PEOPLE))
    gone: Counter[tuple[int, str]] = Counter()
    for turn in range(24):
        now = NOW + timedelta(seconds=20 * turn)

        def work(place: int) -> list[Claimed]:
            ledger = SqlLedger(store.engine, traffic)
            return list(ledger.claim(now, token=f"w{place}.{turn}", limit=12))  # noqa: B023

        for one in (one for claimed in together(3, work) for one in claimed):
            minute = int(now.timestamp()) // MINUTE
            gone[minute, one.server] += 1
            gone[minute, one.email.partition("@")[2]] += 1
    assert max(number for (_, lane), number in gone.items() if lane == "a") <= 9
    assert max(number for (_, lane), number in gone.items() if lane == "b") <= 6
    assert max(number for (_, lane), number in gone.items() if lane == "universite.example") <= 10
    assert sum(number for (_, lane), number in gone.items() if lane == "b") <= 20
    assert sum(number for (_, lane), number in gone.items() if lane in {"a", "b"}) == len(PEOPLE)


def test_room_that_a_domain_waits_for_is_kept_in_its_server_too(store: Store) -> None:
    traffic = Traffic(
        servers=(Server(name="a", limit=Limit(per_minute=4)),),
        domains={"universite.example": Limit(per_minute=3)},
    )
    store.directory.save([person(name, email=f"{name}@elsewhere.example") for name in PEOPLE[:4]])
    store.with_people(*PEOPLE[4:10])
    soon = NOW + timedelta(seconds=100)
    store.plan(*(touchpoint(employee=name, due_at=soon) for name in PEOPLE[:4]))
    store.plan(*(touchpoint(employee=name) for name in PEOPLE[4:10]))
    ledger = SqlLedger(store.engine, traffic)
    assert [one.id for one in ledger.claim(NOW, token="w1", limit=60)] == [5, 6, 7]
    soon += timedelta(seconds=10)
    assert [one.id for one in ledger.claim(soon, token="w2", limit=60)] == [1, 8, 9, 10]
    assert counted(store, "server:a")[int(soon.timestamp()) // MINUTE * MINUTE] == 4


def test_limits_are_known_to_a_worker_that_starts_anew(store: Store) -> None:
    planned(store, limited(10)).claim(NOW, token="w1", limit=10)
    assert SqlLedger(store.engine, limited(10)).claim(NOW, token="w2", limit=60) == ()


def test_room_that_was_kept_is_used_once_even_if_the_delivery_comes_back_in_its_minute(store: Store) -> None:
    ledger = planned(store, limited(58))
    ledger.claim(NOW, token="w1", limit=60)
    kept = store.row(60)["paced_at"]
    last = kept + timedelta(seconds=50)
    assert [one.id for one in ledger.claim(last, token="w2", limit=60)] == [59, 60]
    assert counted(store, "domain:universite.example")[int(kept.timestamp())] == 2
    ledger.give_back(last, "w2", {})
    assert [one.id for one in ledger.claim(last, token="w3", limit=60)] == [59, 60]
    assert counted(store, "domain:universite.example")[int(kept.timestamp())] == 4


def counted(store: Store, name: str) -> dict[int, int]:
    with reading(store.engine) as connection:
        rows = connection.execute(select(pace).where(pace.c.lane == name, pace.c.span == MINUTE))
        return {row.start: row.used for row in rows}


def test_workers_at_once_try_a_lane_again_with_a_few_messages_together(store: Store) -> None:
    traffic = Traffic(servers=(Server(name="a"),))
    ledger = planned(store, traffic)
    ledger.claim(NOW, token="w0", limit=1)
    ledger.give_back(NOW, "w0", {"a": "a is away"})
    later = NOW + timedelta(minutes=2)

    def work(place: int) -> int:
        return len(SqlLedger(store.engine, traffic).claim(later, token=f"w{place}", limit=10))

    assert sum(together(3, work)) == PROBES


def test_refusals_that_workers_hear_at_once_are_all_counted_and_block_nobody(store: Store) -> None:
    names = [f"domain:{place}.example" for place in range(6)]

    def work(place: int) -> None:
        for _ in range(3):
            heard = [(name, "450 busy") for name in (names if place else reversed(names))]
            with writing(store.engine) as connection:
                lanes.learn(connection, NOW, heard[:3])
                lanes.learn(connection, NOW, heard[3:])

    together(2, work)
    with reading(store.engine) as connection:
        rows = connection.execute(select(lane)).all()
    assert [row.name for row in sorted(rows)] == names
    assert {(row.failures, row.level) for row in rows} == {(DEFERRALS, 1)}


def test_without_limits_and_troubles_routing_costs_one_look_and_learning_another(store: Store) -> None:
    traffic = Traffic(servers=(Server(name="a"),))
    people = [Recipient(delivery=place, domain="x.example", closes=CLOSES) for place in range(500)]
    asked: list[str] = []
    with writing(store.engine) as connection:
        event.listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))
        assert len(lanes.routes(connection, NOW, traffic, people).server) == 500
        assert len(asked) == 1
        lanes.learn(connection, NOW, [("server:a", ""), ("domain:x.example", "")] * 500)
    assert len(asked) == 2
    assert all(statement.startswith("SELECT") for statement in asked)
