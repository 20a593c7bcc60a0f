"""What an operator, or a guard, may bring to a standstill."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

EVERYTHING = ""
"""Stands for all campaigns where a campaign is named."""


class Standstill(StrEnum):
    """Why nothing leaves: ``halted`` holds everything until an operator confirms it."""

    PAUSED = "paused"
    CANCELLED = "cancelled"
    HALTED = "halted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """A campaign, or ``EVERYTHING``, of which nothing leaves, since when, and why, in words."""

    campaign: str
    state: Standstill
    reason: str
    since: datetime
