"""A worker that breaks one of its promises is found out: the sink remembers what it did."""

import random
import signal
import time

import pytest

from tests.faults.rig import Rig, until
from tests.faults.scenarios import World

pytestmark = pytest.mark.servers


def tormented(one: Rig, mutant: str, chance: random.Random) -> None:
    """Stop, kill and continue mutants until everything has left."""
    one.fill(600)
    one.sink(delay=0.01)
    workers = [one.worker(mutant=mutant, journal=one.folder / f"journal{n}") for n in range(2)]
    until(lambda: len(one.accepted()) > 30, "mail")
    for _ in range(12):
        place = chance.randrange(2)
        workers[place].signal(signal.SIGSTOP)
        one.leases_run_out()
        time.sleep(0.3)
        if chance.random() < 0.5:
            workers[place].signal(signal.SIGCONT)
        else:
            workers[place].kill()
            workers[place] = one.worker(mutant=mutant, journal=one.folder / f"journal{place}")
        one.waits_are_over()
        time.sleep(0.1)
    for worker in workers:
        worker.signal(signal.SIGCONT)
    until(lambda: rested(one) == 0, "end", patience=120, every=0.3, said=lambda: str(one.states()))


def rested(one: Rig) -> int:
    one.waits_are_over()
    return one.open()


def test_the_same_torment_leaves_a_worker_that_keeps_its_promises_honest(world: World) -> None:
    with world.on_postgresql("m-none") as one:
        tormented(one, "", world.chance())
        truth = one.truth()
        assert truth.honest(), truth


@pytest.mark.parametrize("mutant", ["no fence", "journal after the dot", "no attempt", "no journal"])
def test_a_mutant_is_found_out(world: World, mutant: str) -> None:
    with world.on_postgresql(f"m-{mutant.replace(' ', '-')}") as one:
        tormented(one, mutant, world.chance())
        truth = one.truth()
        assert not truth.honest(), truth
