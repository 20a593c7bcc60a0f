"""How a campaign stands, as operators are told."""

from datetime import date

import pytest

from diffuse.domain.condition import condition
from diffuse.domain.control import Standstill, Stop
from diffuse.domain.delivery import PENDING, State
from tests.unit.services.given import EARLY, MONDAY, campaign

ENDS = date(2027, 3, 31)
OVER = date(2027, 4, 1)
ONE = campaign(ends=ENDS)


@pytest.mark.parametrize(
    ("states", "stands"),
    [
        ({}, "finished"),
        ({State.SENT: 3, State.EXPIRED: 1, State.CANCELLED: 1, State.SUPPRESSED: 1}, "finished"),
        ({State.SENT: 3, State.FAILED: 1}, "partially_failed"),
        ({State.SENT: 3, State.UNKNOWN: 1}, "partially_failed"),
        *(({State.FAILED: 1, state: 1}, "running") for state in sorted(PENDING)),
    ],
)
def test_a_campaign_is_over_after_its_last_day_when_nothing_can_leave_any_more(
    states: dict[State, int], stands: str
) -> None:
    assert condition(ONE, states, None, OVER) == stands


def test_a_campaign_runs_until_the_end_of_its_last_day_whatever_has_failed() -> None:
    assert condition(ONE, {State.FAILED: 1}, None, ENDS) == "running"
    assert condition(campaign(), {State.FAILED: 1}, None, date(2090, 1, 1)) == "running"


@pytest.mark.parametrize("state", [Standstill.PAUSED, Standstill.CANCELLED])
def test_what_an_operator_did_goes_before_everything_else(state: Standstill) -> None:
    stop = Stop(campaign=ONE.id, state=state, reason="", since=EARLY)
    for day in (MONDAY, OVER):
        assert condition(ONE, {State.FAILED: 1}, stop, day) == state.value
