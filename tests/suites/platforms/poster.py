"""Processes of their own that publish one post each, and that can be killed wherever tests like.

``python -m tests.suites.platforms.poster`` loads the program once, and forks for each post: an adapter has
connected nothing before it is called. It reads a line of JSON for each thing to do, and answers with a line.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from diffuse.domain.post import Post
from diffuse.ports import Platform
from tests.suites.platforms.rig import Recipe

ROOT = Path(__file__).parents[3]


class Posters:
    """Starts processes that publish, and tells what they answered."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process, self._folder = process, folder
        self._started = 0

    def start(self, recipe: Recipe, post: Post) -> int:
        """Start one; return its number for the system."""
        self._started += 1
        told = {**asdict(post), "publish_at": post.publish_at.isoformat()}
        return self._do({"recipe": asdict(recipe), "post": told, "answer": str(self._folder / "answer")})

    def kill(self, pid: int) -> None:
        """End one at once; it may just have come to its end."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def answer(self, pid: int) -> dict[str, Any] | None:
        """Wait until one has ended; return its answer and the ``kind`` of that, or None without any."""
        self._do({"wait": pid})
        path = self._folder / f"answer-{pid}"
        told: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        path.unlink(missing_ok=True)
        return told

    def _do(self, order: dict[str, Any]) -> int:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


@contextmanager
def posters_loaded() -> Iterator[Posters]:
    """Load the program in a process of its own, from which the others come."""
    command = [sys.executable, "-m", "tests.suites.platforms.poster"]
    pipe = subprocess.PIPE
    with (
        TemporaryDirectory(prefix="diffuse-posters-") as folder,
        subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process,
    ):
        yield Posters(process, Path(folder))


def main() -> None:
    """Do what the lines say, until there are no more."""
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            print(status, flush=True)  # noqa: T201 -- whoever asked reads it
            continue
        platform = Recipe(**order["recipe"]).build()
        if not (pid := os.fork()):
            publish(platform, order)
            os._exit(0)
        print(pid, flush=True)  # noqa: T201 -- as above


def publish(platform: Platform, order: dict[str, Any]) -> None:
    """Publish, and leave the answer in a file of the process."""
    post = Post(**{**order["post"], "publish_at": datetime.fromisoformat(order["post"]["publish_at"])})
    answer = platform.post(post)
    platform.close()
    told = json.dumps({"kind": type(answer).__name__, **asdict(answer)}, default=str)
    part = Path(f"{order['answer']}-{os.getpid()}.part")
    part.write_text(told, encoding="utf-8")
    part.rename(part.with_suffix(""))


if __name__ == "__main__":
    main()
