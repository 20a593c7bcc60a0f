"""What the benchmark of delivery measures of diffuse itself, each part in a process of its own.

``python benchmarks/delivery_worker.py PART --database URL --folder FOLDER …`` prints one line of JSON:
``fill`` launches a campaign and plans its messages, ``send`` is a worker, ``ledger`` claims and marks.
"""

import argparse
import json
import resource
import statistics
import sys
from pathlib import Path
from tempfile import mkdtemp
from threading import Event, Timer
from time import perf_counter, process_time

from delivery_database import CAMPAIGN, MOST, fill, sent, settings

from diffuse import bootstrap
from diffuse.actors import open_worker
from diffuse.domain.delivery import Claimed, Outcome, State
from diffuse.services.deliver import BATCH

AT_ONCE = 64
"""Deliveries that one turn writes and allows."""

STATUS = Path("/proc/self/status")


def peak() -> float:
    """Return the most memory (MiB) that this process held; what wait() tells may be the parent's."""
    if STATUS.exists():
        lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines() if ":" in line)
        return int(lines["VmHWM"].split()[0]) / 1024
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / (1024 * 1024 if sys.platform == "darwin" else 1024)


def send(options: argparse.Namespace) -> dict[str, float]:
    """Send what is due, as a worker does, for so many seconds at most; return what it took."""
    stop = Event()
    # A journal of its own: beside that of another run, a copy of the database would be one that went back.
    folder = Path(mkdtemp(dir=options.folder))
    app = open_worker(settings(options.database, folder, options.port, options.connections), stop)
    timer = Timer(options.seconds, stop.set)
    timer.daemon = True
    timer.start()
    began, used = perf_counter(), process_time()
    report = app.deliver.run()
    found = {"seconds": perf_counter() - began, "cpu": process_time() - used}
    timer.cancel()
    app.close()
    given_back = {State.PLANNED} if stop.is_set() else set()
    if report.trouble or set(report.ended) - {State.SENT} - given_back:
        raise RuntimeError(f"{report}")
    found |= {"messages": report.ended.get(State.SENT, 0), "peak": peak()}
    if sent(options.database) != found["messages"]:
        raise RuntimeError("not everything that was sent is recorded with its answer")
    return found


def ledger(options: argparse.Namespace) -> dict[str, float]:
    """Claim deliveries and mark them sent, in turns as messages do; return microseconds for each."""
    app = bootstrap.app(settings(options.database, Path(options.folder)))
    each, cpu = [], []
    for number in range(options.batches):
        began, used = perf_counter(), process_time()
        token = f"bench.{number}"
        claimed = app.ledger.claim(app.clock.now(), token=token, limit=BATCH)
        ended: list[Outcome] = []
        for first in range(0, len(claimed) + AT_ONCE, AT_ONCE):
            some = claimed[first : first + AT_ONCE]
            turned = app.ledger.turn(
                app.clock.now(), token, ended=ended, wanted=[(one.id, one.attempt) for one in some],
                lease=app.channel.lease,
            )  # fmt: skip
            if len(turned.allowed) != len(some) or turned.recorded.get(State.SENT, 0) != len(ended):
                raise RuntimeError("the ledger did not take a turn")
            ended = [_sent(one, app) for one in some]
        each.append((perf_counter() - began) / len(claimed) * 1e6)
        cpu.append((process_time() - used) / len(claimed) * 1e6)
    app.close()
    return {"wall": statistics.median(each), "cpu": statistics.median(cpu), "quickest": min(each)}


def _sent(one: Claimed, app: bootstrap.App) -> Outcome:
    return Outcome(
        delivery=one.id, attempt=one.attempt, state=State.SENT, at=app.clock.now(), reply="250 2.0.0 Ok"
    )


def main() -> None:
    """Do one part, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["fill", "send", "ledger"])
    parser.add_argument("--database", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--campaign", type=Path, default=CAMPAIGN)
    parser.add_argument("--deliveries", type=int, default=10_000)
    parser.add_argument("--employees", type=int, default=MOST)
    parser.add_argument("--port", type=int, default=25)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--batches", type=int, default=9)
    options = parser.parse_args()
    found: dict[str, float] = {}
    if options.part == "send":
        found = send(options)
    elif options.part == "ledger":
        found = ledger(options)
    else:
        given = (options.database, Path(options.folder), options.deliveries, options.employees)
        found = {"seconds": fill(*given, options.campaign)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
