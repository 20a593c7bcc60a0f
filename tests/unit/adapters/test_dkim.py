"""Signatures that a verifier of another make accepts, and that no change survives."""

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime

import dkim  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from diffuse.adapters.dkim import DkimSigner
from diffuse.adapters.mime import Sender, Skeleton
from diffuse.domain.message import NAME, Baked, Excerpt, Outgoing, Slot
from diffuse.errors import AuthoringError

ORDINARY = rsa.generate_private_key(65537, 2048)
EDWARDS = ed25519.Ed25519PrivateKey.generate()
SENDER = Sender(name="Université du Nord", email="gouvernance@universite.example")
BAKED = Baked(
    language="fr",
    subject=("À lire, ", Slot(NAME)),
    html=("<p>Bonjour  ", Slot(NAME), "</p>\n"),
    text=("Bonjour \n", Slot(NAME), "\n.point\n\n\n"),
    links=(),
    excerpt=Excerpt(subject="", body="", action=""),
)


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | dsa.DSAPrivateKey, secret: str = "") -> str:
    how: KeySerializationEncryption = NoEncryption()
    if secret:
        how = BestAvailableEncryption(secret.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how).decode()


def signer(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> DkimSigner:
    return DkimSigner(domain="universite.example", selector="diffuse", key=pem(key))


def record(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    """What the domain's DNS says of its key."""
    if isinstance(key, rsa.RSAPrivateKey):
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b"v=DKIM1; k=rsa; p=" + b64encode(public)
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return b"v=DKIM1; k=ed25519; p=" + b64encode(raw)


def holds(message: bytes, key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bool:
    return bool(dkim.verify(message, dnsfunc=lambda *_, **__: record(key)))


def message(name: str = ".Zoë") -> bytes:
    one = Outgoing(
        delivery=1,
        attempt=1,
        email="zoe@universite.example",
        name=name,
        reply_to_name="Ève Roy",
        reply_to_email="eve.roy@universite.example",
        list_id="social-media.universite.example",
        list_name="Médias sociaux",
        message_id="<1.abc@universite.example>",
        date=datetime(2026, 3, 9, 14, 0, tzinfo=UTC),
        baked=BAKED,
        values={NAME: name},
    )
    return Skeleton.of(replace(BAKED)).fill(one, SENDER)


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=120)


@pytest.mark.parametrize("key", [ORDINARY, EDWARDS], ids=["rsa", "ed25519"])
@given(name=NAMES)
@settings(max_examples=25)
def test_another_verifier_accepts_every_message(
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, name: str
) -> None:
    plain = message(name)
    assert holds(signer(key).sign(plain) + plain, key)


LINES = st.lists(st.text(st.sampled_from(" \t.ab="), max_size=12), max_size=8)


@given(lines=LINES, subject=st.text(st.sampled_from(" \tab:"), max_size=20))
def test_another_verifier_sees_blanks_as_we_do(lines: list[str], subject: str) -> None:
    head = f"From: a@b.example\r\nTo:a@b.example \r\nSubject: x{subject}x\r\n\tfolded  \r\n\r\n"
    plain = (head + "".join(f"{line}\r\n" for line in lines)).encode()
    assert holds(signer(EDWARDS).sign(plain) + plain, EDWARDS)


@pytest.mark.parametrize("key", [ORDINARY, EDWARDS], ids=["rsa", "ed25519"])
def test_every_header_is_signed_and_no_change_survives(
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey,
) -> None:
    plain = message()
    signed = signer(key).sign(plain)
    head, _, body = plain.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    for line in lines:
        changed = line.replace(b":", b": x", 1)
        assert not holds(signed + plain.replace(line, changed, 1), key), line
        assert not holds(signed + plain.replace(line + b"\r\n", b"", 1), key), line
    assert not holds(signed + plain.replace(b"Bonjour", b"Bonsoir"), key)
    assert not holds(signed + head + b"\r\n\r\n" + body + b"more\r\n", key)


@pytest.mark.parametrize("name", ["From", "To", "Subject", "Date", "Reply-To", "Message-ID"])
def test_no_second_header_can_be_added(name: str) -> None:
    plain = message()
    added = f"{name}: other@elsewhere.example\r\n".encode()
    signed = signer(EDWARDS).sign(plain)
    assert holds(signed + plain, EDWARDS)
    assert not holds(signed + added + plain, EDWARDS)


def test_the_same_message_gives_the_same_bytes_in_lines_that_mail_may_have() -> None:
    plain = message()
    signed = signer(ORDINARY).sign(plain)
    assert signed == signer(ORDINARY).sign(plain)
    assert max(map(len, signed.split(b"\r\n"))) <= 100
    assert signed.endswith(b"\r\n")
    assert not signed.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n", "cannot be read"),
        (pem(ORDINARY, "word"), "cannot be read"),
        (pem(rsa.generate_private_key(65537, 1024)), "has 1024 bits"),  # noqa: S505 -- that is why
        (pem(dsa.generate_private_key(2048)), "of another kind"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_and_not_shown(key: str, says: str) -> None:
    with pytest.raises(AuthoringError) as caught:
        DkimSigner(domain="universite.example", selector="diffuse", key=key)
    assert says in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)


@pytest.mark.parametrize(("field", "value"), [("domain", "x y"), ("selector", "a;b"), ("selector", "")])
def test_a_name_that_no_header_can_hold_is_refused(field: str, value: str) -> None:
    names = {"domain": "universite.example", "selector": "diffuse", field: value}
    with pytest.raises(AuthoringError, match=field):
        DkimSigner(**names, key=pem(EDWARDS))
