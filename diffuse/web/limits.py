"""How often one link may be used: far more than people do, far less than what would fill a disk."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from starlette.types import ASGIApp, Receive, Scope, Send

AT_ONCE, EACH_SECOND = 60, 1.0
"""Uses of one link that may come together, and that are given back each second."""

LINKS = ("/o/", "/c/", "/d/", "/a/", "/m/")
KEPT = 100_000
"""Links that are watched at a time; the one that was used longest ago is forgotten first."""


class Limits:
    """A bucket for each link, in this process alone: a limit against floods needs no more."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        """Start with every link unused."""
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allow(self, link: str) -> bool:
        """Count a use of a link; False when it was used too often just now."""
        now = self._now()
        left, since = self._buckets.pop(link, (float(AT_ONCE), now))
        left = min(AT_ONCE, left + (now - since) * EACH_SECOND)
        self._buckets[link] = (max(0.0, left - 1), now)
        if len(self._buckets) > KEPT:
            self._buckets.popitem(last=False)
        return left >= 1


class Limited:
    """ASGI middleware that lets a link be used so often, and answers by ``refusal`` what is too much."""

    def __init__(self, app: ASGIApp, *, limits: Limits, refusal: ASGIApp) -> None:
        """Take the limits, and the answer to what is too much."""
        self._app = app
        self._limits = limits
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        path = scope.get("path", "")
        is_link = scope["type"] == "http" and path.startswith(LINKS)
        allowed = not is_link or self._limits.allow(path)
        await (self._app if allowed else self._refusal)(scope, receive, send)
