"""Incoming webhooks: an address that takes one POST, and that is a secret as a whole.

Only the host stands in the address that httpx is given; the rest goes out as the target of the request (the
``target`` extension of httpx), so that no log of it holds the secret.
"""

import json
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import httpx

from diffuse.adapters.platforms.calls import TIMEOUT, Calls, refused
from diffuse.domain.post import Dressed
from diffuse.errors import AuthoringError

UNESCAPED = "/%:@!$&'()*+,;=~?-._"
"""What stays as it is in a path or a query; what is not ASCII is percent-encoded."""

SEPARATORS = re.compile(r"[/:?&=,@#;]+")
RANDOM = re.compile(r"(?=.*[A-Z0-9])\S{6,}|\S{20,}")
"""A part of an address that may well be a token."""


class Hook:
    """The address of an incoming webhook, as a chat or a receiver gave it out.

    Args:
        url: the address; it is shown nowhere, not even in the errors about it.
        timeout: how long the other side may be silent.
        verify: whether its certificate is checked.

    Raises:
        AuthoringError: for what is no address.
    """

    def __init__(
        self, url: str, *, timeout: timedelta = TIMEOUT, verify: bool = True, secrets: Collection[str] = ()
    ) -> None:
        """Take the address; nothing is connected before the first call."""
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        if parts.scheme not in {"http", "https"} or not host:
            raise AuthoringError.of(
                "the address of the webhook cannot be read; it is not shown here, as it is a secret",
                "the whole address, from https:// on, as the platform gave it out",
            )
        auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        target = quote(f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}", safe=UNESCAPED)
        shown = f"[{host}]" if ":" in host else host
        self._target = target.encode()
        self._calls = Calls(
            f"{parts.scheme}://{shown}{f':{port}' if port else ''}",
            auth=auth,
            timeout=timeout,
            secrets=(*secrets, *secrets_of(url)),
            verify=verify,
        )

    def send(
        self,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        known: Collection[int] = (),
        more: str = "",
    ) -> httpx.Response:
        """Send JSON; ``more`` is added to the query. Raises what ``Calls.write`` raises."""
        target = self._target
        if more:
            target += (b"&" if b"?" in target else b"?") + more.encode()
        response = self._calls.write(
            "POST",
            "/",
            known={*known, *range(300, 400)},
            content=body,
            headers={"Content-Type": "application/json", **(headers or {})},
            extensions={"target": target},
        )
        if response.is_redirect:
            raise refused(
                "the address leads elsewhere, and redirects are not followed; put the final address into the"
                f" settings: {self.words(response)}"
            )
        return response

    def words(self, response: httpx.Response) -> str:
        """Return the status and what the other side said, without anything secret."""
        return self._calls.words(response)

    def close(self) -> None:
        """Hang up; the next call connects anew."""
        self._calls.close()


def secrets_of(url: str) -> tuple[str, ...]:
    """Return an address and those parts of it that may be tokens, longest first."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        parts = urlsplit("")
    tokens = {*SEPARATORS.split(url), *parts.query.split("&")}
    tokens |= {value for _, value in parse_qsl(parts.query)}
    tokens |= {unquote(token) for token in tokens}
    found = {token for token in tokens if RANDOM.fullmatch(token)}
    found -= {part for part in SEPARATORS.split(parts.netloc) if "." in part}  # a host is no secret
    found |= {url, url.strip(), parts.path, parts.query, parts.username or "", parts.password or ""}
    return tuple(sorted(found - {"/", ""}, key=len, reverse=True))


def no_page(response: httpx.Response) -> None:
    """Raise ValueError for a web page, which no receiver answers with."""
    if response.headers.get("content-type", "").startswith("text/html"):
        raise ValueError("it answers with a web page")


def encoded(payload: object) -> bytes:
    """Return JSON as it is sent: UTF-8, without spaces."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def dressed(payload: object) -> Dressed:
    """Return the same JSON for people to read."""
    return Dressed("application/json", json.dumps(payload, ensure_ascii=False, indent=2))


def clock() -> datetime:
    """Return the instant, in UTC and aware."""
    return datetime.now(UTC)
