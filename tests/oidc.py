"""Identity providers for tests: a strict one of our own, which lies when it is told to, and one of others.

Ours follows OpenID Connect Core 1.0 and PKCE (RFC 7636) to the letter, and takes nothing that they forbid.
"""

import hmac
import json
import subprocess
import sys
import threading
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.servers import free_port

CLIENT, SECRET = "diffuse:université", "s3cret: à 100 %"
CALLBACK = "https://suivi.universite.example/oidc/callback"


def half_hash(token: str) -> str:
    """Return ``at_hash`` as Core 3.1.3.6 says."""
    return urlsafe_b64encode(sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()


def plain(part: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def hmac_signed(header: Mapping[str, Any], claims: Mapping[str, Any], secret: bytes) -> str:
    signed = f"{plain(header)}.{plain(claims)}"
    mac = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


@dataclass
class Provider:
    """A provider at which everybody can sign in whom a test names; what a test sets, it says instead.

    ``changes`` go into the ID token (None takes a claim out), ``kept_back`` says what only userinfo tells,
    ``lies`` how it does wrong: ``signature``, ``none``, ``secret``, ``public``, ``no token``, ``html``,
    ``busy``, ``error``, ``issuer``; or otherwise: ``post``, ``no kid``. ``further`` are keys that it has too.
    """

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    url: str = ""
    lies: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    kept_back: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, tuple[dict[str, str], dict[str, Any]]] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    further: list[Any] = field(default_factory=list)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}, auto_kid=False))

    def rotates(self) -> None:
        """Sign with another key from now on."""
        self.key = RSAKey.generate_key(2048, {"kid": f"{id(self)}"})

    def signs_in(self, address: str, callback: str = CALLBACK, **claims: Any) -> dict[str, str]:  # noqa: ANN401
        """Do what a browser and its employee do at the authorization endpoint; return what comes back."""
        split = urlsplit(address)
        assert f"{split.scheme}://{split.netloc}{split.path}" == f"{self.url}/authorize"
        pairs = parse_qsl(split.query, strict_parsing=True)
        asked = dict(pairs)
        assert len(asked) == len(pairs)
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert asked["redirect_uri"] == callback
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["code_challenge"]) == 43
        assert len(asked["state"]) >= 43
        assert len(asked["nonce"]) >= 43
        code = f"code{len(self.codes)}"
        self.codes[code] = (asked, {"sub": "248289761001", **claims})
        return {"code": code, "state": asked["state"], "iss": self.url}

    def metadata(self) -> dict[str, Any]:
        issuer = "https://other.example" if self.lies == "issuer" else self.url
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks",
            **({"token_endpoint_auth_methods_supported": ["client_secret_post"]} if self._takes_post else {}),
        }

    @property
    def _takes_post(self) -> bool:
        return self.lies == "post"

    def token(self, authorization: str, form: Mapping[str, list[str]]) -> tuple[int, dict[str, Any]]:
        given = {name: value for name, (value,) in form.items()}
        if self._takes_post:
            client = (given.get("client_id", ""), given.get("client_secret", ""))
        else:
            said = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
            client = (unquote_plus(said[0]), unquote_plus(said[2]))
        if client != (CLIENT, SECRET):
            return 401, {"error": "invalid_client", "error_description": "Unknown client"}
        asked, claims = self.codes.pop(given.get("code", ""), ({}, {}))
        verifier = given.get("code_verifier", "")
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        right = (
            given.get("grant_type") == "authorization_code"
            and asked.get("redirect_uri") == given.get("redirect_uri")
            and asked.get("code_challenge") == challenge
        )
        if not right:
            return 400, {"error": "invalid_grant", "error_description": "The code is not valid"}
        access = f"access-{given['code']}"
        self.tokens[access] = {**claims, **self.kept_back}
        answer: dict[str, Any] = {"access_token": access, "token_type": "Bearer", "expires_in": 60}
        if self.lies != "no token":
            answer["id_token"] = self._id_token(asked["nonce"], access, claims)
        return 200, answer

    def _id_token(self, nonce: str, access: str, claims: Mapping[str, Any]) -> str:
        now = int(self.now().timestamp())
        told = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "at_hash": half_hash(access),
            **claims,
            **self.changes,
        }
        told = {name: value for name, value in told.items() if value is not None}
        if self.lies == "none":
            return f"{plain({'alg': 'none'})}.{plain(told)}."
        if self.lies in {"secret", "public"}:
            # What is no secret to everybody else: what we share, and the public key.
            shared = SECRET.encode() if self.lies == "secret" else self.key.as_pem(private=False)
            return hmac_signed({"alg": "HS256", "kid": self.key.kid}, told, shared)
        key = RSAKey.generate_key(2048) if self.lies == "signature" else self.key
        named = {} if self.lies == "no kid" else {"kid": self.key.kid}
        return jwt.encode({"alg": "RS256", **named}, told, key)

    def userinfo(self, authorization: str) -> tuple[int, dict[str, Any]]:
        found = self.tokens.get(authorization.removeprefix("Bearer "))
        return (200, found) if found else (401, {"error": "invalid_token"})


@contextmanager
def provider(now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Iterator[Provider]:
    """Run a strict provider on this machine."""
    one = Provider(now)

    class Handler(BaseHTTPRequestHandler):
        """Speaks HTTP for the provider."""

        def do_GET(self) -> None:
            answers: dict[str, Callable[[], tuple[int, dict[str, Any]]]] = {
                "/.well-known/openid-configuration": lambda: (200, one.metadata()),
                "/jwks": lambda: (200, {"keys": [*one.further, one.key.as_dict(private=False)]}),
                "/userinfo": lambda: one.userinfo(self.headers.get("authorization", "")),
            }
            self._answer(*answers.get(self.path, lambda: (404, {}))())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            authorization = self.headers.get("authorization", "")
            self._answer(*one.token(authorization, parse_qs(body, keep_blank_values=True)))

        def _answer(self, status: int, body: object) -> None:
            one.asked.append(self.path)
            said = json.dumps(body).encode()
            if one.lies in {"busy", "error"}:
                status = 503 if one.lies == "busy" else 418
            if one.lies == "html":
                said = b"<h1>Portail</h1>"
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        one.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield one
        server.shutdown()
        thread.join()


@contextmanager
def others() -> Iterator[str]:
    """Run the provider of the package oidc-provider-mock in a process of its own; give its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "oidc_provider_mock",
        "--port",
        f"{port}",
        "--require-nonce",
        "true",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(url)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str) -> None:
    until = monotonic() + 20
    while True:
        try:
            httpx.get(f"{url}/.well-known/openid-configuration").raise_for_status()
        except httpx.TransportError:
            assert monotonic() < until
            sleep(0.05)
        else:
            return


def account(url: str, subject: str, **claims: object) -> None:
    """Give the provider of others an account."""
    httpx.put(f"{url}/users/{subject}", json=claims).raise_for_status()


def sign_in_at_others(address: str, subject: str, action: str = "") -> dict[str, str]:
    """Sign in there as a browser does that sends its form; return what comes back."""
    form = {"sub": subject, **({"action": action} if action else {})}
    answer = httpx.post(address, data=form, follow_redirects=False)
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))
