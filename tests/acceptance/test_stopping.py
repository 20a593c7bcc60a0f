"""Workers that are stopped: politely they end within seconds, and even killed they send nothing twice."""

import signal
import sqlite3
import time
from contextlib import closing

import pytest

from diffuse.adapters.mail_server import CONNECTIONS
from tests.acceptance.given import Midday, Person, people, write_campaign, write_directory
from tests.acceptance.installation import Installation

pytestmark = pytest.mark.servers

MANY = 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_diffuse_up_ends_between_two_messages_and_leaves_the_others_planned(
    number: signal.Signals, place: Installation
) -> None:
    launched(place, 100)
    with place.receiver(latency=0.1):
        with place.up() as running:
            running.until(lambda: place.received >= 5, "mail")
            status, seconds = running.end(number)
        assert (status, seconds < 5) == (0, True)
        sent = place.received
    assert sent < 100
    assert states(place) == {"sent": sent, "planned": 100 - sent}
    assert "Traceback" not in running.said


def test_a_dramatiq_worker_ends_between_two_messages_and_leaves_the_others_planned(
    place: Installation, redis_url: str
) -> None:
    place.settings["redis_url"] = redis_url
    launched(place, 100)
    with place.receiver(latency=0.1):
        with place.start("dramatiq", "worker:broker", "--processes", "1", "--threads", "1") as running:
            running.until(lambda: place.received >= 5, "mail")
            status, seconds = running.end()
        assert (status, seconds < 10) == (0, True)
        sent = place.received
    assert sent < 100
    assert states(place) == {"sent": sent, "planned": 100 - sent}


def test_a_worker_whose_server_takes_minutes_ends_within_half_a_minute_and_holds_nothing(
    place: Installation, redis_url: str
) -> None:
    place.settings["redis_url"] = redis_url
    launched(place, 100)
    with place.receiver(latency=300):
        with place.start("dramatiq", "worker:broker", "--processes", "1", "--threads", "1") as running:
            running.until(lambda: place.received >= CONNECTIONS, "mail")
            status, seconds = running.end()
        assert (status, seconds < 30) == (0, True)
        sent = place.received
    # The server has them; whoever asked does not know it.
    assert states(place) == {"unknown": sent, "planned": 100 - sent}
    assert "Traceback" not in running.said


def test_a_worker_that_is_killed_in_the_middle_sends_every_message_once(place: Installation) -> None:
    staff = launched(place, MANY)
    with place.receiver(latency=0.01):
        with place.up() as running:
            running.until(lambda: place.received >= MANY // 3, "mail")
            assert running.end(signal.SIGKILL)[0] == -signal.SIGKILL
        assert place.received < MANY
        leases_run_out(place)
        with place.up() as running:
            running.until(lambda: sum(states(place).get(state, 0) for state in ("sent", "unknown")) == MANY)
            assert running.end()[0] == 0
    after = states(place)
    assert after.get("unknown", 0) <= CONNECTIONS
    assert after["sent"] + after.get("unknown", 0) == MANY
    journal = place.kept()
    assert set(journal.values()) == {1}
    assert MANY - len(journal) <= after.get("unknown", 0)
    assert set(journal) <= {person.email for person in staff}
    if after.get("unknown"):
        assert "may or may not have been sent: unknown" in running.said


def test_the_tracking_service_alone_sends_nothing(place: Installation) -> None:
    launched(place, 3)
    with place.receiver():
        with place.up("serve") as running:
            time.sleep(2)
            status, seconds = running.end()
        assert (status, seconds < 5) == (0, True)
        assert place.received == 0
    assert states(place) == {}


def launched(place: Installation, number: int) -> list[Person]:
    """Import so many employees and launch a campaign; everybody's message is due within seconds."""
    at = Midday.now()
    staff = people(at, number)
    place.run("import", write_directory(place.folder, at, staff))
    place.run("launch", write_campaign(place.folder, at))
    return staff


def states(place: Installation) -> dict[str, int]:
    """Count the deliveries in each state."""
    with closing(sqlite3.connect(place.folder / "diffuse.db", timeout=30)) as database:
        return dict(database.execute("SELECT state, count(*) FROM delivery GROUP BY state").fetchall())


def leases_run_out(place: Installation) -> None:
    """Let the two minutes pass for which the dead worker holds what it had claimed."""
    with closing(sqlite3.connect(place.folder / "diffuse.db", timeout=30)) as database, database:
        database.execute("UPDATE delivery SET lease_until = created_at WHERE lease_until IS NOT NULL")
