"""Who asks, as far as a request tells, cut down to what is kept."""

from collections.abc import Collection

from starlette.requests import Request

from diffuse.domain.agents import LONGEST
from diffuse.domain.networks import Network, client, truncated
from diffuse.domain.verdicts import Visit

ANNOUNCE = ("sec-purpose", "purpose", "x-purpose", "x-moz")
"""Headers by which browsers and previews say that nobody looks yet."""

AHEAD = ("prefetch", "preview", "prerender")


def visit_of(request: Request, trusted: Collection[Network]) -> Visit:
    """Read a request; of its address only the network is kept, and only ``trusted`` proxies are believed."""
    headers = request.headers
    peer = request.client.host if request.client else ""
    address = client(peer, ",".join(headers.getlist("x-forwarded-for")), trusted)
    announced = " ".join(headers.get(name, "") for name in ANNOUNCE).lower()
    return Visit(
        method=request.method,
        agent=headers.get("user-agent", "")[:LONGEST],
        prefetch=" ".join(word for word in AHEAD if word in announced),
        network=truncated(address),
    )
