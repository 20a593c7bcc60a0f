"""Signed links: what stands in an address is ours, for one purpose, or it is nothing."""

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from hmac import compare_digest
from types import MappingProxyType

from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Links

SHORTEST_SECRET = 32
ADDRESSES = MappingProxyType(
    {
        "open": "{}/o/{}.gif",
        "click": "{}/c/{}",
        "acknowledge": "{}/a/{}",
        "mine": "{}/m/{}",
        "post": "{}/p/{}",
        "decoy": "{}/d/{}",
        "feed": "{}/feeds/{}.atom",
    }
)

_KEY = 1
KEY_IDS = range(1, 256)
"""What the first byte of a token says: the key that signed it."""

_DELIVERY, _NUMBER, _MAC = 5, 2, 16
_PAYLOAD = _KEY + _DELIVERY + _NUMBER
# 24 bytes are 32 characters without a spare bit, so that no token has a second spelling.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)
_BEGUN = 12
_BEGINNING = re.compile(rf"[A-Za-z0-9_-]{{{_BEGUN}}}", re.ASCII)
_DOMAIN = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
_BASE_URL = re.compile(
    r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?"
)
_LONGEST_DOMAIN = 255
_SINCE = datetime(1970, 1, 1, tzinfo=UTC)
_STAMP = re.compile(r"[0-9a-f]{48}", re.ASCII)
_AT, _ONCE = 6, 4


class KeyedSigner:
    """Makes and reads tokens of 32 characters: key, delivery, link number and a keyed BLAKE2b MAC.

    The purpose is under the MAC and not in the token: a token that was made to open can never
    acknowledge. Implements ``ports.Signer``.
    """

    def __init__(  # noqa: PLR0913 -- the keys, and where links lead
        self,
        secret: bytes | str,
        base_url: str,
        mail_domain: str,
        *,
        key_id: int = 1,
        old: Mapping[int, bytes | str] = MappingProxyType({}),
        person_secret: bytes | str = "",
    ) -> None:
        """Derive the keys.

        Args:
            secret: at least 32 characters; whoever knows it can forge every link.
            base_url: the tracking service as employees reach it, such as ``https://suivi.example.org``.
            mail_domain: the right-hand side of each Message-ID.
            key_id: the number of that secret, 1 to 255, in every token that it signs.
            old: earlier secrets by their numbers: what they signed still counts, and they sign no more.
            person_secret: hides employees in evidence, always the same one; empty for the first secret.

        Raises:
            AuthoringError: for a secret, an address or a domain that cannot be used.
        """
        keys = {**old, key_id: secret}
        problems = [*_secret_problems(secret), *_key_problems(key_id, old, person_secret)]
        problems += [*_base_url_problems(base_url), *_domain_problems(mail_domain)]
        if problems:
            raise AuthoringError(*problems)
        self._key_id = bytes([key_id])
        self._begun = {number: _begun(_derived(key, b"diffuse links")) for number, key in keys.items()}
        self._form_keys = [_derived(keys[number], b"diffuse forms") for number in (key_id, *old)]
        self._message_key = _derived(secret, b"diffuse messages")
        self._person_key = _derived(person_secret or keys[1], b"diffuse persons")
        self._base_url = base_url.rstrip("/")
        self._mail_domain = mail_domain

    def __repr__(self) -> str:
        """Show where the links lead, and never the secret."""
        return f"KeyedSigner(secret=…, base_url={self._base_url!r}, mail_domain={self._mail_domain!r})"

    def message_id(self, campaign: str, key_point: str, touch: int, employee: str) -> str:
        """Return the Message-ID of a delivery; the employee is hidden under a keyed hash."""
        key = "\0".join((campaign, key_point, str(touch), employee)).encode()
        mark = blake2b(key, key=self._message_key, digest_size=15).hexdigest()
        # A header line may hold 998 characters; the hash stands for the whole of what is cut off here.
        return f"<{campaign[:40]}.{key_point[:60]}.{touch}.{mark}@{self._mail_domain}>"

    def pseudonym(self, employee: str) -> str:
        """Return the pseudonym of an employee in evidence: 32 digits that say nothing without the secret."""
        return blake2b(employee.encode(), key=self._person_key, digest_size=16).hexdigest()

    def address(self, purpose: str, delivery: int, number: int = 0) -> str:
        """Return the address for a purpose: one of ``ADDRESSES``.

        The number of ``post`` is that of a post, that of ``feed`` stands for its name (``feed.Name.number``),
        and that of every other purpose is that of a delivery.
        """
        payload = self._key_id + delivery.to_bytes(_DELIVERY, "big") + number.to_bytes(_NUMBER, "big")
        token = urlsafe_b64encode(payload + _mac(self._begun[self._key_id[0]], purpose, payload)).decode()
        return ADDRESSES[purpose].format(self._base_url, token)

    def read(self, purpose: str, token: str) -> Links | None:
        """Return what a token stands for, or None when it is not one of ours for that purpose."""
        if not _TOKEN.fullmatch(token):
            return None
        raw = urlsafe_b64decode(token)
        payload, mac = raw[:_PAYLOAD], raw[_PAYLOAD:]
        # A key that is not known takes as long as one that is.
        begun = self._begun.get(payload[0])
        right = _mac(begun or self._begun[self._key_id[0]], purpose, payload)
        if not compare_digest(mac, right) or begun is None:
            return None
        return Links(
            delivery=int.from_bytes(payload[1:-_NUMBER], "big"),
            number=int.from_bytes(payload[-_NUMBER:], "big"),
        )

    def resembling(self, token: str) -> int | None:
        """Return the delivery that a token names, whatever its MAC; None when it does not begin like ours."""
        if not _BEGINNING.match(token):
            return None
        raw = urlsafe_b64decode(token[:_BEGUN])
        return int.from_bytes(raw[_KEY : _KEY + _DELIVERY], "big") if raw[0] in self._begun else None

    def stamp(self, shown: str, at: datetime) -> str:
        """Return what a form carries: when it was shown (to the millisecond), and a MAC over what it showed.

        No two stamps are alike: 48 hexadecimal digits.
        """
        head = ((at - _SINCE) // timedelta(milliseconds=1)).to_bytes(_AT, "big") + secrets.token_bytes(_ONCE)
        return (head + _form_mac(self._form_keys[0], shown, head)).hex()

    def stamped_at(self, shown: str, stamp: str) -> datetime | None:
        """Return when a form was shown; None when it is not ours, or showed something else."""
        if not _STAMP.fullmatch(stamp):
            return None
        raw = bytes.fromhex(stamp)
        head, mac = raw[: _AT + _ONCE], raw[_AT + _ONCE :]
        if not any(compare_digest(mac, _form_mac(key, shown, head)) for key in self._form_keys):
            return None
        return _SINCE + timedelta(milliseconds=int.from_bytes(head[:_AT], "big"))


def _derived(secret: bytes | str, purpose: bytes) -> bytes:
    material = secret.encode() if isinstance(secret, str) else secret
    return blake2b(material, digest_size=32, person=purpose).digest()


def _begun(key: bytes) -> dict[str, blake2b]:
    """Begin the MAC of each purpose: it is under the MAC and not in the token."""
    return {purpose: blake2b(purpose.encode() + b"\0", digest_size=_MAC, key=key) for purpose in ADDRESSES}


def _mac(begun: Mapping[str, blake2b], purpose: str, payload: bytes) -> bytes:
    mac = begun[purpose].copy()
    mac.update(payload)
    return mac.digest()


def _form_mac(key: bytes, shown: str, head: bytes) -> bytes:
    return blake2b(head + shown.encode(), key=key, digest_size=24 - _AT - _ONCE).digest()


def _secret_problems(secret: bytes | str) -> list[Problem]:
    if len(secret) >= SHORTEST_SECRET:
        return []
    return [
        Problem(
            path=("secret",),
            found=f"a secret of {len(secret)} characters" if secret else "no secret",
            expected=f"at least {SHORTEST_SECRET} characters, such as 'openssl rand -hex 32' prints",
        )
    ]


def _key_problems(
    key_id: int, old: Mapping[int, bytes | str], person_secret: bytes | str
) -> Iterator[Problem]:
    if key_id not in KEY_IDS or any(number not in KEY_IDS for number in old):
        yield Problem(path=("secret_id",), found="a number of a secret", expected="1 to 255")
    if key_id in old:
        yield Problem(
            path=("secret_id",), found=f"{key_id}, which an old secret has", expected="a number of its own"
        )
    for number, secret in old.items():
        if len(secret) < SHORTEST_SECRET:
            found = f"secret {number} of {len(secret)} characters"
            yield Problem(path=("old_secrets",), found=found, expected=f"at least {SHORTEST_SECRET}")
    if not person_secret and 1 not in {key_id, *old}:
        yield Problem(
            path=("person_secret",),
            found="neither person_secret nor the secret with the number 1",
            expected="what hid employees in evidence so far: the first secret",
        )


def _base_url_problems(base_url: str) -> list[Problem]:
    if _BASE_URL.fullmatch(base_url):
        return []
    return [
        Problem(
            path=("base_url",), found=f"{base_url!r}", expected="an address such as https://suivi.example.org"
        )
    ]


def _domain_problems(domain: str) -> list[Problem]:
    if _DOMAIN.fullmatch(domain) and len(domain) <= _LONGEST_DOMAIN:
        return []
    return [Problem(path=("mail_domain",), found=f"{domain!r}", expected="a domain such as example.org")]
