"""A server that takes POSTs, for receivers of webhooks in tests: what it answers is their affair."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer; ``status`` 0 hangs up without one, ``after`` seconds."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0

    @classmethod
    def of(cls, told: object, status: int = 200) -> "Reply":
        """Answer with JSON."""
        return cls(status=status, body=json.dumps(told).encode())

    @classmethod
    def word(cls, text: str, status: int = 200, media_type: str = "text/plain") -> "Reply":
        """Answer with a word."""
        return cls(status=status, body=text.encode(), media_type=media_type)


class Wrong(Exception):
    """Raised by a strict server for a request that is not as its contract wants it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.body)
        self.reply = reply


def keys(given: object, required: set[str], allowed: set[str] | None = None) -> dict[str, Any]:
    """Return an object with the required keys and no others than the allowed ones; ValueError otherwise."""
    if not isinstance(given, dict):
        raise ValueError(f"an object is expected, found {given!r:.80}")  # noqa: TRY004 -- it came from outside
    if missing := required - given.keys():
        raise ValueError(f"missing {sorted(missing)}")
    if more := given.keys() - (required | (allowed or set())):
        raise ValueError(f"not expected: {sorted(more)}")
    return given


@contextmanager
def listening(answer: Callable[[str, Mapping[str, str], bytes], Reply]) -> Iterator[str]:
    """Answer on a free port; give the base address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                reply = answer(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            except Wrong as wrong:
                reply = wrong.reply
            sleep(reply.after)
            if reply.status == 0:
                self.close_connection = True
                return
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.media_type)
            self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
