"""A process of its own that publishes one post: reads JSON, tells its answer as JSON.

Run as ``python -m tests.suites.platforms.poster``: tests kill it wherever they like.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from diffuse.domain.post import Post
from tests.suites.platforms.rig import Recipe

ROOT = Path(__file__).parents[3]


@contextmanager
def poster(recipe: Recipe, post: Post) -> Iterator[subprocess.Popen[str]]:
    """Start a process that publishes a post; it is gone at the end."""
    told = {"recipe": asdict(recipe), "post": {**asdict(post), "publish_at": post.publish_at.isoformat()}}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.suites.platforms.poster"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin
        process.stdin.write(json.dumps(told))
        process.stdin.close()
        try:
            yield process
        finally:
            process.kill()


def answer_of(process: subprocess.Popen[str]) -> dict[str, Any] | None:
    """Wait until it ends; return its answer and the ``kind`` of that, or None when it was killed."""
    assert process.stdout
    said = process.stdout.read()
    process.wait(60)
    told: dict[str, Any] | None = json.loads(said) if said else None
    return told


def main() -> None:
    """Publish what standard input says."""
    told = json.load(sys.stdin)
    given = told["post"]
    post = Post(**{**given, "publish_at": datetime.fromisoformat(given["publish_at"])})
    platform = Recipe(**told["recipe"]).build()
    answer = platform.post(post)
    platform.close()
    json.dump({"kind": type(answer).__name__, **asdict(answer)}, sys.stdout, default=str)


if __name__ == "__main__":
    main()
