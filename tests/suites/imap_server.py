"""A small strict IMAP server with TLS: the states, commands and refusals of RFC 3501."""

import asyncio
import base64
import re
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Account:
    """What the server holds, how it is reached, and what it does wrong."""

    mails: list[bytes]
    username: str = "bounces"
    password: str = 'pâsse "mot\\'
    folder: str = "INBOX"
    context: ssl.SSLContext | None = None
    security: str = "tls"
    plain: bool = True
    cut_fetch: int = 0
    cut_store: int = 0
    refuses_store: bool = False
    port: int = 0
    seen: set[int] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    secrets_in_the_clear: int = 0
    fetches: int = 0
    stores: int = 0


class _Cut(Exception):
    """The server goes away."""


class _Session:
    def __init__(self, account: Account, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.account, self.reader, self.writer = account, reader, writer
        self.secure = account.security == "tls"
        self.state = "not authenticated"

    async def run(self) -> None:
        with suppress(_Cut, ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            await self.send(b"* OK ready")
            while line := await self.reader.readline():
                assert line.endswith(b"\r\n"), line
                tag, _, command = line[:-2].decode("ascii").partition(" ")
                self.account.said.append(command)
                if not await self.answer(tag, command):
                    break
        self.writer.transport.abort()
        with suppress(ConnectionError, ssl.SSLError):
            await self.writer.wait_closed()

    async def send(self, line: bytes) -> None:
        self.writer.write(line + b"\r\n")
        await self.writer.drain()

    async def answer(self, tag: str, command: str) -> bool:
        name = command.split(" ", maxsplit=1)[0].upper()
        name = " ".join(command.split(" ")[:2]).upper() if name == "UID" else name
        async for line in self.untagged(name, command):
            await self.send(line)
        ended = await self.tagged(tag, name, command)
        await self.send(f"{tag} {ended}".encode())
        if name == "STARTTLS" and ended.startswith("OK"):
            assert self.account.context is not None
            await self.writer.start_tls(self.account.context)
            self.secure = True
        return name != "LOGOUT"

    def offered(self) -> bytes:
        if self.secure:
            return b"* CAPABILITY IMAP4rev1" + (b" AUTH=PLAIN" if self.account.plain else b"")
        starttls = b" STARTTLS" if self.account.security == "starttls" else b""
        return b"* CAPABILITY IMAP4rev1 LOGINDISABLED" + starttls

    async def untagged(self, name: str, command: str) -> AsyncIterator[bytes]:
        account = self.account
        if name == "CAPABILITY":
            yield self.offered()
        elif name == "LOGOUT":
            yield b"* BYE until then"
        elif name == "SELECT" and self.state != "not authenticated" and _folder(command) == account.folder:
            yield b"* %d EXISTS" % len(account.mails)
            yield b"* OK [UIDVALIDITY 1] valid"
        elif name == "UID SEARCH" and self.state == "selected":
            unseen = [n + 1 for n in range(len(account.mails)) if n + 1 not in account.seen]
            yield b"* SEARCH" + b"".join(b" %d" % one for one in unseen)
        elif name == "UID FETCH" and self.state == "selected":
            await self.fetched(int(command.split(" ")[2]))

    async def fetched(self, number: int) -> None:
        account = self.account
        account.fetches += 1
        raw = account.mails[number - 1]
        self.writer.write(b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n" % (number, number, len(raw)))
        if account.fetches == account.cut_fetch:
            self.writer.write(raw[: len(raw) // 2])
            await self.writer.drain()
            raise _Cut
        self.writer.write(raw + b")\r\n")
        await self.writer.drain()

    async def tagged(self, tag: str, name: str, command: str) -> str:  # noqa: PLR0911 -- one each
        account = self.account
        match name:
            case "CAPABILITY" | "LOGOUT" | "NOOP":
                return "OK done"
            case "STARTTLS":
                return "OK begin" if account.security == "starttls" and not self.secure else "BAD no"
            case "LOGIN" | "AUTHENTICATE":
                return await self.logged_in(name, command)
            case "SELECT" if self.state != "not authenticated":
                if _folder(command) != account.folder:
                    return "NO [NONEXISTENT] no such mailbox"
                self.state = "selected"
                return "OK [READ-WRITE] selected"
            case "UID SEARCH" | "UID FETCH" if self.state == "selected":
                return "OK done"
            case "UID STORE" if self.state == "selected":
                return self.stored(command)
        return f"BAD {name} in the state {self.state} ({tag})"

    def stored(self, command: str) -> str:
        account = self.account
        account.stores += 1
        if account.stores == account.cut_store:
            raise _Cut
        if account.refuses_store:
            return "NO read-only"
        assert command.endswith(r"+FLAGS.SILENT (\Seen)"), command
        account.seen.add(int(command.split(" ")[2]))
        return "OK stored"

    async def logged_in(self, name: str, command: str) -> str:
        if not self.secure:
            self.account.secrets_in_the_clear += name == "LOGIN"
            return "NO [PRIVACYREQUIRED] not without TLS"
        if name == "AUTHENTICATE":
            assert command == "AUTHENTICATE PLAIN", command
            await self.send(b"+ ")
            given = base64.b64decode(await self.reader.readline()).decode().split("\0")[1:]
        else:
            given = [re.sub(r"\\(.)", r"\1", one) for one in re.findall(r'"((?:[^"\\]|\\.)*)"', command)]
            given = given if len(given) == 2 else [command.split(" ")[1], *given]
        if given != [self.account.username, self.account.password]:
            return f"NO [AUTHENTICATIONFAILED] {'|'.join(given).encode('ascii', 'replace').decode()}"
        self.state = "authenticated"
        return "OK welcome"


def _folder(command: str) -> str:
    return re.sub(r"\\(.)", r"\1", command.partition(" ")[2].strip().removeprefix('"').removesuffix('"'))


@contextmanager
def imap_server(account: Account) -> Iterator[Account]:
    """Serve an account on this machine; its ``port`` is set by then."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    sessions: list[_Session] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sessions.append(_Session(account, reader, writer))
        await sessions[-1].run()

    async def begin() -> asyncio.Server:
        context = account.context if account.security == "tls" else None
        return await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)

    async def end(server: asyncio.Server) -> None:
        server.close()
        for one in sessions:
            one.writer.transport.abort()
        others = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
        await asyncio.gather(*others, return_exceptions=True)
        await server.wait_closed()

    try:
        server = asyncio.run_coroutine_threadsafe(begin(), loop).result(10)
        account.port = server.sockets[0].getsockname()[1]
        yield account
        asyncio.run_coroutine_threadsafe(end(server), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
