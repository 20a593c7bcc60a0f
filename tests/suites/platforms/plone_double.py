"""What a Plone answers, as the live one was seen to: for its troubles, and for workflows of others."""

import json
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

ACCOUNT = ("communications", "un-mot-de-passe")
FOLDER = "/intranet/nouvelles"

Json = dict[str, Any]
Reply = tuple[int, Json, Mapping[str, str]]
"""A status, a body and headers."""
Workflow = Mapping[str, Mapping[str, str]]
"""By state, the transitions that are offered and where they lead; the first state is where items begin."""

SIMPLE: Workflow = {"private": {"publish": "published"}, "published": {"reject": "private"}}


@dataclass
class PloneDouble:
    """One folder; ``answers`` holds what the next requests of a method get instead, in order."""

    address: str = ""
    workflow: Workflow = field(default_factory=lambda: SIMPLE)
    items: dict[str, Json] = field(default_factory=dict)
    answers: dict[str, list[Reply]] = field(default_factory=dict)
    secret: str = b64encode(":".join(ACCOUNT).encode()).decode()

    def answer(self, method: str, path: str, auth: str, body: Json) -> Reply:
        """Return a status, a body and headers."""
        if waiting := self.answers.get(method):
            return waiting.pop(0)
        key, _, rest = path.removeprefix(FOLDER).strip("/").partition("/")
        if not path.startswith(FOLDER):
            return _no(404, f"Resource not found: {path}")
        if auth != f"Basic {self.secret}" and (method != "GET" or key == "@types"):
            return _no(401, "You are not authorized to access this resource.")
        if method == "POST" and not key:
            return self._create(body)
        if key in self.items:
            return self._on(method, key, rest, body)
        return (200, {}, {}) if key == "@types" else _no(404, f"Resource not found: {path}")

    def _create(self, body: Json) -> Reply:
        key = body["id"]
        if key in self.items:
            return _no(400, f'The id "{key}" is invalid - it is already in use.')
        self.items[key] = {**body, "UID": f"uid-{key}", "review_state": next(iter(self.workflow), None)}
        return 201, self._told(key), {}

    def _on(self, method: str, key: str, rest: str, body: Json) -> Reply:
        item = self.items[key]
        offered = self.workflow.get(item["review_state"], {})
        if method == "PATCH":
            item.update(body)
        elif method == "POST":
            transition = rest.removeprefix("@workflow/")
            if transition not in offered:
                return _no(400, f"Invalid transition '{transition}'.")
            item["review_state"] = offered[transition]
        return 200, self._told(key), {}

    def _told(self, key: str) -> Json:
        address = f"{self.address}{FOLDER}/{key}"
        state = self.items[key]["review_state"]
        offered = [{"@id": f"{address}/@workflow/{one}"} for one in self.workflow.get(state, {})]
        return {**self.items[key], "@id": address, "@components": {"workflow": {"transitions": offered}}}


def _no(status: int, message: str) -> Reply:
    return status, {"type": HTTPStatus(status).phrase, "message": message}, {}


@contextmanager
def plone_double() -> Iterator[PloneDouble]:
    """Yield an empty folder behind an address."""
    double = PloneDouble()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer leaves in one piece

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0"))) or b"{}"
            path, auth = unquote(urlsplit(self.path).path), self.headers.get("authorization", "")
            status, told, headers = double.answer(self.command, path, auth, json.loads(body))
            data = json.dumps(told).encode()
            self.send_response(status)
            told_headers = {"Content-Type": "application/json", "Content-Length": f"{len(data)}", **headers}
            for name, value in told_headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815 -- the library calls them so

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    double.address = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
