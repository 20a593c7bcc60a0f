"""The twenty ways in which a delivery engine breaks, each with what may come of it at most."""

import os
import random
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from functools import partial
from pathlib import Path
from typing import Any

import redis
from sqlalchemy import text

from diffuse.adapters.smtp_turns import AHEAD
from diffuse.adapters.sql.engine import connect, reading
from diffuse.adapters.sql.migrate import upgrade
from diffuse.domain.window import WEEKDAYS, SendWindow
from tests import servers
from tests.faults.proxy import Proxy
from tests.faults.rig import PATIENCE, Process, Rig, Truth, rig, until
from tests.faults.sweep import sweep

K = 8
"""Connections of one worker: so many messages may be of unknown fate after one kill."""


@dataclass(frozen=True)
class Finding:
    """What a scenario came to, in figures, and whether that is what it may."""

    figure: str
    holds: bool


@dataclass(frozen=True)
class Size:
    """How much a scenario does: a slice for every change, everything now and then.

    ``many`` are the deliveries through which workers are killed at random; elsewhere ``deliveries`` do.
    """

    many: int
    deliveries: int
    kills: int
    restarts: int
    employees: int
    lock: float
    down: float


SLICE = Size(many=2_500, deliveries=2_500, kills=16, restarts=3, employees=2_000, lock=5.0, down=5.0)
FULL = Size(
    many=100_000, deliveries=10_000, kills=1_000, restarts=15, employees=100_000, lock=20.0, down=600.0
)


@dataclass
class World:
    """What scenarios share: a folder, a PostgreSQL, a Redis, how much to do, and the seed of all chance."""

    folder: Path
    cluster: servers.Cluster
    redis_url: str
    size: Size
    seed: int
    names: list[str] = field(default_factory=list)

    @contextmanager
    def on_sqlite(self, name: str, **settings: Any) -> Iterator[Rig]:  # noqa: ANN401 -- any setting
        with rig(self.folder / name, **settings) as one:
            yield one

    @contextmanager
    def on_postgresql(self, name: str, **settings: Any) -> Iterator[Rig]:  # noqa: ANN401 -- any setting
        server = self.cluster.url.render_as_string(hide_password=False)
        with servers.empty_database(server) as url, rig(self.folder / name, url, **settings) as one:
            yield one

    def chance(self) -> random.Random:
        return random.Random(self.seed)


Scenario = Callable[[World], Finding]
SCENARIOS: dict[int, tuple[str, str, Scenario]] = {}


def scenario(number: int, fault: str, expected: str) -> Callable[[Scenario], Scenario]:
    """Give a scenario its number, and say what breaks and what may come of it."""

    def keep(one: Scenario) -> Scenario:
        SCENARIOS[number] = fault, expected, one
        return one

    return keep


def at_most_once(truth: Truth, kills: int = 0, *, unknown: int | None = None) -> Finding:
    """Judge a run in which nothing may come twice and nothing may be lost."""
    most = K * kills if unknown is None else unknown
    holds = truth.honest() and truth.unknown <= most and truth.delivered_share >= 0.99
    return Finding(f"{kills} kills: {truth}" if kills else str(truth), holds)


def kill_at_random(one: Rig, chance: random.Random, kills: int, workers: int) -> int:
    """Keep workers at work and kill one after another until enough were killed, or nothing is left.

    The sink takes its time, so that a worker has messages on their way whenever it is killed.
    """
    one.sink(delay=0.2)
    alive = [one.worker() for _ in range(workers)]
    killed = 0
    while killed < kills and one.open():
        place = chance.randrange(workers)
        until(alive[place].ready, "worker", alive[place])
        time.sleep(chance.uniform(0.0, 0.5))
        alive[place].kill()
        killed += 1
        alive[place] = one.worker()
    one.sink_options()
    one.finish()
    return killed


@scenario(
    1, "kill -9 at random, three workers", "0 dup, 0 lost; unknown ≤ 8 a kill, ≥ 99 % of them delivered"
)
def killed_at_random(world: World) -> Finding:
    """Both policies: at most once, then sent again."""
    with world.on_postgresql("s01") as one:
        one.fill(world.size.many)
        kills = kill_at_random(one, world.chance(), world.size.kills, 3)
        once = at_most_once(one.truth(), kills)
    with world.on_postgresql("s01b") as one:
        one.fill(world.size.many // 5, on_unknown="resend")
        kill_at_random(one, world.chance(), max(3, world.size.kills // 5), 3)
        until(lambda: resent(one), "resent messages", every=0.3)
        again = one.truth()
    kept = again.lost == 0 and again.accepted - again.duplicates >= world.size.many // 5
    kept = kept and not again.differing and again.conserved
    return Finding(
        f"{once.figure}; resend: {again.lost} lost, {again.duplicates} dup, {again.differing} differing",
        once.holds and kept,
    )


@scenario(2, "kill at every system call", "0 dup, 0 lost at every point, SQLite and PostgreSQL")
def killed_at_every_call(world: World) -> Finding:
    """Sweep a small run on both databases."""
    figures, holds = [], True
    for name, place in (("SQLite", world.on_sqlite), ("PostgreSQL", world.on_postgresql)):
        points, truths = sweep(partial(_named, place), full=world.size is FULL)
        bad = [truth for truth in truths if not truth.honest()]
        unknown = sum(truth.unknown for truth in truths)
        delivered = sum(truth.unknown_delivered for truth in truths)
        figures.append(f"{name} {points} points, {len(bad)} bad, {unknown} unknown ({delivered} delivered)")
        holds = holds and not bad and points > 10
    return Finding("; ".join(figures), holds)


@scenario(3, "kill -9 of all workers of a host", "a new one has settled what they left within 2 s")
def host_group_killed(world: World) -> Finding:
    with world.on_postgresql("s03") as one:
        one.fill(world.size.deliveries)
        one.sink(delay=0.02)
        group = [one.worker() for _ in range(2)]
        until(lambda: len(one.accepted()) > 100, "mail")
        spare = one.worker()
        until(spare.ready, "a third worker")
        spare.signal(signal.SIGSTOP)
        for worker in group:
            worker.kill()
        held = tokens(one)
        spare.signal(signal.SIGCONT)
        seconds = until(lambda: not (tokens(one) & held), "settled leases", every=0.02)
        one.sink_options()
        one.finish()
        truth = one.truth()
    found = at_most_once(truth, 2)
    return Finding(f"settled after {seconds:.1f} s; {found.figure}", found.holds and seconds <= 2.0)


def more(one: Rig, than: int) -> bool:
    """Tell whether more messages have arrived than so many, or no more will."""
    return len(one.accepted()) > than or one.open() == 0


def _named(place: Callable[[str], AbstractContextManager[Rig]], key: str) -> AbstractContextManager[Rig]:
    return place(f"s02-{key}")


def tokens(one: Rig) -> set[str]:
    """Return the batches that are in somebody's hands."""
    with reading(one.engine) as connection:
        rows = connection.execute(
            text("SELECT DISTINCT lease_token FROM delivery WHERE state IN ('claimed', 'sending')")
        )
        return {row.lease_token for row in rows}


@scenario(4, "another host dies for good, its journal with it", "rescued ≤ 5 s after the lease; 0 dup")
def host_is_gone(world: World) -> Finding:
    with world.on_postgresql("s04") as one:
        one.fill(800)
        one.sink(delay=0.02)
        other = one.worker(journal=one.folder / "elsewhere")
        until(lambda: len(one.accepted()) > 100, "mail")
        other.kill()
        lost = tokens(one)
        one.worker()
        one.leases_run_out()
        seconds = until(lambda: not (tokens(one) & lost), "rescued deliveries", every=0.02)
        one.finish()
        truth = one.truth()
    figure = f"rescued after {seconds:.1f} s; {truth}"
    return Finding(figure, truth.honest() and seconds <= 5 and truth.unknown <= AHEAD + K)


def dramatiq(one: Rig, redis_url: str, processes: int = 2) -> Process:
    """Start workers the way an operator does."""
    program = str(Path(sys.executable).parent / "dramatiq")
    command = [program, "worker:broker", "--processes", str(processes), "--threads", "2"]
    return one.start(command, redis_url=redis_url)


def children(process: Process) -> list[int]:
    """Return the processes below one, however deep."""
    found, queue = [], [process.popen.pid]
    while queue:
        parent = queue.pop()
        below = [
            int(word)
            for task in Path(f"/proc/{parent}/task").glob("*/children")
            for word in task.read_text().split()
        ]
        found += below
        queue += below
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@scenario(5, "kill -9 of dramatiq's main process only", "no orphan after 5 s")
def main_process_killed(world: World) -> Finding:
    with world.on_sqlite("s05") as one:
        one.fill(1000)
        one.sink(delay=0.05)
        main = dramatiq(one, world.redis_url)
        until(lambda: len(one.accepted()) > 20, "mail", main)
        below = children(main)
        main.kill()
        began = time.monotonic()
        while any(map(alive, below)) and time.monotonic() - began < 30:
            time.sleep(0.05)
        seconds = time.monotonic() - began
        left = sum(map(alive, below))
        for pid in below:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        one.worker()
        one.finish()
        truth = one.truth()
    figure = f"{len(below)} processes gone after {seconds:.1f} s; {truth}"
    return Finding(figure, left == 0 and seconds <= 5 and truth.honest() and len(below) >= 2)


@scenario(6, "Redis FLUSHALL under load", "moving again within 15 s; 0 dup, 0 lost")
def redis_flushed(world: World) -> Finding:
    with world.on_postgresql("s06", poll_seconds=5) as one, client(world.redis_url) as hints:
        one.fill(world.size.deliveries)
        one.sink(delay=0.01)
        main = dramatiq(one, world.redis_url)
        until(lambda: len(one.accepted()) > 50, "mail", main)
        longest, seen, last = 0.0, len(one.accepted()), time.monotonic()
        while one.open():
            hints.flushall()
            now = len(one.accepted())
            if now > seen:
                longest, seen, last = max(longest, time.monotonic() - last), now, time.monotonic()
            one.waits_are_over()
            time.sleep(0.2)
        truth = one.truth()
        main.end()
    found = at_most_once(truth, unknown=0)
    return Finding(
        f"never still for more than {longest:.1f} s; {found.figure}", found.holds and longest <= 15
    )


@contextmanager
def client(url: str) -> Iterator[redis.Redis]:
    one: redis.Redis = redis.Redis.from_url(url, socket_timeout=5)
    try:
        yield one
    finally:
        one.close()


def rate(one: Rig, seconds: float) -> float:
    """Return the messages a second that arrive."""
    before = len(one.accepted())
    time.sleep(seconds)
    return (len(one.accepted()) - before) / seconds


@scenario(
    7, "Redis is away, and comes back", "throughput ≥ 80 % of that with it; SIGTERM ends it ≤ 30 s; 0 lost"
)
def redis_away(world: World) -> Finding:
    with world.on_postgresql("s07") as one:
        one.fill(round(100 * (world.size.down + 15)))
        one.sink(delay=0.1)
        with servers.redis_server() as own:
            main = dramatiq(one, own, processes=1)
            until(lambda: len(one.accepted()) > 100, "mail", main)
            before = rate(one, 4)
        after = rate(one, world.size.down)
        with servers.redis_server(own):
            back = rate(one, 4)
        one.sink_options()
        ended = main.end()
        one.worker()
        one.finish()
        truth = one.truth()
    figure = f"{before:.0f} a second with it, {after:.0f} without for {world.size.down:g} s, {back:.0f} after"
    holds = min(after, back) >= 0.8 * before and ended <= 30 and truth.honest() and truth.unknown == 0
    return Finding(f"{figure}; ended after {ended:.0f} s; {truth}", holds)


@scenario(8, "Redis swallows replies to hints", "hints are lost or doubled, mail is not: 0 dup, 0 lost")
def redis_swallows(world: World) -> Finding:
    address, _, rest = world.redis_url.rpartition(":")
    port, _, number = rest.partition("/")
    with world.on_postgresql("s08") as one, Proxy(int(port)) as proxy:
        one.fill(1_500)
        one.sink(delay=0.01)
        main = dramatiq(one, f"{address}:{proxy.port}/{number}")
        while one.open():
            proxy.swallow = b"EVALSHA"
            one.waits_are_over()
            with client(world.redis_url) as hints:
                hints.ping()
            time.sleep(0.3)
        truth = one.truth()
        main.end()
    found = at_most_once(truth, unknown=0)
    return Finding(
        f"{proxy.swallowed} replies swallowed; {found.figure}", found.holds and proxy.swallowed > 0
    )


@scenario(9, "PostgreSQL restarted at once, again and again", "0 dup, 0 lost, 0 unknown")
def database_restarted(world: World) -> Finding:
    with world.on_postgresql("s09") as one:
        one.fill(world.size.deliveries)
        one.sink(delay=0.01)
        workers = [one.worker() for _ in range(2)]
        for worker in workers:  # one that finds no database when it starts ends, and says so
            until(worker.ready, "worker", worker)
        chance = world.chance()
        for _ in range(world.size.restarts):
            seen = len(one.accepted())
            until(partial(more, one, seen + 40), "mail", workers[0])
            time.sleep(chance.uniform(0.0, 0.3))
            world.cluster.crash()
            world.cluster.start()
            one.engine.dispose()
        one.sink_options()
        one.finish()
        truth = one.truth()
    found = at_most_once(truth, unknown=0)
    return Finding(f"{world.size.restarts} restarts: {found.figure}", found.holds)


@scenario(10, "PostgreSQL cut off between 250 and commit", "the message ends sent, and is not sent again")
def database_cut_off(world: World) -> Finding:
    with world.on_postgresql("s10") as one, Proxy(world.cluster.url.port or 0) as proxy:
        one.fill(600)
        one.sink(delay=0.01)
        url = one.url.replace(f":{world.cluster.url.port}/", f":{proxy.port}/")
        one.worker(database_url=url)
        cuts = 0
        while one.open():
            seen = len(one.accepted())
            time.sleep(0.25)
            if len(one.accepted()) > seen:
                proxy.cut()
                cuts += 1
            one.waits_are_over()
        truth = one.truth()
    found = at_most_once(truth, unknown=0)
    return Finding(f"{cuts} cuts: {found.figure}", found.holds and cuts > 0)


@scenario(
    11,
    "SQLite: kills, and a disk that fails to sync",
    "integrity ok, 0 dup, 0 lost; no WAL where it is unsafe",
)
def disk_fails(world: World) -> Finding:
    with world.on_sqlite("s11") as one:
        one.fill(600)
        one.sink(delay=0.005)
        for turn in range(3):
            inject = f"inject=fdatasync,fsync:error=EIO:when={11 + 7 * turn}+23"
            broken = one.worker(
                "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", inject
            )
            seen = len(one.accepted())
            until(partial(more, one, seen), "mail", broken, patience=90)
            time.sleep(0.5)
            os.killpg(broken.popen.pid, signal.SIGKILL)
            broken.popen.wait()
        one.worker()
        one.finish()
        with closing(sqlite3.connect(one.folder / "diffuse.db")) as database:
            (whole,) = database.execute("PRAGMA integrity_check").fetchone()
            (mode,) = database.execute("PRAGMA journal_mode").fetchone()
        truth = one.truth()
    safe = mode != "wal" or sqlite3.sqlite_version_info >= (3, 51, 3)
    found = at_most_once(truth, 3)
    return Finding(
        f"integrity {whole}, journal {mode}; {found.figure}", found.holds and whole == "ok" and safe
    )


@scenario(12, "SQLite locked by another process, eight workers", "they wait: no «locked» in any log, 0 dup")
def database_locked(world: World) -> Finding:
    with world.on_sqlite("s12") as one:
        one.fill(1_000)
        one.sink()
        workers = [one.worker(smtp_connections=2) for _ in range(8)]
        until(lambda: len(one.accepted()) > 50, "mail")
        with closing(sqlite3.connect(one.folder / "diffuse.db", timeout=30, isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            time.sleep(world.size.lock)
            lock.execute("ROLLBACK")
        one.finish()
        said = sum("locked" in worker.said.lower() for worker in workers)
        truth = one.truth()
    found = at_most_once(truth, unknown=0)
    figure = f"locked for {world.size.lock:g} s, {said} logs complain; {found.figure}"
    return Finding(figure, found.holds and said == 0)


@scenario(13, "the server refuses for now, at every stage", "everything delivered once, each attempt logged")
def refused_for_now(world: World) -> Finding:
    with world.on_sqlite("s13") as one:
        one.fill(800)
        one.sink(mail4=0.002, rcpt4=0.05, data4=0.05, dot4=0.05, seed=world.seed)
        one.worker()
        one.finish()
        truth = one.truth()
        with reading(one.engine) as connection:
            refusals = connection.execute(
                text("SELECT count(*) FROM attempt WHERE state = 'planned' AND reply LIKE '4%'")
            ).scalar_one()
    figure = f"{refusals} refusals; {truth}"
    return Finding(figure, truth.honest() and truth.states == {"sent": 800} and refusals > 40)


@scenario(14, "the server refuses for good", "failed at once, never tried again, 0 failed but accepted")
def refused_for_good(world: World) -> Finding:
    with world.on_sqlite("s14") as one:
        one.fill(800)
        one.sink(rcpt5=0.1, dot5=0.1, drop_lost=0.05, seed=world.seed)
        one.worker()
        one.finish()
        truth = one.truth()
        with reading(one.engine) as connection:
            twice = connection.execute(
                text("SELECT count(*) FROM delivery WHERE state = 'failed' AND attempt > 1")
            ).scalar_one()
    failed = truth.states.get("failed", 0)
    holds = truth.honest() and failed > 50 and truth.unknown_delivered == truth.unknown
    return Finding(f"{twice} tried again; {truth}", holds and twice == 0)


@scenario(15, "the connection breaks in the middle of the message", "each one accepted exactly once")
def broken_in_data(world: World) -> Finding:
    with world.on_sqlite("s15", smtp_connections=2) as one:
        one.fill(600, on_unknown="resend")
        one.sink(drop_data=0.05, seed=world.seed)
        one.worker()
        one.finish()
        until(lambda: resent(one), "resent messages", every=0.3)
        truth = one.truth()
    return Finding(str(truth), truth.honest() and truth.states == {"sent": 600} and truth.accepted == 600)


@scenario(16, "the 250 is lost", "unknown, not sent again; with resend the same bytes once more")
def answer_lost(world: World) -> Finding:
    with world.on_sqlite("s16") as one:
        one.fill(500)
        one.sink(drop_lost=0.05, seed=world.seed)
        one.worker()
        one.finish()
        once = one.truth()
    with world.on_sqlite("s16b") as one:
        one.fill(500, on_unknown="resend")
        one.sink(drop_lost=0.05, seed=world.seed)
        one.worker()
        one.finish()
        until(lambda: resent(one), "resent messages", every=0.3)
        again = one.truth()
    found = at_most_once(once, unknown=500)
    holds = found.holds and once.unknown > 5 and again.lost == 0 and not again.differing
    return Finding(
        f"{once}; resend: {again.duplicates} copies, {again.differing} differing, {again.unknown} unknown",
        holds and again.duplicates > 5 and again.unknown == 0,
    )


def resent(one: Rig) -> bool:
    """Tell whether no message of unknown fate waits to be sent again."""
    one.waits_are_over()
    return one.open() == 0 and one.states().get("unknown", 0) == 0


@scenario(17, "the server is a black hole", "the worker is free ≤ timeout + 5 s; SIGTERM ends it ≤ 30 s")
def black_hole(world: World) -> Finding:
    with world.on_sqlite("s17", smtp_timeout=3, smtp_dot_timeout=3) as one:
        one.fill(200)
        one.sink(silent=True)
        worker = one.worker()
        began = time.monotonic()
        until(
            lambda: "cannot be reached" in worker.said or "did not answer" in worker.said, "a trouble", worker
        )
        free = time.monotonic() - began
        one.sink_options(hole=1.0)
        one.waits_are_over()
        time.sleep(1.5)
        ended = worker.end()
        one.sink_options()
        one.worker()
        one.finish()
        truth = one.truth()
    figure = f"free after {free:.1f} s with a timeout of 3 s, ended after {ended:.1f} s; {truth}"
    holds = free <= 8 and ended <= 30 and not truth.duplicates and not truth.lost and truth.conserved
    return Finding(figure, holds)


@scenario(18, "SIGSTOP beyond the lease, then SIGCONT", "0 dup")
def stopped_and_continued(world: World) -> Finding:
    with world.on_postgresql("s18") as one:
        one.fill(world.size.deliveries)
        one.sink(delay=0.005)
        workers = [one.worker(journal=one.folder / f"journal{n}") for n in range(2)]
        until(lambda: len(one.accepted()) > 50, "mail")
        chance, stops = world.chance(), 0
        while one.open() and stops < world.size.kills * 2:
            one.waits_are_over()
            sleeper = chance.choice(workers)
            sleeper.signal(signal.SIGSTOP)
            one.leases_run_out()
            time.sleep(chance.uniform(0.2, 0.8))
            sleeper.signal(signal.SIGCONT)
            stops += 1
            time.sleep(chance.uniform(0.05, 0.3))
        one.finish()
        truth = one.truth()
    return Finding(f"{stops} stops: {truth}", truth.honest() and stops > 1)


@scenario(
    19,
    "clocks that are wrong, and a database from a backup",
    "0 early, 0 dup; after a restore nothing unasked",
)
def clocks_and_backups(world: World) -> Finding:
    with world.on_postgresql("s19") as one:
        one.fill(200)
        one.fill(100, first=500, id="later")
        one.execute("UPDATE delivery SET due_at = due_at + 7200000000 WHERE campaign = 'later'")
        one.sink()
        wrong = [
            one.worker(clock=seconds, journal=one.folder / f"j{seconds}") for seconds in (3600, -3600, 86400)
        ]
        until(lambda: len(one.accepted()) >= 200, "mail", wrong[0])
        time.sleep(2)
        for worker in wrong:
            worker.end()
        early, truth = len(one.accepted()) - 200, one.truth()
    with world.on_sqlite("s19b") as one:
        one.fill(300)
        one.sink(delay=0.01)
        with closing(sqlite3.connect(one.folder / "diffuse.db")) as database:  # noqa: SIM117 -- the tables are made in between
            with closing(sqlite3.connect(one.folder / "backup.db")) as backup:
                database.backup(backup)
        first = one.worker()
        until(lambda: len(one.accepted()) >= 150, "mail", first)
        time.sleep(1.2)
        first.end()
        one.engine.dispose()
        shutil.copy(one.folder / "backup.db", one.folder / "diffuse.db")
        seen = len(one.accepted())
        restored = one.worker()
        until(restored.ready, "a worker")
        time.sleep(3)
        unasked = len(one.accepted()) - seen
        with reading(one.engine) as connection:
            halted = connection.execute(text("SELECT count(*) FROM control")).scalar_one()
    figure = f"{early} early, {truth.duplicates} dup; after a restore {unasked} sent unasked, {halted} halt"
    return Finding(figure, early == 0 and truth.duplicates == 0 and unasked == 0 and halted == 1)


@scenario(20, "schedulers and migrators at once", "exactly one row for each employee; one migrator at a time")
def all_at_once(world: World) -> Finding:
    number = world.size.employees
    server = world.cluster.url.render_as_string(hide_password=False)
    always = SendWindow(days=WEEKDAYS, opens=clock(0, 0), closes=clock(23, 59))
    starts = datetime.now(UTC).date() - timedelta(days=1)
    with servers.empty_database(server) as url:
        upgraded_twice(url)
        with rig(world.folder / "s20", url) as one:
            one.fill(number, starts=starts, send_window=always)
            one.execute("DELETE FROM delivery")
            one.execute("DELETE FROM tally")
            planners = [one.worker(smtp_port=1) for _ in range(4)]
            until(partial(planned, one, number), "planned deliveries", planners[0], patience=PATIENCE)
            time.sleep(2)
            rows = sum(one.states().values())
            truth = one.truth()
    return Finding(f"4 planners, 2 migrators: {rows} rows for {number}", rows == number and truth.conserved)


def planned(one: Rig, number: int) -> bool:
    """Tell whether so many deliveries are there."""
    return sum(one.states().values()) >= number


def upgraded_twice(url: str) -> None:
    """Let two migrators begin at the same instant."""
    engines = [connect(url) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(upgrade, engines))
    for engine in engines:
        engine.dispose()
