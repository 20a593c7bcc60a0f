"""How often one link may be used: far more than people do, far less than what would fill a disk."""

from collections import OrderedDict
from collections.abc import Callable, Collection
from time import monotonic

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from diffuse.domain.networks import Network, client

AT_ONCE, EACH_SECOND = 60, 1.0
"""Uses of one link that may come together, and that are given back each second."""

LINKS = ("/o/", "/c/", "/d/", "/a/", "/m/", "/e/")

SHARED = ("/p/", "/feeds/")
SHARE = 1 / 20
"""The link of a post or of a feed is the same for everybody: it is counted for each address that asks, and
one use of it as this part of one, for many people may come from behind one address.
"""

KEPT = 100_000
"""Links that are watched at a time; the one that was used longest ago is forgotten first."""


class Limits:
    """A bucket for each link, in this process alone: a limit against floods needs no more."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        """Start with every link unused."""
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allow(self, link: str, cost: float = 1) -> bool:
        """Count a use of a link, or a part of one; False when it was used too often just now."""
        now = self._now()
        left, since = self._buckets.pop(link, (float(AT_ONCE), now))
        left = min(AT_ONCE, left + (now - since) * EACH_SECOND)
        self._buckets[link] = (max(0.0, left - cost), now)
        if len(self._buckets) > KEPT:
            self._buckets.popitem(last=False)
        return left >= cost


class Limited:
    """ASGI middleware that lets a link be used so often, and answers by ``refusal`` what is too much."""

    def __init__(
        self, app: ASGIApp, *, limits: Limits, refusal: ASGIApp, trusted: Collection[Network] = ()
    ) -> None:
        """Take the limits, the answer to what is too much, and the networks of our own proxies."""
        self._app = app
        self._limits = limits
        self._refusal = refusal
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        allowed = scope["type"] != "http" or self._allows(scope)
        await (self._app if allowed else self._refusal)(scope, receive, send)

    def _allows(self, scope: Scope) -> bool:
        path = scope.get("path", "")
        if path.startswith(SHARED):
            request = Request(scope)
            peer = request.client.host if request.client else ""
            forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
            return self._limits.allow(f"{path} {client(peer, forwarded, self._trusted)}", SHARE)
        return not path.startswith(LINKS) or self._limits.allow(path)
