"""Who asks, as far as a request tells, cut down to what is kept."""

from collections.abc import Collection

from starlette.requests import Request

from diffuse.domain.agents import LONGEST
from diffuse.domain.networks import Network, client, truncated
from diffuse.domain.verdicts import Visit

ANNOUNCE = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
"""Headers by which browsers and previews say that nobody looks yet."""

TELL = frozenset({*ANNOUNCE, b"user-agent", b"x-forwarded-for"})

AHEAD = ("prefetch", "preview", "prerender")


def visit_of(request: Request, trusted: Collection[Network]) -> Visit:
    """Read a request; of its address only the network is kept, and only ``trusted`` proxies are believed."""
    said: dict[bytes, list[str]] = {}
    for name, value in request.scope["headers"]:
        if name in TELL:
            said.setdefault(name, []).append(value.decode("latin-1"))
    peer = request.client.host if request.client else ""
    address = client(peer, ",".join(said.get(b"x-forwarded-for", ())), trusted)
    announced = " ".join(value for name in ANNOUNCE for value in said.get(name, ())).lower()
    return Visit(
        method=request.method,
        agent=said.get(b"user-agent", ("",))[0][:LONGEST],
        prefetch=" ".join(word for word in AHEAD if word in announced),
        network=truncated(address),
    )
