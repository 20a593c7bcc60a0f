"""What comes back from a message, in one vocabulary for all channels."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of events. An open is a signal; an acknowledgement is evidence."""

    OPENED = "opened"
    CLICKED = "clicked"
    ANSWERED = "answered"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that came back for one delivery.

    ``detail`` is the address that was clicked, or the number of the answer (from 0) and whether it was
    right, as in ``1:right``; empty for the other kinds.
    """

    delivery: int
    kind: Kind
    at: datetime
    detail: str = ""
