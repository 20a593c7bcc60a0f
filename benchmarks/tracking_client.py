"""Browsers for the benchmark of the tracking service: so many connections that stay open, one request each.

``python benchmarks/tracking_client.py --port PORT --paths FILE --seconds S`` asks for the paths in turn and
prints one line of JSON: answers, seconds, the middle and the 99th percentile of the time to an answer (ms),
all of them after a second in which the server warms up, and ``all``, the answers with those of that second.
"""

import argparse
import json
import selectors
import socket
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from time import perf_counter, sleep

CONNECTIONS = 64
STARTS = 20.0
"""Seconds that a server has to listen."""

WARM = 1.0
"""Seconds before it counts: a server that has just started loads what it needs."""

AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0"


class WrongAnswer(Exception):
    """Raised when an answer is not what was expected; the benchmark is worth nothing then."""


class Connection:
    """One connection: what it asked, when, and what came so far."""

    def __init__(self, port: int) -> None:
        """Connect."""
        self.socket = _connected(port)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked_at = 0.0
        self._came = b""

    def ask(self, path: str) -> None:
        """Send a request."""
        self._came = b""
        self.asked_at = perf_counter()
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {AGENT}\r\n\r\n".encode())

    def read(self) -> bytes:
        """Read what came; return the head of the answer once it is whole."""
        came = self.socket.recv(65536)
        if not came:
            raise WrongAnswer("the server hung up")
        self._came += came
        head, end, body = self._came.partition(b"\r\n\r\n")
        if not end:
            return b""
        return head if len(body) >= _length(head) else b""


def _connected(port: int) -> socket.socket:
    """Connect, once the server listens."""
    until = perf_counter() + STARTS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            if perf_counter() > until:
                raise
            sleep(0.1)


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))


def run(port: int, paths: Iterator[str], seconds: float) -> dict[str, float]:
    """Ask until the time is over or there is nothing left to ask; return the figures.

    Raises:
        WrongAnswer: for any answer but 200.
    """
    waiting = selectors.DefaultSelector()
    connections = [Connection(port) for _ in range(CONNECTIONS)]
    began = perf_counter()
    for one, path in zip(connections, paths, strict=False):
        waiting.register(one.socket, selectors.EVENT_READ, one)
        one.ask(path)
    took: list[float] = []
    early = 0
    while waiting.get_map():
        for key, _ in waiting.select():
            one = key.data
            head = one.read()
            if not head:
                continue
            now = perf_counter()
            if now - began > WARM:
                took.append(now - one.asked_at)
            else:
                early += 1
            if not head.startswith(b"HTTP/1.1 200"):
                raise WrongAnswer(head.decode())
            path = next(paths, None) if now - began < WARM + seconds else None
            if path is None:
                waiting.unregister(one.socket)
            else:
                one.ask(path)
    spent = perf_counter() - began - WARM
    took.sort()
    return {
        "answers": len(took),
        "all": len(took) + early,
        "seconds": spent,
        "middle": took[len(took) // 2] * 1000,
        "p99": took[len(took) * 99 // 100] * 1000,
    }


def main() -> None:
    """Print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--paths", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--again", action="store_true", help="begin anew after the last path")
    options = parser.parse_args()
    paths = options.paths.read_text(encoding="ascii").split()
    asked = cycle(paths) if options.again else iter(paths)
    print(json.dumps(run(options.port, asked, options.seconds)))


if __name__ == "__main__":
    main()
