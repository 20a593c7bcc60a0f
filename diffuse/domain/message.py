"""A message between template and wire: baked once per wording, filled once per employee."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import NamedTuple, TypeAlias

NAME, GIVEN_NAME = "employee.name", "employee.given_name"
ABOUT, DUTY = "occasion.about", "occasion.duty"
ACKNOWLEDGE_URL, PIXEL_URL, DECOY_URL = "acknowledge_url", "pixel_url", "decoy_url"

PERSONAL = (NAME, GIVEN_NAME, ABOUT, DUTY)
"""The slots that officers' texts may use; they can be printed as they are, and nothing else."""

OF_OCCASION = (ABOUT, DUTY)
"""Those of them that only the key point of an occasion may use."""


def in_braces(slot: str) -> str:
    """Write a slot the way it stands in an excerpt; no officer's text holds such braces when it is baked."""
    return f"{{{{ {slot} }}}}"


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
    """What a page shows of a wording: its subject and action in plain text, its body as safe HTML.

    An employee's own name is left out; what an occasion is about stands in braces until it is filled in.
    """

    subject: str
    body: str
    action: str

    def about(self, values: Mapping[str, str]) -> "Excerpt":
        """Fill in what an occasion is about; ``values`` by ``ABOUT`` and ``DUTY``, in plain text."""
        subject, body, action = self.subject, self.body, self.action
        for name in OF_OCCASION:
            value = values.get(name, "")
            subject, action = (text.replace(in_braces(name), value) for text in (subject, action))
            body = body.replace(in_braces(name), escape(value))
        return Excerpt(subject=subject, body=body, action=action)


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

    def __hash__(self) -> int:
        """Tell wordings apart by their language and the beginning of their subject, which is enough."""
        return hash((self.language, self.subject[:1]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """What a channel needs to deliver one message to one employee.

    Attributes:
        values: for each slot of ``baked`` its plain value (unescaped).
        list_id: the campaign's ``List-Id``, such as ``social-media.universite.example``.
        date: the instant (UTC) at which it was first due, and which its Date header carries.
        server: the name of the mail server that it is meant for, empty for whichever there is.
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
    server: str = ""
