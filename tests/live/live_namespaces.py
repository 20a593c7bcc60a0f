"""Workers on machines of their own, one of which loses its cable in the middle of its work."""

import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from diffuse.adapters.sql.engine import reading
from tests import servers
from tests.faults.rig import Process, Rig, until
from tests.live.network import Network, NoNamespaces, network

NUMBER = 4000

HOLDER = """
import sys, time
from sqlalchemy import text
from diffuse.adapters.sql.engine import connect, writing
with writing(connect(sys.argv[1])) as connection:
    connection.execute(text("LOCK TABLE delivery IN SHARE ROW EXCLUSIVE MODE"))
    print("locked", flush=True)
    time.sleep(600)
"""
"""A worker that is in the middle of a transaction, for as long as you like."""


@pytest.fixture
def net() -> Iterator[Network]:
    """Three machines on a bridge."""
    with network(3) as made:
        yield made


@pytest.fixture
def url(net: Network) -> Iterator[str]:
    """The address of an empty PostgreSQL that answers on the bridge."""
    with servers.postgresql_cluster({"listen_addresses": f"127.0.0.1,{net.address}"}) as cluster:
        with (cluster.place.folder / "data" / "pg_hba.conf").open("a", encoding="ascii") as rules:
            rules.write(f"host all all {net.subnet} scram-sha-256\n")
        cluster.process.send_signal(signal.SIGHUP)
        yield cluster.url.set(host=net.address).render_as_string(hide_password=False)


def test_a_machine_that_loses_its_cable_costs_nothing_but_time(
    net: Network, url: str, tmp_path: Path
) -> None:
    with Rig(tmp_path / "rig", url, {"smtp_host": net.address, "smtp_connections": 2}) as one:
        sink(one, net.address, delay=0.01)
        one.fill(NUMBER)
        workers = [one.worker(*machine.before, journal=one.folder / machine.name) for machine in net.machines]
        until(lambda: len(attempts(one)) == 3, "work of all three", workers[0])
        net.machines[0].pull()
        others = [sent_by(one, worker) for worker in workers[1:]]
        until(lambda: sent_by(one, workers[1]) > others[0], "work of the second", workers[1])
        until(lambda: sent_by(one, workers[2]) > others[1], "work of the third", workers[2])
        sent, held = sent_by(one, workers[0]), leased(one, workers[0])
        assert held > 0
        # Nobody shortens its leases: they run out, and the others take over what was not sent.
        one.finish(resting=False)
        assert sent_by(one, workers[0]) == sent
        before = one.truth()
        net.machines[0].plug()
        until(lambda: "this is over" in workers[0].said, "return of the first", workers[0], patience=120)
        assert [worker.end() < 30 for worker in workers] == [True] * 3
        truth = one.truth()
    assert truth.honest(), truth
    assert set(truth.states) <= {"sent", "unknown"}, truth
    assert truth.states["sent"] >= before.states["sent"]
    assert truth.unknown <= before.unknown


def test_a_lock_of_a_machine_that_is_gone_is_let_go_within_a_minute_or_so(
    net: Network, url: str, tmp_path: Path
) -> None:
    with Rig(tmp_path / "rig", url, {"smtp_host": net.address}) as one:
        sink(one, net.address, delay=0)
        one.fill(100)
        gone = net.machines[0]
        holder = one.start([*gone.before, sys.executable, "-c", HOLDER, url])
        until(lambda: "locked" in holder.said, "lock", holder)
        gone.pull()
        worker = one.worker(*net.machines[1].before)
        until(lambda: len(one.accepted()) == 100, "mail", worker, patience=100)
        until(lambda: one.open() == 0, "end", worker)
        assert worker.end() < 30
        assert one.truth().honest()


def test_a_run_without_root_or_iproute2_fails_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NoNamespaces, match="need root; what to do: run this test as root"), network(1):
        pass
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(NoNamespaces, match="what to do: apt-get install iproute2"), network(1):
        pass


def sink(one: Rig, address: str, delay: float) -> None:
    """Start the mail server of the rig on the bridge."""
    folder = one.folder / "sink"
    folder.mkdir()
    command = [sys.executable, "-m", "tests.live.sink", str(folder), address, str(delay)]
    process = one._start(command, "sink", dict(os.environ))
    one.sinks.append(process)
    until((folder / "ready").exists, "a sink", process)
    one.settings["smtp_port"] = (folder / "port").read_text()


def attempts(one: Rig) -> Counter[str]:
    """Count the messages that each worker sent, by the number of its process."""
    with reading(one.engine) as connection:
        rows = connection.execute(
            text("SELECT split_part(worker, ':', 2), count(*) FROM attempt WHERE state = 'sent' GROUP BY 1")
        )
        return Counter({number: count for number, count in rows})  # noqa: C416 -- rows are no pairs to mypy


LEASED = text(
    "SELECT count(*) FROM delivery WHERE state IN ('claimed', 'sending') AND lease_token LIKE :mine"
)


def leased(one: Rig, worker: Process) -> int:
    """Count the messages that a worker has taken and not ended."""
    with reading(one.engine) as connection:
        return int(connection.execute(LEASED, {"mine": f"%:{worker.popen.pid}:%"}).scalar_one())


def sent_by(one: Rig, worker: Process) -> int:
    """Count the messages that a worker sent."""
    return attempts(one)[str(worker.popen.pid)]
