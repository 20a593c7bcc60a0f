"""An identity provider by OpenID Connect: authorization code, PKCE, nonce; Authlib checks what it says.

Discovery and keys are kept for an hour; a key that is not known is looked for again, once.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from secrets import token_urlsafe
from threading import Lock
from typing import Any
from urllib.parse import quote_plus

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import Key, KeySet, import_key
from joserfc.jws import JWSRegistry

from diffuse.errors import PermanentFailure, TransientFailure
from diffuse.ports import Handshake

TIMEOUT = timedelta(seconds=10)
"""Without a byte from the provider; somebody waits."""

KEPT = timedelta(hours=1)
SOON = timedelta(seconds=10)
"""After which a provider that did not answer is asked again: meanwhile nobody waits for it."""

SKEW = timedelta(seconds=60)
"""By which its clock and ours may differ."""

SCOPE = "openid profile email"
EMAIL_CLAIM = "email"

SIGNED_BY = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""Signatures with a key that is the provider's alone: none that whoever knows our secret could make."""

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
WORDS = 200
"""Characters of the provider's own words that are kept."""

_OK, _BUSY, _SERVERS = 200, 429, 500


class OpenIdProvider:
    """One provider, at which employees have accounts. Implements ``ports.IdentityProvider``."""

    def __init__(  # noqa: PLR0913 -- what a provider tells its clients
        self,
        issuer: str,
        client_id: str,
        client_secret: str,
        *,
        claim: str = EMAIL_CLAIM,
        now: Callable[[], datetime],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Take what the provider gave us; nothing is connected before somebody signs in.

        Args:
            issuer: its address, exactly as it calls itself.
            client_id, client_secret: what it knows us by.
            claim: what of its word names the employee: an address or an id of the directory.
            now: the clock by which its word is too old.
            transport: another way to it than the network.
        """
        self.issuer = issuer
        self._client_id = client_id
        self._secret = client_secret
        self._claim = claim
        self._now = now
        self._http = httpx.Client(
            timeout=TIMEOUT.total_seconds(), headers={"Accept": "application/json"}, transport=transport
        )
        self._lock = Lock()
        self._kept: dict[str, tuple[datetime, dict[str, Any]]] = {}
        self._away: tuple[datetime, str] | None = None

    def __repr__(self) -> str:
        """Show which provider, and never the secret."""
        return f"OpenIdProvider({self.issuer!r}, client_id={self._client_id!r})"

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def begin(self, back: str) -> Handshake:
        """Begin a sign-in that leads the browser to an address of ours.

        Raises:
            TransientFailure: when the provider does not answer.
            PermanentFailure: when what answers is not this provider.
        """
        state, nonce, verifier = token_urlsafe(32), token_urlsafe(32), token_urlsafe(48)
        address = prepare_grant_uri(
            self._metadata()["authorization_endpoint"],
            client_id=self._client_id,
            response_type="code",
            redirect_uri=back,
            scope=SCOPE,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return Handshake(address=str(address), state=state, nonce=nonce, verifier=verifier)

    def finish(self, begun: Handshake, back: str, code: str) -> str:
        """Return the claim that names whoever has signed in.

        Raises:
            TransientFailure: when the provider does not answer.
            PermanentFailure: when it does not take the code, its word does not hold, or it names nobody.
        """
        given = self._redeem(begun, back, code)
        claims: Mapping[str, Any] = self._checked(given, begun.nonce)
        if self._claim not in claims:
            claims = self._asked(given, str(claims["sub"]))
        return self._named(claims)

    def _redeem(self, begun: Handshake, back: str, code: str) -> dict[str, Any]:
        """Exchange a code for tokens; a code that was exchanged before is refused by the provider."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": begun.verifier,
        }
        metadata = self._metadata()
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        auth = None
        if "client_secret_basic" in methods:
            auth = (_form_encoded(self._client_id), _form_encoded(self._secret))
        else:
            fields |= {"client_id": self._client_id, "client_secret": self._secret}
        given = self._json("POST", metadata["token_endpoint"], data=fields, auth=auth)
        if not isinstance(given.get("id_token"), str):
            raise PermanentFailure(f"{self.issuer} gave no ID token; is it asked for the scope 'openid'?")
        return given

    def _checked(self, given: Mapping[str, Any], nonce: str) -> CodeIDToken:
        """Return the claims of an ID token: signature, issuer, audience, nonce and times hold."""
        try:
            try:
                token = self._decoded(given["id_token"])
            except InvalidKeyIdError:
                self._kept.pop("jwks_uri", None)
                token = self._decoded(given["id_token"])
            claims = CodeIDToken(
                token.claims,
                token.header,
                options={
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self._client_id},
                },
                params={
                    "nonce": nonce,
                    "client_id": self._client_id,
                    "access_token": given.get("access_token"),
                },
            )
            claims.validate(now=int(self._now().timestamp()), leeway=int(SKEW.total_seconds()))
        except (JoseError, ValueError, TypeError, KeyError) as error:
            said = f"{type(error).__name__}: {error}"
            raise PermanentFailure(f"the word of {self.issuer} does not hold: {_line(said)}") from error
        return claims

    def _decoded(self, token: str) -> jwt.Token:
        keys = KeySet([key for one in self._keys().get("keys", ()) if (key := _key(one))])
        registry = JWSRegistry(algorithms=list(SIGNED_BY), strict_check_header=False)
        return jwt.decode(token, keys, registry=registry)

    def _asked(self, given: Mapping[str, Any], subject: str) -> Mapping[str, Any]:
        """Ask for what the ID token does not say; the answer must be about the same account."""
        address = self._metadata().get("userinfo_endpoint")
        if not address or not given.get("access_token"):
            return {}
        headers = {"Authorization": f"Bearer {given['access_token']}"}
        told = self._json("GET", address, headers=headers)
        if told.get("sub") != subject:
            raise PermanentFailure(
                f"{self.issuer} answered about another account than the one that signed in"
            )
        return told

    def _named(self, claims: Mapping[str, Any]) -> str:
        value = claims.get(self._claim)
        if not isinstance(value, str) or not value.strip():
            raise PermanentFailure(
                f"{self.issuer} does not say {self._claim!r} of whoever signed in; "
                "let it give us that claim, or name another one in oidc_claim"
            )
        if self._claim == EMAIL_CLAIM and str(claims.get("email_verified")).lower() == "false":
            raise PermanentFailure(f"{self.issuer} has not verified the address of whoever signed in")
        return value.strip()

    def _metadata(self) -> dict[str, Any]:
        """Return what the provider says of itself, where every provider says it."""
        return self._fetched(
            "", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration", self._described
        )

    def _keys(self) -> dict[str, Any]:
        return self._fetched("jwks_uri", self._metadata()["jwks_uri"], lambda found: found)

    def _fetched(
        self, name: str, address: str, checked: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> dict[str, Any]:
        """Return what is kept, or ask; while a provider does not answer, few wait for it."""
        with self._lock:
            since, found = self._kept.get(name, (None, {}))
            now = self._now()
            if since is not None and timedelta() <= now - since < KEPT:
                return found
            if self._away and timedelta() <= now - self._away[0] < SOON:
                raise TransientFailure(self._away[1])
            try:
                found = checked(self._json("GET", address))
            except TransientFailure as failure:
                self._away = (self._now(), str(failure))
                raise
            self._kept[name], self._away = (now, found), None
            return found

    def _described(self, found: dict[str, Any]) -> dict[str, Any]:
        """Refuse another provider, and addresses that somebody on the way could read."""
        if found.get("issuer") != self.issuer:
            raise PermanentFailure(
                f"{self.issuer} calls itself {_line(str(found.get('issuer')))}; put that into oidc_issuer"
            )
        scheme = self.issuer.partition("://")[0]
        for name in ENDPOINTS:
            if not str(found.get(name)).startswith((f"{scheme}://", "https://")):
                raise PermanentFailure(f"{self.issuer} gives no {name} by {scheme}")
        return found

    def _json(self, method: str, address: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        """Ask the provider; its own words go into every refusal, and no secret."""
        try:
            answer = self._http.request(method, address, **more)
        except httpx.TransportError as error:
            said = f"{type(error).__name__}: {error}"
            raise TransientFailure(f"{self.issuer} does not answer: {_line(said)}") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PermanentFailure(f"{self.issuer} cannot be asked: {_line(str(error))}") from None
        if answer.status_code >= _SERVERS or answer.status_code == _BUSY:
            raise TransientFailure(f"{self.issuer} answers {answer.status_code} at {address}")
        try:
            found = answer.json()
        except ValueError:
            found = None
        if answer.status_code != _OK or not isinstance(found, dict):
            raise PermanentFailure(f"{self.issuer} answers {answer.status_code} at {address}{_told(found)}")
        return found


def _key(found: Any) -> Key | None:  # noqa: ANN401 -- whatever JSON holds
    """Read a key by which the provider signs; it may publish others, and some that nobody here knows."""
    if not isinstance(found, dict) or found.get("use", "sig") != "sig":
        return None
    try:
        return import_key(found)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _form_encoded(text: str) -> str:
    """Encode a name or a secret as RFC 6749 2.3.1 asks, before both are put together."""
    return quote_plus(text)


def _told(found: object) -> str:
    """Return an OAuth error in the provider's own words."""
    if not isinstance(found, dict):
        return ""
    told = (found.get(name) for name in ("error", "error_description"))
    text = ", ".join(one for one in told if isinstance(one, str))
    return f": {_line(text)}" if text else ""


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WORDS else f"{line[: WORDS - 1]}…"
