"""A burst at the tracking service, which is killed in the middle: what was answered is there, and only once.

Browsers ask again when nobody answers. 10,000 images and 1,000 confirmations come within ten seconds.
"""

import asyncio
import random
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from re import findall
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from diffuse.adapters.signer import KeyedSigner
from diffuse.adapters.sql.engine import reading
from diffuse.services.record import DWELL
from tests.faults.rig import Process, Rig, until
from tests.faults.scenarios import World
from tests.servers import free_port

pytestmark = pytest.mark.servers

OPENS, CONFIRMATIONS, SECONDS = 10_000, 1_000, 10.0
BROWSERS = 64
PATIENCE = 60.0
KILLS = (2.5, 5.0, 7.5)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


@dataclass
class Answer:
    """What came back: the status, and the body."""

    status: int
    body: str


@dataclass
class Browser:
    """One connection that stays open; a new one when it breaks, and the request once more."""

    port: int
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: str = "") -> Answer:
        """Ask until somebody answers."""
        until_then = time.monotonic() + PATIENCE
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                return await self._ask(method, path, body)
            await self.hang_up()
            assert time.monotonic() < until_then, f"nobody answers {method} {path}"
            await asyncio.sleep(0.05)

    async def _ask(self, method: str, path: str, body: str) -> Answer:
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        lines = [f"{method} {path} HTTP/1.1", "Host: diffuse.universite.example", f"User-Agent: {FIREFOX}"]
        if method == "POST":
            lines += [
                "Content-Type: application/x-www-form-urlencoded",
                f"Content-Length: {len(body)}",
                "Sec-Fetch-Site: same-origin",
            ]
        writer.write("\r\n".join([*lines, "", body]).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        (length,) = findall(r"content-length: (\d+)", head)
        rest = (await reader.readexactly(int(length))).decode("utf-8", "replace")
        return Answer(int(head.split(" ")[1]), rest)

    async def hang_up(self) -> None:
        if self.streams:
            self.streams[1].close()
            with suppress(OSError):
                await self.streams[1].wait_closed()
        self.streams = None


@dataclass
class Burst:
    """What people do, and what they were answered."""

    port: int
    signer: KeyedSigner
    statuses: dict[str, list[int]] = field(default_factory=lambda: {"open": [], "confirm": []})
    pool: "asyncio.Queue[Browser]" = field(default_factory=asyncio.Queue)

    async def run(self, numbers: list[int], strike: Callable[[], Coroutine[None, None, None]]) -> float:
        """Let everything come in its time; return the seconds until the last answer."""
        for _ in range(BROWSERS):
            self.pool.put_nowait(Browser(self.port))
        chance = random.Random(2027)
        plan: list[tuple[float, Callable[[int], Coroutine[None, None, None]], int]] = [
            (chance.uniform(0, SECONDS), self.open, number) for number in numbers
        ]
        last = SECONDS - 1.1 * DWELL.total_seconds()
        plan += [
            (chance.uniform(0, last), self.confirm, number)
            for number in chance.sample(numbers, CONFIRMATIONS)
        ]
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(strike())
            for at, act, number in sorted(plan, key=lambda one: one[0]):
                await asyncio.sleep(max(0.0, began + at - time.monotonic()))
                group.create_task(act(number))
        spent = time.monotonic() - began
        while not self.pool.empty():
            await self.pool.get_nowait().hang_up()
        return spent

    async def ask(self, method: str, path: str, body: str = "") -> Answer:
        browser = await self.pool.get()
        try:
            return await browser.ask(method, path, body)
        finally:
            self.pool.put_nowait(browser)

    def path(self, purpose: str, number: int) -> str:
        return self.signer.address(purpose, number).split("example", 1)[1]

    async def open(self, number: int) -> None:
        answer = await self.ask("GET", self.path("open", number))
        self.statuses["open"].append(answer.status)

    async def confirm(self, number: int) -> None:
        path = self.path("acknowledge", number)
        page = unescape((await self.ask("GET", path)).body)
        fields = dict(findall(r'name="(form|confirm)" value="([^"]+)"', page))
        await asyncio.sleep(1.05 * DWELL.total_seconds())
        answer = await self.ask("POST", path, urlencode({**fields, "response": "acknowledge"}))
        self.statuses["confirm"].append(answer.status)


def service(one: Rig) -> Process:
    """Start the tracking service as operators do, and wait until it answers."""
    process = one.start([str(Path(sys.executable).with_name("diffuse")), "serve"])

    def listens() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port(one)), timeout=1):
            return True
        return False

    until(listens, "tracking service", process, every=0.05)
    return process


def port(one: Rig) -> int:
    return int(str(one.settings["listen_port"]))


def counted(one: Rig, statement: str) -> int:
    with reading(one.engine) as connection:
        return int(connection.execute(text(statement)).scalar_one())


def sent(one: Rig) -> list[int]:
    """Let messages have been sent an hour ago; return their numbers."""
    one.fill(OPENS)
    hour = 3_600_000_000
    one.execute(f"UPDATE delivery SET state = 'sent', sent_at = due_at - {hour}, fenced_at = due_at - {hour}")  # noqa: S608
    with reading(one.engine) as connection:
        return list(connection.scalars(text("SELECT id FROM delivery")))


@pytest.mark.parametrize(("row", "database"), [("21", "SQLite"), ("22", "PostgreSQL")])
def test_what_was_answered_in_a_burst_is_there_however_often_the_service_dies(
    world: World, row: str, database: str, record_property: Callable[[str, object], None]
) -> None:
    place = {"SQLite": world.on_sqlite, "PostgreSQL": world.on_postgresql}[database]
    with place(f"s{row}") as one:
        one.settings["listen_port"] = free_port()
        numbers = sent(one)
        signer = KeyedSigner("s" * 32, "https://diffuse.universite.example", "universite.example")
        burst = Burst(port(one), signer)
        running = [service(one)]

        async def strike() -> None:
            began = time.monotonic()
            for at in KILLS:
                await asyncio.sleep(max(0.0, began + at - time.monotonic()))
                running[-1].kill()
                running.append(await asyncio.to_thread(service, one))

        seconds = asyncio.run(burst.run(numbers, strike))
        one.worker()
        until(lambda: counted(one, "SELECT count(*) FROM unjudged") == 0, "verdicts")
        assert set(burst.statuses["open"]) == {200}
        assert set(burst.statuses["confirm"]) == {303}
        assert len(burst.statuses["open"]) == OPENS
        assert counted(one, "SELECT count(*) FROM delivery WHERE human_opens >= 1") == OPENS
        assert counted(one, "SELECT count(*) FROM acknowledgement") == CONFIRMATIONS
        assert counted(one, "SELECT count(*) FROM evidence") == CONFIRMATIONS
        verified = one.start([str(Path(sys.executable).with_name("diffuse")), "ledger", "verify"])
        assert verified.popen.wait(60) == 0, verified.said
        said = f"{OPENS} opens and {CONFIRMATIONS} confirmations, the last answered after {seconds:.1f} s"
        fault = f"{database}: a burst of ten seconds at the tracking service, three kill -9"
        record_property(
            row, f"| {row} | {fault} | everything answered, 0 lost, 0 twice | {said}; 0 lost | ✓ |"
        )
