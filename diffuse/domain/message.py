"""A message between template and wire: baked once per wording, filled once per employee."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

NAME, GIVEN_NAME = "employee.name", "employee.given_name"
ABOUT, DUTY = "occasion.about", "occasion.duty"
ACKNOWLEDGE_URL, PIXEL_URL = "acknowledge_url", "pixel_url"

PERSONAL = (NAME, GIVEN_NAME, ABOUT, DUTY)
"""The slots that officers' texts may use; they can be printed as they are, and nothing else."""


def link_slot(number: int) -> str:
    """Name the slot of the message's link with that number (from 0)."""
    return f"link_url.{number}"


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a baked text that one employee's value fills."""

    name: str


Pieces: TypeAlias = tuple[str | Slot, ...]
"""Fixed text and slots in turn. Values are escaped by whoever fills: HTML in HTML, nothing in plain text."""


class Wording(NamedTuple):
    """Which wording of a campaign: a variant of a key point in one language."""

    key_point: str
    variant: str
    language: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Excerpt:
    """What a page shows of a wording: its subject and action in plain text, its body as safe HTML."""

    subject: str
    body: str
    action: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Baked:
    """One wording in one language and one layout: rendered, inlined and checked, with slots for the rest.

    Attributes:
        links: the destinations, in order; the click address of number n fills ``link_slot(n)``.
        excerpt: what the acknowledgement page shows of it.
    """

    language: str
    subject: Pieces
    html: Pieces
    text: Pieces
    links: tuple[str, ...]
    excerpt: Excerpt


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """What a channel needs to deliver one message to one employee.

    Attributes:
        values: for each slot of ``baked`` its plain value (unescaped).
        list_id: the campaign's ``List-Id``, such as ``social-media.universite.example``.
        date: the instant (UTC) at which it was due, and which its Date header carries.
    """

    delivery: int
    attempt: int
    email: str
    name: str
    reply_to_name: str
    reply_to_email: str
    list_id: str
    list_name: str
    message_id: str
    date: datetime
    baked: Baked
    values: Mapping[str, str]
