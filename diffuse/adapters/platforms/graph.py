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

from diffuse.adapters.platforms.calls import LATER, SOON, TIMEOUT, Calls, Declined, Lost, refused
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
        self._client_id, self._secret = client_id, client_secret
        self._login = login.rstrip("/")
        self._timeout, self._verify = timeout, verify
        self._lock = Lock()
        self._calls: Calls | None = None
        self._former: Calls | None = None
        self._until = 0.0

    def close(self) -> None:
        """Hang up, and forget the token."""
        with self._lock:
            self._forget()
            self._forget()

    def get(self, path: str, *, known: Collection[int] = (), **more: Any) -> httpx.Response:  # noqa: ANN401
        """Ask something, as ``Calls.get`` does; the address of a further page is taken as it is."""
        return self._signed(lambda calls, also: calls.get(path, known={*known, *also}, **more))

    def write(
        self,
        method: str,
        path: str,
        *,
        known: Collection[int] = (),
        **more: Any,  # noqa: ANN401
    ) -> httpx.Response:
        """Change something, as ``Calls.write`` does; what somebody is editing is tried later."""
        also = {HTTPStatus.LOCKED, *known}
        response = self._signed(lambda calls, more_: calls.write(method, path, known={*also, *more_}, **more))
        if response.status_code == HTTPStatus.LOCKED:
            raise Declined(Retry(LATER, f"somebody is editing it on the platform: {self.words(response)}"))
        return response

    def words(self, response: httpx.Response) -> str:
        """Return the status and what Graph said with it."""
        return self._signed_in().words(response)

    def _signed(self, call: Callable[[Calls, Collection[int]], httpx.Response]) -> httpx.Response:
        """Call with a token; with a new one when it is not accepted, and then with none any more."""
        calls = self._signed_in()
        response = call(calls, {HTTPStatus.UNAUTHORIZED})
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return response
        with self._lock:
            if self._calls is calls:
                self._forget()
        return call(self._signed_in(), ())

    def _signed_in(self) -> Calls:
        with self._lock:
            if self._calls is None or monotonic() >= self._until:
                self._forget()
                self._calls = self._sign_in()
            return self._calls

    def _forget(self) -> None:
        """Use a token no longer; its connection is kept for one more turn, as a call may still be on it."""
        if self._former is not None:
            self._former.close()
        self._former, self._calls = self._calls, None

    def _sign_in(self) -> Calls:
        token, lasts = self._token()
        self._until = monotonic() + max(lasts - SPARE, lasts / 2).total_seconds()
        return Calls(
            self.address,
            headers={"Authorization": f"Bearer {token}", "User-Agent": TRAFFIC},
            timeout=self._timeout,
            secrets=[token, self._secret],
            verify=self._verify,
        )

    def _token(self) -> tuple[str, timedelta]:
        login = Calls(self._login, timeout=self._timeout, secrets=[self._secret], verify=self._verify)
        asked = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._secret,
            "scope": SCOPE,
        }
        known = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
        try:
            response = login.write("POST", self._path, known=known, data=asked)
        except Lost as lost:
            # A token that nobody got harms nobody.
            raise Declined(Retry(SOON, f"nobody could be signed in: {lost}")) from None
        finally:
            login.close()
        body = mapping(response)
        if not response.is_success:
            said = login.plain(f"{body.get('error_description') or body.get('error') or ''}")
            raise refused(f"the platform does not accept our credentials: {response.status_code} {said}")
        token, lasts = body.get("access_token"), body.get("expires_in")
        if not isinstance(token, str) or not isinstance(lasts, int):
            raise ValueError("no token came back")  # noqa: TRY004 -- misread, like what is no JSON
        return token, timedelta(seconds=lasts)


def mapping(response: httpx.Response) -> Mapping[str, Any]:
    """Return the object that an answer consists of.

    Raises:
        ValueError: when it is something else.
    """
    body = response.json()
    if not isinstance(body, dict):
        raise ValueError(f"no object came back: {type(body).__name__}")  # noqa: TRY004 -- misread
    return body
