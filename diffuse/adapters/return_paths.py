"""The envelope sender of each message (VERP): what comes back says which delivery it is about.

A mail server may write a local part in small letters and holds 64 octets of it (RFC 5321, 4.5.3.1.1): key,
delivery and a MAC are 24 characters of lower-case base32 behind a plus sign (RFC 5233).
"""

import re
from base64 import b32decode, b32encode
from collections.abc import Mapping
from hashlib import blake2b
from hmac import compare_digest
from types import MappingProxyType

from diffuse.errors import AuthoringError

LONGEST_LOCAL = 64
_KEY, _DELIVERY, _MAC = 1, 5, 9
_TOKEN = 24
_WRITTEN = re.compile(rf"[a-z2-7]{{{_TOKEN}}}", re.ASCII)


class ReturnPaths:
    """Makes and reads envelope senders below one address, such as ``bounces@example.org``."""

    def __init__(
        self, address: str, secret: str, *, key_id: int = 1, old: Mapping[int, str] = MappingProxyType({})
    ) -> None:
        """Derive the keys.

        Raises:
            AuthoringError: when the address leaves no room.
        """
        self._local, _, self._domain = address.rpartition("@")
        if len(self._local) + 1 + _TOKEN > LONGEST_LOCAL:
            found = f"bounce_address: {self._local!r} is longer than {LONGEST_LOCAL - 1 - _TOKEN} characters"
            raise AuthoringError.of(found, "a shorter one, such as bounces@example.org")
        self._key_id = key_id
        self._keys = {
            number: blake2b(one.encode(), digest_size=32, person=b"diffuse bounces").digest()
            for number, one in {**old, key_id: secret}.items()
        }
        self._ours = re.compile(
            rf"(?<![\w.+-]){re.escape(self._local)}\+([^\s@<>,;]*)@{re.escape(self._domain)}(?![\w.-])",
            re.IGNORECASE,
        )

    def __repr__(self) -> str:
        """Show the address and never the keys."""
        return f"ReturnPaths({self._local}@{self._domain})"

    def address(self, delivery: int) -> str:
        """Return the envelope sender of a delivery."""
        payload = bytes([self._key_id]) + delivery.to_bytes(_DELIVERY, "big")
        token = b32encode(payload + _mac(self._keys[self._key_id], payload)).decode().lower()
        return f"{self._local}+{token}@{self._domain}"

    def delivery(self, written: str) -> int | None:
        """Return the delivery that a header names: None when it names none of ours, 0 when it is forged."""
        found = self._ours.search(written)
        if found is None:
            return None
        if not _WRITTEN.fullmatch(found[1].lower()):
            return 0
        raw = b32decode(found[1].upper())
        payload, mac = raw[: _KEY + _DELIVERY], raw[_KEY + _DELIVERY :]
        key = self._keys.get(payload[0])
        right = _mac(key or self._keys[self._key_id], payload)
        if not compare_digest(mac, right) or key is None:
            return 0
        return int.from_bytes(payload[_KEY:], "big")


def _mac(key: bytes, payload: bytes) -> bytes:
    return blake2b(payload, key=key, digest_size=_MAC).digest()
