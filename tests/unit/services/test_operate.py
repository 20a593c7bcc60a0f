"""What operators may do: with campaigns that are known, and what they see of them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from diffuse.adapters.sql.overview import SqlOverview
from diffuse.adapters.sql.postings import SqlPostings
from diffuse.domain.attention import Attention
from diffuse.domain.delivery import State
from diffuse.errors import AuthoringError
from diffuse.ports import Flow, Lane, Posts, Settled
from diffuse.services.operate import Operate
from diffuse.testing import MemoryQueue
from tests.unit.services.given import DAY, EARLY, LATE, Office, campaign, person

NAME = "social-media"
MINUTE = timedelta(minutes=1)


class Bridge:
    """An operator in an office with two campaigns."""

    def __init__(self, *people: str) -> None:
        self.office = Office(*map(person, people or ("ana", "zoe")))
        self.queue = MemoryQueue()
        self.operate = Operate(
            clock=self.office.clock,
            control=self.office.control,
            overview=SqlOverview(self.office.engine),
            publications=self.office.publications,
            postings=SqlPostings(self.office.engine),
            queue=self.queue,
        )
        self.office.house.publish(Attention(max_per_day=2), EARLY)
        self.office.launch(campaign(ends=date(2027, 1, 10)))
        self.office.launch(campaign("disclose", id="other", ends=date(2027, 1, 10)))

    def states(self, name: str = NAME) -> dict[State, int]:
        return next(dict(one.flow.states) for one in self.operate.view().lines if one.campaign == name)

    def stands(self) -> dict[str, str]:
        return {one.campaign: str(one.condition) for one in self.operate.view().lines}


@pytest.fixture
def bridge() -> Bridge:
    return Bridge()


ASKED: list[Callable[[Operate], Any]] = [
    lambda operate: operate.pause("social-medai", ""),
    lambda operate: operate.resume("social-medai"),
    lambda operate: operate.cancel("social-medai", ""),
    lambda operate: operate.retry("social-medai", "ana"),
    lambda operate: operate.waiting(State.SENT, "social-medai", 1),
]


@pytest.mark.parametrize("asked", ASKED)
def test_a_campaign_that_nobody_launched_is_refused_with_the_nearest_name(
    bridge: Bridge, asked: Callable[[Operate], Any]
) -> None:
    with pytest.raises(AuthoringError) as error:
        asked(bridge.operate)
    assert str(error.value) == (
        "no campaign 'social-medai' was launched; expected one of other, social-media; "
        "did you mean 'social-media'?"
    )


def test_without_any_campaign_the_refusal_says_so() -> None:
    bridge = Bridge()
    bridge.operate._publications = Office().publications
    with pytest.raises(AuthoringError, match="expected a campaign that was launched"):
        bridge.operate.pause("x", "")


@pytest.mark.parametrize(
    "asked", [lambda o: o.pause(NAME, ""), lambda o: o.resume(NAME), lambda o: o.retry(NAME, "x")]
)
def test_a_cancelled_campaign_has_to_be_launched_again(
    bridge: Bridge, asked: Callable[[Operate], Any]
) -> None:
    bridge.operate.cancel(NAME, "")
    with pytest.raises(AuthoringError, match=f"'{NAME}' is cancelled; expected that it is launched again"):
        asked(bridge.operate)


def test_a_paused_campaign_sends_and_plans_nothing_and_goes_on_where_it_was(bridge: Bridge) -> None:
    office = bridge.office
    office.beat.run()
    assert bridge.operate.pause(NAME, "a wrong link") == 2
    office.clock.set(LATE)
    assert office.beat.run().delivered.ended == {State.SENT: 2}
    assert (bridge.states(), bridge.states("other")) == ({State.HELD: 2}, {State.SENT: 2})
    office.clock.set(EARLY + DAY)
    office.beat.run()
    assert bridge.states() == {State.HELD: 2}
    assert bridge.operate.resume(NAME) == 2
    assert bridge.queue.kicks == 1
    office.day()
    assert bridge.states()[State.SENT] == 2


def test_what_a_stopped_campaign_has_sent_takes_attention_from_the_others() -> None:
    office = Office(person("ana"))
    office.launch(campaign())
    office.plan.run()
    office.clock.set(LATE - timedelta(hours=1))
    assert office.beat.run().delivered.ended == {State.SENT: 1}
    office.control.pause(NAME, "", EARLY)
    office.launch(campaign("disclose", id="other"))
    office.plan.run()
    (row,) = [row for row in office.rows() if row.campaign == "other"]
    assert row.state == State.HELD
    assert "1 message" in row.reason


def test_a_cancelled_campaign_is_over_until_it_is_launched_again(bridge: Bridge) -> None:
    office = bridge.office
    office.beat.run()
    assert bridge.operate.cancel(NAME, "") == 2
    office.clock.set(EARLY + DAY)
    office.beat.run()
    assert (bridge.states(), bridge.stands()[NAME]) == ({State.CANCELLED: 2}, "cancelled")
    assert office.control.lift(NAME, office.clock.now())
    office.day()
    assert bridge.states() == {State.CANCELLED: 2, State.SENT: 2}


def test_each_campaign_is_seen_as_it_stands(bridge: Bridge) -> None:
    office = bridge.office
    assert bridge.stands() == {NAME: "running", "other": "running"}
    office.channel.replies["ana@universite.example"] = State.FAILED
    office.day()
    bridge.operate.pause("other", "a wrong link")
    assert bridge.stands() == {NAME: "running", "other": "paused"}
    assert [one.why for one in bridge.operate.view().lines] == ["a wrong link", ""]
    office.clock.set(EARLY + 9 * DAY)
    office.beat.run()
    assert bridge.stands() == {NAME: "partially_failed", "other": "paused"}


@pytest.mark.parametrize(("due", "rate", "left"), [(600, 10.0, MINUTE), (600, 0.0, None), (0, 10.0, None)])
def test_what_is_left_is_told_by_the_rate_of_the_last_minutes(
    bridge: Bridge, due: int, rate: float, left: timedelta | None
) -> None:
    class Fixed:
        def flows(self, now: datetime) -> dict[str, Flow]:
            return {NAME: Flow(states={State.PLANNED: due}, due=due, rate=rate)}

        def lanes(self, now: datetime) -> tuple[Lane, ...]:
            return (Lane(name="server:a", until=LATE, reason="no answer"),)

        def posts(self) -> tuple[Posts, ...]:
            return ()

    bridge.operate._overview = Fixed()
    view = bridge.operate.view()
    assert {one.campaign: one.left for one in view.lines} == {NAME: left, "other": None}
    assert [lane.name for lane in view.lanes] == ["server:a"]


def test_a_halt_is_seen_and_confirmed_with_its_reason(bridge: Bridge) -> None:
    assert bridge.operate.view().halted is None
    assert bridge.operate.confirm() is None
    bridge.office.control.halt("the clock has jumped", EARLY)
    assert bridge.operate.view().halted == bridge.operate.confirm()
    assert bridge.operate.view().halted is None


def test_deliveries_of_unknown_fate_are_listed_and_settled(bridge: Bridge) -> None:
    office = bridge.office
    office.channel.replies["ana@universite.example"] = State.UNKNOWN
    office.day()
    found = bridge.operate.waiting(State.UNKNOWN, None, 9)
    assert [one.employee for one in found] == ["ana", "ana"]
    assert bridge.operate.waiting(State.UNKNOWN, NAME, 9) == tuple(
        one for one in found if one.campaign == NAME
    )
    office.channel.replies.clear()
    sent, lost = (one.id for one in found)
    assert bridge.operate.settle([sent], State.SENT, "ana") == Settled(done=1, others={})
    assert bridge.operate.settle([lost], State.PLANNED, "ana") == Settled(done=1, others={})
    before = len(office.channel.accepted)
    office.day()
    again = [one.email for one in office.channel.accepted[before:] if one.delivery == lost]
    assert again == ["ana@universite.example"]


def test_only_what_failed_is_tried_again(bridge: Bridge) -> None:
    office = bridge.office
    office.channel.replies["ana@universite.example"] = State.FAILED
    office.day()
    assert bridge.states() == {State.FAILED: 1, State.SENT: 1}
    office.channel.replies.clear()
    assert bridge.operate.retry(NAME, "ana") == 1
    office.clock.advance(timedelta(minutes=1))
    office.day()
    assert State.FAILED not in bridge.states()
    assert bridge.states("other")[State.FAILED] == 1


@pytest.mark.parametrize("stopped", [True, False])
def test_nothing_of_a_stopped_campaign_is_sent_again_by_itself(stopped: bool) -> None:
    office = Office(person("ana"))
    office.launch(campaign(on_unknown="resend"))
    office.channel.replies["ana@universite.example"] = State.UNKNOWN
    office.day()
    office.channel.replies.clear()
    if stopped:
        office.control.pause(NAME, "", EARLY)
    office.clock.set(LATE)
    office.beat.run()
    assert office.row().state == (State.UNKNOWN if stopped else State.SENT)
