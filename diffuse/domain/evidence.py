"""Evidence: what an employee confirmed, in which words, and when."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Acknowledgement:
    """Evidence that an employee confirmed a text: which version, in which words, and when."""

    delivery: int
    policy: str
    version: str
    language: str
    statement: str
    at: datetime
