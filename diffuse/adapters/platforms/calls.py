"""Calls to a platform's HTTP interface (httpx): every trouble ends as an answer about a post.

What is sure comes out as ``Retry`` or ``Refused``. What is not, a request that left without an answer, is
``Lost``: whoever wrote something looks up what became of it before anything else is tried.
"""

import html
import re
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus
from ssl import SSLContext
from typing import Any
from urllib.parse import quote

import httpx

from diffuse.domain.post import AlreadyThere, Answer, Found, Gone, Posted, Refused, Retry, Unsure

TIMEOUT = timedelta(seconds=30)
"""Without a byte from the other side; an attempt makes a few calls, and must end before its lease."""

SOON = timedelta(minutes=1)
"""When a platform says that it cannot, and not for how long."""

LATER = timedelta(minutes=5)
"""When a request was lost and nothing has come of it: it may still be under way."""

LONGEST_WAIT = timedelta(hours=24)
"""A platform that asks for more is asked again after a day."""

WORDS = 300
"""Characters of a platform's own words that are kept."""

PASSING = 8
"""Texts that are blacked out besides: tokens that were given out for a while, the newest ones."""

DIGITS = 9
"""Of a number of seconds; one with more is no number that anybody meant."""

DENIED = frozenset({401, 403, 407})
BUSY = frozenset({408, 425, 429, 502, 503, 504})
"""Answers that say that nothing was done, but for 502 and 504 to a write: a gateway does not know."""

MISREAD = (ValueError, LookupError, TypeError)
"""What reading an answer raises when it is not shaped like the platform's."""

ELEMENT = re.compile(r"<[^<>]*>")
HEADING = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


class Declined(Exception):
    """Ends an attempt with an answer that is sure: nothing was published by the call that raised it."""

    def __init__(self, answer: Retry | Refused) -> None:
        """Keep the answer."""
        super().__init__(answer.reason)
        self.answer = answer


class Lost(Exception):
    """Raised when a request that writes has left, and nobody knows what became of it."""


def refused(reason: str) -> Declined:
    """Say that a platform will never take it like this; to be raised."""
    return Declined(Refused(reason))


class Calls:
    """A platform's HTTP interface.

    Args:
        base: the address that every path is added to.
        headers: sent with each call; credentials among them are shown nowhere.
        timeout: how long the platform may be silent.
        auth: account and password, sent with each call.
        secrets: texts that are blacked out wherever the platform repeats them, encoded or not.
        verify: the certificates that are trusted, as httpx takes them.
    """

    def __init__(  # noqa: PLR0913 -- what a connection is made of
        self,
        base: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: timedelta = TIMEOUT,
        secrets: Collection[str] = (),
        verify: bool | SSLContext = True,
    ) -> None:
        """Take the address; nothing is connected before the first call."""
        self._secrets = _spellings({*secrets, *(auth[1:] if auth else ())}, auth)
        self._passing: tuple[str, ...] = ()
        trusted = verify if isinstance(verify, SSLContext) else _trusted(verify)
        self._ready: Callable[[], httpx.Client] = lambda: httpx.Client(
            base_url=base,
            headers={"User-Agent": "diffuse", **(headers or {})},
            auth=auth,
            timeout=timeout.total_seconds(),
            verify=trusted,
            follow_redirects=False,
        )
        self._client = self._ready()

    def close(self) -> None:
        """Hang up, and forget the session; the next call connects anew."""
        former, self._client = self._client, self._ready()
        former.close()

    def hide(self, secret: str) -> None:
        """Black out a text that was given out for a while, such as a token."""
        self._passing = (*_spellings({secret}, None), *self._passing)[:PASSING]

    def forget(self) -> None:
        """Forget the session: the cookies that the platform gave."""
        self._client.cookies.clear()

    def get(self, path: str, *, known: Collection[int] = (), **more: Any) -> httpx.Response:  # noqa: ANN401
        """Ask something; an answer that is neither a success nor ``known`` is a Declined."""
        return self.ask("GET", path, known=known, **more)

    def ask(
        self,
        method: str,
        path: str,
        *,
        known: Collection[int] = (),
        **more: Any,  # noqa: ANN401
    ) -> httpx.Response:
        """Ask something with any method, such as a token with POST: nothing that is published changes."""
        try:
            return self._judged(self._client.request(method, path, **more), known, writes=False)
        except httpx.RequestError as error:
            raise Declined(Retry(SOON, self.plain(_said(error)))) from None

    def write(
        self,
        method: str,
        path: str,
        *,
        known: Collection[int] = (),
        **more: Any,  # noqa: ANN401
    ) -> httpx.Response:
        """Change something; where nobody can tell whether that was done, ``Lost``."""
        try:
            return self._judged(self._client.request(method, path, **more), known, writes=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Declined(Retry(SOON, self.plain(_said(error)))) from None
        except httpx.RequestError as error:
            raise Lost(self.plain(_said(error))) from None

    def plain(self, text: str) -> str:
        """Return a platform's words on one line, cut, with nothing secret in them."""
        for secret in (*self._secrets, *self._passing):
            text = text.replace(secret, "…")
        line = " ".join(text.split())
        return line if len(line) <= WORDS else f"{line[: WORDS - 1]}…"

    def words(self, response: httpx.Response) -> str:
        """Return the status and what the platform said with it."""
        return self.plain(f"{response.status_code} {response.reason_phrase}: {_told(response)}".rstrip(": "))

    def _judged(self, response: httpx.Response, known: Collection[int], *, writes: bool) -> httpx.Response:
        status = response.status_code
        if response.is_success or status in known:
            return response
        said = self.words(response)
        if writes and status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.SERVICE_UNAVAILABLE:
            raise Lost(said)
        if status in BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Declined(Retry(wait_of(response), said))
        raise refused(f"{_reason(response)}{said}")


def wait_of(response: httpx.Response, now: datetime | None = None) -> timedelta:
    """Return for how long a platform asks us to wait: ``Retry-After`` in seconds or as a date (RFC 9110)."""
    given = response.headers.get("retry-after", "").strip()
    if given.isdecimal() and len(given) <= DIGITS:
        asked = timedelta(seconds=min(int(given), LONGEST_WAIT // timedelta(seconds=1)))
    else:
        try:
            asked = parsedate_to_datetime(given) - (now or datetime.now(UTC))
        except (TypeError, ValueError):
            asked = SOON
    return min(max(asked, timedelta(seconds=1)), LONGEST_WAIT)


def once(look: Callable[[], Posted | None], write: Callable[[], Posted | AlreadyThere]) -> Answer:
    """Publish what is not there yet: look, write, and look again where the writing was lost.

    ``write`` answers ``AlreadyThere`` when it finds that somebody else was quicker.
    """
    try:
        if found := look():
            return AlreadyThere(found.id, found.url)
        try:
            return write()
        except Lost as lost:
            return look() or Retry(LATER, f"no answer came, and no post is there yet: {lost}")
        except MISREAD as error:
            # It was taken, and the answer is not readable: the post may stand all the same.
            return look() or misread(error)
    except Declined as declined:
        return declined.answer
    except MISREAD as error:
        return misread(error)


def found(look: Callable[[], Found]) -> Found:
    """Answer a look-up; a platform that cannot say is asked again."""
    try:
        return look()
    except Declined as declined:
        return declined.answer
    except MISREAD as error:
        return misread(error)


def changed(change: Callable[[], Answer]) -> Answer:
    """Change a post in place; what was lost is done again, which does no harm."""
    try:
        return change()
    except Lost as lost:
        return Retry(SOON, f"no answer came: {lost}")
    except Declined as declined:
        return declined.answer
    except MISREAD as error:
        return misread(error)


def gone(withdraw: Callable[[], Gone]) -> Gone:
    """Withdraw a post; what was lost is done again, which does no harm."""
    try:
        return withdraw()
    except Lost as lost:
        return Retry(SOON, f"no answer came: {lost}")
    except Declined as declined:
        return declined.answer
    except MISREAD as error:
        return misread(error)


def sent(write: Callable[[], Posted], *, is_safe: bool = False) -> Answer:
    """Publish where nothing can be looked up: what was lost, or answered with something else, stays unsure.

    ``is_safe`` says that the platform takes the same request once only: then what was lost is sent again.
    """
    try:
        return write()
    except Lost as lost:
        if is_safe:
            return Retry(SOON, f"no answer came: {lost}")
        return Unsure(f"no answer came, and this platform cannot be asked: {lost}")
    except Declined as declined:
        return declined.answer
    except MISREAD as error:
        return Unsure(f"nobody knows whether it was taken: {misread(error).reason}")


def misread(error: Exception) -> Refused:
    """Say that an answer is not what the platform's interface gives: another product, or another version."""
    said = f"{error}" if isinstance(error, ValueError) else f"{type(error).__name__} {error}"
    return Refused(f"the answer is not that of this platform; look at its address and version: {said}")


@cache
def _trusted(verify: bool) -> SSLContext:  # noqa: FBT001 -- as httpx calls it
    """Return the certificates that are trusted; to read them takes longer than a call."""
    return httpx.create_ssl_context(verify=verify)


def _reason(response: httpx.Response) -> str:
    """Say what to do about a refusal; the platform's own words come after it."""
    if response.status_code == HTTPStatus.FORBIDDEN:
        return "the platform does not accept our credentials for this; may the account do it? "
    if response.status_code in DENIED:
        return "the platform does not accept our credentials: "
    if response.has_redirect_location:
        there = response.headers["location"].partition("?")[0]
        return f"the platform is elsewhere; set its address to the one that it names, {there} – "
    return ""


def _spellings(secrets: Collection[str], auth: tuple[str, str] | None) -> list[str]:
    """Return secrets in all the ways in which they travel, the longest first."""
    known = {secret for secret in secrets if secret}
    known |= {quote(secret, safe="") for secret in known}
    if auth:
        known.add(b64encode(":".join(auth).encode()).decode())
    return sorted(known, key=len, reverse=True)


def _said(error: httpx.RequestError) -> str:
    """Name a trouble with the connection; some come without words."""
    return f"{type(error).__name__}: {error}" if f"{error}" else type(error).__name__


def _told(response: httpx.Response) -> str:
    """Return the message in an error's body, without markup: JSON, plain text, or the title of a page."""
    kind = response.headers.get("content-type", "")
    if kind.startswith("text/plain"):
        return response.text
    if kind.startswith("text/html"):
        titled = HEADING.search(response.text)
        return html.unescape(titled[1]) if titled else ""
    try:
        told = _message(response.json())
    except ValueError:
        return ""
    return html.unescape(ELEMENT.sub("", told))


def _message(body: object) -> str:
    """Return the message in JSON: platforms call it ``message``, or nest it in ``error``."""
    if not isinstance(body, dict):
        return body if isinstance(body, str) else ""
    told = error if isinstance(error := body.get("error"), dict) else body
    words = (told.get(name) for name in ("message", "info", "detail", "error_description", "error", "code"))
    return next((f"{one}" for one in words if one), "")
