"""What simulated employees see: their own mail, read from the Maildir, and nothing else."""

import email
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.utils import parseaddr
from pathlib import Path

_PIXEL = re.compile(r'<img[^>]*\ssrc="([^"]+/o/[^"]+)"')
_LINK = re.compile(r'<a[^>]*\shref="([^"]+/c/[^"]+)"')
_CONFIRM = re.compile(r'<a[^>]*\shref="([^"]+/a/[^"]+)"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """A message as its reader sees it: the words, the image and the links."""

    to: str
    message_id: str
    text: str
    pixel: str
    links: tuple[str, ...]
    confirm: str


class Inbox:
    """Reads each message of a Maildir once, moving it from ``new`` to ``cur`` as a mail program does."""

    def __init__(self, maildir: Path) -> None:
        """Take the folder."""
        self._new, self._cur = maildir / "new", maildir / "cur"

    def fresh(self) -> Iterator[Mail]:
        """Yield the messages that came since the last call, in the order of their arrival."""
        for path in sorted(self._new.iterdir(), key=_arrival):
            data = path.read_bytes()
            path.rename(self._cur / f"{path.name}:2,S")
            yield _read(data)


def _arrival(path: Path) -> tuple[int, str]:
    return int(path.name.partition(".")[0]), path.name


def _read(data: bytes) -> Mail:
    message = email.message_from_bytes(data)
    parts = {part.get_content_type(): part for part in message.walk()}
    page = _decoded(parts["text/html"])
    return Mail(
        to=parseaddr(message["To"])[1],
        message_id=message["Message-ID"],
        text=_decoded(parts["text/plain"]),
        pixel=html.unescape(_first(_PIXEL, page)),
        links=tuple(html.unescape(link) for link in _LINK.findall(page)),
        confirm=html.unescape(_first(_CONFIRM, page)),
    )


def _decoded(part: Message) -> str:
    content = part.get_payload(decode=True)
    return content.decode("utf-8") if isinstance(content, bytes) else ""


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""
