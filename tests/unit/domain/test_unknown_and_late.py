"""What a campaign plans next when nobody knows whether a message arrived, or when one missed its window."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.domain import planning
from diffuse.domain.campaign import LATE, ON_UNKNOWN, Campaign
from diffuse.domain.delivery import PENDING, State
from diffuse.domain.desk import LATE_FOR, Rules, Running
from diffuse.domain.messages import STATES, Messages
from diffuse.domain.pending import Occasion
from diffuse.domain.period import Period
from diffuse.domain.planning import CLOSED, SKIPPED, Plan
from diffuse.domain.population import NEVER_YET, Population, micros
from diffuse.domain.schedule import Schedule
from diffuse.domain.standing import Standing, fold
from diffuse.domain.window import SendWindow, instant
from tests.unit.domain.given import MONDAY, campaign, employee, key_point, policy, refusal, variant
from tests.unit.domain.simulation import message_id

DAY = timedelta(days=1)
EARLY = datetime(2027, 1, 11, 6, tzinfo=UTC)
"""One in the morning in Toronto, on the first Monday of the campaign."""

ANA = employee()
WINDOW = SendWindow(opens=time(9), closes=time(17))
CLOSES = instant(MONDAY, time(17), ANA.zone)
QUICK = Schedule(introduce_every=Period(days=60), resend_unopened_after=Period(days=2))
WORDINGS = (variant("advice"), variant("legal"))
HANDOVER = Occasion(
    key="handover:1", campaign="social-media", kind="handover", employee="ana", about="bob", since=MONDAY
)


def course(**changes: Any) -> Campaign:  # noqa: ANN401 -- any field
    points = (
        key_point("substitute", variants=WORDINGS),
        key_point("takeover", variants=WORDINGS, occasion="handover"),
    )
    plain = campaign(policies=(policy(key_points=points),), schedule=QUICK, send_window=WINDOW)
    return replace(plain, **changes)


def message(state: State, **changes: Any) -> Messages:  # noqa: ANN401 -- any field
    """Ana's first message, due on the first Monday."""
    never, day = np.array([NEVER_YET]), np.array([MONDAY], dtype="datetime64[D]")
    plain = Messages(
        id=np.array([1]),
        publication=np.array([1]),
        campaign=["social-media"],
        key_point=["substitute"],
        variant=["advice"],
        occasion=[""],
        employee=np.array([0]),
        touch=np.array([0]),
        step=np.array([0]),
        state=np.array([STATES.index(state)]),
        due_on=day,
        wanted_on=day,
        not_after=np.array([micros(CLOSES)]),
        opened=never,
        acknowledged=never,
        answered=never,
        right=np.array([False]),
        posted=np.array([False]),
        reason=[""],
    )
    return replace(plain, **changes)


def planned(one: Campaign, messages: Messages, now: datetime, occasions: tuple[Occasion, ...] = ()) -> Plan:
    """Plan Ana's day, as the service does it."""
    population = Population.of([ANA], [])
    fresh = Standing.fresh(len(one.repeated))
    running = Running(
        publication=2,
        campaign=one,
        holidays=(),
        standing=fold(fresh, messages.log(one, population), planning.teaching(one)),
        pending=messages.pending(one),
        occasions=occasions,
    )
    return planning.plan(now, population, [running], messages.taken([one], now), Rules(), message_id)


def touches(plan: Plan) -> list[tuple[str, int]]:
    return [(point.key_point, point.touch) for point in plan.new]


# --- nobody knows ------------------------------------------------------------------------------------


def test_of_unknown_fate_counts_as_sent_where_the_campaign_goes_on() -> None:
    one = course(on_unknown="next_step")
    for days in range(6):
        now = EARLY + days * DAY
        unknown, sent = (planned(one, message(state), now) for state in (State.UNKNOWN, State.SENT))
        assert unknown == sent
        assert touches(unknown) == ([("substitute", 1)] if 2 <= days < 5 else [])  # then comes Saturday


@pytest.mark.parametrize("on_unknown", ["hold", "resend"])
def test_nothing_more_of_the_key_point_is_planned_where_the_campaign_waits(on_unknown: str) -> None:
    one = course(on_unknown=on_unknown)
    for days in (0, 2, 14, 56):
        assert planned(one, message(State.UNKNOWN), EARLY + days * DAY) == Plan()


@pytest.mark.parametrize("on_unknown", ON_UNKNOWN)
def test_what_is_known_to_be_sent_holds_nothing_up(on_unknown: str) -> None:
    plan = planned(course(on_unknown=on_unknown), message(State.SENT), EARLY + 2 * DAY)
    assert touches(plan) == [("substitute", 1)]


@pytest.mark.parametrize("on_unknown", ON_UNKNOWN)
def test_what_never_left_holds_nothing_up(on_unknown: str) -> None:
    for state in (State.EXPIRED, State.CANCELLED, State.SUPPRESSED):
        plan = planned(course(on_unknown=on_unknown), message(state), EARLY + DAY)
        assert touches(plan) == [("substitute", 1)]


@pytest.mark.parametrize("on_unknown", ON_UNKNOWN)
@pytest.mark.parametrize("state", sorted(PENDING))
def test_what_may_still_leave_is_waited_for_in_every_campaign(on_unknown: str, state: State) -> None:
    open_for_long = message(state, not_after=np.array([micros(CLOSES + 30 * DAY)]))
    assert planned(course(on_unknown=on_unknown), open_for_long, EARLY + 5 * DAY).new == []


@pytest.mark.parametrize("on_unknown", ON_UNKNOWN)
def test_of_unknown_fate_takes_attention_whatever_the_campaign_says(on_unknown: str) -> None:
    one = course(on_unknown=on_unknown)
    (counts,) = message(State.UNKNOWN).taken([one], EARLY).counts.tolist()
    assert counts


@given(st.sampled_from(ON_UNKNOWN), st.sampled_from(STATES))
def test_only_what_is_unknown_tells_campaigns_apart(on_unknown: str, state: State) -> None:
    one = course(on_unknown=on_unknown)
    (waits,) = message(state).waiting(one).tolist()
    assert waits == (state in PENDING or (state is State.UNKNOWN and on_unknown != "next_step"))


def test_what_a_campaign_waits_for_is_not_folded_away() -> None:
    assert message(State.UNKNOWN).unsettled(course(on_unknown="next_step")) == date.max
    for on_unknown in ("hold", "resend"):
        one = course(on_unknown=on_unknown)
        assert message(State.UNKNOWN).unsettled(one) == MONDAY
        assert message(State.SENT).unsettled(one) == date.max
        assert message(State.UNKNOWN, campaign=["another"]).unsettled(one) == date.max


# --- late --------------------------------------------------------------------------------------------

TUESDAY = EARLY + DAY


@pytest.mark.parametrize("late", LATE)
def test_a_message_that_may_still_leave_is_left_alone(late: str) -> None:
    for now in (EARLY, CLOSES - timedelta(microseconds=1)):
        assert planned(course(late=late), message(State.PLANNED), now) == Plan()


@pytest.mark.parametrize("late", ["next_window", "send"])
def test_a_late_message_gets_another_day_and_says_why(late: str) -> None:
    (change,) = planned(course(late=late), message(State.PLANNED), TUESDAY).changes
    assert (change.state, change.delayed_by) == (State.PLANNED, CLOSED.format(day=MONDAY))
    assert change.turn is not None
    assert change.turn.due_on == MONDAY + DAY
    assert change.turn.publication == 2


def test_a_late_message_is_dropped_where_the_campaign_skips_it_and_its_turn_comes_again() -> None:
    one = course(late="skip")
    (change,) = planned(one, message(State.PLANNED), TUESDAY).changes
    assert (change.id, change.state, change.reason, change.turn) == (1, State.EXPIRED, SKIPPED, None)
    assert touches(planned(one, message(State.EXPIRED), TUESDAY)) == [("substitute", 1)]


@pytest.mark.parametrize("state", [State.CLAIMED, State.SENDING, State.SENT, State.UNKNOWN, State.FAILED])
def test_only_what_is_planned_and_in_nobodys_hands_is_dropped(state: State) -> None:
    assert planned(course(late="skip"), message(state), TUESDAY).changes == []


def test_what_was_held_is_not_late() -> None:
    held = message(State.HELD, reason=["the employee is away"])
    (change,) = planned(course(late="skip"), held, TUESDAY).changes
    assert (change.state, change.delayed_by) == (State.PLANNED, "the employee is away")


def test_what_an_occasion_asks_for_is_not_dropped_for_being_late() -> None:
    special = message(State.PLANNED, key_point=["takeover"], occasion=[HANDOVER.key])
    (change,) = planned(course(late="skip"), special, TUESDAY, (HANDOVER,)).changes
    assert change.state is State.PLANNED


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"ends": MONDAY}, planning.OVER.format(day=MONDAY)), ({"policies": (policy(),)}, planning.DROPPED)],
)
def test_another_reason_to_end_a_late_message_goes_before_its_lateness(
    changes: dict[str, Any], reason: str
) -> None:
    gone = message(State.PLANNED, key_point=["substitute" if "ends" in changes else "takeover"])
    (change,) = planned(course(late="skip", **changes), gone, TUESDAY).changes
    assert change.reason == reason


@pytest.mark.parametrize(("late", "more"), [("next_window", 0), ("skip", 0), ("send", 7)])
def test_a_message_may_leave_until_its_window_closes_or_a_week_longer(late: str, more: int) -> None:
    (point,) = planned(course(late=late), message(State.SENT, campaign=["another"]), EARLY + DAY).new
    assert point.not_after == CLOSES + DAY + more * DAY
    assert point.due_at < CLOSES + DAY


def test_a_message_that_waited_a_week_is_planned_anew_for_another_week() -> None:
    assert timedelta(days=7) == LATE_FOR
    one, until = course(late="send"), CLOSES + LATE_FOR
    waiting = message(State.PLANNED, not_after=np.array([micros(until)]))
    assert planned(one, waiting, until - timedelta(microseconds=1)) == Plan()
    (change,) = planned(one, waiting, until + DAY / 2).changes
    assert change.turn is not None
    assert change.turn.not_after == CLOSES + 8 * DAY + LATE_FOR


# --- values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: course(on_unknown="nextstep"), "on_unknown: 'nextstep'; expected one of next_step, hold, "),
        (lambda: course(on_unknown="nextstep"), "did you mean 'next_step'?"),
        (
            lambda: course(late="skipp"),
            "late: 'skipp'; expected one of next_window, skip, send; did you mean",
        ),
        (lambda: course(late=""), "late: ''; expected one of"),
    ],
)
def test_a_value_that_is_none_is_refused(make: Callable[[], object], says: str) -> None:
    assert says in refusal(make)
