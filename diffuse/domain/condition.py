"""How a campaign stands, as operators are told."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from diffuse.domain.campaign import Campaign
from diffuse.domain.control import Standstill, Stop
from diffuse.domain.delivery import PENDING, State


class Condition(StrEnum):
    """``partially_failed`` is an honest end: over, but some messages failed or are of unknown fate."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"
    PARTIALLY_FAILED = "partially_failed"


def condition(campaign: Campaign, states: Mapping[State, int], stop: Stop | None, today: date) -> Condition:
    """Say how a campaign stands, by its last day, its deliveries in each state, and what an operator did."""
    if stop is not None:
        return Condition.PAUSED if stop.state is Standstill.PAUSED else Condition.CANCELLED
    over = campaign.ends is not None and campaign.ends < today
    if not over or any(states.get(state) for state in PENDING):
        return Condition.RUNNING
    broken = states.get(State.FAILED, 0) + states.get(State.UNKNOWN, 0)
    return Condition.PARTIALLY_FAILED if broken else Condition.FINISHED
