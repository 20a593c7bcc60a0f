"""One round: what dead workers left is settled, the day is planned, and what is due is delivered."""

from datetime import timedelta

from diffuse.domain.delivery import LEASE, State
from diffuse.domain.verdicts import Hit, What
from diffuse.services.plan import Planned
from tests.unit.services.given import LATE, Office, campaign, person


def office_at_work() -> Office:
    office = Office(person("ana"))
    office.launch(campaign())
    return office


def test_a_round_plans_and_delivers_and_says_what_it_did() -> None:
    office = office_at_work()
    morning = office.beat.run()
    assert (morning.planned, morning.delivered.total) == (Planned(added=1), 0)
    office.clock.set(LATE)
    afternoon = office.beat.run()
    assert (afternoon.planned, afternoon.delivered.ended) == (Planned(), {State.SENT: 1})
    assert (afternoon.recovered, afternoon.unknown) == (0, 0)


def test_what_a_dead_worker_had_claimed_is_sent_by_the_next_one_after_the_lease() -> None:
    office = office_at_work()
    office.plan.run()
    office.clock.set(LATE)
    assert len(office.ledger.claim(LATE, token="dead", limit=10)) == 1
    assert office.beat.run().delivered.total == 0
    office.clock.advance(LEASE)
    done = office.beat.run()
    assert (done.recovered, done.unknown, done.delivered.ended) == (1, 0, {State.SENT: 1})
    assert office.row().attempts == 2


def test_what_a_dead_worker_was_sending_is_of_unknown_fate_and_not_sent_again() -> None:
    office = office_at_work()
    office.plan.run()
    office.clock.set(LATE)
    (claimed,) = office.ledger.claim(LATE, token="dead", limit=10)
    assert office.fence(claimed)
    office.clock.advance(LEASE + timedelta(seconds=1))
    done = office.beat.run()
    assert (done.recovered, done.unknown, done.delivered.total) == (0, 1, 0)
    assert office.row().state == State.UNKNOWN
    assert office.channel.accepted == []


def test_a_mail_server_that_is_down_keeps_no_round_from_planning() -> None:
    office = office_at_work()
    office.channel.down = "down"
    office.clock.set(LATE - timedelta(hours=1))
    office.beat.run()
    office.clock.set(LATE)
    office.directory.save([person("ana"), person("zoe")])
    done = office.beat.run()
    assert (done.planned.added, done.delivered.trouble) == (1, "down")


def test_what_a_dead_tracking_service_had_only_kept_is_judged() -> None:
    office = office_at_work()
    office.plan.run()
    office.clock.set(LATE)
    office.beat.run()
    number = office.row().delivery
    office.hits.keep_many(
        [Hit(delivery=number, what=What.OPEN, at=LATE + timedelta(hours=1), day=LATE.date(), agent="Mozilla")]
    )
    office.clock.advance(timedelta(hours=2))
    assert office.row().opened_at is None
    office.beat.run()
    assert office.row().opened_at == LATE + timedelta(hours=1)
