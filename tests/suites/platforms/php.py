"""PHP's own web server, for platforms that are written in PHP."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.servers import ServerDidNotStart

PATIENCE = 60.0  # seconds; a start takes one or two, but a busy machine is no failure

OPTIONS: Sequence[str] = (
    "display_errors=stderr",  # a notice before the JSON would spoil it
    "html_errors=0",
    "opcache.enable_cli=1",
    "opcache.validate_timestamps=0",
    "opcache.max_accelerated_files=16000",
    "opcache.memory_consumption=192",
    "sendmail_path=/bin/true",
)


def needed(packages: str, *paths: str) -> None:
    """Make sure that programs and folders of Debian packages are there.

    Raises:
        ServerDidNotStart: names what is missing, and how it comes here.
    """
    missing = [path for path in paths if not (Path(path).exists() or shutil.which(path))]
    if missing:
        raise ServerDidNotStart(
            f"not installed: {', '.join(missing)}; "
            f"what to do: apt-get install --no-install-recommends {packages}"
        )


def php(script: str, *, folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a script and return what it prints."""
    return run(["php", *_options(), "-r", script], folder=folder, environment=environment)


def run(command: Sequence[str | Path], *, folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a command to its end and return what it prints; one that fails is a server that did not start."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE,
    )
    if done.returncode:
        raise ServerDidNotStart(f"{command[0]} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


@contextmanager
def php_server(
    root: Path, port: int, *, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Serve a folder with a few workers; yield its address."""
    command: list[str | Path] = ["php", *_options(), "-S", f"127.0.0.1:{port}", "-t", root]
    workers = {"PHP_CLI_SERVER_WORKERS": "4"}
    address = f"http://127.0.0.1:{port}"
    with running(command, log=log, environment={**workers, **(environment or {})}) as process:
        wait_for(process, lambda: bool(httpx.get(f"{address}/no-such.css", timeout=5)) or True, log)
        yield address


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    account: str | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Keep a command and its children going, and end them all; as root it may run as an account."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=log.parent,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
            user=account,
            group=account,
        )
    try:
        yield process
    finally:
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, sign)
                process.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


def wait_for(process: subprocess.Popen[bytes], ready: Callable[[], object], log: Path) -> None:
    """Wait until a server answers.

    Raises:
        ServerDidNotStart: with its last words.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if ready():
                return
        except (httpx.HTTPError, OSError):
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            words = log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise ServerDidNotStart(f"{process.args!r} did not start; its last words:\n{words or '(none)'}")
        time.sleep(0.05)


def _options() -> list[str]:
    return [word for option in OPTIONS for word in ("-d", option)]
