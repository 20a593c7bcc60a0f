"""Mail servers for the benchmark of delivery, and the quickest clients that they can have.

``python benchmarks/delivery_receivers.py receive SECONDS`` answers each final dot after so long, and prints
its port; ``… send PORT CONNECTIONS MESSAGES BYTES`` is a bare pipelining client that knows one message and no
database: what it reaches is the receiver's own limit.
"""

import asyncio
import json
import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, sleep

HOST = "127.0.0.1"
POSTFIX = "postfix's smtp-sink and smtp-source are missing: on Debian, apt-get install postfix"
FOLDERS = "/usr/sbin:/usr/lib/postfix/sbin:/usr/libexec/postfix"
SESSIONS = 20
_LAST_LINE = re.compile(rb"^\d{3} .*\r\n$", re.MULTILINE)
_BODY_ENDS = b"\r\n.\r\n"
_ANSWERS = {
    b"DATA": b"354 Go on\r\n",
    b"EHLO": b"250-bench\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
    b"QUIT": b"221 Bye\r\n",
}
_ENVELOPE = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"


class Receiver(asyncio.Protocol):
    """One connection: takes pipelined commands, one message at a time, and keeps nothing."""

    def __init__(self, delay: float, counts: dict[str, int]) -> None:
        """Answer a final dot after ``delay`` seconds; add messages and their bytes to ``counts``."""
        self._delay, self._counts = delay, counts
        self._held, self._searched, self._in_message, self._waits = bytearray(), 0, False, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.write(b"220 bench\r\n")

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._held += data
        self._go_on()

    def _go_on(self) -> None:
        answers = bytearray()
        while not self._waits and (
            self._end_of_message(answers) if self._in_message else self._obey(answers)
        ):
            pass
        if answers:
            self._transport.write(answers)

    def _obey(self, answers: bytearray) -> bool:
        end = self._held.find(b"\r\n")
        if end < 0:
            return False
        word = bytes(self._held[:4]).upper()
        del self._held[: end + 2]
        self._in_message, self._searched = word == b"DATA", 0
        answers += _ANSWERS.get(word, b"250 Ok\r\n")
        if word == b"QUIT":
            self._transport.write(bytes(answers))
            self._transport.close()
            return False
        return True

    def _end_of_message(self, answers: bytearray) -> bool:
        end = self._held.find(_BODY_ENDS, self._searched)
        if end < 0:
            self._searched = max(0, len(self._held) - 4)
            return False
        del self._held[: end + len(_BODY_ENDS)]
        self._counts["messages"] += 1
        self._counts["bytes"] += end + 2
        self._in_message = False
        if self._delay:
            self._waits = True
            asyncio.get_running_loop().call_later(self._delay, self._accept)
            return False
        answers += b"250 Ok\r\n"
        return True

    def _accept(self) -> None:
        self._waits = False
        self._transport.write(b"250 Ok\r\n")
        self._go_on()


def _precise() -> asyncio.AbstractEventLoop:
    """Make a loop that waits to the microsecond; with epoll it would wait up to a millisecond too long."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


async def _receive(delay: float) -> None:
    loop, counts, over = asyncio.get_running_loop(), {"messages": 0, "bytes": 0}, asyncio.Event()
    server = await loop.create_server(lambda: Receiver(delay, counts), HOST, 0)
    loop.add_signal_handler(signal.SIGTERM, over.set)
    print(server.sockets[0].getsockname()[1], flush=True)
    await over.wait()
    print(json.dumps(counts), flush=True)


class _Bare:
    """One connection of the bare client: the message and the next envelope travel together."""

    def __init__(self, port: int, message: bytes) -> None:
        self.socket = socket.create_connection((HOST, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.recv(4096)
        self.socket.sendall(b"EHLO bench\r\n")
        answer = b""
        while not _LAST_LINE.search(answer):
            answer += self.socket.recv(4096)
        self._message = message
        self.begun, self._answers, self._held = 0, 0, b""
        self.socket.sendall(_ENVELOPE)

    def heard(self, left: int) -> int:
        """Take answers, send the next message when it is wanted; return how many were accepted."""
        self._held += self.socket.recv(65_536)
        accepted = 0
        while (end := self._held.find(b"\r\n")) >= 0:
            code, self._held = self._held[:3], self._held[end + 2 :]
            self._answers += 1
            if code == b"354":
                if self.begun < left:
                    self.begun += 1
                    self.socket.sendall(self._message + (_ENVELOPE if self.begun < left else b""))
                self._answers = 0
            elif self._answers == 1 and self.begun > 0:
                accepted += 1
        return accepted


def bare(port: int, connections: int, messages: int, size: int) -> dict[str, float]:
    """Send one message again and again, through so many connections; return how long it took."""
    line = b"x" * 74 + b"\r\n"
    message = b"Subject: bench\r\n\r\n" + (line * (size // len(line) + 1))[: size - 23] + b"\r\n.\r\n"
    with selectors.DefaultSelector() as selector:
        each, began = messages // connections, perf_counter()
        for _ in range(connections):
            one = _Bare(port, message)
            selector.register(one.socket, selectors.EVENT_READ, one)
        accepted = 0
        while accepted < each * connections:
            for key, _ in selector.select():
                accepted += key.data.heard(each)
        return {"seconds": perf_counter() - began, "messages": accepted}


@contextmanager
def receiver(delay: float, said: dict[str, int] | None = None) -> Iterator[int]:
    """Run a receiver in a process of its own; yield its port, and put what it counted in ``said``."""
    command = [sys.executable, __file__, "receive", str(delay)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- our own program
    if process.stdout is None:
        raise RuntimeError("the receiver has no output")
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        counted = json.loads(process.stdout.readline())
        process.wait()
        if said is not None:
            said.update(counted)


def program(name: str) -> str:
    """Return where one of postfix's programs is, or nothing."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{FOLDERS}") or ""


@contextmanager
def sink() -> Iterator[int]:
    """Run postfix's smtp-sink; yield its port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    privileges = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([program("smtp-sink"), *privileges, f"{HOST}:{port}", "256"])  # noqa: S603 -- as above
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def source(port: int, messages: int, size: int) -> dict[str, float]:
    """Run postfix's smtp-source, on kept connections; return how long it took, and its CPU seconds."""
    command = [program("smtp-source"), "-s", str(SESSIONS), "-d", "-m", str(messages), "-l", str(size)]
    command += ["-f", "a@example.org", "-t", "b@example.org", f"{HOST}:{port}"]
    began = perf_counter()
    process = subprocess.Popen(command)  # noqa: S603 -- as above
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"smtp-source ended with {process.returncode}")
    return {
        "seconds": perf_counter() - began,
        "messages": messages,
        "cpu": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss / 1024,
    }


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as one:
            if not one.connect_ex((HOST, port)):
                return
        sleep(0.02)
    raise RuntimeError("smtp-sink does not answer")


def main() -> None:
    """Be a receiver, or a bare client."""
    what, *rest = sys.argv[1:]
    if what == "receive":
        with asyncio.Runner(loop_factory=_precise) as runner:
            runner.run(_receive(float(rest[0])))
    else:
        port, connections, messages, size = map(int, rest)
        print(json.dumps(bare(port, connections, messages, size)))


if __name__ == "__main__":
    main()
