"""What follows for a post in the ledger from what its platform answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from diffuse.domain.delivery import State
from diffuse.domain.post import (
    Absent,
    AlreadyThere,
    Answer,
    Found,
    Gone,
    Posted,
    Refused,
    Retry,
    Unsure,
    Withdrawn,
)
from diffuse.domain.posting import What

HELD_BY_NOBODY = "whoever was publishing it stopped, and it is not there; it is planned again"
MAY_BE_THERE = "whoever was publishing it stopped, and nobody can say whether it is there"

AGAIN = timedelta(hours=1)
"""After which a change that was refused, or whose fate is unknown, is asked for again: it does no harm."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a platform's answer ends an attempt; what is None or empty stays as it was.

    Attributes:
        state: the post's state from now on.
        reply: the platform's own words.
        retry_at: before which nothing is asked about this post again.
        not_after: before which one that is planned anew may be published.
        stands: where it stands from now on, with the text of ``publication`` and ``variant``.
        is_withdrawn: whether nobody is to read it any more.
    """

    what: What
    state: State
    reply: str = ""
    retry_at: datetime | None = None
    not_after: datetime | None = None
    stands: Posted | AlreadyThere | None = None
    publication: int = 0
    variant: str = ""
    digest: str = ""
    is_withdrawn: bool = False


def published(answer: Answer, now: datetime) -> Ended:
    """Say what follows from the answer to a request to publish."""
    match answer:
        case Posted() | AlreadyThere():
            return Ended(what=What.POST, state=State.SENT, stands=answer)
        case Retry():
            return Ended(
                what=What.POST, state=State.PLANNED, reply=answer.reason, retry_at=now + answer.after
            )
        case Refused():
            return Ended(what=What.POST, state=State.FAILED, reply=answer.reason)
        case Unsure():
            return Ended(what=What.POST, state=State.UNKNOWN, reply=answer.reason)


def found(answer: Found, now: datetime) -> Ended:
    """Say what follows when somebody stopped who was publishing, and the platform was asked about it."""
    match answer:
        case Posted():
            return Ended(what=What.POST, state=State.SENT, stands=AlreadyThere(answer.id, answer.url))
        case Absent():
            return Ended(what=What.POST, state=State.PLANNED, reply=HELD_BY_NOBODY)
        case Retry():
            return Ended(
                what=What.POST, state=State.SENDING, reply=answer.reason, retry_at=now + answer.after
            )
        case Refused() | Unsure():
            return Ended(what=What.POST, state=State.UNKNOWN, reply=f"{MAY_BE_THERE}: {answer.reason}")


def changed(answer: Answer, now: datetime, *, is_material: bool, is_there: bool) -> Ended:
    """Say what follows from the answer to a request to change a post in place.

    A refusal about a post that is there is asked again once it may have been mended. Where nothing can be
    changed, a material change is published anew, and another one is let be.

    Args:
        answer: the platform's.
        now: the instant.
        is_material: whether earlier acknowledgements do not count any more.
        is_there: whether the post may be there, and could be changed.
    """
    match answer:
        case Posted() | AlreadyThere():
            return Ended(what=What.UPDATE, state=State.SENT, stands=answer)
        case Retry():
            return Ended(what=What.UPDATE, state=State.SENT, reply=answer.reason, retry_at=now + answer.after)
        case Refused() | Unsure() if is_there or isinstance(answer, Unsure):
            return Ended(what=What.UPDATE, state=State.SENT, reply=answer.reason, retry_at=now + AGAIN)
        case _:
            state = State.PLANNED if is_material else State.SENT
            return Ended(what=What.UPDATE, state=state, reply=answer.reason)


def withdrawn(answer: Gone, now: datetime, before: State = State.SENT, *, is_chat: bool) -> Ended:
    """Say what follows from the answer to a request to withdraw: what stays said is let be.

    ``before`` is the post's state: one of unknown fate is not there from then on, and was not for sure.
    Where a page was refused, it is asked again once that may have been mended.
    """
    match answer:
        case Retry():
            return Ended(what=What.WITHDRAW, state=before, reply=answer.reason, retry_at=now + answer.after)
        case Withdrawn():
            state = State.CANCELLED if before is State.UNKNOWN else before
            return Ended(what=What.WITHDRAW, state=state, is_withdrawn=True)
        case Refused() | Unsure() if is_chat:
            return Ended(what=What.WITHDRAW, state=before, reply=answer.reason, is_withdrawn=True)
        case _:
            return Ended(what=What.WITHDRAW, state=before, reply=answer.reason, retry_at=now + AGAIN)
