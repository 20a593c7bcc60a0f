"""The tracking service's own log: one line of JSON for each request."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TextIO, TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from diffuse.ports import Clock

PURPOSES = {
    "o": "open",
    "c": "click",
    "a": "acknowledge",
    "m": "mine",
    "d": "decoy",
    "p": "post",
    "feeds": "feed",
    "pending": "pending",
    "e": "entry",
    "oidc": "oidc",
    **{name: name for name in ("health", "metrics", "api")},
}
LONGEST_PATH = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """One request and its answer.

    Attributes:
        at: the instant of the answer (UTC).
        path: without what signs somebody in, which whoever reads the log could use.
        purpose: open, click, acknowledge, decoy, post, feed, pending, entry, oidc, health, metrics or
            api, from the path alone; empty for any other path.
    """

    at: datetime
    method: str
    path: str
    status: int
    purpose: str


_FIELDS = tuple(Hit.__dataclass_fields__)

Log: TypeAlias = Callable[[Hit], None]


def silent(hit: Hit) -> None:
    """Keep nothing."""


def json_lines(stream: TextIO) -> Log:
    """Return a log that writes each hit as one line of JSON to a stream and flushes it."""
    lock = Lock()

    def write(hit: Hit) -> None:
        line = json.dumps({name: getattr(hit, name) for name in _FIELDS} | {"at": hit.at.isoformat()})
        with lock:
            stream.write(f"{line}\n")
            stream.flush()

    return write


class Logged:
    """ASGI middleware that logs every request with the status of its answer."""

    def __init__(self, app: ASGIApp, *, log: Log, clock: Clock) -> None:
        """Keep the log and the clock."""
        self._app = app
        self._log = log
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and log it when its answer starts; a failure without an answer is a 500."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._note(scope, message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            if not started:
                self._note(scope, 500)
            raise

    def _note(self, scope: Scope, status: int) -> None:
        path = scope["path"][:LONGEST_PATH]
        purpose = PURPOSES.get(path.split("/")[1], "") if path.startswith("/") else ""
        if purpose == "entry":
            path = "/e/…"
        self._log(
            Hit(at=self._clock.now(), method=scope["method"], path=path, status=status, purpose=purpose)
        )
