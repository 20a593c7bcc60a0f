"""A receiver of signed webhooks of our own, strict, and without the library that signs.

Built from https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
"""

import hmac
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from time import time
from typing import Any

from tests.suites.platforms.hook_server import Reply, Wrong, keys, listening
from tests.suites.platforms.rig import Recipe, Seen

KEY = b"une cle de trente-deux octets..."
SECRET = f"whsec_{b64encode(KEY).decode()}"
OTHER = f"whsec_{b64encode(b'une autre cle de trente-deux oct').decode()}"
TOKEN = "R3ceiver-T0ken"
FRESH = 300
POST = {"key", "title", "html", "text", "language", "publish_at", "url"}
KINDS = {"post.published", "post.updated", "post.withdrawn"}


@dataclass(kw_only=True)
class WebhookServer:
    """Takes posts, each id once; it is its own rig."""

    address: str = ""
    looks_up: bool = False
    changes: bool = True
    cleans: bool = True
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Posts by key."""
    ids: dict[str, str] = field(default_factory=dict)
    """The key of each webhook-id that was taken."""
    asked: list[str] = field(default_factory=list)
    """The webhook-id of each request, signed well or not."""
    replies: list[Reply] = field(default_factory=list)
    """What the next requests are answered, after they were taken."""
    refusals: list[Reply] = field(default_factory=list)
    """What the next requests are answered, without being taken."""
    forgets: bool = True
    """Whether it forgets the ids of what is withdrawn, as it should; many only drop doubles."""

    def recipe(self, address: str = "", *, credentials: str = "good") -> Recipe:
        """Say how the adapter is put together."""
        return Recipe(
            adapter="diffuse.adapters.platforms.webhook:Webhook",
            arguments={
                "url": f"{address or self.address}/hooks/{TOKEN}",
                "secret": SECRET if credentials == "good" else OTHER,
            },
        )

    def posts(self) -> Sequence[Seen]:
        """Return what people can read by now."""
        now = datetime.now(UTC)
        return [
            Seen(title=post["title"], content=post["html"])
            for post in self.kept.values()
            if datetime.fromisoformat(post["publish_at"]) <= now
        ]

    def empty(self) -> None:
        """Forget everything."""
        self.forgets = True
        for memory in (self.kept, self.ids, self.asked, self.replies, self.refusals):
            memory.clear()

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Take a request."""
        self.asked.append(headers.get("webhook-id", ""))
        if self.refusals:
            return self.refusals.pop(0)
        if path != f"/hooks/{TOKEN}":
            raise Wrong(Reply.of({"message": f"nobody listens at {path}"}, 404))
        try:
            id_ = _signed(headers, body)
            kind, data = _read(headers, body)
        except ValueError as error:
            raise Wrong(Reply.of({"message": f"{error}"}, 400)) from None
        told = self._take(id_, kind, data)
        return self.replies.pop(0) if self.replies else told

    def _take(self, id_: str, kind: str, data: dict[str, Any]) -> Reply:
        key = data["key"]
        told = Reply.of({"id": f"r-{key}", "url": f"{self.address}/posts/{key}"}, 202)
        if id_ in self.ids:
            return told
        if kind == "post.updated" and key not in self.kept:
            raise Wrong(Reply.of({"message": f"there is no post {key}"}, 404))
        self.ids[id_] = key
        if kind == "post.withdrawn":
            self.kept.pop(key, None)
        if kind == "post.withdrawn" and self.forgets:
            self.ids = {one: about for one, about in self.ids.items() if about != key or one == id_}
        if kind != "post.withdrawn":
            self.kept[key] = data
        return told


def _signed(headers: Mapping[str, str], body: bytes) -> str:
    """Return the id of a request whose signature holds."""
    id_, at, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not id_ or "." in id_ or not at.isdecimal():
        raise ValueError("webhook-id or webhook-timestamp is not as it should be")
    if abs(time() - int(at)) > FRESH:
        raise ValueError("webhook-timestamp is too far from now")
    expected = hmac.new(KEY, f"{id_}.{at}.".encode() + body, sha256).digest()
    given = [one.partition(",") for one in signatures.split(" ")]
    if not any(
        version == "v1" and hmac.compare_digest(b64decode(text), expected) for version, _, text in given
    ):
        raise Wrong(Reply.of({"message": "the signature does not hold"}, 401))
    return id_


def _read(headers: Mapping[str, str], body: bytes) -> tuple[str, dict[str, Any]]:
    """Return the kind and the data of an event that is as it should be."""
    if headers.get("content-type") != "application/json":
        raise ValueError("JSON is expected")
    event = keys(json.loads(body), {"type", "timestamp", "data"})
    if event["type"] not in KINDS:
        raise ValueError(f"unknown type {event['type']!r}")
    if datetime.fromisoformat(event["timestamp"]).utcoffset() is None:
        raise ValueError("the timestamp is not aware")
    data = keys(event["data"], {"key"} if event["type"] == "post.withdrawn" else POST)
    if not re.fullmatch(r"[a-z0-9-]{1,64}", data["key"]):
        raise ValueError(f"{data['key']!r} is no key")
    return event["type"], data


@contextmanager
def webhook_server() -> Iterator[WebhookServer]:
    """Let a receiver answer."""
    server = WebhookServer()
    with listening(server.answer) as address:
        server.address = address
        yield server
