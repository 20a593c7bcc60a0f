"""Text files as people save them: read whole, in UTF-8, or refused with what to do."""

import codecs
from pathlib import Path

from diffuse.errors import AuthoringError, Problem

MAX_BYTES = 1_000_000


def is_file(path: Path) -> bool:
    """Tell whether there is such a file; a name that cannot be one is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def read_text(path: Path, shown: str) -> str:
    """Return a file's text without byte order mark, its lines ended by line feeds alone.

    Args:
        path: the file.
        shown: its name in problems.

    Raises:
        AuthoringError: when it is missing, too big or not UTF-8.
    """
    try:
        if not is_file(path):
            raise AuthoringError(Problem(found="no such file", expected="a text file", file=shown))
        if path.stat().st_size > MAX_BYTES:
            size = f"a file of {path.stat().st_size:,} bytes"
            raise AuthoringError(Problem(found=size, expected=f"at most {MAX_BYTES:,}", file=shown))
        content = path.read_bytes()
    except OSError as error:
        reason = f"a file that cannot be read: {error.strerror}"
        raise AuthoringError(Problem(found=reason, expected="a text file", file=shown)) from error
    return decoded(content, shown)


def decoded(content: bytes, shown: str) -> str:
    """Return the text that UTF-8 bytes stand for."""
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].replace(b"\r\n", b"\n")
        problem = Problem(
            found=f"a byte (0x{content[error.start]:02X}) that is not UTF-8",
            expected="a file saved with the encoding UTF-8",
            file=shown,
            line=before.count(b"\n") + 1,
            column=len(before[before.rfind(b"\n") + 1 :].decode()) + 1,
        )
        raise AuthoringError(problem) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
