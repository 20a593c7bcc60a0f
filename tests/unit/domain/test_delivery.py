"""The life of a delivery: states, waits and places in the window."""

import zlib
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.domain.delivery import ATTENTION, FOLLOWS, LONGEST_BACKOFF, PENDING, State, backoff, spread

FINAL = {State.SENT, State.FAILED, State.EXPIRED, State.CANCELLED, State.SUPPRESSED}
CODES = np.array([zlib.crc32(f"e{number:05}".encode()) for number in range(2000)], dtype=np.uint32)
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


def test_every_state_says_which_ones_may_follow() -> None:
    assert set(FOLLOWS) == set(State)
    assert all(following <= set(State) for following in FOLLOWS.values())


def test_nothing_follows_a_final_state_but_a_bounce_and_what_an_operator_asks_for() -> None:
    assert {
        state for state, following in FOLLOWS.items() if following <= {State.PLANNED, State.FAILED}
    } == FINAL
    assert {state: FOLLOWS[state] for state in FINAL if FOLLOWS[state]} == {
        State.SENT: {State.FAILED},
        State.FAILED: {State.PLANNED},
    }


def test_every_state_is_reached_from_planned_and_leads_to_a_final_one() -> None:
    reached = {State.PLANNED}
    for _ in State:
        reached |= {state for before in reached for state in FOLLOWS[before]}
    assert reached == set(State)
    ending = set(FINAL)
    for _ in State:
        ending |= {state for state, following in FOLLOWS.items() if following & ending}
    assert ending == set(State)


def test_a_message_of_unknown_fate_never_counts_as_failed() -> None:
    assert FOLLOWS[State.UNKNOWN] == {State.SENT, State.PLANNED}


def test_what_is_pending_has_not_ended_and_counts_against_attention() -> None:
    assert not PENDING & FINAL
    assert {State.HELD} == PENDING - ATTENTION
    assert {State.SENT, State.UNKNOWN} == ATTENTION - PENDING


@given(st.integers(-5, 10_000))
def test_the_wait_grows_and_is_bounded(attempt: int) -> None:
    assert timedelta(minutes=1) <= backoff(attempt) <= backoff(attempt + 1) <= LONGEST_BACKOFF


@pytest.mark.parametrize(("attempt", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (99, 60)])
def test_the_wait_doubles_up_to_an_hour(attempt: int, minutes: int) -> None:
    assert backoff(attempt) == timedelta(minutes=minutes)


@given(DAYS)
def test_messages_are_spread_evenly_and_always_the_same_way(day: date) -> None:
    places = spread(CODES, day)
    assert (places == spread(CODES, day)).all()
    assert ((places >= 0) & (places < 1)).all()
    tenths = np.bincount((places * 10).astype(int), minlength=10)
    assert tenths.min() > 120
    assert tenths.max() < 280


@given(DAYS, st.integers(1, 20))
def test_an_employees_place_is_another_one_on_another_day(day: date, later: int) -> None:
    distance = np.abs(spread(CODES, day) - spread(CODES, day + timedelta(days=later)))
    assert np.minimum(distance, 1 - distance).min() > 0.01


def test_an_employees_places_are_spread_over_the_window_in_time() -> None:
    days = [date(2027, 1, 4) + timedelta(days=number) for number in range(60)]
    places = np.array([spread(CODES[:50], day) for day in days])
    assert (places.min(axis=0) < 0.05).all()
    assert (places.max(axis=0) > 0.95).all()


def test_no_employees_have_no_places() -> None:
    assert spread(np.array([], dtype=np.uint32), date(2027, 1, 4)).tolist() == []
