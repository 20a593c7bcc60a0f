"""The organisation's own web server: its policies, and the web mail in which messages are read."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

POLICY = "<!doctype html><html lang=fr><title>Politique</title><h1>Politique</h1></html>"


class Intranet:
    """Shows what it was given at an address, and a policy at every other.

    Attributes:
        address: where it answers; a site of its own for browsers, which tell names from numbers.
    """

    def __init__(self, port: int) -> None:
        """Take the port."""
        self.address = f"http://localhost:{port}"
        self.shown: dict[str, str] = {}

    def show(self, path: str, html: str) -> str:
        """Put a page somewhere, and return its address."""
        self.shown[path] = html
        return self.address + path


@contextmanager
def intranet() -> Iterator[Intranet]:
    """Run the server."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = one.shown.get(self.path, POLICY).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", f"{len(body)}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        one = Intranet(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield one
        finally:
            server.shutdown()
            thread.join()
