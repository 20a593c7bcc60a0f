"""A real RabbitMQ for the live tests, from Debian's package ``rabbitmq-server``."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from diffuse.adapters.rabbitmq_broker import rabbitmq_broker
from tests.servers import ServerDidNotStart, free_port

PROGRAMS = Path("/usr/lib/rabbitmq/bin")
PATIENCE = 120.0
"""Seconds; Erlang takes ten of them on two cores."""

MISSING = "rabbitmq-server is not installed; what to do: apt-get install rabbitmq-server"


@dataclass(frozen=True, kw_only=True)
class Queue:
    """What stands in a queue."""

    messages: int
    consumers: int


@dataclass(kw_only=True)
class RabbitMq:
    """A server that can be killed and started again; durable queues survive."""

    folder: Path
    environment: Mapping[str, str]
    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it without a word, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def start(self) -> None:
        """Start it, and wait until it lets us in."""
        self.process = _start(self.folder, self.environment)
        self.wait()

    def freeze(self) -> None:
        """Let it fall silent: connections stay open, and nothing answers."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.killpg(self.process.pid, signal.SIGCONT)

    def control(self, *words: str) -> str:
        """Run ``rabbitmqctl`` and return what it prints."""
        return subprocess.run(
            [PROGRAMS / "rabbitmqctl", "--quiet", "--node", self.environment["RABBITMQ_NODENAME"], *words],
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        ).stdout

    def queues(self) -> dict[str, Queue]:
        """Say what is in each queue, and how many workers listen to it."""
        columns = ("name", "messages", "consumers")
        listed = json.loads(self.control("list_queues", "--formatter=json", *columns))
        return {one["name"]: Queue(messages=one["messages"], consumers=one["consumers"]) for one in listed}

    def forget(self) -> None:
        """Delete every queue."""
        for name in self.queues():
            self.control("delete_queue", name)

    def until_consumed(self, queue: str = "diffuse") -> None:
        """Wait until a worker listens to the queue of hints."""
        deadline = time.monotonic() + PATIENCE
        while not ((found := self.queues().get(queue)) and found.consumers):
            assert time.monotonic() < deadline, f"nobody listens to {queue}: {self.queues()}"

    def wait(self) -> None:
        """Wait for a connection."""
        deadline = time.monotonic() + PATIENCE
        while True:
            broker = rabbitmq_broker(self.url)
            try:
                assert broker.connection.is_open
            except Exception as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    log = (self.folder / "output.log").read_text(errors="replace")[-2000:]
                    raise ServerDidNotStart(f"rabbitmq-server did not start ({error!r}):\n{log}") from error
                time.sleep(0.2)
            else:
                del broker.connection
                return


@contextmanager
def rabbitmq_server() -> Iterator[RabbitMq]:
    """Yield an empty RabbitMQ on ports, in a folder and with a password of its own."""
    if not (PROGRAMS / "rabbitmq-server").exists() or shutil.which("epmd") is None:
        raise ServerDidNotStart(MISSING)
    with TemporaryDirectory(prefix="diffuse-rabbitmq-") as name:
        folder = Path(name)
        environment, url = _settings(folder)
        server = RabbitMq(
            folder=folder, environment=environment, url=url, process=_start(folder, environment)
        )
        try:
            server.wait()
            yield server
        finally:
            if server.process.poll() is None:
                server.kill()
            # Erlang's port mapper leaves its parent; this one is ours alone.
            subprocess.run(["epmd", "-kill"], env=environment, check=False, capture_output=True)  # noqa: S607


def _settings(folder: Path) -> tuple[dict[str, str], str]:
    """Write the configuration; return the environment of its programs, and its address."""
    port, password = free_port(), secrets.token_hex(16)
    config = folder / "rabbitmq.conf"
    lines = [f"listeners.tcp.1 = 127.0.0.1:{port}", "default_user = diffuse", f"default_pass = {password}"]
    config.write_text("\n".join([*lines, ""]), encoding="ascii")
    (folder / "plugins").write_text("[].\n", encoding="ascii")
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(free_port()),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_RELAXED_COMMAND_CHECK": "1",  # it ends when told to, whatever it believes to be alive
        "RABBITMQ_NODENAME": f"diffuse{port}@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_CONFIG_FILE": str(config),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
    }
    return environment, f"amqp://diffuse:{password}@127.0.0.1:{port}/%2F"


def _start(folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with (folder / "output.log").open("ab") as output:
        return subprocess.Popen(
            [PROGRAMS / "rabbitmq-server"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
