"""A worker that breaks one of its promises is found out: the sink remembers what it did.

Each torment is a script without chance. A worker that keeps its promises stands it; a mutant does not.
"""

import signal
import time
from collections.abc import Callable

import pytest

from tests.faults.rig import Rig, until
from tests.faults.scenarios import World

pytestmark = pytest.mark.servers

Torment = Callable[[Rig, str], None]


def asleep_beyond_the_lease(one: Rig, mutant: str) -> None:
    """Stop a worker that holds messages, let another one send them, and wake it up."""
    one.fill(200)
    one.sink(delay=0.3)
    sleeper = one.worker(mutant=mutant, journal=one.folder / "elsewhere")
    until(lambda: len(one.accepted()) > 4, "mail", sleeper)
    one.put_to_sleep(sleeper)
    one.sink_options()
    one.leases_run_out()
    one.worker(mutant=mutant)
    one.finish()
    sleeper.signal(signal.SIGCONT)
    at_rest(one)


def killed_at_the_dot(one: Rig, mutant: str) -> None:
    """Kill a worker whose dots have left, while the server takes its time to answer."""
    one.fill(8)
    one.sink(delay=1.0)
    dying = one.worker(mutant=mutant)
    until(lambda: one.states().get("sending"), "messages on their way", dying)
    time.sleep(0.5)
    dying.kill()
    one.worker(mutant=mutant)
    one.finish()
    at_rest(one)


def refused_in_its_sleep(one: Rig, mutant: str) -> None:
    """Let a worker hear that messages are refused only after another one has sent them."""
    one.fill(8, on_unknown="resend")
    one.sink(rcpt4=1.0, pause=1.0)
    sleeper = one.worker(mutant=mutant, journal=one.folder / "elsewhere")
    until(lambda: one.states().get("sending") == 8, "messages on their way", sleeper)
    time.sleep(0.3)
    one.put_to_sleep(sleeper)
    time.sleep(1.0)
    one.sink_options()
    one.leases_run_out()
    one.worker(mutant=mutant)
    until(lambda: one.states().get("sent") == 8, "messages sent by another one")
    sleeper.signal(signal.SIGCONT)
    at_rest(one)


def at_rest(one: Rig) -> None:
    """Wait until every message that may still be on its way has arrived, those planned again included."""
    time.sleep(1.5)
    one.finish()


TORMENTS: dict[str, tuple[Torment, tuple[str, ...]]] = {
    "asleep": (asleep_beyond_the_lease, ("no fence",)),
    "killed": (killed_at_the_dot, ("no journal", "journal after the dot")),
    "refused": (refused_in_its_sleep, ("no attempt",)),
}


@pytest.mark.parametrize("name", TORMENTS)
def test_a_worker_that_keeps_its_promises_stands_every_torment(name: str, world: World) -> None:
    torment, _ = TORMENTS[name]
    with world.on_postgresql(f"m-{name}") as one:
        torment(one, "")
        truth = one.truth()
        assert truth.honest(), truth


@pytest.mark.parametrize(
    ("name", "mutant"), [(name, one) for name, (_, mutants) in TORMENTS.items() for one in mutants]
)
def test_a_mutant_is_found_out(name: str, mutant: str, world: World) -> None:
    torment, _ = TORMENTS[name]
    with world.on_postgresql(f"m-{mutant.replace(' ', '-')}") as one:
        torment(one, mutant)
        truth = one.truth()
        assert not truth.honest(), truth
