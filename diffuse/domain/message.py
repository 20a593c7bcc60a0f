"""A message between template and wire: baked once per wording, filled once per employee."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from html import escape
from typing import NamedTuple, TypeAlias

from diffuse.domain.tracking import OFF, Tracking

NAME, GIVEN_NAME = "employee.name", "employee.given_name"
ABOUT, DUTY = "occasion.about", "occasion.duty"
ACKNOWLEDGE_URL, PIXEL_URL, DECOY_URL = "acknowledge_url", "pixel_url", "decoy_url"
NOTICE = "notice"

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
class Announcement:
    """A wording as an intranet post: one text for many, so its only slot is ``ACKNOWLEDGE_URL``.

    ``title`` is one line of plain text, ``html`` a few harmless elements, ``text`` the same in plain text.
    """

    title: str
    html: Pieces
    text: Pieces


@dataclass(frozen=True, kw_only=True, slots=True)
class Baked:
    """One wording in one language and one layout: rendered, inlined and checked, with slots for the rest.

    Attributes:
        links: the destinations, in order; the click address of number n fills ``link_slot(n)``.
        excerpt: what the acknowledgement page shows of it.
        notices: for each way of measuring (``notice_key``) the words that say so, broken into lines.
        announcement: the wording as a post; None where no channel of its audience is a platform.
    """

    language: str
    subject: Pieces
    html: Pieces
    text: Pieces
    links: tuple[str, ...]
    excerpt: Excerpt
    notices: Mapping[str, str] = field(default_factory=dict)
    announcement: Announcement | None = None

    def tracked(self, tracking: Tracking) -> "Baked":
        """Return it as it is sent where so much is measured: with its notice, its image, its links.

        Without opens the whole image goes; without clicks each link leads to its destination.
        """
        fixed = {NOTICE: self.notices.get(notice_key(tracking), "")}
        if tracking.clicks == OFF:
            fixed |= {link_slot(number): link for number, link in enumerate(self.links)}
        html = self.html if tracking.opens != OFF else _without_image(self.html)
        return replace(
            self,
            html=_with(html, {name: escape(value) for name, value in fixed.items()}),
            text=_with(self.text, fixed),
            links=() if tracking.clicks == OFF else self.links,
            notices={},
        )

    def __hash__(self) -> int:
        """Tell wordings apart by their language, the beginning of their subject and their links: enough."""
        return hash((self.language, self.subject[:1], len(self.links), len(self.html)))


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


def fill(pieces: Pieces, values: Mapping[str, str], quote: Callable[[str], str] = str) -> str:
    """Write a baked text with its slots filled; ``quote`` is applied to each value, such as ``escape``."""
    return "".join(piece if isinstance(piece, str) else quote(values[piece.name]) for piece in pieces)


def notice_key(tracking: Tracking) -> str:
    """Name a way of measuring, as ``Baked.notices`` does."""
    return f"{tracking.opens}/{tracking.clicks}"


def _with(pieces: Pieces, fixed: Mapping[str, str]) -> Pieces:
    """Write values into their slots, and join what stands together then."""
    joined: list[str | Slot] = []
    for piece in pieces:
        new = fixed.get(piece.name, piece) if isinstance(piece, Slot) else piece
        if isinstance(new, str) and joined and isinstance(joined[-1], str):
            joined[-1] += new
        else:
            joined.append(new)
    return tuple(joined)


def image_of(pieces: Pieces) -> bool:
    """Tell whether the address of the image stands inside one ``<img …>`` and nowhere else."""
    places = [at for at, piece in enumerate(pieces) if piece == Slot(PIXEL_URL)]
    if len(places) != 1 or not 0 < places[0] < len(pieces) - 1:
        return False
    before, after = pieces[places[0] - 1], pieces[places[0] + 1]
    if not isinstance(before, str) or not isinstance(after, str):
        return False
    _, found, tag = before.rpartition("<")
    return bool(found) and tag.startswith("img ") and ">" not in tag and ">" in after


def _without_image(pieces: Pieces) -> Pieces:
    """Take the whole ``<img …>`` around its address out of a message."""
    kept = list(pieces)
    for at in [at for at, piece in enumerate(pieces) if piece == Slot(PIXEL_URL)]:
        before, after = str(kept[at - 1]), str(kept[at + 1])
        kept[at - 1], kept[at], kept[at + 1] = before.rpartition("<")[0], "", after.partition(">")[2]
    return _with(tuple(kept), {})
