"""``/p/…``: the page behind an intranet post, the same link for everybody; it asks who comes."""

from collections.abc import Collection, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from diffuse.domain.identity import PROXY, Identified
from diffuse.domain.networks import Network
from diffuse.services.meet import Meet
from diffuse.services.mine import Mine
from diffuse.services.record import Given, NoSuchAnswer, NotOurForm, Unfit
from diffuse.web import form
from diffuse.web.pages import Pages, Reader
from diffuse.web.visits import visit_of
from diffuse.web.who_asks import WhoAsks


class PostPages:
    """Shows a post to whoever is identified, and takes what they give; others are led to sign in."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        meet: Meet,
        who_asks: WhoAsks,
        pages: Pages,
        *,
        headers: Mapping[str, str],
        base_url: str,
        trusted_proxies: Collection[Network] = (),
        mine: Mine | None = None,
    ) -> None:
        """Take the services, the layouts, the headers of each answer, and our own address."""
        self._meet = meet
        self._who_asks = who_asks
        self._pages = pages
        self._headers = headers
        self._base_url = base_url
        self._trusted = trusted_proxies
        self._mine = mine

    @property
    def routes(self) -> list[Route]:
        """Where they are found."""
        return [
            Route("/p/{token}", self.page, methods=["GET"]),
            Route("/p/{token}", self.submit, methods=["POST"]),
        ]

    def page(self, request: Request) -> Response:
        """Show the post, or lead to where one says who one is; only a GET is taken for a visit."""
        token = request.path_params["token"]
        self._meet.about(token)  # who has no link of a post learns nothing
        who = self._who_asks.of(request)
        if who is None or request.method != "GET":
            return self._sign_in(token)
        return self._html(self._form(token, who))

    async def submit(self, request: Request) -> Response:
        """Record what an employee chose."""
        body = await form.body_of(request)
        return await run_in_threadpool(self._submit, request, body)

    def _submit(self, request: Request, body: bytes) -> Response:
        token, given = request.path_params["token"], None
        language = self._meet.about(token).language
        who = self._who_asks.of(request)
        if who is None:
            return self._sign_in(token)
        try:
            form.check_origin(request.headers, self._base_url)
            given = form.read(request.headers.get("content-type", ""), body)
            self._meet.respond(token, who, given, visit_of(request, self._trusted))
        except Unfit as unfit:
            return self._html(self._form(token, who, given, unfit.why), 400)
        except (NotOurForm, NoSuchAnswer):
            return self._html(self._pages.bad_request(language, back=token), 400)
        return self._see(token)

    def _form(self, token: str, who: Identified, given: Given | None = None, why: str = "") -> str:
        """Lay the page out; after a form that could not be recorded, with what was given and why."""
        met = self._meet.page(token, who)
        stamp = given.form if given and why != "late" else met.stamp
        mine = self._mine.address(met.delivery) if self._mine and met.delivery else ""
        reader = Reader(
            name=met.name,
            token=token,
            is_for=met.is_for,
            is_known=met.is_known,
            can_leave=who.by != PROXY,
        )
        return self._pages.acknowledge(met.page, stamp, given, why, mine, reader)

    def _sign_in(self, token: str) -> Response:
        return self._see(f"{token}/sign-in")

    def _html(self, html: str, status: int = 200) -> Response:
        return HTMLResponse(html, status, headers=dict(self._headers))

    def _see(self, address: str) -> Response:
        return RedirectResponse(address, 303, headers=dict(self._headers))
