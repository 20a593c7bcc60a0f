"""A TCP proxy that knows when to misbehave: it swallows replies, cuts connections, and stalls."""

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Proxy:
    """Stands between a client and a server on this machine, in a thread of its own.

    Attributes:
        port: where it listens.
        swallow: when set, the reply to the next request that holds these bytes is swallowed, and the
            connection cut; ``swallowed`` counts them.
        on_request: called with the bytes of each request.
    """

    def __init__(self, port: int) -> None:
        self.port, self._target = 0, port
        self.swallow: bytes = b""
        self.swallowed = 0
        self.on_request: Callable[[bytes], None] = lambda _: None
        self._writers: set[asyncio.StreamWriter] = set()
        self._ready, self._done = threading.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(10)

    def cut(self) -> None:
        """Cut every connection."""
        self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._done.wait()
        server.close()
        self._cut()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        mute = asyncio.Event()
        await asyncio.gather(
            self._pump(reader, far_writer, mute, requests=True),
            self._pump(far_reader, writer, mute, requests=False),
        )
        for one in (writer, far_writer):
            one.transport.abort()
        self._writers -= {writer, far_writer}

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        mute: asyncio.Event,
        *,
        requests: bool,
    ) -> None:
        try:
            while data := await reader.read(65536):
                if requests:
                    self.on_request(data)
                    if self.swallow and self.swallow in data:
                        self.swallow = b""
                        mute.set()
                elif mute.is_set():
                    self.swallowed += 1
                    break
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.transport.abort()
