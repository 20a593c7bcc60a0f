"""The HTTP interface for other systems of the organisation: absences from human resources, by employee."""

import json
from datetime import date
from hmac import compare_digest
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from diffuse.domain.people import Absence
from diffuse.errors import AuthoringError, Problem, TransientFailure
from diffuse.services.succeed import Succeed

MOST_BYTES = 65_536
"""More than the absences of a working life need."""

METHODS = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS")

EXAMPLE = '[{"starts": "2027-07-05", "ends": "2027-07-30"}]'


class Refused(Exception):
    """A request that changes nothing: the status, and in words why."""

    def __init__(self, status: int, *said: str) -> None:
        """Take the status and the words."""
        super().__init__(*said)
        self.status = status
        self.said = said


class AbsencesApi:
    """``GET`` and ``PUT /api/absences/{employee}``, for whoever has the token."""

    def __init__(self, succeed: Succeed, token: str) -> None:
        """Take the service, and the token that callers send as ``Authorization: Bearer …``."""
        self._succeed = succeed
        self._token = token

    @property
    def routes(self) -> list[Route]:
        """Where it is found."""
        return [Route("/api/absences/{employee}", self.answer, methods=list(METHODS))]

    async def answer(self, request: Request) -> Response:
        """Answer with the employee's absences, the new ones after a ``PUT``, or with what was wrong."""
        try:
            admit(request, self._token)
            if request.method not in ("GET", "HEAD", "PUT"):
                raise Refused(405, f"{request.method} is not known here; expected GET or PUT")  # noqa: TRY301
            employee = request.path_params["employee"]
            body = await body_of(request, f"a list such as {EXAMPLE}") if request.method == "PUT" else None
            found = await run_in_threadpool(self._do, employee, body)
        except TransientFailure as failure:
            return JSONResponse({"problems": [str(failure)]}, 503, headers={"Retry-After": "60"})
        except ClientDisconnect:
            return Response(status_code=400)
        except Refused as refused:
            headers = {401: {"WWW-Authenticate": "Bearer"}, 405: {"Allow": "GET, PUT"}}
            return JSONResponse(
                {"problems": refused.said}, refused.status, headers=headers.get(refused.status)
            )
        return JSONResponse([{"starts": f"{one.starts}", "ends": f"{one.ends}"} for one in found])

    def _do(self, employee: str, body: bytes | None) -> list[Absence]:
        try:
            if body is None:
                return list(self._succeed.absences_of(employee))
            return list(self._succeed.absent_one(employee, _absences(employee, body)))
        except KeyError:
            raise Refused(404, f"nobody has the id {employee!r}; import the directory first") from None
        except AuthoringError as error:
            raise Refused(422, *map(str, error.problems)) from error


def admit(request: Request, token: str) -> None:
    """Refuse a request that does not carry the token as ``Authorization: Bearer …``."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    same = compare_digest(given.strip().encode("utf-8", "replace"), token.encode())
    if scheme.lower() != "bearer" or not same:
        raise Refused(401, "the token is missing or wrong; expected 'Authorization: Bearer …' with api_token")


async def body_of(request: Request, expected: str) -> bytes:
    """Read a body; one that is too long is refused with what is expected."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Refused(413, f"more than {MOST_BYTES} bytes; expected {expected}")
    return body


def _absences(employee: str, body: bytes) -> list[Absence]:
    """Read a list of absences; every mistake at once."""
    try:
        listed = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(422, f"not readable as JSON; expected a list such as {EXAMPLE}") from None
    if not isinstance(listed, list):
        raise Refused(422, f"not a list; expected a list such as {EXAMPLE}")
    found: list[Absence] = []
    problems: list[Problem] = []
    for place, one in enumerate(listed):
        try:
            found.append(_absence(employee, one))
        except AuthoringError as error:
            problems += (problem.under(place) for problem in error.problems)
    if problems:
        raise AuthoringError(*problems)
    return found


def _absence(employee: str, one: Any) -> Absence:  # noqa: ANN401 -- whatever JSON holds
    if not isinstance(one, dict) or set(one) != {"starts", "ends"}:
        raise AuthoringError.of("not an absence", 'two keys, "starts" and "ends"')
    problems = [
        Problem(path=(name,), found=f"{one[name]!r} is not a day", expected="YYYY-MM-DD")
        for name in ("starts", "ends")
        if not _is_day(one[name])
    ]
    if problems:
        raise AuthoringError(*problems)
    return Absence(
        employee=employee, starts=date.fromisoformat(one["starts"]), ends=date.fromisoformat(one["ends"])
    )


def _is_day(value: object) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
