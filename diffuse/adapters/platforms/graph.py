"""Microsoft Graph, signed in as an application: what every call to it has in common.

The token comes from the client credentials flow of Microsoft's identity platform; it is kept until shortly
before it expires, and asked for once more when Graph does not accept it.

https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow
https://learn.microsoft.com/en-us/graph/throttling
https://learn.microsoft.com/en-us/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online
"""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from http import HTTPStatus
from threading import Lock
from time import monotonic
from typing import Any
from urllib.parse import quote

import httpx

from diffuse.adapters.platforms.calls import LATER, TIMEOUT, Calls, Declined, refused
from diffuse.domain.post import Retry

SCOPE = "https://graph.microsoft.com/.default"
"""All that an administrator consented to for the application."""

TRAFFIC = "NONISV|diffuse|diffuse/1.0"
"""How SharePoint asks programs to name themselves; those that do are throttled last."""

SPARE = timedelta(minutes=5)
"""Before a token expires it is not used any more; of one that lasts shorter, half its time."""


class Graph:
    """Microsoft Graph, as one application of one tenant.

    Args:
        tenant: its id or its domain.
        client_id: the application's.
        client_secret: the application's; shown nowhere.
        graph: the address of Graph, with its version.
        login: the address of the identity platform.
        timeout: how long either may be silent.
        verify: whether their certificates are checked.
    """

    def __init__(  # noqa: PLR0913 -- what a connection is made of
        self,
        *,
        tenant: str,
        client_id: str,
        client_secret: str,
        graph: str,
        login: str,
        timeout: timedelta = TIMEOUT,
        verify: bool = True,
    ) -> None:
        """Take the addresses; nothing is connected before the first call."""
        self.address = graph.rstrip("/")
        self._path = f"/{quote(tenant)}/oauth2/v2.0/token"
        self._asked = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": SCOPE,
        }
        secrets = [client_secret]
        self._login = Calls(login.rstrip("/"), timeout=timeout, secrets=secrets, verify=verify)
        named = {"User-Agent": TRAFFIC}
        self._calls = Calls(self.address, headers=named, timeout=timeout, secrets=secrets, verify=verify)
        self._lock = Lock()
        self._token, self._until = "", 0.0

    def close(self) -> None:
        """Hang up, and forget the token; the next call signs in anew."""
        with self._lock:
            self._token = ""
        self._login.close()
        self._calls.close()

    def get(self, path: str, *, known: Collection[int] = (), **more: Any) -> httpx.Response:  # noqa: ANN401
        """Ask something, as ``Calls.get`` does; the address of a further page is taken as it is."""
        return self._signed(
            lambda headers, also: self._calls.get(path, known={*known, *also}, headers=headers, **more)
        )

    def write(
        self,
        method: str,
        path: str,
        *,
        known: Collection[int] = (),
        **more: Any,  # noqa: ANN401
    ) -> httpx.Response:
        """Change something, as ``Calls.write`` does; what somebody is editing is tried later."""
        response = self._signed(
            lambda headers, also: self._calls.write(
                method, path, known={HTTPStatus.LOCKED, *known, *also}, headers=headers, **more
            )
        )
        if response.status_code == HTTPStatus.LOCKED:
            raise Declined(Retry(LATER, f"somebody is editing it on the platform: {self.words(response)}"))
        return response

    def words(self, response: httpx.Response) -> str:
        """Return the status and what Graph said with it."""
        return self._calls.words(response)

    def _signed(self, call: Callable[[Mapping[str, str], Collection[int]], httpx.Response]) -> httpx.Response:
        """Call with a token; with a new one when it is not accepted, and then with none any more."""
        token = self._valid()
        response = call(_bearer(token), {HTTPStatus.UNAUTHORIZED})
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return response
        with self._lock:
            if self._token == token:
                self._token = ""
        return call(_bearer(self._valid()), ())

    def _valid(self) -> str:
        """Return a token that Graph should take; one at a time asks for it."""
        with self._lock:
            if not self._token or monotonic() >= self._until:
                self._token, lasts = self._sign_in()
                self._until = monotonic() + max(lasts - SPARE, lasts / 2).total_seconds()
            return self._token

    def _sign_in(self) -> tuple[str, timedelta]:
        """Ask for a token, which harms nobody when it is lost; return it and how long it lasts."""
        known = {HTTPStatus.BAD_REQUEST}
        response = self._login.ask("POST", self._path, known=known, data=self._asked)
        if response.status_code == HTTPStatus.BAD_REQUEST:
            raise refused(f"the platform does not accept our credentials: {self._login.words(response)}")
        body = mapping(response)
        token, lasts = body.get("access_token"), body.get("expires_in")
        if not isinstance(token, str) or not isinstance(lasts, int):
            raise ValueError("no token came back")  # noqa: TRY004 -- misread, like what is no JSON
        self._calls.hide(token)
        return token, timedelta(seconds=lasts)


def _bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}


def mapping(response: httpx.Response) -> Mapping[str, Any]:
    """Return the object that an answer consists of.

    Raises:
        ValueError: when it is something else.
    """
    body = response.json()
    if not isinstance(body, dict):
        raise ValueError(f"no object came back: {type(body).__name__}")  # noqa: TRY004 -- misread
    return body
