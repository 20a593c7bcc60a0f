"""How many messages a second one core signs with DKIM, beside dkimpy and beside the key alone.

Run it as ``python benchmarks/signing.py``. The messages are those of the shipped campaign, filled for
employees with different names; all signers take the same ones in turn, several times, and the quickest turn
of each counts. dkimpy computes RSA in Python itself and reads the key anew for each message; the key alone
(OpenSSL, by way of cryptography) is what no signer can surpass.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import dkim
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from diffuse import bootstrap
from diffuse.adapters.dkim import DkimSigner
from diffuse.adapters.mime import Sender, Skeleton
from diffuse.domain.message import ACKNOWLEDGE_URL, GIVEN_NAME, NAME, PIXEL_URL, Baked, Outgoing, link_slot

CAMPAIGN = Path(__file__).parent.parent / "campaigns" / "social-media" / "campaign.yaml"
DOMAIN, SELECTOR = "universite.example", "diffuse"
SENDER = Sender(name="Communications", email=f"communications@{DOMAIN}")
MESSAGES, TURNS = 60, 7
LEAST = 3.0
"""How many times as fast as dkimpy our signer must be, with either key."""

Sign = Callable[[bytes], bytes]


def messages() -> list[bytes]:
    """Return messages of the shipped campaign, one for each of so many employees."""
    office = bootstrap.authoring()
    campaign = office.campaigns.read(CAMPAIGN).campaign
    if campaign is None:
        raise RuntimeError("the shipped campaign has problems")
    policy, point = campaign.repeated[0]
    baked = office.renderer.bake(campaign, policy, point, point.variants[0].register, "fr")
    skeleton = Skeleton.of(baked)
    return [skeleton.fill(_outgoing(number, baked), SENDER) for number in range(MESSAGES)]


def _outgoing(number: int, baked: Baked) -> Outgoing:
    name = f"Zoé Tremblay {number}"
    address = f"https://{SELECTOR}.{DOMAIN}/x/{number:036}"
    links = {link_slot(place): address for place in range(len(baked.links))}
    return Outgoing(
        delivery=number,
        attempt=1,
        email=f"e{number}@{DOMAIN}",
        name=name,
        reply_to_name="Ana Roy",
        reply_to_email=f"ana.roy@{DOMAIN}",
        list_id=f"social-media.{DOMAIN}",
        list_name="Médias sociaux",
        message_id=f"<{number}.abc@{DOMAIN}>",
        date=datetime(2027, 1, 11, 14, tzinfo=UTC),
        baked=baked,
        values={
            NAME: name, GIVEN_NAME: "Zoé", ACKNOWLEDGE_URL: address, PIXEL_URL: address, **links,
        },
    )  # fmt: skip


def with_rsa() -> tuple[Mapping[str, Sign], bytes]:
    """Return who signs with RSA, and what the domain's DNS says of the key."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def theirs(message: bytes) -> bytes:
        return bytes(dkim.sign(message, SELECTOR.encode(), DOMAIN.encode(), pem, **RELAXED))

    signers = {
        "diffuse": DkimSigner(domain=DOMAIN, selector=SELECTOR, key=pem.decode()).sign,
        "dkimpy": theirs,
        "the key alone": lambda message: key.sign(message, padding.PKCS1v15(), hashes.SHA256()),
    }
    return signers, b"v=DKIM1; k=rsa; p=" + b64encode(public)


def with_ed25519() -> tuple[Mapping[str, Sign], bytes]:
    """Return who signs with Ed25519, and what the domain's DNS says of the key."""
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    seed = b64encode(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def theirs(message: bytes) -> bytes:
        how = {**RELAXED, "signature_algorithm": b"ed25519-sha256"}
        return bytes(dkim.sign(message, SELECTOR.encode(), DOMAIN.encode(), seed, **how))

    signers = {
        "diffuse": DkimSigner(domain=DOMAIN, selector=SELECTOR, key=pem).sign,
        "dkimpy": theirs,
        "the key alone": key.sign,
    }
    return signers, b"v=DKIM1; k=ed25519; p=" + b64encode(public)


RELAXED = {"canonicalize": (b"relaxed", b"relaxed")}


def rates(signers: Mapping[str, Sign], batch: list[bytes]) -> dict[str, float]:
    """Return the signatures a second of processor time of each signer, in its quickest turn."""
    quickest = dict.fromkeys(signers, float("inf"))
    for _ in range(TURNS):
        for name, sign in signers.items():
            begin = process_time()
            for message in batch:
                sign(message)
            quickest[name] = min(quickest[name], process_time() - begin)
    return {name: len(batch) / seconds for name, seconds in quickest.items()}


def check(signers: Mapping[str, Sign], record: bytes, message: bytes) -> None:
    """Refuse to measure what a verifier would not accept."""
    for name in ("diffuse", "dkimpy"):
        if not dkim.verify(signers[name](message) + message, dnsfunc=lambda *_, **__: record):
            raise RuntimeError(f"what {name} signs does not verify")


def main() -> None:
    """Print rates on one core, beside the limit."""
    batch, slow = messages(), []
    print(f"DKIM, messages of {sum(map(len, batch)) // len(batch):,} bytes, one core")
    for kind, (signers, record) in {"RSA 2048": with_rsa(), "Ed25519": with_ed25519()}.items():
        check(signers, record, batch[0])
        found = rates(signers, batch)
        for name, rate in found.items():
            print(f"{kind:9} {name:14} {rate:9,.0f} signatures/s   {rate / found['dkimpy']:6.1f}x dkimpy")
        if found["diffuse"] < LEAST * found["dkimpy"]:
            slow.append(kind)
    if slow:
        raise SystemExit(f"less than {LEAST:g} times as fast as dkimpy: {', '.join(slow)}")


if __name__ == "__main__":
    main()
