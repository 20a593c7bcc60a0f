"""Changes of a returned mail that change nothing of what it says, and those that take one voice from it."""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from email import message_from_bytes
from email.generator import BytesGenerator
from email.message import Message
from io import BytesIO

_HOST = re.compile(
    rb"\b((?:[a-z0-9-]+\.)*)([a-z0-9-]+)\.(com|net|org|edu|gov|jp|uk|de|nl|fr|ru|gr|tw|it|be|ca|au|nz|br)"
    rb"(?![\w-]|\.\w)",
    re.IGNORECASE,
)
_DAY = re.compile(rb"\b(\d{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4})\b")
_NEW_LOCALS = (b"marie-eve.tremblay", b"j_roy+liste", b"x.7", b"o2.bergeron-cote", b"zz9")

Mutation = Callable[[bytes, frozenset[str]], tuple[bytes, Mapping[str, str]] | None]
"""Takes a mail and the addresses that it is about; returns another mail and what they became, or nothing."""


def _same(raw: bytes) -> tuple[bytes, Mapping[str, str]]:
    return raw, {}


def _lines(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n")


def _leaves(message: Message) -> Iterator[Message]:
    if message.get_content_type().startswith("message/"):
        return
    payload = message.get_payload()
    for part in payload if isinstance(payload, list) else ():
        if isinstance(part, Message):
            yield from _leaves(part)
    if not isinstance(payload, list) and message.get_content_type() in {"text/plain", "text/html"}:
        yield message


def _written(message: Message) -> bytes:
    file = BytesIO()
    BytesGenerator(file, mangle_from_=False, maxheaderlen=0).flatten(message)
    return file.getvalue()


def _read(raw: bytes) -> Message:
    return message_from_bytes(raw.lstrip(b"\r\n"))


def _encoding(part: Message) -> str:
    return str(part.get("content-transfer-encoding", "7bit")).strip().lower()


def plainly_written(raw: bytes) -> bytes:
    """Return the mail with its text parts as they read, where they are encoded."""
    message = _read(raw)
    encoded = [one for one in _leaves(message) if _encoding(one) in {"base64", "quoted-printable"}]
    for part in encoded:
        data = part.get_payload(decode=True)
        if isinstance(data, bytes):
            part.set_payload(data.decode("ascii", "surrogateescape"))
            del part["content-transfer-encoding"]
            part["Content-Transfer-Encoding"] = "8bit"
    return _written(message) if encoded else raw


def other_addresses(raw: bytes, about: frozenset[str]) -> tuple[bytes, Mapping[str, str]] | None:
    """Give everybody another local part and domain."""
    became: dict[str, str] = {}
    raw = plainly_written(raw)
    for number, one in enumerate(sorted(about, key=len, reverse=True)):
        local = _NEW_LOCALS[number % len(_NEW_LOCALS)] + b"%d" % number
        new = local + b"@campus-%d.example.ca" % number
        pattern = re.compile(rb"(?<![\w.+-])" + re.escape(one.encode()) + rb"(?![\w-])", re.IGNORECASE)
        raw, count = pattern.subn(new, raw)
        if not count:
            return None
        became[one] = new.decode()
    return raw, became


def other_hosts(raw: bytes, about: frozenset[str]) -> tuple[bytes, Mapping[str, str]]:
    """Rename every host and domain, those of the addresses too."""

    def renamed(found: re.Match[bytes]) -> bytes:
        return found[1] + b"q" + found[2] + b"." + found[3]

    became = {one: _HOST.sub(renamed, one.encode()).decode() for one in about}
    return _HOST.sub(renamed, plainly_written(raw)), became


def other_days(raw: bytes, _: frozenset[str]) -> tuple[bytes, Mapping[str, str]]:
    """Move every day."""
    return _same(_DAY.sub(lambda found: b"17 Sep 2031" if found[3] else found[0], raw))


def only_line_feeds(raw: bytes, _: frozenset[str]) -> tuple[bytes, Mapping[str, str]]:
    """End lines as Unix does."""
    return _same(_lines(raw))


def both_line_ends(raw: bytes, _: frozenset[str]) -> tuple[bytes, Mapping[str, str]]:
    """End lines as mail does on the wire."""
    return _same(_lines(raw).replace(b"\n", b"\r\n"))


def _head(raw: bytes) -> tuple[list[bytes], bytes]:
    raw = _lines(raw).lstrip(b"\n")
    raw = raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw
    first, _, rest = raw.partition(b"\n\n")
    return re.split(rb"\n(?![ \t])", first), rest


def unfolded(raw: bytes, _: frozenset[str]) -> tuple[bytes, Mapping[str, str]]:
    """Write each header in one line."""
    headers, rest = _head(raw)
    flat = (re.sub(rb"\n[ \t]+", b" ", one) for one in headers)
    return _same(b"\n".join(flat) + b"\n\n" + rest)


def folded(raw: bytes, _: frozenset[str]) -> tuple[bytes, Mapping[str, str]]:
    """Fold each header at each blank that stands outside quotes and is no first one."""
    headers, rest = _head(raw)
    again = (
        one if b'"' in one else re.sub(rb"(?<=[^\n:]) (?=[^\s])", b"\n\t", re.sub(rb"\n[ \t]+", b" ", one))
        for one in headers
    )
    return _same(b"\n".join(again) + b"\n\n" + rest)


def other_boundaries(raw: bytes, _: frozenset[str]) -> tuple[bytes, Mapping[str, str]] | None:
    """Rename what separates the parts."""
    found = dict.fromkeys(re.findall(rb"boundary=\"?([^\s\";]{6,})", raw, re.IGNORECASE))
    for number, one in enumerate(sorted(found, key=len, reverse=True)):
        raw = raw.replace(one, b"=_other_%d_" % number)
    return _same(raw) if found else None


def other_names_of_headers(raw: bytes, _: frozenset[str]) -> tuple[bytes, Mapping[str, str]]:
    """Write the names of the headers in small letters."""
    headers, rest = _head(raw)
    small = (name.lower() + colon + value for name, colon, value in (one.partition(b":") for one in headers))
    return _same(b"\n".join(small) + b"\n\n" + rest)


def with_an_envelope_line(raw: bytes, _: frozenset[str]) -> tuple[bytes, Mapping[str, str]]:
    """Put the line of a mailbox file in front."""
    if raw.startswith(b"From "):
        raw = raw.partition(b"\n")[2]
    return _same(b"From MAILER-DAEMON Tue Sep 01 12:00:00 2026\n" + raw)


def _recoded(raw: bytes, name: str) -> tuple[bytes, Mapping[str, str]] | None:
    from base64 import encodebytes
    from quopri import encodestring

    message = _read(raw)
    leaves = [one for one in _leaves(message) if "notificationType" not in str(one.get_payload())]
    for part in leaves:
        data = part.get_payload(decode=True)
        if isinstance(data, bytes):
            encoded = encodebytes(data) if name == "base64" else encodestring(data)
            part.set_payload(encoded.decode("ascii"))
            del part["content-transfer-encoding"]
            part["Content-Transfer-Encoding"] = name
    return _same(_written(message)) if leaves else None


def in_base64(raw: bytes, _: frozenset[str]) -> tuple[bytes, Mapping[str, str]] | None:
    """Encode what people read as base64."""
    return _recoded(raw, "base64")


def in_quoted_printable(raw: bytes, _: frozenset[str]) -> tuple[bytes, Mapping[str, str]] | None:
    """Encode what people read as quoted-printable."""
    return _recoded(raw, "quoted-printable")


def _parts(message: Message) -> list[Message]:
    payload = message.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _is_report(part: Message) -> bool:
    return part.get_content_type() in {"message/delivery-status", "message/global-delivery-status"}


def parts_reversed(raw: bytes, _: frozenset[str]) -> tuple[bytes, Mapping[str, str]] | None:
    """Turn the parts of a report around."""
    message = _read(raw)
    parts = _parts(message)
    if not any(map(_is_report, parts)):
        return None
    message.set_payload([*parts[::-1]])
    return _same(_written(message))


def as_a_page(raw: bytes, _: frozenset[str]) -> tuple[bytes, Mapping[str, str]] | None:
    """Write what people read as HTML, where it is plain text."""
    message = _read(raw)
    leaves = [one for one in _leaves(message) if one.get_content_type() == "text/plain"]
    if not leaves or b"notificationType" in raw:
        return None
    for part in leaves:
        data = part.get_payload(decode=True)
        text = data.decode(part.get_content_charset("utf-8"), "replace") if isinstance(data, bytes) else ""
        lines = html.escape(text.replace("\r\n", "\n"), quote=False).split("\n")
        page = "<html><body>" + "<br>\n".join(lines) + "</body></html>\n"
        for name in ("content-type", "content-transfer-encoding"):
            del part[name]
        part["Content-Type"] = "text/html; charset=utf-8"
        part["Content-Transfer-Encoding"] = "8bit"
        part.set_payload(page.encode().decode("ascii", "surrogateescape"))
    return _same(_written(message))


def without_a_subject(raw: bytes, _: frozenset[str]) -> tuple[bytes, Mapping[str, str]]:
    """Leave the subject out."""
    headers, rest = _head(raw)
    kept = [one for one in headers if not one.lower().startswith(b"subject:")]
    return _same(b"\n".join(kept) + b"\n\n" + rest)


def _kept(raw: bytes, keep: Callable[[Message], bool]) -> bytes | None:
    message = _read(raw)
    parts = _parts(message)
    if not any(map(_is_report, parts)) or all(map(keep, parts)):
        return None
    message.set_payload([one for one in parts if keep(one)])
    return _written(message)


def _text_of(part: Message) -> str:
    data = part.get_payload(decode=True)
    return data.decode("utf-8", "replace") if isinstance(data, bytes) else str(part)


def for_people_only(raw: bytes, about: frozenset[str]) -> tuple[bytes, Mapping[str, str]] | None:
    """Leave the report for programs out, where the text names everybody."""
    parts = _parts(_read(raw))
    told = "\n".join(_text_of(one) for part in parts for one in _leaves(part)).lower()
    if not all(one in told for one in about):
        return None
    changed = _kept(raw, lambda part: not _is_report(part))
    return _same(changed) if changed else None


def for_programs_only(raw: bytes, about: frozenset[str]) -> tuple[bytes, Mapping[str, str]] | None:
    """Leave the text for people out, where the report names everybody."""
    reports = "\n".join(str(one) for one in _parts(_read(raw)) if _is_report(one)).lower()
    if not all(one in reports for one in about):
        return None
    changed = _kept(raw, lambda part: _is_report(part) or part.get_content_maintype() != "text")
    return _same(changed) if changed else None


def without_the_original(raw: bytes, _: frozenset[str]) -> tuple[bytes, Mapping[str, str]] | None:
    """Leave out the mail that a report returns."""
    report_or_text = ("text/plain", "text/html", "multipart/alternative")
    changed = _kept(raw, lambda part: _is_report(part) or part.get_content_type() in report_or_text)
    return _same(changed) if changed else None


def in_one_text(raw: bytes, _: frozenset[str]) -> tuple[bytes, Mapping[str, str]] | None:
    """Write all parts of a report as one text, as mailers do that know no MIME."""
    message = _read(plainly_written(raw))
    parts = _parts(message)
    if not any(map(_is_report, parts)):
        return None
    text = "\n".join(_written(one).decode("ascii", "surrogateescape") for one in parts)
    if "quoted-printable" in text.lower():
        return None
    del message["content-type"]
    message["Content-Type"] = "text/plain; charset=utf-8"
    message.set_payload(text)
    return _same(_written(message))


KEEPING: Mapping[str, Mutation] = {
    one.__name__: one
    for one in (
        other_addresses,
        other_hosts,
        other_days,
        only_line_feeds,
        both_line_ends,
        unfolded,
        folded,
        other_boundaries,
        other_names_of_headers,
        with_an_envelope_line,
        in_base64,
        in_quoted_printable,
        parts_reversed,
        as_a_page,
    )
}
"""What another mailer, or a server on the way, would write of the same failure."""

TAKING: Mapping[str, Mutation] = {
    one.__name__: one
    for one in (without_a_subject, for_people_only, for_programs_only, without_the_original, in_one_text)
}
"""What is left when one voice is silent."""
