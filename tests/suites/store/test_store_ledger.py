"""The ledger port on each database: leases, fences, outcomes."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from diffuse.adapters.sql.engine import writing
from diffuse.adapters.sql.tables import control
from diffuse.domain.control import EVERYTHING, Standstill
from diffuse.domain.delivery import LEASE, MAX_RESENDS, Claimed, Ending, Left, Outcome, State
from diffuse.errors import AuthoringError
from diffuse.ports import Turned
from tests.suites.store.given import CLOSES, MINUTE, NOW, TODAY, Store, person, together, touchpoint

LATER = NOW + LEASE + MINUTE


@pytest.fixture(autouse=True)
def people(store: Store) -> None:
    store.with_people("ana", "bob", "cyd")


def test_what_is_due_is_claimed_by_quarters_of_an_hour_with_all_that_sending_needs(store: Store) -> None:
    due = {"ana": NOW, "bob": NOW - 20 * MINUTE, "cyd": NOW + MINUTE}
    store.plan(*(touchpoint(employee=name, due_at=at) for name, at in due.items()))
    claimed = store.ledger.claim(NOW, token="w1", limit=10)
    assert [one.employee for one in claimed] == ["bob", "ana"]
    row = store.row(claimed[1].id)
    assert claimed[1] == Claimed(
        id=row["id"],
        token="w1",
        attempt=1,
        campaign="social-media",
        publication=1,
        key_point="disclose",
        employee="ana",
        name="Ana Tremblay",
        email="ana@universite.example",
        variant="advice",
        language="fr",
        message_id="<social-media.disclose.0.ana.email@universite.example>",
        dated_at=NOW,
        about="",
        duty="",
        ambiguous=0,
        server="",
    )
    assert (row["state"], row["lease_token"], row["lease_until"]) == ("claimed", "w1", NOW + LEASE)


def test_no_more_than_the_limit_is_claimed(store: Store) -> None:
    store.plan(*(touchpoint(employee=name) for name in ("ana", "bob", "cyd")))
    assert [len(store.ledger.claim(NOW, token="w1", limit=2)) for _ in range(3)] == [2, 1, 0]


def test_a_closed_window_is_not_claimed(store: Store) -> None:
    store.plan(touchpoint(), touchpoint(employee="bob", due_at=NOW - MINUTE, not_after=CLOSES + MINUTE))
    assert [one.employee for one in store.ledger.claim(CLOSES, token="w1", limit=9)] == ["bob"]


def test_a_leaver_is_not_claimed(store: Store) -> None:
    yesterday = TODAY - timedelta(days=1)
    store.plan(*(touchpoint(employee=name) for name in ("ana", "bob", "cyd")))
    store.directory.save([person("ana", ends=yesterday), person("bob", ends=TODAY), person("cyd")])
    assert [one.employee for one in store.ledger.claim(NOW, token="w1", limit=9)] == ["bob", "cyd"]


def test_workers_at_once_never_claim_the_same_delivery(store: Store) -> None:
    names = [f"p{number}" for number in range(120)]
    store.directory.save([person(name) for name in names])
    store.plan(*(touchpoint(employee=name) for name in names))

    def work(place: int) -> list[int]:
        mine: list[int] = []
        while claimed := store.ledger.claim(NOW, token=f"w{place}", limit=7):
            mine.extend(one.id for one in claimed)
        return mine

    claimed = [number for mine in together(4, work) for number in mine]
    assert sorted(claimed) == list(range(1, 121))


def test_the_dot_may_follow_once_and_only_while_the_lease_holds(store: Store) -> None:
    store.plan(touchpoint())
    claimed = store.claim()
    assert not store.fence(claimed, NOW + LEASE)
    assert store.fence(claimed, NOW + LEASE - MINUTE)
    assert not store.fence(claimed, NOW)
    row = store.row(claimed.id)
    assert (row["state"], row["fenced_at"]) == ("sending", NOW + LEASE - MINUTE)


def test_a_sent_message_keeps_its_reply_and_its_time(store: Store) -> None:
    store.plan(touchpoint())
    claimed = store.sending()
    assert store.finish(claimed, State.SENT, at=NOW + MINUTE, reply="250 2.0.0 Ok: queued as 4XyZ")
    row = store.row(claimed.id)
    assert (row["state"], row["reason"], row["sent_at"]) == ("sent", "", NOW + MINUTE)
    assert (row["reply"], row["lease_until"]) == ("250 2.0.0 Ok: queued as 4XyZ", None)
    assert store.attempts() == [(1, "sent", "250 2.0.0 Ok: queued as 4XyZ")]


def test_a_message_that_was_put_off_is_due_again_later(store: Store) -> None:
    store.plan(touchpoint())
    assert store.finish(store.claim(), State.PLANNED, reply="421 try later", retry_at=NOW + MINUTE)
    row = store.row(1)
    assert (row["state"], row["reason"], row["due_at"]) == ("planned", "421 try later", NOW + MINUTE)
    assert store.ledger.claim(NOW, token="w1", limit=1) == ()
    assert store.claim(NOW + MINUTE).attempt == 2
    assert store.attempts() == [(1, "planned", "421 try later")]


def test_a_message_that_was_put_off_without_a_time_stays_due(store: Store) -> None:
    store.plan(touchpoint())
    assert store.finish(store.sending(), State.PLANNED, reply="450 busy")
    assert store.row(1)["due_at"] == NOW


@pytest.mark.parametrize("state", [State.FAILED, State.UNKNOWN])
def test_another_end_gives_its_reason(store: Store, state: State) -> None:
    store.plan(touchpoint())
    claimed = store.sending()
    assert store.finish(claimed, state, reply="550 no such mailbox")
    assert (store.row(1)["state"], store.row(1)["reason"]) == (state, "550 no such mailbox")
    assert store.row(1)["sent_at"] is None


def test_a_stale_attempt_or_token_writes_nothing(store: Store) -> None:
    store.plan(touchpoint())
    stale = store.claim()
    assert store.ledger.recover(LATER) == (1, 0)
    owner = store.claim(LATER, token="w2")
    before = store.row(owner.id)
    for claimed in (stale, *_forged(owner)):
        assert not store.fence(claimed, LATER)
        assert not store.finish(claimed, State.FAILED)
    assert store.row(owner.id) == before
    assert len(store.attempts()) == 1
    assert store.fence(owner, LATER)


def _forged(owner: Claimed) -> list[Claimed]:
    fields = {name: getattr(owner, name) for name in Claimed.__dataclass_fields__}
    changes: list[dict[str, object]] = [{"token": "w1"}, {"attempt": owner.attempt - 1}, {"id": owner.id + 1}]
    return [Claimed(**{**fields, **change}) for change in changes]


def test_what_was_never_fenced_cannot_be_sent(store: Store) -> None:
    store.plan(touchpoint())
    assert not store.finish(store.claim(), State.SENT)
    assert store.row(1)["state"] == "claimed"


def test_a_second_outcome_of_the_same_attempt_writes_nothing(store: Store) -> None:
    store.plan(touchpoint())
    claimed = store.sent()
    assert not store.finish(claimed, State.FAILED)
    assert not store.finish(claimed, State.SENT)
    assert store.attempts() == [(1, "sent", "")]


def test_an_expired_lease_is_settled_by_what_may_have_happened(store: Store) -> None:
    store.plan(touchpoint(), touchpoint(employee="bob"), touchpoint(employee="cyd"))
    store.claim()
    assert store.fence(store.claim(token="w2"), NOW)
    assert store.fence(store.claim(token="w3"), NOW + 2 * MINUTE - MINUTE / 60)
    assert store.ledger.recover(NOW + LEASE) == (1, 1)
    assert [store.row(number)["state"] for number in (1, 2, 3)] == ["planned", "unknown", "sending"]
    assert [store.row(number)["lease_until"] is None for number in (1, 2, 3)] == [True, True, False]
    assert "planned again" in store.row(1)["reason"]
    assert "may have arrived" in store.row(2)["reason"]
    assert [(attempt, state) for attempt, state, _ in sorted(store.attempts())] == [
        (1, "planned"),
        (1, "unknown"),
    ]
    assert store.ledger.recover(NOW + LEASE) == (0, 0)


def test_a_late_answer_settles_an_unknown_delivery(store: Store) -> None:
    store.plan(touchpoint())
    claimed = store.sending()
    assert store.ledger.recover(LATER) == (0, 1)
    assert store.finish(claimed, State.SENT, at=LATER, reply="250 at last")
    assert (store.row(1)["state"], store.row(1)["sent_at"]) == ("sent", LATER)
    assert [state for _, state, _ in store.attempts()] == ["unknown", "sent"]


def test_an_unknown_delivery_never_fails(store: Store) -> None:
    store.plan(touchpoint())
    claimed = store.sending()
    store.ledger.recover(LATER)
    assert not store.finish(claimed, State.FAILED)
    assert not store.finish(claimed, State.PLANNED)
    assert (store.row(1)["state"], store.row(1)["ambiguous"]) == ("unknown", 1)


def test_recoverers_at_once_log_each_loss_once(store: Store) -> None:
    store.plan(*(touchpoint(touch=number) for number in range(40)))
    store.ledger.claim(NOW, token="w1", limit=40)
    assert sum(planned for planned, _ in together(4, lambda _: store.ledger.recover(LATER))) == 40
    assert len(store.attempts()) == 40


def test_counts_are_by_campaign_and_state(store: Store) -> None:
    store.plan(touchpoint(), touchpoint(employee="bob"), touchpoint(campaign="ai"))
    store.sent()
    assert store.ledger.counts() == {"ai": {"planned": 1}, "social-media": {"planned": 1, "sent": 1}}


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    naive = datetime(2026, 9, 14, 9)  # noqa: DTZ001 -- the point of the test
    with pytest.raises(AuthoringError, match="without a zone"):
        store.ledger.claim(naive, token="w1", limit=1)


def test_an_instant_comes_back_in_utc_to_the_microsecond(store: Store) -> None:
    from zoneinfo import ZoneInfo

    local = NOW.astimezone(ZoneInfo("America/Toronto"))
    store.plan(touchpoint(due_at=local))
    assert store.claim().dated_at.isoformat() == "2026-09-14T14:30:00.123456+00:00"


def test_a_reply_that_no_database_can_keep_is_kept_readably(store: Store) -> None:
    store.plan(touchpoint())
    store.finish(store.sending(), State.FAILED, reply="550 \x00caf\udce9 🌱")
    assert store.row(1)["reply"] == "550 \ufffdcaf\ufffd 🌱"


def test_a_turn_writes_what_ended_and_allows_what_follows_at_once(store: Store) -> None:
    store.plan(*(touchpoint(employee=name) for name in ("ana", "bob", "cyd")))
    ana, bob, cyd = store.ledger.claim(NOW, token="w1", limit=3)
    assert store.fence(ana)
    ended = [
        Outcome(delivery=ana.id, attempt=1, state=State.SENT, at=NOW, reply="250 ok"),
        Outcome(delivery=bob.id, attempt=1, state=State.FAILED, at=NOW, reply="550 no"),
    ]
    turned = store.ledger.turn(NOW, "w1", ended=ended, wanted=[(bob.id, 1), (cyd.id, 1)], lease=LEASE)
    assert turned == Turned(allowed=frozenset({cyd.id}), recorded={State.SENT: 1, State.FAILED: 1})
    assert store.ledger.counts() == {"social-media": {"failed": 1, "sending": 1, "sent": 1}}


def test_a_turn_holds_on_to_what_is_still_claimed_once_a_third_of_the_lease_has_passed(store: Store) -> None:
    store.plan(touchpoint(), touchpoint(employee="bob"))
    ana, bob = store.ledger.claim(NOW, token="w1", limit=2)
    store.ledger.turn(NOW + LEASE / 4, "w1", ended=(), wanted=(), lease=LEASE)
    assert store.row(bob.id)["lease_until"] == NOW + LEASE
    store.ledger.turn(NOW + LEASE / 2, "w1", ended=(), wanted=[(ana.id, 1)], lease=5 * LEASE)
    assert store.row(ana.id)["lease_until"] == NOW + LEASE / 2 + 5 * LEASE
    assert store.row(bob.id)["lease_until"] == NOW + LEASE / 2 + LEASE


def test_what_is_given_back_is_planned_at_once_with_the_reason(store: Store) -> None:
    store.plan(touchpoint(), touchpoint(employee="bob"))
    ana, bob = store.ledger.claim(NOW, token="w1", limit=2)
    assert store.fence(ana)
    assert store.ledger.give_back(NOW, "w1", {"": "the server is away"}) == 1
    assert (store.row(ana.id)["state"], store.row(bob.id)["state"]) == ("sending", "planned")
    assert store.row(bob.id)["reason"] == "the server is away"
    assert store.ledger.claim(NOW, token="w2", limit=1) == ()
    assert store.claim(NOW + 2 * MINUTE, token="w2").attempt == 2


def test_the_date_of_a_message_stays_that_of_its_first_attempt(store: Store) -> None:
    store.plan(touchpoint())
    store.finish(store.claim(), State.PLANNED, retry_at=NOW + MINUTE)
    again = store.claim(NOW + 2 * MINUTE)
    assert (again.attempt, again.dated_at) == (2, NOW)


def test_what_an_operator_has_stopped_is_not_claimed(store: Store) -> None:
    store.plan(touchpoint(), touchpoint(campaign="ai"))
    _stop(store, "ai", Standstill.PAUSED)
    assert store.claim().campaign == "social-media"
    assert store.ledger.claim(NOW, token="w1", limit=9) == ()


def test_nothing_is_claimed_while_everything_is_halted(store: Store) -> None:
    store.plan(touchpoint())
    _stop(store, EVERYTHING, Standstill.HALTED)
    assert store.ledger.claim(NOW, token="w1", limit=9) == ()


@pytest.mark.parametrize("stopped", ["ai", EVERYTHING])
def test_no_dot_may_follow_of_what_was_stopped_after_it_was_claimed(store: Store, stopped: str) -> None:
    store.plan(touchpoint(campaign="ai"))
    claimed = store.claim()
    _stop(store, stopped, Standstill.PAUSED)
    assert not store.fence(claimed)
    assert store.row(1)["state"] == "claimed"


def test_a_stop_elsewhere_holds_no_dot_back(store: Store) -> None:
    store.plan(touchpoint(campaign="ai"))
    claimed = store.claim()
    _stop(store, "social-media", Standstill.PAUSED)
    assert store.fence(claimed)


def _stop(store: Store, campaign: str, state: Standstill) -> None:
    with writing(store.engine) as connection:
        connection.execute(insert(control).values(campaign=campaign, state=state, reason="", since=NOW))


def test_a_refusal_after_an_attempt_of_unknown_fate_leaves_it_unknown(store: Store) -> None:
    store.plan(touchpoint())
    store.finish(store.sending(), State.UNKNOWN, reply="connection lost")
    assert store.ledger.resend(NOW + MINUTE, ["social-media"]) == 1
    again = store.sending(NOW + MINUTE)
    assert (again.attempt, again.ambiguous, again.dated_at) == (2, 1, NOW)
    assert store.finish(again, State.FAILED, reply="550 no such mailbox")
    row = store.row(1)
    assert (row["state"], row["reply"], row["resends"]) == ("unknown", "550 no such mailbox", 1)
    assert [state for _, state, _ in store.attempts()] == ["unknown", "planned", "unknown"]


def test_a_message_of_unknown_fate_is_sent_again_only_where_its_campaign_asks_and_not_for_ever(
    store: Store,
) -> None:
    store.plan(touchpoint())
    store.finish(store.sending(), State.UNKNOWN)
    assert store.ledger.resend(NOW, []) == store.ledger.resend(NOW, ["ai"]) == 0
    for _ in range(MAX_RESENDS):
        assert store.ledger.resend(NOW, ["social-media"]) == 1
        store.finish(store.sending(), State.UNKNOWN)
    assert store.ledger.resend(NOW, ["social-media"]) == 0


def test_what_a_dead_process_had_in_hand_is_settled_by_its_journal(store: Store) -> None:
    names = ("ana", "bob", "cyd", "dan", "eve")
    store.directory.save([person(name) for name in names])
    store.plan(*(touchpoint(employee=name) for name in names))
    claimed = store.ledger.claim(NOW, token="w1", limit=5)
    wanted = [(one.id, 1) for one in claimed[1:]]
    assert len(store.ledger.turn(NOW, "w1", ended=(), wanted=wanted, lease=LEASE).allowed) == len(wanted)
    answers = {claimed[3].id: (State.SENT, "250 ok"), claimed[4].id: (State.FAILED, "550 no")}
    left = Left(
        token="w1",
        certain=True,
        dotted=frozenset((one.id, 1) for one in claimed[2:]),
        endings=tuple(
            Ending(delivery=number, attempt=1, state=state, reply=reply)
            for number, (state, reply) in answers.items()
        ),
    )
    counts = store.ledger.settle_left(NOW, left)
    assert counts == {State.PLANNED: 2, State.UNKNOWN: 1, State.SENT: 1, State.FAILED: 1}
    states = [store.row(one.id)["state"] for one in claimed]
    assert states == ["planned", "planned", "unknown", "sent", "failed"]
    assert store.ledger.settle_left(NOW, left) == {}


def test_without_a_sure_journal_what_was_allowed_is_unknown(store: Store) -> None:
    store.plan(touchpoint())
    claimed = store.sending()
    left = Left(token=claimed.token, certain=False, dotted=frozenset(), endings=())
    assert store.ledger.settle_left(NOW, left) == {State.UNKNOWN: 1}


def test_a_journal_that_is_read_late_still_turns_unknown_into_sent(store: Store) -> None:
    store.plan(touchpoint())
    claimed = store.sending()
    store.ledger.recover(LATER)
    ending = Ending(delivery=claimed.id, attempt=1, state=State.SENT, reply="250 ok")
    left = Left(token="w1", certain=True, dotted=frozenset({(claimed.id, 1)}), endings=(ending,))
    assert store.ledger.settle_left(LATER, left) == {State.SENT: 1}
    assert store.row(1)["reply"] == "250 ok"
