"""``/feeds/….atom``: a feed of posts, for the programs of intranets and for whoever was given its address."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from diffuse.ports import Clock
from diffuse.services.feeds import Feeds

MEDIA_TYPE = "application/atom+xml; charset=utf-8"

KEPT = "private, max-age=300"
"""Programs ask every few minutes; caches that others share keep nothing, as the address is a capability."""

SETTLED = timedelta(seconds=2)
"""What changed just now may change again in the same second, and then this instant would hide it."""


class FeedPages:
    """Answers with a feed, or that it is still the same."""

    def __init__(self, feeds: Feeds, clock: Clock, headers: Mapping[str, str]) -> None:
        """Take the service, the time, and the headers of each answer."""
        self._feeds = feeds
        self._clock = clock
        self._headers = headers

    @property
    def routes(self) -> list[Route]:
        """Where they are found."""
        return [Route("/feeds/{token}.atom", self.feed, methods=["GET"])]

    def feed(self, request: Request) -> Response:
        """Answer with a feed, or by 304 when the reader has it already."""
        feed, document = self._feeds.read(request.path_params["token"])
        tag = f'"{sha256(document).hexdigest()[:32]}"'
        headers = {**self._headers, "Cache-Control": KEPT, "ETag": tag}
        if self._clock.now() - feed.updated >= SETTLED:
            headers["Last-Modified"] = format_datetime(feed.updated, usegmt=True)
        if _has(request.headers, tag, feed.updated if "Last-Modified" in headers else None):
            return Response(status_code=304, headers=headers)
        return Response(document, media_type=MEDIA_TYPE, headers=headers)


def _has(asked: Mapping[str, str], tag: str, changed: datetime | None) -> bool:
    """Tell whether a reader has what there is (RFC 9110, 13): by its tag, or else by its instant."""
    if "if-none-match" in asked:
        known = [one.strip().removeprefix("W/") for one in asked["if-none-match"].split(",")]
        return tag in known or known == ["*"]
    try:
        since = parsedate_to_datetime(asked.get("if-modified-since", ""))
        return changed is not None and changed.replace(microsecond=0) <= since
    except (TypeError, ValueError):  # no date, or one without a zone
        return False
