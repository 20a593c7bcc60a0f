"""What a mail that came back says: who was not reached, for how long, and why; or that somebody answered.

The rules follow RFC 3464 and 6533 (delivery reports), 5965 (complaints), 3834 (automatic answers), and the
forms of the mailers that write for people only. Whatever is not plain stays unsure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a returned mail is; ``unsure`` is for people to look at."""

    PERMANENT = "permanent"
    TEMPORARY = "temporary"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    COMPLAINT = "complaint"
    CHALLENGE = "challenge"
    AUTO_REPLY = "auto-reply"
    HUMAN_REPLY = "human-reply"
    UNSURE = "unsure"


FAILURES = frozenset({Kind.PERMANENT, Kind.TEMPORARY, Kind.DELAYED})

PROVEN = frozenset({"verp", "message-id"})
"""How a mail shows that its sender has our message; an address in it is anybody's word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """A mail, taken apart.

    Attributes:
        headers: by lower-case name, decoded.
        type: its content type.
        texts: what people read.
        readable: what its pages say, when it has pages.
        reports: what programs read: delivery reports and complaints, as written.
        receipts: what the reader's own program reports (RFC 8098), as written.
        originals: the returned mails, or their headers alone, as written.
        inner: reports that came as an attachment, passed on by another mailer.
    """

    headers: Mapping[str, str]
    type: str = "text/plain"
    texts: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    receipts: tuple[str, ...] = ()
    originals: tuple[str, ...] = ()
    inner: "tuple[Mail, ...]" = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One address, and what became of the mail to it.

    ``status`` is a code of RFC 3463 or empty, ``reason`` one word, ``detail`` what the server wrote,
    ``also`` other addresses of the same mailbox: what ours was made into on the way, or was before.
    """

    address: str
    kind: Kind
    status: str = ""
    reason: str = ""
    detail: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Classified:
    """What a mail is.

    Attributes:
        failures: the addresses that it speaks of.
        message_ids: the ids of the mails that it speaks of, with angle brackets, the likeliest first.
    """

    kind: Kind
    reason: str = ""
    failures: tuple[Failure, ...] = ()
    message_ids: tuple[str, ...] = field(default=())
