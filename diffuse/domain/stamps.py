"""Timestamps by somebody else: that the chain of evidence had come so far by then."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Stamp:
    """An answer by RFC 3161 about one record of the chain.

    Attributes:
        sequence: the number of the record.
        sha256: its hash when it was stamped; the 64 digits, as text, are what the authority hashed.
        at: the authority's instant, to the second or better.
        url: where it was asked for.
        response: the whole answer (TimeStampResp) in DER.
    """

    sequence: int
    sha256: str
    at: datetime
    url: str
    response: bytes
