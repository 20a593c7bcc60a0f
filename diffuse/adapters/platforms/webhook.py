"""Posts by a signed webhook, for platforms that diffuse does not know (https://www.standardwebhooks.com).

A publication has an id made of the key and of what it says, the same however often it is tried. A receiver
that remembers the ids takes none twice, so whatever was lost is sent again. One that is tried again with
another text is another request; the receiver knows by the key that it is the same post. It forgets the ids
of a post which is withdrawn, as nothing tells a late repetition from a post that is published again with the
same words. A change and a withdrawal do no harm when they are done twice, but would if one were taken for an
earlier one and left undone: their ids say when they were sent.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import httpx
import standardwebhooks
from standardwebhooks.webhooks import EmptyWebhookSecretError

from diffuse.adapters.platforms.calls import TIMEOUT, changed, gone, refused, sent
from diffuse.adapters.platforms.cleaning import clean
from diffuse.adapters.platforms.hook import Hook, clock, dressed, encoded, no_page
from diffuse.domain.post import Answer, Dressed, Gone, Post, Posted, Unsure, Withdrawn
from diffuse.errors import AuthoringError

DIGEST = 16
"""Hexadecimal digits that tell one content of a post from another."""


class Webhook:
    """A receiver of signed webhooks.

    Args:
        url: the receiver's address; it may hold a secret, so it is shown nowhere.
        secret: what both sides sign with, ``whsec_`` and base64.
        now: tells the time, for the signature.

    Raises:
        AuthoringError: for an address or a secret that cannot be read.
    """

    def __init__(  # noqa: PLR0913 -- what a receiver is made of
        self,
        url: str,
        secret: str,
        *,
        name: str = "webhook",
        timeout: timedelta = TIMEOUT,
        verify: bool = True,
        now: Callable[[], datetime] = clock,
    ) -> None:
        """Take the address and the secret; nothing is connected before the first call."""
        self._signer = _signer(secret)
        self._hook = Hook(
            url, timeout=timeout, verify=verify, secrets=(secret, secret.removeprefix("whsec_"))
        )
        self._name, self._now = name, now

    @property
    def name(self) -> str:
        """The channel's name in campaigns and reports."""
        return self._name

    def dress(self, post: Post) -> Dressed:
        """Return the body of the request, as of the instant when the post is published."""
        return dressed(_body("post.published", post.publish_at, _data(post)))

    def post(self, post: Post) -> Answer:
        """Publish a post; the receiver keeps it back until its time."""
        id_ = f"published-{post.key}-{_digest(post)}"
        return sent(lambda: self._posted(id_, "post.published", post), is_safe=True)

    def lookup(self, key: str) -> Unsure:  # noqa: ARG002 -- whatever the key
        """Say that a receiver cannot be asked."""
        return Unsure("a webhook only takes what is sent; look in the receiver whether the post is there")

    def update(self, post: Post) -> Answer:
        """Send what a post says now; ``Refused`` when the receiver knows no such post."""
        id_ = f"updated-{post.key}-{_digest(post)}-{self._now():%Y%m%d%H%M%S%f}"
        return changed(lambda: self._posted(id_, "post.updated", post))

    def withdraw(self, key: str) -> Gone:
        """Tell that a post is withdrawn."""

        def write() -> Withdrawn:
            self._sent(f"withdrawn-{key}-{self._now():%Y%m%d%H%M%S%f}", "post.withdrawn", {"key": key})
            return Withdrawn()

        return gone(write)

    def close(self) -> None:
        """Hang up; the next call connects anew."""
        self._hook.close()

    def _posted(self, id_: str, kind: str, post: Post) -> Posted:
        told = _told(self._sent(id_, kind, _data(post)))
        return Posted(told.get("id") or post.key, told.get("url", ""))

    def _sent(self, id_: str, kind: str, data: dict[str, Any]) -> httpx.Response:
        at = self._now().astimezone(UTC)
        body = encoded(_body(kind, at, data))
        headers = {
            "webhook-id": id_,
            "webhook-timestamp": f"{int(at.timestamp())}",
            "webhook-signature": self._signer.sign(id_, at, body.decode()),
        }
        response = self._hook.send(body, headers, known=(HTTPStatus.GONE,))
        if response.status_code == HTTPStatus.GONE:
            said = self._hook.words(response)
            raise refused(f"the receiver wants no webhooks any longer; remove it from the settings: {said}")
        no_page(response)
        return response


def _signer(secret: str) -> standardwebhooks.Webhook:
    try:
        return standardwebhooks.Webhook(secret)
    except (ValueError, EmptyWebhookSecretError):
        raise AuthoringError.of(
            "the secret of the webhook cannot be read; it is not shown here",
            "whsec_ and base64, as the receiver gave it out",
        ) from None


def _digest(post: Post) -> str:
    """Tell one content from another; the instant is no part of it, as it moves when a post is put off."""
    data = _data(post)
    del data["publish_at"]
    return sha256(encoded(data)).hexdigest()[:DIGEST]


def _data(post: Post) -> dict[str, Any]:
    return {
        "key": post.key,
        "title": post.title,
        "html": clean(post.html),
        "text": post.text,
        "language": post.language,
        "publish_at": post.publish_at.astimezone(UTC).isoformat(),
        "url": post.url,
    }


def _body(kind: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "timestamp": at.astimezone(UTC).isoformat(), "data": data}


def _told(response: httpx.Response) -> dict[str, str]:
    """Return the id and the address that a receiver may answer with; an answer that is none is none."""
    try:
        told = json.loads(response.content)
    except ValueError:
        return {}
    if not isinstance(told, dict):
        return {}
    url = told.get("url")
    safe = url if isinstance(url, str) and url.startswith(("http://", "https://")) else ""
    return {"id": f"{told.get('id') or ''}", "url": safe}
