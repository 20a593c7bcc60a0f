"""``/pending``: what waits for the employee who asks, as JSON and as a page for a frame on the intranet.

Nothing here needs a script, or a cookie of somebody else's: the employee is whom a proxy of ours names, or
who has signed in from a post. Only the sites of the setting ``widget_origins`` may read and frame it.
"""

from collections.abc import Collection, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from diffuse.domain.campaign import LANGUAGES
from diffuse.errors import TransientFailure
from diffuse.services.identify import Unidentified
from diffuse.services.owed import Owed, Owes
from diffuse.web.pages import Pages
from diffuse.web.who_asks import WhoAsks

NOBODY = "nobody has signed in; sign in from a post, or come through the proxy that signs people in"
AWAY = {"Retry-After": "60"}
PREFLIGHT = {"Access-Control-Allow-Methods": "GET", "Access-Control-Max-Age": "600"}


class PendingPages:
    """Tells employees what waits for their confirmation."""

    def __init__(
        self,
        owed: Owed,
        who_asks: WhoAsks,
        pages: Pages,
        *,
        headers: Mapping[str, str],
        origins: Collection[str] = (),
    ) -> None:
        """Take the services, the layouts, the headers of each answer, and the sites that may show this."""
        self._owed = owed
        self._who_asks = who_asks
        self._pages = pages
        self._headers = headers
        # In a policy an asterisk would stand for whole domains.
        self._origins = tuple(one.lower().rstrip("/") for one in origins if "*" not in one)

    @property
    def routes(self) -> list[Route]:
        """Where it is found."""
        return [
            Route("/pending", self.preflight, methods=["OPTIONS"]),
            Route("/pending", self.answer, methods=["GET"]),
            Route("/pending/widget", self.widget, methods=["GET"]),
        ]

    def preflight(self, request: Request) -> Response:
        """Tell a browser whether a script of that site may ask."""
        shared = self._shared(request)
        allowed = PREFLIGHT if "Access-Control-Allow-Origin" in shared else {}
        return Response(status_code=204, headers={**self._headers, **shared, **allowed})

    def answer(self, request: Request) -> Response:
        """Answer in JSON, also when nobody is known."""
        headers = {**self._headers, **self._shared(request)}
        try:
            owes = self._owes(request)
        except Unidentified as failure:
            return JSONResponse({"problems": [str(failure)]}, 403, headers=headers)
        except TransientFailure as failure:
            return JSONResponse({"problems": [str(failure)]}, 503, headers={**headers, **AWAY})
        if owes is None:
            return JSONResponse({"problems": [NOBODY]}, 401, headers=headers)
        return JSONResponse(told(owes, language_of(request, owes.language), self._pages), headers=headers)

    def widget(self, request: Request) -> Response:
        """Show the list in a frame."""
        usual = language_of(request, "fr")
        try:
            owes = self._owes(request)
        except Unidentified as failure:
            return self._frame(self._pages.pending(usual, None, f"sign_in_{failure.why}"), 403)
        except TransientFailure:
            return self._frame(self._pages.pending(usual, None, "unavailable_title"), 503, AWAY)
        language = language_of(request, owes.language) if owes else usual
        return self._frame(self._pages.pending(language, owes))

    def _owes(self, request: Request) -> Owes | None:
        who = self._who_asks.of(request)
        try:
            return self._owed.by(who.employee) if who else None
        except KeyError:  # forgotten in this very moment
            return None

    def _shared(self, request: Request) -> dict[str, str]:
        """Return the headers by which a script of one of the sites, and of no other, may read an answer."""
        origin = request.headers.get("origin", "")
        if origin not in self._origins:
            return {"Vary": "Origin"}
        return {
            "Vary": "Origin",
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
        }

    def _frame(self, html: str, status: int = 200, more: Mapping[str, str] | None = None) -> Response:
        """Answer with a page for a frame; X-Frame-Options cannot name sites, so it is left out."""
        policy = {"Content-Security-Policy": self._pages.framed_by(self._origins)}
        headers = {**self._headers, **policy, **(more or {})}
        if self._origins:
            headers.pop("X-Frame-Options", None)
        return HTMLResponse(html, status, headers=headers)


def language_of(request: Request, usual: str) -> str:
    """Return the language that is asked for, or else the usual one."""
    asked = request.query_params.get("language", "")
    return asked if asked in LANGUAGES else usual


def told(owes: Owes, language: str, pages: Pages) -> dict[str, Any]:
    """Return what waits as JSON has it; its addresses are for the employee alone."""
    return {
        "pending": len(owes.owing),
        "says": pages.pending_says(language, len(owes.owing)),
        "messages": [
            {
                "title": one.title,
                "policy": one.policy,
                "campaign": one.campaign,
                "language": one.language,
                "url": one.address,
                "since": one.since.isoformat(timespec="seconds"),
            }
            for one in owes.owing
        ],
    }
