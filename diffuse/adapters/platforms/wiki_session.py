"""The interface of MediaWiki (``api.php``), signed in with a bot password: https://www.mediawiki.org/wiki/API.

A wiki says what is wrong in an answer whose status is 200. A session ends whenever the wiki likes; then we
sign in again, once.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from ssl import SSLContext
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from diffuse.adapters.platforms.calls import LATER, SOON, Calls, Declined, Lost, refused, wait_of
from diffuse.domain.post import Refused, Retry

FORM = {"format": "json", "formatversion": "2", "errorformat": "plaintext"}
ENDED = frozenset({"assertuserfailed", "assertnameduserfailed", "badtoken", "notoken", "readapidenied"})
"""Errors of a session that is over."""

BUSY = frozenset({"maxlag", "ratelimited", "readonly", "editconflict", "actionthrottledtext"})
"""Errors that say that nothing was done, and that it may be later."""

THROTTLED = "login-throttled"
"""Why nobody is let in after many wrong passwords, whoever sent them: for five minutes, as wikis are set."""

UNTRIED = frozenset({"NeedToken", "WrongToken"})
"""Results of a sign-in whose password nobody looked at, as the session had ended before."""

WHY = "readonlyreason"
"""Where a wiki says why it takes no changes."""

BROKEN = "internal_api_error"
"""Begins the errors after which nobody knows what was done."""

LAG = "5"
"""Seconds that the copies of the database may be behind, as MediaWiki asks of programs."""

ADDRESS = "/:@!$*(),;~"
"""Characters of a title that MediaWiki leaves in its addresses."""


class WikiError(Declined):
    """What a wiki refuses, with its code."""

    def __init__(self, code: str, said: str) -> None:
        """Keep the code; the answer is the wiki's own words."""
        denied = "the wiki does not accept our credentials: " if code in ENDED else "the wiki refuses: "
        super().__init__(Refused(f"{denied}{said} ({code})"))
        self.code = code


class WikiSession:
    """A session of an account; it begins with the first call, and again where the wiki ended it."""

    def __init__(
        self, url: str, account: tuple[str, str], *, timeout: timedelta, verify: bool | SSLContext
    ) -> None:
        """Take the address of ``api.php``, and name and secret of a bot password."""
        base, _, self._path = url.rpartition("/")
        self._scheme = urlsplit(url).scheme
        self._account = account
        self._calls = Calls(base, timeout=timeout, secrets=account[1:], verify=verify)
        self._token = self._pages = ""

    def close(self) -> None:
        """Hang up; the session is left to end by itself."""
        self._calls.close()

    def address(self, title: str) -> str:
        """Return where people read a page; a call was made before."""
        return self._pages.replace("$1", quote(title.replace(" ", "_"), safe=ADDRESS))

    def query(self, **fields: str) -> Mapping[str, Any]:
        """Ask something; return what stands under ``query``."""
        return _under("query", self._again(lambda: self._asked("GET", **fields, **{"assert": "user"})))

    def change(self, action: str, **fields: str) -> Mapping[str, Any]:
        """Change something; return what stands under the name of the action.

        Raises:
            WikiError: when the wiki refuses.
            Lost: when nobody can tell whether it was done.
        """
        return _under(action, self._again(lambda: self._changed(action, fields)))

    def _again(self, call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Call, and once more where the session is over."""
        if not self._token:
            self._sign_in()
        try:
            return call()
        except WikiError as error:
            if error.code not in ENDED:
                raise
        self._sign_in()
        return call()

    def _asked(self, method: str, **fields: str) -> Mapping[str, Any]:
        given = {**FORM, "action": "query", **fields}
        form = "params" if method == "GET" else "data"
        return self._read(self._calls.ask(method, self._path, known=(), **{form: given}), writes=False)

    def _changed(self, action: str, fields: Mapping[str, str]) -> Mapping[str, Any]:
        fenced = {"action": action, "assert": "user", "maxlag": LAG, "token": self._token}
        answer = self._calls.write("POST", self._path, data={**FORM, **fields, **fenced})
        return self._read(answer, writes=True)

    def _sign_in(self) -> None:
        """Begin a session, and get what later calls need: the token, and the address of pages."""
        self._token = ""
        self._calls.forget()
        token = _under("query", self._asked("GET", meta="tokens", type="login"))["tokens"]["logintoken"]
        name, password = self._account
        told = _under(
            "login",
            self._asked("POST", action="login", lgname=name, lgpassword=password, lgtoken=token),
        )
        if told["result"] != "Success":
            raise self._not_signed_in(told)
        about = _under("query", self._asked("GET", meta="tokens|siteinfo", type="csrf", siprop="general"))
        site = about["general"]
        server = site["server"] if "://" in site["server"] else f"{self._scheme}:{site['server']}"
        self._pages = f"{server}{site['articlepath']}"
        self._token = f"{about['tokens']['csrftoken']}"

    def _not_signed_in(self, told: Mapping[str, Any]) -> Declined:
        reason = told.get("reason", told["result"])
        code, text = (reason["code"], reason["text"]) if isinstance(reason, dict) else ("", reason)
        said = self._calls.plain(f"{text}")
        if code == THROTTLED or told["result"] in UNTRIED:
            wait = LATER if code == THROTTLED else SOON
            return Declined(Retry(wait, f"the wiki lets nobody sign in: {said}"))
        return refused(f"the wiki does not accept our credentials: {said}")

    def _read(self, answer: httpx.Response, *, writes: bool) -> Mapping[str, Any]:
        """Return an answer, or raise the first error in it."""
        told = answer.json()
        if not isinstance(told, dict):
            raise TypeError(f"an object was expected, not {type(told).__name__}")
        for error in told.get("errors", ()):
            code, told_why = f"{error['code']}", error.get("data", {}).get(WHY, "")
            said = self._calls.plain(f"{error['text']} {told_why}")
            if code in BUSY:
                raise Declined(Retry(wait_of(answer), f"{said} ({code})"))
            if code.startswith(BROKEN) and writes:
                raise Lost(f"{said} ({code})")
            raise WikiError(code, said)
        return told


def _under(name: str, told: Mapping[str, Any]) -> Mapping[str, Any]:
    inside = told[name]
    if isinstance(inside, dict):
        return inside
    raise TypeError(f"an object was expected under {name!r}, not {type(inside).__name__}")
