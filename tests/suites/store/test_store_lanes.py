"""What workers share about limits and troubles, on each database."""

from collections import Counter
from datetime import timedelta

from sqlalchemy import select

from diffuse.adapters.sql.engine import reading
from diffuse.adapters.sql.ledger import SqlLedger
from diffuse.adapters.sql.tables import lane, pace
from diffuse.domain.delivery import LEASE
from diffuse.domain.traffic import DEFERRALS, MINUTE, PROBES, Limit, Server, Traffic
from tests.suites.store.given import NOW, Store, person, together, touchpoint

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
