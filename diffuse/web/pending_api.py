"""``/api/pending``: what waits for an employee, for the intranet's own server, which signs people in."""

import json

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from diffuse.domain.campaign import LANGUAGES
from diffuse.errors import TransientFailure
from diffuse.services.identify import Identify, Unidentified
from diffuse.services.owed import Owed
from diffuse.web.api import METHODS, Refused, admit, body_of
from diffuse.web.pages import Pages
from diffuse.web.pending import language_of, told

EXAMPLE = '{"employee": "ariane.cote@universite.example"}'
BY = "intranet"
KEYS = ({"employee"}, {"employee", "language"})


class PendingApi:
    """``POST /api/pending`` and ``GET /api/pending/{employee}``, for whoever has the token.

    Addresses are asked for in a body: what stands in the path of a request stands in logs.
    """

    def __init__(self, identify: Identify, owed: Owed, pages: Pages, token: str) -> None:
        """Take the services, the words, and the token that callers send as ``Authorization: Bearer …``."""
        self._identify = identify
        self._owed = owed
        self._pages = pages
        self._token = token

    @property
    def routes(self) -> list[Route]:
        """Where it is found."""
        return [
            Route("/api/pending", self.post, methods=list(METHODS)),
            Route("/api/pending/{employee}", self.get, methods=list(METHODS)),
        ]

    async def post(self, request: Request) -> Response:
        """Answer for the employee whose id or address is in the body."""
        return await self._answer(request, ("POST",))

    async def get(self, request: Request) -> Response:
        """Answer for the employee whose id is in the path."""
        return await self._answer(request, ("GET", "HEAD"))

    async def _answer(self, request: Request, methods: tuple[str, ...]) -> Response:
        headers = {"Cache-Control": "no-store"}
        try:
            admit(request, self._token)
            if request.method not in methods:
                raise Refused(405, f"{request.method} is not known here; expected {methods[0]}")  # noqa: TRY301
            employee, language = await _asked(request)
            found = await run_in_threadpool(self._told, employee, language)
        except TransientFailure as failure:
            return JSONResponse({"problems": [str(failure)]}, 503, headers={**headers, "Retry-After": "60"})
        except ClientDisconnect:
            return Response(status_code=400)
        except Refused as refused:
            more = {401: {"WWW-Authenticate": "Bearer"}, 405: {"Allow": ", ".join(methods)}}
            headers |= more.get(refused.status, {})
            return JSONResponse({"problems": refused.said}, refused.status, headers=headers)
        return JSONResponse(found, headers=headers)

    def _told(self, employee: str, language: str) -> dict[str, object]:
        try:
            owes = self._owed.by(self._identify.claimed(employee, BY).employee)
        except Unidentified as failure:
            raise Refused(409 if failure.why == "several" else 404, str(failure)) from failure
        except KeyError:
            raise Refused(404, "the directory knows nobody by that") from None
        return told(owes, language or owes.language, self._pages)


async def _asked(request: Request) -> tuple[str, str]:
    """Return for whom, and in which language; empty for the employee's own."""
    if "employee" in request.path_params:
        employee = request.path_params["employee"]
        if "@" in employee:
            raise Refused(
                422, f"an address in a path stands in logs; send it by POST /api/pending: {EXAMPLE}"
            )
        return employee, language_of(request, "")
    try:
        given = json.loads(await body_of(request, EXAMPLE))
    except (ValueError, RecursionError):
        raise Refused(422, f"not readable as JSON; expected {EXAMPLE}") from None
    if not isinstance(given, dict) or set(given) not in KEYS or not isinstance(given["employee"], str):
        raise Refused(422, f"not an employee; expected {EXAMPLE}")
    language = given.get("language", "")
    if language not in ("", *LANGUAGES):
        raise Refused(422, f"{language!r} is no language; expected {' or '.join(LANGUAGES)}")
    return given["employee"], language
