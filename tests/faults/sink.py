"""A mail server that remembers what it accepted before it says so, and fails as it is told.

Run as ``python -m tests.faults.sink FOLDER [OPTIONS IN JSON]``: it writes its port to ``FOLDER/port`` and a
line to ``FOLDER/accepted`` for each message, before the 250. That file is the only oracle. What is said in
``FOLDER/options`` replaces the options while it runs.
"""

import asyncio
import hashlib
import json
import os
import random
import re
import signal
import sys
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


@dataclass(kw_only=True)
class Options:
    """How it fails: probabilities for each message, and delays in seconds.

    Attributes:
        mail4, rcpt4, rcpt5, data4, dot4, dot5: refusals for now and for good.
        drop_data: closes in the middle of the message.
        drop_lost: keeps the message and closes without a word: the 250 is lost.
        drop_after: closes after the dot without keeping it.
        hole: never answers the dot, and does not keep it.
        delay: before the answer to each dot.
        pause: before the answer to each recipient, which is decided at once.
        silent: accepts connections, and never says anything.
        pipelining: whether commands may be sent ahead.
    """

    seed: int = 1
    mail4: float = 0
    rcpt4: float = 0
    rcpt5: float = 0
    data4: float = 0
    dot4: float = 0
    dot5: float = 0
    drop_data: float = 0
    drop_lost: float = 0
    drop_after: float = 0
    hole: float = 0
    delay: float = 0
    pause: float = 0
    silent: bool = False
    pipelining: bool = True


@dataclass
class Sink:
    """What all connections share."""

    folder: Path
    options: Options
    chance: random.Random = field(init=False)
    journal: int = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.options.seed)
        self.journal = os.open(self.folder / "accepted", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def happens(self, name: str) -> bool:
        """Draw whether a fault befalls a message."""
        probability: float = getattr(self.options, name)
        return bool(probability) and self.chance.random() < probability

    def keep(self, recipient: str, content: bytes) -> None:
        """Write down a message that is about to be accepted."""
        found = MESSAGE_ID.search(content)
        line = {
            "message_id": found[1].decode() if found else "",
            "rcpt": recipient,
            "digest": hashlib.sha256(content).hexdigest(),
        }
        os.write(self.journal, json.dumps(line).encode() + b"\n")

    def reload(self) -> None:
        """Take other options."""
        given: dict[str, Any] = json.loads((self.folder / "options").read_text())
        self.options = Options(**given)


class Conversation(asyncio.Protocol):
    """One connection."""

    def __init__(self, sink: Sink) -> None:
        self.sink, self.buffer, self.content = sink, b"", False
        self.recipient, self.refused, self.busy, self.mail = "", "", False, False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if not self.sink.options.silent:
            self.say("220 sink")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.sink.options.silent:
            self.go_on()

    def go_on(self) -> None:
        """Take what has come, up to a pause."""
        while not self.busy and not self.transport.is_closing():
            if self.content:
                if not self.take_content():
                    return
            else:
                line, end, rest = self.buffer.partition(b"\r\n")
                if not end:
                    return
                self.buffer = rest
                self.command(line.decode("latin-1"))

    def command(self, line: str) -> None:
        verb = line[:4].upper()
        if verb in {"EHLO", "HELO"}:
            self.say(
                "250-sink\r\n250-PIPELINING\r\n250 8BITMIME" if self.sink.options.pipelining else "250 sink"
            )
        elif verb == "MAIL":
            self.recipient, self.mail = "", not self.sink.happens("mail4")
            self.say("250 sender ok" if self.mail else "452 4.3.1 no room")
        elif verb == "RCPT":
            self.rcpt(line.partition("<")[2].partition(">")[0])
        elif verb == "DATA":
            self.data()
        elif verb == "QUIT":
            self.say("221 bye")
            self.transport.close()
        else:
            self.recipient = ""
            self.say("250 ok")

    def rcpt(self, recipient: str) -> None:
        if not self.mail:
            answer = "503 no sender"
        elif self.sink.happens("rcpt4"):
            answer = "450 4.2.1 mailbox busy"
        elif self.sink.happens("rcpt5"):
            answer = "550 5.1.1 no such mailbox"
        else:
            self.recipient, answer = recipient, "250 recipient ok"
        if self.sink.options.pause:
            self.busy = True
            asyncio.get_running_loop().call_later(self.sink.options.pause, self.say_late, answer)
        else:
            self.say(answer)

    def say_late(self, answer: str) -> None:
        """Answer after a while, then what has come meanwhile."""
        self.busy = False
        self.say(answer)
        self.go_on()

    def data(self) -> None:
        if not self.recipient:
            self.say("503 no recipient")
        elif self.sink.happens("data4"):
            self.say("451 4.3.0 not now")
        else:
            self.content = True
            self.say("354 go on")

    def take_content(self) -> bool:
        """Take a message once it is complete; False while it is not."""
        if len(self.buffer) > 3000 and self.sink.happens("drop_data"):
            self.transport.abort()
            return False
        end = self.buffer.find(b"\r\n.\r\n")
        if end < 0:
            return False
        content, self.buffer = self.buffer[: end + 2], self.buffer[end + 5 :]
        self.content, self.busy = False, True
        if self.sink.options.delay:
            asyncio.get_running_loop().call_later(self.sink.options.delay, self.dot_late, content)
        else:
            self.dot(content)
        return True

    def dot(self, content: bytes) -> None:
        """Answer the final dot."""
        # What came whole is taken in, whether or not somebody still waits for the answer.
        self.busy = False
        sink = self.sink
        if sink.happens("hole"):
            self.busy = True
        elif sink.happens("drop_after"):
            self.transport.abort()
        elif sink.happens("dot4"):
            self.say("452 4.3.1 no room just now")
        elif sink.happens("dot5"):
            self.say("554 5.6.0 not wanted")
        else:
            lost = sink.happens("drop_lost")
            sink.keep(self.recipient, content)
            if lost:
                self.transport.abort()
            else:
                self.say("250 2.0.0 accepted")
        self.recipient = ""

    def dot_late(self, content: bytes) -> None:
        """Answer the final dot after a while, then what has come meanwhile."""
        self.dot(content)
        self.go_on()

    def say(self, text: str) -> None:
        self.transport.write(text.encode() + b"\r\n")


async def serve(folder: Path, options: Options) -> None:
    sink = Sink(folder, options)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, sink.reload)
    port = int((folder / "port").read_text()) if (folder / "port").exists() else 0
    server = await loop.create_server(lambda: Conversation(sink), "127.0.0.1", port, backlog=512)
    (folder / "port.new").write_text(str(server.sockets[0].getsockname()[1]))
    (folder / "port.new").rename(folder / "port")
    (folder / "ready").touch()
    await asyncio.Event().wait()


def main() -> None:
    known = {one.name for one in fields(Options)}
    given = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
    assert set(given) <= known, sorted(set(given) - known)
    asyncio.run(serve(Path(sys.argv[1]), Options(**given)))


if __name__ == "__main__":
    main()
