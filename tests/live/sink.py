"""The mail server of the fault proofs, at an address that other machines reach.

Run as ``python -m tests.live.sink FOLDER ADDRESS DELAY``: seconds before each answer to a final dot.
"""

import asyncio
import sys
from pathlib import Path

from tests.faults.sink import Conversation, Options, Sink


async def serve(folder: Path, address: str, delay: float) -> None:
    sink = Sink(folder, Options(delay=delay))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(sink), address, 0, backlog=512)
    (folder / "port").write_text(str(server.sockets[0].getsockname()[1]), encoding="ascii")
    (folder / "ready").touch()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
