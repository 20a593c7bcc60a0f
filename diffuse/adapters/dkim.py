"""Signs messages with DKIM (RFC 6376, and RFC 8463 for Ed25519): whoever changes one on its way is found out.

Every header that a message has is signed, and those of which a second one could mislead are signed once more
as missing, so that none can be added. The same message always gives the same bytes; a signature has no date.
"""

import os
import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from diffuse.errors import AuthoringError

SHORTEST_KEY = 2048
"""Bits of an RSA key; RFC 8301 forbids those under 1024, and receivers distrust those under 2048."""

LARGEST_FILE = 1 << 16
"""Bytes of a key's file that are read; keys are far smaller."""

TOO_OPEN = 0o027
"""What a key's file must not allow: its group to change it, and others anything."""

ONCE = ("from", "to", "subject", "date", "reply-to", "message-id")
"""Headers that no message may have twice."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_LONGEST = 72


def key_in(path: Path) -> str:
    """Read a private key, in PEM, from a file that nobody else may read or change.

    Raises:
        AuthoringError: when it cannot be read, or is too open; it never shows the key.
    """
    expected = "a file with a private key in PEM that the worker may read"
    try:
        # What is asked about is what is read, even if the name is given to another file meanwhile.
        with path.open("rb") as file:
            mode, content = os.fstat(file.fileno()).st_mode, file.read(LARGEST_FILE)
    except OSError as error:
        found = f"{path} cannot be read: {error.strerror}"
        raise AuthoringError.of(found, expected, path=("key_file",)) from error
    if mode & TOO_OPEN:
        found = f"{path} is open to others (mode {mode & 0o777:03o})"
        raise AuthoringError.of(found, f"mode 600 or 640: chmod 600 {path}", path=("key_file",))
    try:
        return content.decode("ascii")
    except UnicodeDecodeError:
        # The cause is not shown: it quotes what may be the key.
        raise AuthoringError.of(f"{path} is not in PEM", expected, path=("key_file",)) from None


class DkimSigner:
    """Signs with the key of a domain."""

    def __init__(self, *, domain: str, selector: str, key: str) -> None:
        """Read a private key in PEM, of RSA with 2048 bits or more, or of Ed25519.

        Raises:
            AuthoringError: when the key or a name cannot be used; it never shows the key.
        """
        for field, value in (("domain", domain), ("selector", selector)):
            if not _NAME.fullmatch(value):
                raise AuthoringError.of(f"{value!r}", f"a {field} such as example.org", path=(field,))
        self._sign, algorithm = _signature(key)
        self._head = f"v=1; a={algorithm}; c=relaxed/relaxed; d={domain}; s={selector};"

    def sign(self, message: bytes) -> bytes:
        """Return the header lines that sign a message, to stand before it."""
        head, _, body = message.partition(b"\r\n\r\n")
        lines = [line for line in _FOLD.sub(b"", head).split(b"\r\n") if line]
        named = [(line.partition(b":")[0].strip().lower(), line) for line in lines]
        names = [name.decode("ascii") for name, _ in named]
        signed = [*names, *(name for name in ONCE if name in names)]
        digest = b64encode(sha256(_relaxed_body(body)).digest()).decode("ascii")
        value = f"{self._head}\r\n h={_folded(signed)};\r\n bh={digest};\r\n b="
        own = _relaxed_header(b"dkim-signature:" + _FOLD.sub(b"", value.encode("ascii")))
        data = b"".join([_relaxed_header(line) + b"\r\n" for _, line in named]) + own
        signature = b64encode(self._sign(data)).decode("ascii")
        pieces = [signature[at : at + _LONGEST] for at in range(0, len(signature), _LONGEST)]
        return (
            f"DKIM-Signature: {value}{chr(13)}{chr(10)} ".encode("ascii")
            + "\r\n ".join(pieces).encode()
            + b"\r\n"
        )


def _relaxed_header(line: bytes) -> bytes:
    name, _, value = line.partition(b":")
    return name.strip().lower() + b":" + _single_blanks(value).strip()


def _single_blanks(data: bytes) -> bytes:
    """Make each run of blanks one space; a pattern would look at every byte, and takes many times as long."""
    data = data.replace(b"\t", b" ")
    while b"  " in data:
        data = data.replace(b"  ", b" ")
    return data


def _relaxed_body(body: bytes) -> bytes:
    stripped = _single_blanks(body).replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return stripped + b"\r\n" if stripped else b""


def _folded(names: list[str]) -> str:
    """Write a list of names, a few on each line."""
    lines, line = [], ""
    for name in names:
        if line and len(line) + len(name) > _LONGEST:
            lines.append(line)
            line = ""
        line += f"{name}:"
    return "\r\n  ".join([*lines, line]).rstrip(":")


def _signature(key: str) -> tuple[Callable[[bytes], bytes], str]:
    """Return what signs, and the name of its algorithm."""
    expected = "an RSA key of 2048 bits or more, or an Ed25519 key, in PEM and without a password"
    try:
        private = load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The cause is not shown: it may quote the key.
        raise AuthoringError.of("the DKIM key cannot be read", expected, path=("key",)) from None
    if isinstance(private, ed25519.Ed25519PrivateKey):
        edwards = private
        return lambda data: edwards.sign(sha256(data).digest()), "ed25519-sha256"
    if not isinstance(private, rsa.RSAPrivateKey):
        raise AuthoringError.of("the DKIM key is of another kind", expected, path=("key",))
    if private.key_size < SHORTEST_KEY:
        raise AuthoringError.of(f"the DKIM key has {private.key_size} bits", expected, path=("key",))
    ordinary = private
    return lambda data: ordinary.sign(data, padding.PKCS1v15(), hashes.SHA256()), "rsa-sha256"
