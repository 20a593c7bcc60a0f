"""The tracking service as an ASGI application."""

from base64 import b64decode
from collections.abc import Collection, Sequence
from importlib.metadata import version

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from diffuse.domain.networks import Network
from diffuse.domain.verdicts import What
from diffuse.errors import TransientFailure
from diffuse.ports import Clock, Gauges
from diffuse.services.identify import Unidentified
from diffuse.services.mine import Mine
from diffuse.services.record import Given, NoSuchAnswer, NotOurForm, NotOurs, Record, Unfit
from diffuse.web import description, form
from diffuse.web.health import Health
from diffuse.web.intranet import Intranet
from diffuse.web.limits import Limited, Limits
from diffuse.web.log import Log, Logged, silent
from diffuse.web.mine import MinePages
from diffuse.web.pages import Pages
from diffuse.web.together import Together
from diffuse.web.visits import visit_of

PIXEL = b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
"""A transparent GIF of 1 × 1 pixel, 43 bytes long."""

LOOKS = ["GET", "HEAD", "OPTIONS"]
"""Methods that get the same answer; only GET can be a person's."""

RETRY_AFTER = 60
"""Seconds after which a browser may come back while the database is away."""


def create_app(  # noqa: PLR0913 -- one collaborator each
    record: Record,
    clock: Clock,
    *,
    pages: Pages,
    gauges: Gauges,
    log: Log = silent,
    base_url: str = "",
    api: Sequence[Route] = (),
    mine: Mine | None = None,
    limits: Limits | None = None,
    trusted_proxies: Collection[Network] = (),
    intranet: Intranet | None = None,
) -> Starlette:
    """Build the tracking service.

    Args:
        record: the service that every request goes to; its calls run in threads.
        clock: tells the time for the log; each answer waits for it.
        pages: the layouts.
        gauges: says whether the database can be worked with.
        log: receives one ``Hit`` for each request.
        base_url: the address that employees see, when a proxy in front changes the Host header.
        api: routes for other systems of the organisation, monitors among them.
        limits: how often a link may be used; the usual ones when not given.
        trusted_proxies: the networks of our own proxies, whose X-Forwarded-For is believed.
        mine: answers employees about themselves; without it pages lead to no such page.
        intranet: what stands behind posts; without it there are none.
    """
    site = _Site(record, pages, base_url, trusted_proxies, mine)
    own = MinePages(mine, pages, site.headers, base_url).routes if mine else ()
    behind = (
        intranet.behind(
            pages, headers=site.headers, base_url=base_url, trusted_proxies=trusted_proxies, mine=mine
        )
        if intranet
        else None
    )
    app = Starlette(
        routes=[
            Route("/o/{token}.gif", site.pixel, methods=LOOKS),
            Route("/c/{token}", site.link, methods=LOOKS),
            Route("/d/{token}", site.decoy, methods=LOOKS),
            Route("/a/{token}", site.page, methods=LOOKS),
            Route("/a/{token}", site.submit, methods=["POST"]),
            *own,
            *(behind.routes if behind else ()),
            *Health(gauges, site.headers).routes,
            *description.routes(version("diffuse")),
            *api,
        ],
        middleware=[
            Middleware(Logged, log=log, clock=clock),
            Middleware(Limited, limits=limits or Limits(), refusal=site.too_often, trusted=trusted_proxies),
        ],
        exception_handlers={
            NotOurs: site.not_found,
            **({Unidentified: behind.refused} if behind else {}),
            HTTPException: site.not_found,
            TransientFailure: site.unavailable,
            Exception: site.broken,
        },
    )
    app.router.redirect_slashes = False
    return app


class _Site:
    """The endpoints; HEAD and OPTIONS are answered like GET, and count nowhere."""

    def __init__(
        self,
        record: Record,
        pages: Pages,
        base_url: str,
        trusted: Collection[Network] = (),
        mine: Mine | None = None,
    ) -> None:
        self._trusted = trusted
        self._mine = mine
        self._record = record
        self._together = Together(record.take, record.catch_up)
        self._pages = pages
        self._base_url = base_url
        self.headers = {
            "Content-Security-Policy": pages.policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "X-Robots-Tag": "noindex, nofollow",
            "Cache-Control": "no-store",
        }

    async def pixel(self, request: Request) -> Response:
        await self._came(What.OPEN, request)
        return Response(PIXEL, media_type="image/gif", headers=self.headers)

    async def link(self, request: Request) -> Response:
        return self._see(await self._came(What.CLICK, request), status=302)

    async def decoy(self, request: Request) -> Response:
        await self._came(What.DECOY, request)
        raise NotOurs

    async def page(self, request: Request) -> Response:
        await self._came(What.PAGE, request)
        return self._html(await run_in_threadpool(self._form, request.path_params["token"]))

    async def _came(self, what: What, request: Request) -> str:
        """Record a request with all that come meanwhile; return where it leads, once that is on the disk.

        Who guesses links waits for nothing: the time to an answer must not tell which messages exist.
        """
        asked = self._record.asked(what, request.path_params["token"], visit_of(request, self._trusted))
        if asked.what is What.MUTATED:
            self._together.leave(asked)
            raise NotOurs
        return await self._together.add(asked)

    async def submit(self, request: Request) -> Response:
        body = await _body(request)
        return await run_in_threadpool(self._submit, request, body)

    def _submit(self, request: Request, body: bytes) -> Response:
        token = request.path_params["token"]
        language, given = self._record.delivery("acknowledge", token).language, None
        try:
            form.check_origin(request.headers, self._base_url)
            given = form.read(request.headers.get("content-type", ""), body)
            self._record.respond(token, given, visit_of(request, self._trusted))
        except Unfit as unfit:
            return self._html(self._form(token, given, unfit.why), status=400)
        except (NotOurForm, NoSuchAnswer):
            return self._html(self._pages.bad_request(language, back=token), status=400)
        return self._see(token, status=303)

    def _form(self, token: str, given: Given | None = None, why: str = "") -> str:
        """Lay out a page; after a form that could not be recorded, with what was given and why."""
        page = self._record.page(token)
        stamp = given.form if given and why != "late" else self._record.stamp(token, page)
        mine = self._mine.address(page.delivery) if self._mine else ""
        return self._pages.acknowledge(page, stamp, given, why, mine)

    def not_found(self, _request: Request, _error: Exception) -> Response:
        return self._html(self._pages.not_found, status=404)

    def unavailable(self, _request: Request, _error: Exception) -> Response:
        return self._html(self._pages.unavailable, status=503, **{"Retry-After": f"{RETRY_AFTER}"})

    async def too_often(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._html(self._pages.unavailable, status=429, **{"Retry-After": f"{RETRY_AFTER}"})
        await answer(scope, receive, send)

    def broken(self, _request: Request, _error: Exception) -> Response:
        return self._html(self._pages.unavailable, status=500)

    def _html(self, html: str, *, status: int = 200, **headers: str) -> Response:
        return HTMLResponse(html, status, headers={**self.headers, **headers})

    def _see(self, address: str, *, status: int) -> Response:
        """Send the browser on; a bare token leads to the same page, whatever a proxy puts before the path."""
        return RedirectResponse(address, status, headers=self.headers)


async def _body(request: Request) -> bytes:
    """Read at most a little more than our form can hold; what is longer is cut and is not our form then."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > form.MOST_BYTES:
                break
    except ClientDisconnect:
        return b""
    return body
