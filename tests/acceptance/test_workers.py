"""``dramatiq worker:broker``: the database is the truth, Redis carries hints."""

import asyncio
import re
from collections import Counter
from contextlib import ExitStack

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from diffuse.services.deliver import BATCH
from tests.acceptance.given import Midday, people, write_campaign, write_directory
from tests.acceptance.installation import Installation, Slow
from tests.servers import free_port

pytestmark = pytest.mark.servers

WORKER = ("worker:broker", "--processes", "1", "--threads", "2")


def test_two_processes_send_each_mail_exactly_once(
    place: Installation, redis_url: str, fresh_postgresql_url: str
) -> None:
    at = Midday.now()
    staff = people(at, 120)
    place.settings |= {"redis_url": redis_url, "database_url": fresh_postgresql_url, "poll_seconds": 0.2}
    place.run("import", write_directory(place.folder, at, staff))
    with (
        place.receiver(latency=0.01),
        place.start("dramatiq", "worker:broker", "--processes", "2", "--threads", "2") as running,
    ):
        running.until(lambda: running.said.count("Worker process is ready for action") == 2, "workers")
        place.run("launch", write_campaign(place.folder, at))
        running.until(lambda: place.received >= 120, "mail")
        assert running.end()[0] == 0
    assert place.kept() == Counter(person.email for person in staff)
    assert "Traceback" not in running.said
    assert "alembic" not in running.said
    assert "sent" in place.run("status").out


def test_without_redis_a_worker_sends_all_the_same(place: Installation) -> None:
    at = Midday.now()
    staff = people(at, 3)
    place.settings |= {"redis_url": f"redis://127.0.0.1:{free_port()}/0"}
    said = place.run("import", write_directory(place.folder, at, staff))
    assert "no hint given" in said.err
    assert "the next poll of the database does the work" in said.err
    place.run("launch", write_campaign(place.folder, at))
    with place.receiver(), place.start("dramatiq", *WORKER) as running:
        running.until(lambda: place.received >= 3, "mail")
        status, seconds = running.end()
    assert (status, seconds < 10) == (0, True)
    assert place.kept() == Counter(person.email for person in staff)


def test_a_hint_makes_a_worker_send_long_before_its_next_poll(place: Installation, redis_url: str) -> None:
    at = Midday.now()
    place.settings |= {"redis_url": redis_url, "poll_seconds": 300}
    place.run("import", write_directory(place.folder, at, people(at, 2)))
    campaign = write_campaign(place.folder, at)
    with place.receiver(), place.start("dramatiq", *WORKER) as running:
        running.says("Worker process is ready for action")
        place.run("launch", campaign)
        running.until(lambda: place.received >= 2, "mail")
        status, seconds = running.end()
    assert (status, seconds < 10) == (0, True)


def test_a_worker_without_an_address_of_redis_says_which_setting_is_missing(place: Installation) -> None:
    with place.start("dramatiq", *WORKER) as running:
        assert running.process.wait(60) != 0
    assert running.said.count("DIFFUSE_REDIS_URL or DIFFUSE_RABBITMQ_URL is missing; expected the ") == 1
    assert "Traceback" not in running.said


class Roll(Slow):
    """A mail server that accepts nothing before three workers have connected."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        while self.connections < 3:  # noqa: ASYNC110 -- there is no event for a count
            await asyncio.sleep(0.02)
        return await super().handle_DATA(server, session, envelope)


def test_three_workers_with_journals_of_their_own_share_the_work(
    place: Installation, redis_url: str, fresh_postgresql_url: str
) -> None:
    at = Midday.now()
    # More than two workers take at once.
    staff = people(at, 2 * BATCH + 50, within=5)
    place.settings |= {
        "redis_url": redis_url,
        "database_url": fresh_postgresql_url,
        "poll_seconds": 0.2,
        "smtp_connections": 1,
    }
    place.run("import", write_directory(place.folder, at, staff))
    place.run("launch", write_campaign(place.folder, at))
    with place.receiver(kind=Roll), ExitStack() as stack:
        workers = []
        for number in range(3):
            place.settings["journal"] = f"journal-{number}"
            workers.append(stack.enter_context(place.start("dramatiq", *WORKER)))
        workers[0].until(lambda: place.received >= len(staff), "mail")
        assert [worker.end()[0] for worker in workers] == [0, 0, 0]
    assert place.kept() == Counter(person.email for person in staff)
    sent = [sum(map(int, re.findall(r"delivered: (\d+) sent", worker.said))) for worker in workers]
    assert min(sent) > 0
    assert sum(sent) == len(staff)
