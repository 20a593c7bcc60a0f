"""How long planning a day takes, and how much memory, for 10 000 to 1 000 000 employees × 30 key points.

Run it as ``python benchmarks/planning.py [--database URL] [EMPLOYEES …]``; the default is SQLite in a
temporary folder. A campaign has been running for 12 weeks with two messages a week: standings were kept up to
the usual day, the messages since then lie in the database, and half of them came back. Two processes then
plan the next day as workers do, chunk by chunk, and commit it; ``--planners 1`` for one.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from pydantic import SecretStr
from sqlalchemy import Engine, insert, text

from diffuse import bootstrap
from diffuse.adapters import baked_json, definitions
from diffuse.adapters.sql import tables
from diffuse.adapters.sql.chunks import mark
from diffuse.adapters.sql.engine import connect, writing
from diffuse.adapters.sql.migrate import upgrade
from diffuse.adapters.sql.plans import SqlPlans
from diffuse.adapters.sql.publications import SqlPublications
from diffuse.domain import planning
from diffuse.domain.campaign import Campaign
from diffuse.domain.language import ByLanguage
from diffuse.domain.messages import signature
from diffuse.domain.period import Period
from diffuse.domain.policy import KeyPoint, Policy, Text, Variant
from diffuse.domain.population import bucket
from diffuse.domain.schedule import Schedule, Targets
from diffuse.domain.standing import Log, Standing, fold
from diffuse.ports import Kept
from diffuse.settings import Settings
from diffuse.testing import FrozenClock

STARTS = date(2027, 1, 11)
TODAY = date(2027, 4, 6)
CUT = date(2027, 3, 29)
NOW = datetime(2027, 4, 6, 10, tzinfo=UTC)
POINTS = 30
WEEKS = 11
SECONDS, MEBIBYTES, FLAT = 90, 1024, 0.2
RUNS = ((10_000, 5), (100_000, 3))
"""Sizes up to which so many runs are made, and two of anything larger; the quickest one counts."""


def campaign() -> Campaign:
    """Return a campaign of 30 key points that runs for a year, two messages a week."""
    texts = {
        register: ByLanguage(fr=Text(subject="Sujet", body="Un texte.", action="Agir"))
        for register in ("advice", "rule")
    }
    points = tuple(
        KeyPoint(
            id=f"point-{number:02}",
            says=ByLanguage(fr=f"Point {number}"),
            variants=tuple(Variant(register=register, texts=texts[register]) for register in texts),
            acknowledge=True,
        )
        for number in range(POINTS)
    )
    return Campaign(
        id="media",
        title=ByLanguage(fr="Médias sociaux"),
        owner="Marie Tremblay <marie.tremblay@example.org>",
        starts=STARTS,
        ends=date(2027, 12, 17),
        languages=("fr",),
        policies=(Policy(id="usage", title=ByLanguage(fr="Usage"), version="1", key_points=points),),
        schedule=Schedule(policy="budgeted", min_gain_days=2.0, introduce_every=Period(days=1)),
        targets=Targets(),
        max_messages_per_week=2,
    )


def prepare(engine: Engine, people: int) -> None:
    """Fill a database: employees, a publication, what was kept, and the messages since then."""
    upgrade(engine)
    ids = [f"e{number:07}" for number in range(people)]
    row = {"email": "someone@example.org", "language": "fr", "time_zone": "America/Toronto", "manager": ""}
    with writing(engine) as connection:
        for some in _lots(ids, 100_000):
            connection.execute(
                insert(tables.employee),
                [
                    {**row, "id": one, "name": one, "department": one[-1], "bucket": bucket(one)}
                    for one in some
                ],
            )
    one = campaign()
    _publications(engine).publish(one, {}, NOW - timedelta(days=90))
    plans = SqlPlans(engine)
    plans.lay_out(NOW)
    chance = np.random.default_rng(1)
    yesterday = NOW - timedelta(days=1)
    while held := plans.claim(yesterday, "bench"):
        names = plans.population(held, {}).ids
        kept, tail = _history(one, names, chance)
        plans.record(
            held, new=(), changes=(), standings={one.id: kept}, now=yesterday, due_at=NOW - timedelta(hours=1)
        )
        _send(engine, names, tail)
    with writing(engine) as connection:
        mark(connection, [])
        if engine.dialect.name == "postgresql":
            connection.execute(text("ANALYZE"))


def _history(one: Campaign, names: list[str], chance: np.random.Generator) -> tuple[Kept, Log]:
    """Return where a chunk stood on the day of the cut, and a log of the messages since."""
    first, cut = np.datetime64(STARTS, "D"), np.datetime64(CUT, "D")
    old = _log(len(names), WEEKS, first, chance)
    teaching = planning.teaching(one)
    standing = fold(Standing.fresh(len(names) * POINTS), old, teaching, ends=cut)
    kept = Kept(digest=signature(one, teaching), cut=CUT, employees=names, standing=standing)
    tail = _log(len(names), 2, cut, chance)
    tail = tail.rows(tail.due_on < np.datetime64(TODAY, "D"))
    tail.touch[:] = standing.touch[tail.employee * POINTS + tail.point]
    return kept, tail


def _log(people: int, weeks: int, first: np.datetime64, chance: np.random.Generator) -> Log:
    """Return two messages a week for everybody, each on one of five days, no key point twice."""
    count = people * weeks * 2
    order = np.argsort(chance.random((people, POINTS)), axis=1)[:, : weeks * 2]
    turn = np.tile(np.arange(weeks * 2), people)
    due = first + turn // 2 * 7 + chance.integers(0, 2, count) + turn % 2 * 3
    opened = chance.random(count) < 0.5
    day = np.where(opened, due, np.datetime64("NaT"))
    return Log(
        employee=np.repeat(np.arange(people), weeks * 2),
        point=order.ravel(),
        touch=np.zeros(count, dtype=np.int64),
        step=np.zeros(count, dtype=np.int64),
        gone=np.zeros(count, dtype=np.bool_),
        pending=np.zeros(count, dtype=np.bool_),
        due_on=due,
        opened=day,
        acknowledged=np.where(chance.random(count) < 0.6, day, np.datetime64("NaT")),
        answered=np.full(count, np.datetime64("NaT", "D")),
        right=np.zeros(count, dtype=np.bool_),
        wording=np.zeros(count, dtype=np.int64),
        stale=np.zeros(count, dtype=np.bool_),
        posted=np.zeros(count, dtype=np.bool_),
    )


def _send(engine: Engine, names: list[str], log: Log) -> None:
    """Put a log into the ledger as messages that were sent."""
    buckets = [bucket(name) for name in names]
    columns = zip(
        log.employee.tolist(), log.point.tolist(), log.touch.tolist(), log.due_on.tolist(),
        (~np.isnat(log.opened)).tolist(), (~np.isnat(log.acknowledged)).tolist(), strict=True,
    )  # fmt: skip
    rows = []
    for who, point, touch, day, opened, confirmed in columns:
        at = datetime(day.year, day.month, day.day, 14, tzinfo=UTC)
        rows.append(
            {
                "campaign": "media", "key_point": f"point-{point:02}", "touch": touch, "employee": names[who],
                "channel": "email", "step": 0, "publication": 1, "variant": "advice", "language": "fr",
                "message_id": f"<{names[who]}.{point}.{touch}@example.org>", "state": "sent", "reason": "",
                "due_on": day, "wanted_on": day, "due_at": at, "not_after": at, "created_at": at,
                "sent_at": at, "opened_at": at if opened else None,
                "acknowledged_at": at if confirmed else None, "reached_on": day if opened else None,
                "attempt": 1, "reply": "250", "answer": "", "delayed_by": "", "occasion": "", "about": "",
                "duty": "", "bucket": buckets[who],
            }
        )  # fmt: skip
    with writing(engine) as connection:
        connection.execute(insert(tables.delivery), rows)


def _publications(engine: Engine) -> SqlPublications:
    return SqlPublications(
        engine,
        campaigns=(definitions.dump, definitions.load),
        wordings=(baked_json.dump, baked_json.load),
    )


def settings(database: str) -> Settings:
    """Return the settings of an installation on a database."""
    return Settings(
        base_url="https://diffuse.example.org",
        secret=SecretStr("s" * 32),
        sender="Communications <communications@example.org>",
        database_url=SecretStr(database),
    )


def measure(database: str) -> dict[str, float]:
    """Plan the day; return its seconds, its new deliveries and the process's peak of memory in MiB."""
    _warm_up()
    plan = bootstrap.app(settings(database), clock=FrozenClock(NOW)).plan
    begin = perf_counter()
    planned = plan.run()
    seconds = perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "added": planned.added, "peak": peak}


def _warm_up() -> None:
    """Plan for a few others first: a worker has been running since yesterday."""
    with TemporaryDirectory() as folder:
        other = f"sqlite:///{Path(folder)}/other.db"
        prepare(connect(other), 500)
        bootstrap.app(settings(other), clock=FrozenClock(NOW)).plan.run()


def _lots(values: list[str], size: int) -> Iterator[list[str]]:
    return (values[begin : begin + size] for begin in range(0, len(values), size))


def _alone(*arguments: str, times: int = 1) -> list[dict[str, float]]:
    """Run a part of this file in so many processes at once, whose memory is nobody else's."""
    command = [sys.executable, __file__, *arguments]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(times)]  # noqa: S603
    said = [one.communicate()[0] for one in running]
    if any(one.returncode for one in running):
        sys.exit(1)
    return [json.loads(one or "{}") for one in said]


def together(parts: list[dict[str, float]]) -> dict[str, float]:
    """Add up what planners did at once: the slowest counts, and the memory of all."""
    return {
        "seconds": max(one["seconds"] for one in parts),
        "added": sum(one["added"] for one in parts),
        "peak": sum(one["peak"] for one in parts),
    }


def _runs(people: int, database: str, planners: int) -> Iterator[dict[str, float]]:
    """Prepare a size once and plan it several times, each on a copy: what is over the quickest is noise."""
    with TemporaryDirectory() as folder:
        prepared = database or f"sqlite:///{Path(folder)}/prepared.db"
        _alone("--database", prepared, "--part", "prepare", str(people))
        times = next((times for size, times in RUNS if people <= size), 2)
        for run in range(1 if database else times):
            if not database:
                shutil.copy(Path(folder) / "prepared.db", Path(folder) / f"{run}.db")
            there = database or f"sqlite:///{Path(folder)}/{run}.db"
            yield together(_alone("--database", there, "--part", "measure", times=planners))
            (Path(folder) / f"{run}.db").unlink(missing_ok=True)


def main() -> None:
    """Print a table, and whether the limits hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("employees", nargs="*", type=int)
    parser.add_argument("--database", default="")
    parser.add_argument("--planners", type=int, default=2)
    parser.add_argument("--part", choices=["prepare", "measure"])
    options = parser.parse_args()
    sizes = options.employees or [10_000, 100_000, 1_000_000]
    if options.part:
        if options.part == "prepare":
            prepare(connect(options.database), sizes[0])
        else:
            print(json.dumps(measure(options.database)))
        return
    print(f"{'employees':>10} {'planned':>9} {'seconds':>8} {'µs each':>8} {'peak MiB':>9} each run, s")
    each = []
    for people in sizes:
        runs = list(_runs(people, options.database, options.planners))
        found = min(runs, key=lambda run: run["seconds"])
        every = "/".join(f"{run['seconds']:.2f}" for run in runs)
        each.append(found["seconds"] / people * 1e6)
        print(
            f"{people:10,} {found['added']:9,} {found['seconds']:8.1f} {each[-1]:8.1f} {found['peak']:9.0f}"
            f"  {every}",
            flush=True,
        )
    furthest = max((one / each[0] - 1 for one in each), key=abs)
    print(f"per employee, furthest from that of {sizes[0]:,}: {furthest:+.0%} (limit ±{FLAT:.0%})")
    print(
        f"the largest: {found['seconds'] / SECONDS:.2f} of {SECONDS} s, "
        f"{found['peak'] / MEBIBYTES:.2f} of {MEBIBYTES} MiB"
    )


if __name__ == "__main__":
    main()
