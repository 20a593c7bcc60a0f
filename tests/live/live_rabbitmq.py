"""Hints through a real RabbitMQ: they save time, and whatever happens to them, every mail leaves once."""

from collections import Counter
from pathlib import Path

import pytest

from diffuse.adapters.dramatiq_queue import DramatiqQueue
from diffuse.adapters.rabbitmq_broker import rabbitmq_broker
from tests.acceptance.given import Midday, Person, people, write_campaign, write_directory
from tests.acceptance.installation import Installation
from tests.live import rabbitmq as rabbit
from tests.live.rabbitmq import RabbitMq, rabbitmq_server
from tests.servers import ServerDidNotStart

WORKER = ("worker:broker", "--processes", "1", "--threads", "2")
NEVER = 300
"""Seconds between two polls: what comes before them came by a hint."""


def test_a_hint_makes_a_worker_send_long_before_its_next_poll(
    place: Installation, rabbitmq: RabbitMq
) -> None:
    at, staff = enrolled(place, rabbitmq, poll_seconds=NEVER)
    with place.receiver(), place.start("dramatiq", *WORKER) as running:
        rabbitmq.until_consumed()
        said = launched(place, at)
        running.until(lambda: place.received >= len(staff), "mail")
        assert running.end()[0] == 0
    assert "hint" not in said
    assert place.kept() == Counter(person.email for person in staff)
    assert "Traceback" not in running.said


def test_a_worker_goes_on_by_polling_while_rabbitmq_is_dead(place: Installation, rabbitmq: RabbitMq) -> None:
    at, staff = enrolled(place, rabbitmq, poll_seconds=1)
    with place.receiver(), place.start("dramatiq", *WORKER) as running:
        rabbitmq.until_consumed()
        rabbitmq.kill()
        said = launched(place, at)
        running.until(lambda: place.received >= len(staff), "mail")
        status, seconds = running.end()
    assert "no hint given (Connection refused); the next poll of the database does the work" in said
    assert (status, seconds < 30) == (0, True)
    assert place.kept() == Counter(person.email for person in staff)


def test_hints_count_again_once_rabbitmq_is_back(place: Installation, rabbitmq: RabbitMq) -> None:
    at, staff = enrolled(place, rabbitmq, poll_seconds=NEVER)
    with place.receiver(), place.start("dramatiq", *WORKER) as running:
        rabbitmq.until_consumed()
        rabbitmq.kill()
        running.says("Restarting consumer")
        rabbitmq.start()
        rabbitmq.until_consumed()
        launched(place, at)
        running.until(lambda: place.received >= len(staff), "mail")
        assert running.end()[0] == 0
    assert place.kept() == Counter(person.email for person in staff)


def test_hints_count_again_after_somebody_has_deleted_their_queue(
    place: Installation, rabbitmq: RabbitMq
) -> None:
    at, staff = enrolled(place, rabbitmq, poll_seconds=NEVER)
    with place.receiver(), place.start("dramatiq", *WORKER) as running:
        rabbitmq.until_consumed()
        rabbitmq.control("delete_queue", "diffuse")
        rabbitmq.until_consumed()
        launched(place, at)
        running.until(lambda: place.received >= len(staff), "mail")
        assert running.end()[0] == 0
    assert place.kept() == Counter(person.email for person in staff)


def test_hints_that_are_purged_or_doubled_change_nothing_but_latency(
    place: Installation, rabbitmq: RabbitMq
) -> None:
    at, staff = enrolled(place, rabbitmq, poll_seconds=2)
    launched(place, at)
    assert rabbitmq.queues()["diffuse"].messages > 0
    rabbitmq.control("purge_queue", "diffuse")
    queue = DramatiqQueue(rabbitmq_broker(rabbitmq.url))
    with place.receiver(latency=0.05), place.start("dramatiq", *WORKER) as running:
        rabbitmq.until_consumed()
        for _ in range(30):
            queue.kick()
        running.until(lambda: place.received >= len(staff), "mail")
        running.until(lambda: rabbitmq.queues()["diffuse"].messages == 0, "end of all hints")
        assert running.end()[0] == 0
    assert place.kept() == Counter(person.email for person in staff)


def test_a_rabbitmq_that_falls_silent_holds_nobody_up(place: Installation, rabbitmq: RabbitMq) -> None:
    at, staff = enrolled(place, rabbitmq, poll_seconds=1)
    with place.receiver(), place.start("dramatiq", *WORKER) as running:
        rabbitmq.until_consumed()
        rabbitmq.freeze()
        try:
            said = launched(place, at)
            running.until(lambda: place.received >= len(staff), "mail")
            status, seconds = running.end()
        finally:
            rabbitmq.thaw()
    assert "no hint given yet (no answer); the next poll of the database does the work" in said
    assert (status, seconds < 35) == (0, True)
    assert place.kept() == Counter(person.email for person in staff)


def test_the_doctor_says_how_rabbitmq_is(place: Installation, rabbitmq: RabbitMq) -> None:
    enrolled(place, rabbitmq, poll_seconds=NEVER)
    with place.receiver():
        assert "ok       hints: the broker answers" in place.run("doctor").out
        place.settings["rabbitmq_url"] = rabbitmq.url.replace("diffuse:", "diffuse:hush-hush")
        said = place.run("doctor", status=1).out
    assert "trouble  hints: the broker does not answer (" in said
    assert "hush-hush" not in said


def test_a_machine_without_rabbitmq_fails_the_run_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(rabbit, "PROGRAMS", tmp_path)
    with (
        pytest.raises(ServerDidNotStart, match="what to do: apt-get install rabbitmq-server"),
        rabbitmq_server(),
    ):
        pass


def enrolled(
    place: Installation, server: RabbitMq, *, poll_seconds: float, number: int = 50
) -> tuple[Midday, list[Person]]:
    """Import so many employees into an installation whose hints go through RabbitMQ."""
    at = Midday.now()
    staff = people(at, number)
    place.settings |= {"rabbitmq_url": server.url, "poll_seconds": poll_seconds}
    place.run("import", write_directory(place.folder, at, staff))
    server.control("purge_queue", "diffuse")
    return at, staff


def launched(place: Installation, at: Midday) -> str:
    """Launch a campaign; return what was said on the way."""
    return place.run("launch", write_campaign(place.folder, at)).err
