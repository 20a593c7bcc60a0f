"""Takes a mail that came back apart: headers, what people read, what programs read.

Nothing in it is trusted: whatever is broken is read as far as it goes, and nothing is raised.
"""

import html
import json
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from itertools import accumulate
from quopri import decodestring
from typing import Any

from diffuse.domain.returned import Mail

MOST_DEEP = 2
"""How many reports inside reports are looked at."""

MOST_TEXT = 200_000
"""Characters that are looked at, of a text and of all texts together before the last one."""

LONGEST_LINE = 1_000
"""Characters of a line that are looked at; RFC 5322 (2.1.1) allows 998."""

LONGEST_RUN = 80
"""So often a mark is looked at that is repeated, as in a ruled line."""

_REPORTS = ("message/delivery-status", "message/global-delivery-status", "message/feedback-report")
_RECEIPTS = ("message/disposition-notification", "message/global-disposition-notification")
_ORIGINALS = (
    "message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers",
    "message/rfc822-headers", "text/rfc822", "message/partial",
)  # fmt: skip
_TAG = re.compile(r"<(?:[a-z/!][^<>@]{0,500})>", re.IGNORECASE)
_HIDDEN = re.compile(r"(?is)<(style|script|title)\b.*?(?:</\1\s*>|\Z)")
_LONG = re.compile(rf"([^\n]{{{LONGEST_LINE}}})[^\n]+")
_RUN = re.compile(rf"(([^\w\n])\2{{{LONGEST_RUN - 1}}})\2+|([ \t]{{{LONGEST_RUN}}})[ \t]+")
_BREAK = re.compile(r"(?i)<(?:br|/?p|/?div|/?tr|/?li|/?h\d|/?table)\b[^<>]{0,500}>[ \t]*\n?")


def taken_apart(raw: bytes) -> Mail:
    """Return what a mail says; nothing but its size is known of one that is nested without end."""
    try:
        return _parts(message_from_bytes(_without_mbox_line(raw)), MOST_DEEP)
    except RecursionError:
        return Mail(headers={})


def _parts(message: Message, deep: int) -> Mail:
    plain: list[str] = []
    marked_up: list[str] = []
    reports: list[str] = []
    receipts: list[str] = []
    originals: list[str] = []
    inner: list[Mail] = []
    for part in _own_parts(message):
        kind = part.get_content_type()
        if kind in _REPORTS:
            reports.append(_inside(part))
        elif kind in _RECEIPTS:
            receipts.append(_inside(part))
        elif kind in _ORIGINALS:
            originals.append(_inside(part))
            payload = part.get_payload()
            carried = payload[0] if isinstance(payload, list) and payload else None
            if deep and isinstance(carried, Message) and carried.get_content_type() == "multipart/report":
                inner.append(_parts(carried, deep - 1))
        elif kind == "text/html":
            marked_up.append(_readable(_text(part)))
        elif part.get_content_maintype() in {"text", "message", "multipart"}:
            plain.append(_text(part))
    plain = [one for one in plain if one.strip()]
    return Mail(
        headers=_headers(message),
        type=message.get_content_type(),
        texts=_looked_at(map(_short, plain or marked_up)),
        readable=_looked_at(map(_short, marked_up)),
        reports=_looked_at(reports or _notified(plain)),
        receipts=_looked_at(receipts),
        originals=_looked_at(originals),
        inner=tuple(inner),
    )


def _without_mbox_line(raw: bytes) -> bytes:
    """Drop the first line of a mailbox file, and blank lines before the headers."""
    raw = raw.lstrip(b"\r\n")
    return raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw


def _own_parts(message: Message) -> Iterator[Message]:
    """Yield the leaves of a mail; what it carries as another mail is one leaf."""
    kind = message.get_content_type()
    if kind in (*_REPORTS, *_RECEIPTS, *_ORIGINALS) or not message.is_multipart():
        yield message
        return
    for part in message.get_payload():
        if isinstance(part, Message):
            yield from _own_parts(part)


def _inside(part: Message) -> str:
    """Return a report or a returned mail as text, as it was written."""
    payload = part.get_payload()
    if isinstance(payload, list):
        inner = "\n".join(_as_written(one) for one in payload if isinstance(one, Message))
        return _unwrapped(inner, str(part.get("content-transfer-encoding", "")).strip().lower())[:MOST_TEXT]
    return _text(part)


def _unwrapped(written: str, encoding: str) -> str:
    """Decode a report that came encoded, which RFC 6533 allows; what cannot be decoded stays as it is."""
    raw = written.encode("utf-8", "surrogateescape")
    try:
        if encoding == "base64":
            return (
                b64decode(b"".join(raw.split()), validate=True)
                .decode("utf-8", "replace")
                .replace("\r\n", "\n")
            )
    except ValueError:
        return written
    return decodestring(raw).decode("utf-8", "replace") if encoding == "quoted-printable" else written


def _as_written(message: Message) -> str:
    """Return a mail inside a mail as headers and, when it is not a tree itself, its text."""
    lines = [f"{name}: {value}" for name, value in message.items()]
    payload = message.get_payload()
    if isinstance(payload, list):
        deeper = [_as_written(one) for one in payload if isinstance(one, Message)]
        return "\n".join([*lines, "", *deeper])
    return "\n".join([*lines, "", _text(message)])


def _headers(message: Message) -> Mapping[str, str]:
    """Return the headers by lower-case name; of several with one name, the first."""
    found: dict[str, str] = {}
    for name, value in message.raw_items():
        found.setdefault(name.lower(), _decoded(value))
    return found


def _decoded(value: object) -> str:
    """Return a header's value as it reads: unfolded, its encoded words decoded."""
    raw = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    written = re.sub(r"\r?\n[ \t]*", " ", raw)
    try:
        words = decode_header(written)
    except (HeaderParseError, ValueError):
        return written
    return "".join(
        one if isinstance(one, str) else _in_charset(one, charset or "utf-8") for one, charset in words
    )


def _in_charset(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset)
    except (LookupError, ValueError):
        return data.decode("utf-8", "replace")


def _text(part: Message) -> str:
    """Return a leaf's text."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    charset = part.get_content_charset("utf-8")
    return _in_charset(payload[: 4 * MOST_TEXT], charset)[:MOST_TEXT].replace("\r\n", "\n")


def _looked_at(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the first of some texts, as many as are looked at of one mail."""
    before = accumulate(map(len, (found := [*texts])), initial=0)
    return tuple(one for one, start in zip(found, before, strict=False) if start < MOST_TEXT)


def _short(text: str) -> str:
    """Cut off lines that no mailer writes: a search in them would take for ever."""
    return _LONG.sub(r"\1", _RUN.sub(r"\1\3", text))


def _readable(marked_up: str) -> str:
    """Return what a page says, without its marks; addresses in angle brackets stay."""
    text = _BREAK.sub("\n", _HIDDEN.sub(" ", marked_up))
    return html.unescape(_TAG.sub("", text)).replace("\u00a0", " ")


def _notified(texts: list[str]) -> Iterator[str]:
    """Yield the notices that Amazon sends as JSON, rewritten as the report that RFC 3464 would have."""
    for text in texts:
        start, end = text.find("{"), text.find("\n--")
        if start < 0 or "notificationType" not in text:
            continue
        try:
            told, _ = json.JSONDecoder(strict=False).raw_decode(text[start : end if end > start else None])
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict) and isinstance(told.get("Message"), str):
            try:
                told = json.loads(told["Message"], strict=False)
            except (ValueError, RecursionError):
                continue
        if isinstance(told, dict):
            yield "\n\n".join(_as_report(told))


def _as_report(told: dict[str, Any]) -> Iterator[str]:
    bounce, delivery, complaint = (told.get(name) for name in ("bounce", "delivery", "complaint"))
    if isinstance(bounce, dict):
        fallback = "5.0.0" if bounce.get("bounceType") == "Permanent" else "4.0.0"
        for one in _dicts(bounce.get("bouncedRecipients")):
            yield (
                f"Final-Recipient: rfc822; {one.get('emailAddress', '')}\nAction: failed\n"
                f"Status: {one.get('status') or fallback}\n"
                f"Diagnostic-Code: smtp; {one.get('diagnosticCode', '')}"
            )
    if isinstance(delivery, dict):
        for address in delivery.get("recipients") or []:
            yield f"Final-Recipient: rfc822; {address}\nAction: delivered\nStatus: 2.0.0"
    if isinstance(complaint, dict):
        for one in _dicts(complaint.get("complainedRecipients")):
            yield f"Feedback-Type: abuse\nOriginal-Rcpt-To: {one.get('emailAddress', '')}"


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    yield from (one for one in (value if isinstance(value, list) else ()) if isinstance(one, dict))
