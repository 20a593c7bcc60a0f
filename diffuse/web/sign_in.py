"""Sign in from a post: at an identity provider, or by a link in a mail; each way ends in a session."""

import logging
from collections.abc import Callable, Mapping

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from diffuse.domain.identity import OIDC, Identified
from diffuse.errors import DiffuseError, PermanentFailure, TransientFailure
from diffuse.ports import Clock, IdentityProvider, Signer
from diffuse.services.identify import Followed, Identify, Unidentified
from diffuse.services.meet import About
from diffuse.services.record import LASTS, NotOurForm, NotOurs
from diffuse.web import form
from diffuse.web.handshakes import Begun, Handshakes
from diffuse.web.pages import Pages, Ways
from diffuse.web.who_asks import SessionCookie

CALLBACK = "/oidc/callback"
"""Where the identity provider leads browsers back to: it must know this address."""

SENT = "sent"
"""Stands behind the address after a link was asked for, so that the page says so."""

RETRY_AFTER = 60
"""Seconds after which a browser may come back while the identity provider is away."""

AWAY = frozenset({"server_error", "temporarily_unavailable"})
"""Errors by which a provider says that it cannot; all others say that it will not."""

LONGEST_ERROR = 60

_log = logging.getLogger("diffuse.web")


class SignIn:
    """The addresses by which an employee who comes from a post signs in and out."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        identify: Identify,
        pages: Pages,
        *,
        post: Callable[[str], About],
        signer: Signer,
        clock: Clock,
        headers: Mapping[str, str],
        base_url: str,
        provider: IdentityProvider | None = None,
        links: bool = True,
    ) -> None:
        """Take the collaborators.

        Args:
            identify: knows sessions, links and the directory.
            pages: the layouts.
            post: says what the post is about that a token stands for; raises NotOurs for any other.
            signer: signs forms, and what browsers keep while they are at the provider.
            clock: tells how old those are.
            headers: those of each answer.
            base_url: our own address, as employees and the provider see it.
            provider: the identity provider, if there is one.
            links: whether a link can be sent by mail.
        """
        self._identify = identify
        self._pages = pages
        self._post = post
        self._signer = signer
        self._clock = clock
        self._headers = headers
        self._base_url = base_url
        self._provider = provider
        self._links = links
        self._cookie = SessionCookie(base_url)
        self._handshakes = Handshakes(signer, clock, base_url)

    @property
    def routes(self) -> list[Route]:
        """Where they are found; they go before the page of a post."""
        found = [
            Route("/p/{token}/sign-in", self.page, methods=["GET"]),
            Route("/p/{token}/sign-out", self.leave, methods=["POST"]),
        ]
        if self._links:
            found += [
                Route("/p/{token}/link", self.ask, methods=["POST"]),
                Route("/e/{entry}", self.entry, methods=["GET"]),
                Route("/e/{entry}", self.enter, methods=["POST"]),
            ]
        if self._provider:
            found += [
                Route("/p/{token}/oidc", self.begin, methods=["GET"]),
                Route(CALLBACK, self.finish, methods=["GET"]),
            ]
        return found

    def page(self, request: Request) -> Response:
        """Show by which ways one can sign in."""
        token = request.path_params["token"]
        return self._page(token, self._ways(token), sent=SENT in request.query_params)

    async def ask(self, request: Request) -> Response:
        """Send a link to an address, after the answer: it is the same whatever is known of the address."""
        body = await form.body_of(request)
        return await run_in_threadpool(self._ask, request, body)

    def _ask(self, request: Request, body: bytes) -> Response:
        token = request.path_params["token"]
        language = self._post(token).language
        try:
            given = self._given(request, body, _link_form(token))
        except NotOurForm:
            return self._bad_request(language, back="sign-in")
        response = self._see(f"sign-in?{SENT}")
        response.background = BackgroundTask(self._send, given.get("address", ""), token, language)
        return response

    def _send(self, address: str, token: str, language: str) -> None:
        try:
            self._identify.send_link(address, token, language)
        except DiffuseError as failure:
            _log.warning("a link was asked for and not sent: %s", failure)

    def entry(self, request: Request) -> Response:
        """Show what a link from a mail opens, and open nothing: programs look at links too."""
        entry = request.path_params["entry"]
        found = self._followed(entry)
        stamp = self._signer.stamp(_entry_form(entry), self._clock.now())
        return self._html(self._pages.entry(found.language, found.name, stamp))

    async def enter(self, request: Request) -> Response:
        """Open a session for whoever presses the button behind a link."""
        body = await form.body_of(request)
        return await run_in_threadpool(self._enter, request, body)

    def _enter(self, request: Request, body: bytes) -> Response:
        entry = request.path_params["entry"]
        found = self._followed(entry)
        try:
            self._given(request, body, _entry_form(entry))
        except NotOurForm:
            return self._bad_request(found.language, back=entry)
        return self._signed_in(request, found.who, f"../p/{found.post}")

    def begin(self, request: Request) -> Response:
        """Lead the browser to the identity provider."""
        token = request.path_params["token"]
        language = self._post(token).language
        if request.method != "GET" or self._provider is None:
            return Response(headers=self._headers)
        try:
            handshake = self._provider.begin(self._back)
        except (TransientFailure, PermanentFailure) as failure:
            _log.error("nobody can sign in at %s: %s", self._provider.issuer, failure)
            return self._page(token, self._ways(token), "away", language)
        response = self._see(handshake.address, status=302)
        self._handshakes.give(response, handshake, token)
        return response

    def finish(self, request: Request) -> Response:
        """Take what the identity provider says of a browser that comes back from it."""
        if request.method != "GET" or self._provider is None:
            return Response(headers=self._headers)
        begun = self._handshakes.read(request)
        if begun is None:
            raise NotOurs
        try:
            response = self._finish(request, self._provider, begun)
        except _Failed as failed:
            ways = self._ways(begun.post, here=f"../p/{begun.post}/")
            response = self._page(begun.post, ways, failed.why)
        self._handshakes.drop(response)
        return response

    def _finish(self, request: Request, provider: IdentityProvider, begun: Begun) -> Response:
        said = request.query_params
        if not begun.answers(said.get("state", "")):
            raise _Failed("again")
        if said.get("iss", provider.issuer) != provider.issuer:
            _log.warning("an answer came in the name of another provider than %s", provider.issuer)
            raise _Failed("refused")
        if "code" not in said:
            error = said.get("error", "")
            _log.warning("%s signed nobody in: %r", provider.issuer, error[:LONGEST_ERROR])
            raise _Failed("away" if error in AWAY else "refused")
        value = self._vouched(provider, begun, said["code"])
        try:
            who = self._identify.claimed(value, OIDC)
        except Unidentified as failure:
            _log.warning("somebody signed in at %s: %s", provider.issuer, failure)
            raise _Failed(failure.why) from failure
        return self._signed_in(request, who, f"../p/{begun.post}")

    def _vouched(self, provider: IdentityProvider, begun: Begun, code: str) -> str:
        try:
            return provider.finish(begun.handshake, self._back, code)
        except TransientFailure as failure:
            _log.warning("%s", failure)
            raise _Failed("away") from failure
        except PermanentFailure as failure:
            _log.warning("%s", failure)
            raise _Failed("refused") from failure

    async def leave(self, request: Request) -> Response:
        """End the session of whoever presses the button."""
        body = await form.body_of(request)
        return await run_in_threadpool(self._leave, request, body)

    def _leave(self, request: Request, body: bytes) -> Response:
        token = request.path_params["token"]
        language = self._post(token).language
        try:
            self._pressed(request, body)
        except NotOurForm:
            return self._bad_request(language, back=f"../{token}")
        if session := self._cookie.read(request):
            self._identify.leave(session)
        response = self._see(f"../{token}")
        self._cookie.drop(response)
        return response

    def refused(self, request: Request, error: Exception) -> Response:
        """Answer where a proxy of ours names somebody who is not one employee; no other way is open then."""
        _log.warning("a proxy names somebody: %s", error)
        token = request.path_params.get("token", "")
        try:
            about = self._post(token)
        except DiffuseError:
            about = About(language="fr", campaign="", policy="", subject="", url="")
        why = error.why if isinstance(error, Unidentified) else "refused"
        ways = Ways(provider=False, links=False, here="", back=about.url)
        return self._page(token, ways, why, about.language)

    @property
    def _back(self) -> str:
        return f"{self._base_url.rstrip('/')}{CALLBACK}"

    def _ways(self, token: str, *, here: str = "") -> Ways:
        back = self._post(token).url
        return Ways(provider=self._provider is not None, links=self._links, here=here, back=back)

    def _page(
        self, token: str, ways: Ways, why: str = "", language: str = "", *, sent: bool = False
    ) -> Response:
        """Lay the page out; with the reason why signing in failed, and the status that goes with it."""
        language = language or self._post(token).language
        stamp = self._signer.stamp(_link_form(token), self._clock.now())
        html = self._pages.sign_in(language, ways, stamp, sent=sent, why=why)
        wait = {"Retry-After": f"{RETRY_AFTER}"} if why == "away" else {}
        return self._html(html, {"": 200, "away": 503, "again": 400}.get(why, 403), wait)

    def _followed(self, entry: str) -> Followed:
        found = self._identify.follow(entry)
        if found is None:
            raise NotOurs
        return found

    def _pressed(self, request: Request, body: bytes) -> dict[str, str]:
        form.check_origin(request.headers, self._base_url)
        given = form.fields(request.headers.get("content-type", ""), body)
        if not given.get("confirm"):
            raise NotOurForm("a form without its button")
        return given

    def _given(self, request: Request, body: bytes, shown: str) -> dict[str, str]:
        """Read a form that we have shown, sent by its button; NotOurForm for anything else."""
        given = self._pressed(request, body)
        stamped = self._signer.stamped_at(shown, given.get("form", ""))
        if stamped is None or not self._clock.now() - stamped <= LASTS or given.get(form.TRAP):
            raise NotOurForm("a form that this page does not have")
        return given

    def _signed_in(self, request: Request, who: Identified, address: str) -> Response:
        """Open a session in place of the one that the browser has."""
        if before := self._cookie.read(request):
            self._identify.leave(before)
        response = self._see(address)
        self._cookie.begin(response, self._identify.enter(who))
        return response

    def _bad_request(self, language: str, back: str) -> Response:
        return self._html(self._pages.bad_request(language, back=back), 400)

    def _html(self, html: str, status: int = 200, more: Mapping[str, str] | None = None) -> Response:
        return HTMLResponse(html, status, headers={**self._headers, **(more or {})})

    def _see(self, address: str, *, status: int = 303) -> Response:
        return RedirectResponse(address, status, headers=dict(self._headers))


class _Failed(Exception):
    """Raised when somebody comes back from the provider and is not signed in; ``why`` names the words."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def _link_form(token: str) -> str:
    return f"{token}\0link"


def _entry_form(entry: str) -> str:
    return f"{entry}\0entry"
