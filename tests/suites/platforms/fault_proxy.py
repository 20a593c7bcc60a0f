"""An HTTP proxy before a platform that counts steps, and fails at any of them.

Each request has four steps: it arrived, it was passed on, its reply came, the reply was passed back.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

STEPS = 4
"""Of one request."""

PATIENCE = 60.0
"""Seconds that anything here waits."""

OWN = frozenset({"host", "connection", "content-length", "transfer-encoding", "keep-alive"})
"""Headers that belong to a connection."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the proxy says in the platform's place."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What came by."""

    method: str
    path: str
    body: bytes

    @property
    def is_write(self) -> bool:
        """Whether it may have changed something."""
        return self.method not in {"GET", "HEAD", "OPTIONS"}


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # whoever closes it waits for what is under way

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that are killed cut their connections."""


class FaultProxy:
    """Stands before a platform; every attribute may be set while it runs.

    Attributes:
        address: where it listens, with the path of the platform's own address.
        requests: what came by.
        on_step: called at each step with its number, from 1; a request that arrived goes no further when it
            answers False.
        injected: answers everything in place of the platform.
        swallowed: the number of the request, from 1, whose reply nobody gets.
        late: the number of the request that is passed on only once ``let_go`` was called.
        holds: whether a connection without a reply stays open, until the client has had enough.
        together: how many requests are awaited before they are passed on at once.
        moment: for how many seconds they are awaited.
    """

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self.requests: list[Request] = []
        self.on_step: Callable[[int], bool] = lambda _: True
        self.injected: Reply | None = None
        self.swallowed = self.late = 0
        self.holds = False
        self.together, self.moment = 1, 1.0
        self.steps = 0
        self._lock, self._released = threading.Lock(), threading.Event()
        self._meeting: threading.Barrier | None = None
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.address = f"http://127.0.0.1:{self._server.server_port}{self._target.path}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go()
        self._server.shutdown()
        self._server.server_close()

    def let_go(self) -> None:
        """Pass on what was kept back, and close what was held."""
        self._released.set()

    def step(self) -> bool:
        """Count a step; return whether it goes on."""
        with self._lock:
            self.steps += 1
            number = self.steps
        return self.on_step(number)

    def relay(self, request: Request, headers: Mapping[str, str]) -> Reply | None:
        """Pass a request on; return what the client is told, or None for nothing."""
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
        if not self.step():
            return None
        if self.injected:
            return self.injected
        self._meet()
        if number == self.late:
            self._released.wait(PATIENCE)
        reply = self._asked(request, headers)
        self.step()
        if number != self.swallowed:
            return reply
        if self.holds:
            self._released.wait(PATIENCE)
        return None

    def _asked(self, request: Request, headers: Mapping[str, str]) -> Reply:
        connection = HTTPConnection(f"{self._target.netloc}", timeout=PATIENCE)
        try:
            kept = {name: value for name, value in headers.items() if name.lower() not in OWN}
            connection.request(request.method, request.path, body=request.body or None, headers=kept)
            self.step()
            answer = connection.getresponse()
            body = answer.read()
            told = [(name, value) for name, value in answer.getheaders() if name.lower() not in OWN]
            return Reply(status=answer.status, headers=_joined(told), body=body)
        finally:
            connection.close()

    def _meet(self) -> None:
        """Wait a moment for the others."""
        if self.together < 2:
            return
        with self._lock:
            if self._meeting is None:
                self._meeting = threading.Barrier(self.together)
            meeting = self._meeting
        try:
            meeting.wait(self.moment)
        except threading.BrokenBarrierError:
            with self._lock:
                if self._meeting is meeting:
                    self._meeting = None


def _joined(told: list[tuple[str, str]]) -> dict[str, str]:
    """Return headers by name; several cookies stay several lines."""
    headers: dict[str, str] = {}
    for name, value in told:
        known = headers.get(name)
        headers[name] = value if known is None else f"{known}\n{value}"
    return headers


def _handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = PATIENCE

        def relay(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request(method=self.command, path=self.path, body=body)
            with suppress(OSError):
                reply = proxy.relay(request, dict(self.headers.items()))
                if reply is not None:
                    self.tell(reply)
                    return
            self.close_connection = True

        def tell(self, reply: Reply) -> None:
            self.send_response_only(reply.status)
            for name, values in reply.headers.items():
                for value in values.split("\n"):
                    self.send_header(name, value)
            if reply.status not in {204, 304}:
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
            self.wfile.flush()
            if not proxy.injected:
                proxy.step()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = relay  # noqa: N815

    return Handler
