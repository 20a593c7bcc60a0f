"""``/m/…``: the page of an employee about their own messages, what is kept, and what may be measured."""

import json
from collections.abc import Mapping
from datetime import date, datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from diffuse.services.mine import Mine
from diffuse.services.record import NotOurForm
from diffuse.web import form
from diffuse.web.pages import Pages

FILE = "diffuse-mes-donnees.json"

SAVED = "saved"
"""Stands behind the address after a choice was kept, so that the page says so."""


class MinePages:
    """The three addresses of an employee's page."""

    def __init__(self, mine: Mine, pages: Pages, headers: Mapping[str, str], base_url: str) -> None:
        """Take the service, the layouts, the headers of each answer, and our own address."""
        self._mine = mine
        self._pages = pages
        self._headers = headers
        self._base_url = base_url

    @property
    def routes(self) -> list[Route]:
        """Where they are found."""
        return [
            Route("/m/{token}", self.page, methods=["GET"]),
            Route("/m/{token}", self.submit, methods=["POST"]),
            Route("/m/{token}/" + FILE, self.kept, methods=["GET"]),
        ]

    def page(self, request: Request) -> Response:
        """Show the messages of whoever was sent the link."""
        token = request.path_params["token"]
        saved = SAVED in request.query_params
        html = self._pages.mine(self._mine.page(token), token, FILE, saved=saved)
        return HTMLResponse(html, headers=self._headers)

    def kept(self, request: Request) -> Response:
        """Hand out everything that is kept about the employee, as JSON."""
        kept = self._mine.kept(request.path_params["token"])
        text = json.dumps(kept, default=_plain, ensure_ascii=False, indent=2) + "\n"
        named = {"Content-Disposition": f'attachment; filename="{FILE}"'}
        return Response(text, media_type="application/json", headers={**self._headers, **named})

    async def submit(self, request: Request) -> Response:
        """Keep what the employee allows to be measured."""
        body = await form.body_of(request)
        return await run_in_threadpool(self._submit, request, body)

    def _submit(self, request: Request, body: bytes) -> Response:
        token = request.path_params["token"]
        page = self._mine.page(token)
        try:
            form.check_origin(request.headers, self._base_url)
            given = form.fields(request.headers.get("content-type", ""), body)
            if not given.get("confirm"):
                raise NotOurForm("a form without its button")  # noqa: TRY301 -- one answer for all of them
            self._mine.choose(token, given.get("form", ""), given.get("tracking", ""))
        except NotOurForm:
            html = self._pages.bad_request(page.language, back=token)
            return HTMLResponse(html, 400, headers=self._headers)
        return RedirectResponse(f"{token}?{SAVED}", 303, headers=self._headers)


def _plain(value: object) -> str:
    """Write days and instants by ISO 8601."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
