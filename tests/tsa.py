"""A timestamp authority of our own for tests (RFC 3161): it signs, and lies when it is told to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

WRONG = ("nonce", "imprint", "status", "signature", "html", "broken", "long", "away")
"""How it can lie."""


def _certificate(
    name: str, key: rsa.RSAPrivateKey, by: "tuple[x509.Name, rsa.RSAPrivateKey] | None"
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signer = by or (subject, key)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if by:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(signer, hashes.SHA256())


@dataclass
class Authority:
    """Signs what it is asked, with a certificate of a root of its own; ``lies`` names how it does not."""

    lies: str = ""
    asked: int = 0
    url: str = ""
    _root_key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    _key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def __post_init__(self) -> None:
        self.root = _certificate("Racine", self._root_key, None)
        self.own = _certificate("Horodatage", self._key, (self.root.subject, self._root_key))

    @property
    def roots(self) -> bytes:
        """Its root certificate in PEM."""
        return self.root.public_bytes(Encoding.PEM)

    def answer(self, request: bytes) -> bytes:
        """Answer a request."""
        self.asked += 1
        given = tsp.TimeStampReq.load(request)
        imprint, nonce = given["message_imprint"], given["nonce"].native
        if self.lies == "imprint":
            imprint = tsp.MessageImprint(
                {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": sha256(b"autre").digest()}
            )
        told = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.2.3.4.1",
                "message_imprint": imprint,
                "serial_number": self.asked,
                "gen_time": datetime.now(UTC).replace(microsecond=0),
                "nonce": nonce + 1 if self.lies == "nonce" else nonce,
            }
        ).dump()
        own = asn1_x509.Certificate.load(self.own.public_bytes(Encoding.DER))
        attributes = cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
                cms.CMSAttribute({"type": "message_digest", "values": [sha256(told).digest()]}),
                cms.CMSAttribute(
                    {
                        "type": "signing_certificate_v2",
                        "values": [
                            tsp.SigningCertificateV2({"certs": [{"cert_hash": sha256(own.dump()).digest()}]})
                        ],
                    }
                ),
            ]
        )
        signature = self._key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256())
        if self.lies == "signature":
            signature = bytes(len(signature))
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    {
                        "issuer_and_serial_number": {
                            "issuer": own.issuer,
                            "serial_number": own.serial_number,
                        }
                    }
                ),
                "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": "sha256_rsa"},
                "signature": signature,
            }
        )
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(told),
                },
                "certificates": [own],
                "signer_infos": [signer],
            }
        )
        status = "rejection" if self.lies == "status" else "granted"
        response: bytes = tsp.TimeStampResp(
            {
                "status": {"status": status},
                "time_stamp_token": {"content_type": "signed_data", "content": signed},
            }
        ).dump()
        return response


@contextmanager
def authority(lies: str = "") -> Iterator[Authority]:
    """Let an authority answer over HTTP."""
    one = Authority(lies)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if one.lies == "away":
                self.send_error(503)
                return
            plain = {"html": b"<html>Bonjour</html>", "broken": b"", "long": b"0" * 300_000}
            answer = plain[one.lies] if one.lies in plain else one.answer(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        one.url = f"http://127.0.0.1:{server.server_port}/tsr"
        try:
            yield one
        finally:
            server.shutdown()
