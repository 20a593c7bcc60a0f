"""Who asks: an employee whom a proxy of ours names, or one whose browser has a session."""

from collections.abc import Collection
from ipaddress import IPv6Address, ip_address

from starlette.requests import Request
from starlette.responses import Response

from diffuse.domain.identity import PROXY, Identified
from diffuse.domain.networks import Network, within
from diffuse.services.identify import SIGNED_IN, Identify, Unidentified

NAME = "diffuse"

NOBODY = frozenset({"", "(null)"})
"""What proxies put into the header where nobody has signed in; ``(null)`` is Apache's."""


class Cookie:
    """A cookie of ours; browsers hold one that begins with ``__Host-`` to this host and to HTTPS."""

    def __init__(self, name: str, base_url: str) -> None:
        """Take its name, and our own address, which says whether employees come by HTTPS."""
        self._secure = base_url.startswith("https://")
        self.name = f"__Host-{name}" if self._secure else name

    def read(self, request: Request) -> str:
        """Return what the browser sent; empty when nothing."""
        return request.cookies.get(self.name, "")

    def give(self, response: Response, value: str, seconds: int) -> None:
        """Let the browser keep a value for so long; no script reads it, no other site sends it in a form."""
        response.set_cookie(
            self.name, value, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def drop(self, response: Response) -> None:
        """Let the browser forget it."""
        response.delete_cookie(self.name, path="/", secure=self._secure, httponly=True, samesite="lax")


class SessionCookie(Cookie):
    """Holds the token of a session."""

    def __init__(self, base_url: str) -> None:
        """Take our own address."""
        super().__init__(NAME, base_url)

    def begin(self, response: Response, token: str) -> None:
        """Let the browser keep the token for as long as the session lasts."""
        self.give(response, token, int(SIGNED_IN.total_seconds()))


class WhoAsks:
    """Finds the employee behind a request; it asks the database, so it is called in a thread."""

    def __init__(
        self,
        identify: Identify,
        identity_header: str = "",
        trusted_proxies: Collection[Network] = (),
        *,
        base_url: str,
    ) -> None:
        """Take what finds employees, and whom to believe.

        Args:
            identify: knows sessions and the directory.
            identity_header: the header in which our proxies name who has signed in; empty for none.
            trusted_proxies: their networks; the header of anybody else is ignored.
            base_url: our own address.
        """
        self._identify = identify
        self._header = identity_header.lower().encode()
        self._trusted = trusted_proxies
        self._cookie = SessionCookie(base_url)

    def of(self, request: Request) -> Identified | None:
        """Return who asks; None when nobody is known. What a proxy of ours says goes before any session.

        Raises:
            Unidentified: when a proxy of ours names somebody who is not one employee.
        """
        named = self._named(request)
        if named not in NOBODY:
            return self._identify.claimed(named, PROXY)
        token = self._cookie.read(request)
        return self._identify.session(token) if token else None

    def _named(self, request: Request) -> str:
        """Return whom the other end of the connection names; empty unless that is a proxy of ours."""
        if not self._header or not self._is_ours(request.client.host if request.client else ""):
            return ""
        values = [value for name, value in request.scope["headers"] if name == self._header]
        if len(values) > 1:
            raise Unidentified(
                "several", f"{self._header.decode()} came {len(values)} times; the proxy must replace it"
            )
        return "".join(values[0].decode("utf-8", "replace").strip() if values else "")

    def _is_ours(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return within(str(address).partition("%")[0], self._trusted)
