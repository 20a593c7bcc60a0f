"""Kills a worker at every system call that can matter, one run for each."""

import os
import re
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.faults.rig import Failed, Rig, Truth, until

CALLS = "sendto,write,pwrite64,fdatasync,fsync,ftruncate"
"""What changes anything outside: the network, the journal, the database's files."""

MESSAGES = 6
SLICE = 14
"""So many points are tried where not all of them are, evenly spread."""

MADE = re.compile(r"^(\d+) +(\w+)\(", re.MULTILINE)

Place = Callable[[str], AbstractContextManager[Rig]]


def needed() -> str:
    """Return the path of strace.

    Raises:
        Failed: when it is not there.
    """
    found = shutil.which("strace")
    if found is None:
        raise Failed("strace is missing: install the package strace (Debian: apt-get install strace)")
    return found


def sweep(place: Place, *, full: bool) -> tuple[int, list[Truth]]:
    """Run a few deliveries again and again, each time killed at another call; return points and truths."""
    every = calls(place)
    points = every if full else every[:: max(1, len(every) // SLICE)]
    return len(points), [killed_at(place, call, number) for call, number in points]


def calls(place: Place) -> list[tuple[str, int]]:
    """Return each system call that a worker makes, by name and number; strace counts them by thread."""
    with place("count") as one:
        one.fill(MESSAGES)
        one.sink()
        log = one.folder / "calls"
        one.worker(needed(), "-f", "-qq", "-o", str(log), "-e", f"trace={CALLS}")
        one.finish()
        made = Counter(MADE.findall(log.read_text("utf-8", "replace")))
    most: dict[str, int] = {}
    for (_, call), number in made.items():
        most[call] = max(number, most.get(call, 0))
    return [(call, number) for call in sorted(most) for number in range(1, most[call] + 1)]


def killed_at(place: Place, call: str, number: int) -> Truth:
    """Kill a worker at one system call, let another one finish, and return the truth."""
    with place(f"at-{call}-{number}") as one:
        one.fill(MESSAGES)
        one.sink()
        inject = f"inject={call}:signal=KILL:when={number}"
        dying = one.worker(needed(), "-f", "-qq", "-o", "/dev/null", "-e", f"trace={CALLS}", "-e", inject)
        until(lambda: dying.popen.poll() is not None or one.open() == 0, "death or end")
        if dying.popen.poll() is None:
            os.killpg(dying.popen.pid, signal.SIGKILL)
            dying.popen.wait()
        one.worker()
        one.finish()
        return one.truth()
