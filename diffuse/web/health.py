"""What a probe asks: whether the process answers, and whether it has a database to work with."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from diffuse.errors import AuthoringError, TransientFailure
from diffuse.ports import Gauges

AWAY = "the database does not answer; this passes when it is back"
NOT_OURS = "the database cannot be used by this version of diffuse; 'diffuse doctor' says why"


class Health:
    """``GET /health/live`` and ``GET /health/ready``, open to everybody; they tell no secret."""

    def __init__(self, gauges: Gauges, headers: Mapping[str, str]) -> None:
        """Take what looks at the database, and the headers of each answer."""
        self._gauges = gauges
        self._headers = headers

    @property
    def routes(self) -> list[Route]:
        """Where it is found."""
        return [
            Route("/health/live", self.live, methods=["GET"]),
            Route("/health/ready", self.ready, methods=["GET"]),
        ]

    async def live(self, _request: Request) -> Response:
        """Answer, whatever becomes of the database and of the threads that wait for it."""
        return self._say("ok")

    def ready(self, _request: Request) -> Response:
        """Answer 200 when the database answers and has the tables of this version, and 503 otherwise."""
        try:
            self._gauges.ready()
        except TransientFailure:
            return self._say(AWAY, status=503)
        except AuthoringError:
            return self._say(NOT_OURS, status=503)
        return self._say("ok")

    def _say(self, text: str, *, status: int = 200) -> Response:
        return PlainTextResponse(f"{text}\n", status, headers=self._headers)
