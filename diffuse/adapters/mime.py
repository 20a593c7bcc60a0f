"""Messages as bytes: a skeleton made once per wording, filled per employee by substitution.

Every line is ASCII, ends in CRLF and begins with anything but a dot, so that SMTP need not touch it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from html import escape
from itertools import groupby
from typing import NamedTuple

from diffuse.adapters import mail_headers
from diffuse.domain.message import Baked, Outgoing, Pieces, Slot
from diffuse.errors import PermanentFailure

_AUTOMATIC = (
    b"Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: RN, NRN, AutoReply\r\nMIME-Version: 1.0\r\n"
)
_PART = b'\r\nContent-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'

_WIDTH = 75
_PLAIN = re.compile(r"(?!\.|From )(?:[ -<>-~]*[!-<>-~])?")
_AS_IT_IS = re.compile(rb"(?:[ -<>-~]*[!-<>-~])?")
_OTHERS = re.compile(rb"[^ -<>-~]")
_LINE_BREAK = re.compile("\r\n?|\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """Who the messages come from: the organisation."""

    name: str
    email: str


class _Hole(NamedTuple):
    """A place for one value, encoded."""

    name: str
    html: bool


class _Places(NamedTuple):
    """Where a value goes: its name, and the parts that it is as it is, and escaped."""

    name: str
    plain: tuple[int, ...]
    html: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A wording with places for what is personal.

    Attributes:
        subject: the pieces of the subject.
        parts: everything after the headers that are personal, encoded, and nothing where a value goes.
        places: where each value goes.
    """

    subject: Pieces
    parts: tuple[bytes, ...]
    places: tuple[_Places, ...]

    @classmethod
    def of(cls, baked: Baked) -> "Skeleton":
        """Encode a wording.

        Raises:
            PermanentFailure: when its language is no tag or a text is no Unicode.
        """
        text, html = tuple(_encoded(baked.text, html=False)), tuple(_encoded(baked.html, html=True))
        boundary = _boundary((*text, *html))
        parts: list[bytes | _Hole] = [
            _AUTOMATIC,
            mail_headers.language_header(baked.language),
            b'Content-Type: multipart/alternative; boundary="%s"\r\n\r\n--%s' % (boundary, boundary),
            _PART % b"plain",
            *text,
            b"\r\n--" + boundary,
            _PART % b"html",
            *html,
            b"\r\n--%s--\r\n" % boundary,
        ]
        joined = tuple(_joined(parts))
        return cls(
            baked.subject,
            tuple(part if isinstance(part, bytes) else b"" for part in joined),
            tuple(_places(joined)),
        )

    def fill(self, outgoing: Outgoing, sender: Sender) -> bytes:
        """Return the message of one employee; the same argument always gives the same bytes.

        Raises:
            PermanentFailure: when a header cannot be written or a slot has no value.
        """
        body = list(self.parts)
        for name, plain, html in self.places:
            value = _given(outgoing.values, name)
            encoded = _quoted_lines(value)
            for place in plain:
                body[place] = encoded
            if html:
                escaped = escape(value)
                encoded = encoded if escaped == value else _quoted_lines(escaped)
                for place in html:
                    body[place] = encoded
        return b"".join([*self._headers(outgoing, sender), *body])

    def _headers(self, outgoing: Outgoing, sender: Sender) -> tuple[bytes, ...]:
        return (
            _same("From", sender.name, sender.email),
            mail_headers.mailbox_header("To", outgoing.name, outgoing.email),
            _same("Reply-To", outgoing.reply_to_name, outgoing.reply_to_email),
            _subject("Subject", self._written_subject(outgoing.values)),
            _date(outgoing.date),
            mail_headers.message_id_header(outgoing.message_id),
            _list(outgoing.list_name, outgoing.list_id),
        )

    def _written_subject(self, values: Mapping[str, str]) -> str:
        return "".join(
            [
                piece if isinstance(piece, str) else mail_headers.tidy(_given(values, piece.name))
                for piece in self.subject
            ]
        )


def _joined(parts: Iterable[bytes | _Hole]) -> Iterator[bytes | _Hole]:
    """Put together what stands together."""
    for fixed, together in groupby(parts, lambda part: isinstance(part, bytes)):
        if fixed:
            yield b"".join(part for part in together if isinstance(part, bytes))
        else:
            yield from together


def _places(parts: Sequence[bytes | _Hole]) -> Iterator[_Places]:
    """Find the holes of each name."""
    found: dict[str, tuple[list[int], list[int]]] = {}
    for place, part in enumerate(parts):
        if isinstance(part, _Hole):
            found.setdefault(part.name, ([], []))[part.html].append(place)
    for name, (plain, html) in found.items():
        yield _Places(name, tuple(plain), tuple(html))


_same = lru_cache(64)(mail_headers.mailbox_header)
_subject = lru_cache(64)(mail_headers.text_header)
_date = lru_cache(64)(mail_headers.date_header)
_list = lru_cache(64)(mail_headers.list_header)


def _boundary(parts: Iterable[bytes | _Hole]) -> bytes:
    """Return a line that no part can hold: quoted-printable never has an underscore after ``=``."""
    text = b"".join(part for part in parts if isinstance(part, bytes))
    return b"=_" + blake2b(text, digest_size=12).hexdigest().encode()


def _given(values: Mapping[str, str], name: str) -> str:
    if name not in values:
        text = f"the message has no value for {name}"
        raise PermanentFailure(text)
    return values[name]


def _quoted_lines(value: str) -> bytes:
    """Return a value as quoted-printable; most values are short, plain, and left as they are."""
    if len(value) <= _WIDTH and _PLAIN.fullmatch(value):
        return value.encode()
    if "\n" in value or "\r" in value:
        value = _LINE_BREAK.sub("\r\n", value)
    return _quoted(value)


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


def _code(found: re.Match[bytes]) -> bytes:
    return b"=%02X" % found[0][0]


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
        data = _OTHERS.sub(_code, data)
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
