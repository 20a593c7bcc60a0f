"""Messages as bytes: a skeleton made once per wording, filled per employee by substitution.

Every line is ASCII, ends in CRLF and begins with anything but a dot, so that SMTP need not touch it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from html import escape
from typing import NamedTuple, TypeAlias

from diffuse.adapters import mail_headers
from diffuse.domain.message import Baked, Outgoing, Pieces, Slot
from diffuse.errors import PermanentFailure

_AUTOMATIC = (
    b"Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: RN, NRN, AutoReply\r\nMIME-Version: 1.0\r\n"
)
_PART = b'\r\nContent-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'

_WIDTH = 75
_AS_IT_IS = re.compile(rb"(?:[ -<>-~]*[!-<>-~])?")
_CODES = [
    bytes([byte]) if byte in range(0x20, 0x7F) and byte != ord("=") else b"=%02X" % byte
    for byte in range(256)
]
_LINE_BREAK = re.compile("\r\n?|\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """Who the messages come from: the organisation."""

    name: str
    email: str


class _Hole(NamedTuple):
    """A place for one value, encoded; without a name, for the boundary between the parts."""

    name: str = ""
    html: bool = False


_Parts: TypeAlias = tuple[bytes | _Hole, ...]


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The body of a wording with holes for what is personal.

    Attributes:
        subject: the pieces of the subject.
        language: the ``Content-Language`` line.
        parts: everything after the boundary in the header, encoded, and holes.
        holes: the holes that values fill, each once.
    """

    subject: Pieces
    language: bytes
    parts: _Parts
    holes: tuple[_Hole, ...]

    @classmethod
    def of(cls, baked: Baked) -> "Skeleton":
        """Encode a wording.

        Raises:
            PermanentFailure: when its language is no tag or a text is no Unicode.
        """
        parts: _Parts = (
            b'"\r\n\r\n--',
            _Hole(),
            _PART % b"plain",
            *_encoded(baked.text, html=False),
            b"\r\n--",
            _Hole(),
            _PART % b"html",
            *_encoded(baked.html, html=True),
            b"\r\n--",
            _Hole(),
            b"--\r\n",
        )
        holes = dict.fromkeys(part for part in parts if isinstance(part, _Hole) and part.name)
        return cls(baked.subject, mail_headers.language_header(baked.language), parts, tuple(holes))

    def fill(self, outgoing: Outgoing, sender: Sender) -> bytes:
        """Return the message of one employee; the same argument always gives the same bytes.

        Raises:
            PermanentFailure: when a header cannot be written or a slot has no value.
        """
        boundary = _boundary(outgoing.message_id)
        filled = {hole: _value(outgoing.values, hole) for hole in self.holes}
        filled[_Hole()] = boundary
        body = [part if isinstance(part, bytes) else filled[part] for part in self.parts]
        kind = b'Content-Type: multipart/alternative; boundary="'
        return b"".join([*self._headers(outgoing, sender), _AUTOMATIC, self.language, kind, boundary, *body])

    def _headers(self, outgoing: Outgoing, sender: Sender) -> Iterator[bytes]:
        yield _same("From", sender.name, sender.email)
        yield mail_headers.mailbox_header("To", outgoing.name, outgoing.email)
        yield _same("Reply-To", outgoing.reply_to_name, outgoing.reply_to_email)
        subject = [
            piece if isinstance(piece, str) else mail_headers.tidy(_given(outgoing.values, piece.name))
            for piece in self.subject
        ]
        yield _subject("Subject", "".join(subject))
        yield _date(outgoing.date)
        yield mail_headers.message_id_header(outgoing.message_id)
        yield _list(outgoing.list_name, outgoing.list_id)


_same = lru_cache(64)(mail_headers.mailbox_header)
_subject = lru_cache(64)(mail_headers.text_header)
_date = lru_cache(64)(mail_headers.date_header)
_list = lru_cache(64)(mail_headers.list_header)


def _boundary(message_id: str) -> bytes:
    """Return a line that no part can hold: quoted-printable never has an underscore after ``=``."""
    return b"=_" + blake2b(message_id.encode(errors="replace"), digest_size=12).hexdigest().encode()


def _given(values: Mapping[str, str], name: str) -> str:
    if name not in values:
        text = f"the message has no value for {name}"
        raise PermanentFailure(text)
    return values[name]


def _value(values: Mapping[str, str], hole: _Hole) -> bytes:
    value = _given(values, hole.name)
    if "\n" in value or "\r" in value:
        value = _LINE_BREAK.sub("\r\n", value)
    return _quoted(escape(value) if hole.html else value)


def _encoded(pieces: Pieces, *, html: bool) -> Iterator[bytes | _Hole]:
    """Yield encoded texts and holes, with a soft line break where a value could meet a text."""
    fresh = True
    for piece in pieces:
        if isinstance(piece, Slot):
            if not fresh:
                yield b"=\r\n"
            yield _Hole(piece.name, html)
            fresh = False
        elif piece:
            lines = _LINE_BREAK.split(piece)
            if lines[0] and not fresh:
                yield b"=\r\n"
            yield b"\r\n".join([_quoted(line) for line in lines])
            fresh = not lines[-1]


def _quoted(text: str) -> bytes:
    """Return a text as one line of quoted-printable, broken softly; line breaks in it are encoded.

    No line is longer than 75 characters, ends in a blank, or begins with a dot or with ``From``.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        message = f"the text {text[:100]!a} is not valid Unicode"
        raise PermanentFailure(message) from error
    if not _AS_IT_IS.fullmatch(data):
        data = b"".join([_CODES[byte] for byte in data])
        data = data[:-1] + b"=20" if data.endswith(b" ") else data
    lines, at = [], 0
    while len(data) - at > _WIDTH or data.startswith((b".", b"From "), at):
        head = b""
        if data.startswith((b".", b"From "), at):
            head, at = b"=%02X" % data[at], at + 1
        cut = min(at + _WIDTH - len(head), len(data))
        code = data.find(b"=", max(at, cut - 2), cut)
        cut = cut if code < 0 else code
        lines.append(head + data[at:cut])
        at = cut
    return b"=\r\n".join([*lines, data[at:]] if at < len(data) or not lines else lines)
