"""A timestamp authority by RFC 3161 over HTTP (its section 3.4), through ``rfc3161-client``.

Every command can reach it, and hardly one does: what it takes is imported when it is.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256 as sha256_of
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from diffuse.errors import AuthoringError, TransientFailure

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

PATIENCE = 20
"""Seconds for an answer."""

MOST = 256 * 1024
"""Bytes of an answer, at most: one with a whole chain of certificates has some thousand."""

LATER = "it is tried again"


class TimestampAuthority:
    """Asks for timestamps, and checks those that are there."""

    def __init__(self, url: str, *, roots: bytes = b"") -> None:
        """Take the address, and the certificates in PEM that are trusted; without any, none is checked.

        Raises:
            AuthoringError: for certificates that cannot be read.
        """
        self.url = url
        self._roots = _certificates(roots) if roots else ()

    def stamp(self, sha256: str) -> bytes:
        """Return the answer about a hash, checked as far as this can be.

        Raises:
            TransientFailure: when there is none, or none that is about this hash.
        """
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

        asked = (
            TimestampRequestBuilder().data(sha256.encode()).hash_algorithm(HashAlgorithm.SHA256)
        ).cert_request(cert_request=True)
        request = asked.build()
        response = self._post(request.as_bytes())
        if problem := self.problem(response, sha256, nonce=request.nonce):
            raise TransientFailure(f"the timestamp of {self.url} is not used: {problem}; {LATER}")
        return response

    def problem(self, response: bytes, sha256: str, *, nonce: int | None = None) -> str:
        """Say what is wrong with an answer about a hash; empty when nothing is.

        Whether somebody who is trusted signed it is checked only when certificates were given.
        """
        from rfc3161_client import VerificationError, decode_timestamp_response

        try:
            return self._problem(decode_timestamp_response(response), sha256.encode(), nonce)
        except VerificationError as error:
            return str(error)
        except (ValueError, AttributeError, TypeError) as error:
            return f"it cannot be read as a timestamp ({error})"

    def at(self, response: bytes) -> datetime:
        """Return the instant that an answer names."""
        from rfc3161_client import decode_timestamp_response

        return decode_timestamp_response(response).tst_info.gen_time.astimezone(UTC)

    def _problem(self, told: "TimeStampResponse", message: bytes, nonce: int | None) -> str:
        from rfc3161_client import PKIStatus, VerifierBuilder

        if PKIStatus(told.status) != PKIStatus.GRANTED:
            return f"the authority refused ({PKIStatus(told.status).name} {' '.join(told.status_string)})"
        if nonce is not None and told.tst_info.nonce != nonce:
            return "it answers another request"
        if not self._roots:
            return "" if _imprint(told) == _digest(message) else "it is about something else"
        builder = VerifierBuilder()
        for root in self._roots:
            builder = builder.add_root_certificate(root)
        builder.build().verify_message(told, message)
        return ""

    def _post(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query", "User-Agent": "diffuse"}
        request = Request(self.url, data=body, headers=headers)  # noqa: S310 -- settings allow http alone
        try:
            with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 -- as above
                data: bytes = answer.read(MOST + 1)
        except HTTPError as error:
            with error:
                raise self._away(f"it answers {error.code} {error.reason}") from None
        except (URLError, HTTPException, OSError) as error:
            raise self._away(str(getattr(error, "reason", error))) from None
        if len(data) > MOST:
            raise self._away("its answer is too long")
        return data

    def _away(self, why: str) -> TransientFailure:
        return TransientFailure(f"no timestamp from {self.url}: {why}; {LATER}")


def _certificates(pem: bytes) -> "Sequence[Certificate]":
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(pem)
    except ValueError as error:
        raise AuthoringError.of(
            f"the certificates of timestamp_ca cannot be read: {error}", "certificates in PEM"
        ) from None


def _imprint(told: "TimeStampResponse") -> bytes:
    return told.tst_info.message_imprint.message


def _digest(message: bytes) -> bytes:
    return sha256_of(message).digest()
