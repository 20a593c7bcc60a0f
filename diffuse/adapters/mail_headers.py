"""Mail headers as ASCII bytes: encoded, folded, and closed to injection."""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from diffuse.errors import PermanentFailure

LINE = 76
"""The longest line of a header that holds an encoded word (RFC 2047), line break left out."""

_WORD = 75 - len("=?utf-8?q??=")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PRINTABLE = re.compile(r"[ -~]*")
_PHRASE = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_ADDRESS = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", re.ASCII
)
_LIST_ID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_LONGEST_ADDRESS = 254
_LONGEST_ID = 900
_Q = [
    chr(byte) if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "!*+-/") else f"={byte:02X}"
    for byte in range(256)
]
_Q[ord(" ")] = "_"


def tidy(name: str) -> str:
    """Return a person's name with control characters and runs of blanks made one space."""
    return " ".join(_CONTROLS.sub(" ", name).split())


def text_header(header: str, text: str) -> bytes:
    """Return the header line of a text; runs of blanks become one space.

    Raises:
        PermanentFailure: when the text holds a line break or another control character.
    """
    text = " ".join(_clean(header, text).split())
    line = f"{header}: {text}"
    if len(line) > LINE or not _PRINTABLE.fullmatch(text) or "=?" in text:
        line = f"{header}: {_encoded(text, len(header) + 2)}"
    return line.encode("ascii") + b"\r\n"


def mailbox_header(header: str, name: str, address: str) -> bytes:
    """Return the header line of a name (which may be empty) and an address.

    Raises:
        PermanentFailure: when the address is not a plain ASCII one.
    """
    return _phrase_header(header, tidy(name), checked_address(header, address))


def list_header(name: str, list_id: str) -> bytes:
    """Return the ``List-Id`` line.

    Raises:
        PermanentFailure: when the name holds a control character or the id is not a dotted name.
    """
    name = " ".join(_clean("list's name", name).split())
    return _phrase_header(
        "List-Id", name, _checked("List-Id", list_id, _LIST_ID, "letters, digits, dots and hyphens")
    )


def date_header(instant: datetime) -> bytes:
    """Return the ``Date`` line of an aware instant, in UTC."""
    return f"Date: {format_datetime(instant.astimezone(UTC))}\r\n".encode("ascii")


def message_id_header(message_id: str) -> bytes:
    """Return the ``Message-ID`` line.

    Raises:
        PermanentFailure: when it is not of the form ``<left@right>``, in ASCII and without blanks.
    """
    checked = _checked("Message-ID", message_id, _MESSAGE_ID, "<left@right> in plain ASCII", _LONGEST_ID)
    return f"Message-ID: {checked}\r\n".encode("ascii")


def language_header(language: str) -> bytes:
    """Return the ``Content-Language`` line.

    Raises:
        PermanentFailure: when it is no language tag.
    """
    return f"Content-Language: {_checked('language', language, _LANGUAGE, 'a tag such as fr-CA')}\r\n".encode(
        "ascii"
    )


def checked_address(what: str, address: str) -> str:
    """Return the address unchanged.

    Raises:
        PermanentFailure: when it is not a plain ASCII one.
    """
    return _checked(f"{what} address", address, _ADDRESS, "name@domain in plain ASCII", _LONGEST_ADDRESS)


def _checked(
    what: str, value: str, pattern: re.Pattern[str], expected: str, longest: int = _LONGEST_ADDRESS
) -> str:
    if len(value) > longest or not pattern.fullmatch(value):
        text = f"the {what} {value[:100]!a} cannot be sent; expected {expected}, at most {longest} characters"
        raise PermanentFailure(text)
    return value


def _clean(what: str, text: str) -> str:
    if found := _CONTROLS.search(text):
        character = f"U+{ord(found[0]):04X}"
        message = (
            f"the {what} holds the control character {character} at position {found.start() + 1}: remove it"
        )
        raise PermanentFailure(message)
    return text


def _phrase_header(header: str, name: str, address: str) -> bytes:
    phrase = _phrase(name, len(header) + 2)
    line = f"{header}: {phrase} <{address}>" if phrase else f"{header}: <{address}>"
    if len(line.rpartition("\r\n")[2]) > LINE and phrase:
        line = f"{header}: {phrase}\r\n <{address}>"
    return line.encode("ascii") + b"\r\n"


def _phrase(name: str, indent: int) -> str:
    """Return a display name as plain words, as a quoted string or, for all other texts, as encoded words."""
    if "=?" not in name and len(name) + indent < LINE:
        if not name or _PHRASE.fullmatch(name):
            return name
        quoted = '"' + name.replace("\\", r"\\").replace('"', r"\"") + '"'
        if _PRINTABLE.fullmatch(name) and len(quoted) + indent <= LINE:
            return quoted
    return _encoded(name, indent)


@lru_cache(maxsize=1024)
def _encoded(text: str, indent: int) -> str:
    """Return a text as encoded words, one a line, none of which cuts a character in two."""
    words, word, room = [], "", min(_WORD, LINE - indent - len("=?utf-8?q??="))
    whole = "".join([_Q[byte] for byte in text.encode()])
    if len(whole) <= room:
        return f"=?utf-8?q?{whole}?="
    for character in text:
        code = "".join([_Q[byte] for byte in character.encode()])
        if len(word) + len(code) > room:
            words.append(word)
            word, room = "", _WORD
        word += code
    return "\r\n ".join([f"=?utf-8?q?{word}?=" for word in (*words, word)])
