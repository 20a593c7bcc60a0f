"""What whoever watches an installation sees: metrics, probes, and logs that programs read."""

import csv
import io
import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import NullPool, create_engine, make_url, text

from diffuse.adapters.clock import SystemClock
from diffuse.demo.receiver import Fault, Receiver
from tests.acceptance.given import Midday, Person, people, write_campaign, write_directory
from tests.acceptance.installation import Installation, Running

pytestmark = pytest.mark.servers

TOKEN = "t" * 32
WORKER = ("worker:broker", "--processes", "1", "--threads", "2")


def scraped(place: Installation) -> dict[tuple[str, ...], float]:
    """Scrape as Prometheus does: the value of each sample by its name and the values of its labels."""
    answer = httpx.get(f"{place.address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    return {
        (one.name, *one.labels.values()): one.value
        for family in text_string_to_metric_families(answer.text)
        for one in family.samples
    }


def probed(place: Installation, address: str) -> tuple[int, str]:
    answer = httpx.get(f"{place.address}/health/{address}", timeout=30)
    return answer.status_code, answer.text


def launch(place: Installation, number: int) -> list[Person]:
    """Launch a campaign that sends at once."""
    at = Midday.now()
    staff = people(at, number)
    place.run("import", write_directory(place.folder, at, staff))
    place.run("launch", write_campaign(place.folder, at))
    return staff


def logged(running: Running) -> list[dict[str, object]]:
    """Read the log of diffuse; lines of the tracking service have an ``at`` instead of a ``time``."""
    lines = [json.loads(line) for line in running.said.splitlines()]
    return [line for line in lines if "at" not in line]


def test_a_worker_that_sends_is_seen_by_prometheus(place: Installation) -> None:
    place.settings["api_token"] = TOKEN
    began = datetime.now(UTC) - timedelta(seconds=1)
    launch(place, 5)
    with place.receiver(), place.up() as running:
        running.until(lambda: scraped(place).get(("diffuse_deliveries", "essai", "sent")) == 5, "5 sent")
        found = scraped(place)
        assert running.end()[0] == 0
    assert found["diffuse_attempts_total", "sent"] == 5
    assert found["diffuse_deliveries", "essai", "planned"] == 0
    assert found["diffuse_deliveries_due", "essai"] == 0
    assert (found["diffuse_oldest_due_age_seconds",], found["diffuse_leases_expired",]) == (0, 0)
    assert found["diffuse_halted",] == 0
    seen = found["diffuse_worker_last_seen_timestamp_seconds",]
    assert began.timestamp() <= seen <= datetime.now(UTC).timestamp()


def test_metrics_need_the_token_and_probes_do_not(place: Installation) -> None:
    with place.up("serve"):
        assert httpx.get(f"{place.address}/metrics").status_code == 404
        assert probed(place, "live") == probed(place, "ready") == (200, "ok\n")
    place.settings["api_token"] = TOKEN
    with place.up("serve"):
        assert httpx.get(f"{place.address}/metrics").status_code == 401
        assert scraped(place)["diffuse_worker_last_seen_timestamp_seconds",] == 0


@contextmanager
def closed(url: str, outside: str) -> Iterator[None]:
    """Let a PostgreSQL database answer nobody, from another database of its server."""
    name = make_url(url).database
    server = create_engine(outside, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    allow = f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {{}}'.format
    with server.connect() as connection:
        connection.execute(text(allow("false")))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": name},
        )
    try:
        yield
    finally:
        with server.connect() as connection:
            connection.execute(text(allow("true")))


def test_a_service_whose_database_is_away_lives_and_is_not_ready(
    place: Installation, postgresql_url: str, fresh_postgresql_url: str
) -> None:
    place.settings |= {"database_url": fresh_postgresql_url, "api_token": TOKEN}
    with place.up("serve") as running:
        assert probed(place, "ready") == (200, "ok\n")
        with closed(fresh_postgresql_url, postgresql_url):
            assert probed(place, "live") == (200, "ok\n")
            status, said = probed(place, "ready")
            assert (status, said.count("\n")) == (503, 1)
            assert "the database does not answer" in said
            headers = {"Authorization": f"Bearer {TOKEN}"}
            scrape = httpx.get(f"{place.address}/metrics", headers=headers, timeout=30)
            assert (scrape.status_code, "does not answer" in scrape.text) == (503, True)
            employee = httpx.get(f"{place.address}/a/nonsense", timeout=30)
            assert employee.status_code == 404
        assert probed(place, "ready") == (200, "ok\n")
        assert scraped(place)["diffuse_halted",] == 0
    assert "Traceback" not in running.said


def refusing(place: Installation, address: str) -> Receiver:
    """Return the mail server that the settings name; it does not know an address."""
    return Receiver(
        maildir=place.maildir,
        journal=place.journal,
        clock=SystemClock(),
        port=int(str(place.settings["smtp_port"])),
        faults={address: [Fault(at="rcpt", reply="550 5.1.1 no such box")]},
    )


def garbage(place: Installation) -> None:
    """Send the tracking service something that is not HTTP."""
    with socket.create_connection(("127.0.0.1", int(str(place.settings["listen_port"]))), 10) as connection:
        connection.sendall(b"\x00\x01\r\n\r\n")
        connection.recv(1000)


def test_each_line_of_a_log_in_json_is_an_object_and_names_the_delivery(place: Installation) -> None:
    place.settings["log_format"] = "json"
    _, refused = launch(place, 2)
    with refusing(place, refused.email), place.up() as running:
        garbage(place)
        running.says("no such box")
        running.until(lambda: place.received == 1, "mail")
        assert running.end()[0] == 0
    lines = logged(running)
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    (told,) = (line for line in lines if line["logger"] == "diffuse.deliver")
    assert {name: told[name] for name in ("level", "attempt", "campaign", "state")} == {
        "level": "INFO",
        "attempt": 1,
        "campaign": "essai",
        "state": "failed",
    }
    listed = csv.DictReader(io.StringIO(place.run("deliveries", "--state", "failed", "--csv").out))
    assert [row["id"] for row in listed] == [str(told["delivery"])]
    assert "Invalid HTTP request received." in {
        line["message"] for line in lines if line["logger"] == "uvicorn.error"
    }
    assert refused.email not in running.said


def test_a_log_as_text_names_the_delivery_too(place: Installation) -> None:
    _, refused = launch(place, 2)
    with refusing(place, refused.email), place.up() as running:
        garbage(place)
        running.says("WARNING uvicorn.error: Invalid HTTP request received.\n")
        running.says("no such box")
    (told,) = (line for line in running.said.splitlines() if "no such box" in line)
    assert re.search(r" INFO diffuse\.deliver: .* delivery=\d attempt=1 campaign=essai state=failed", told)


def test_a_dramatiq_worker_logs_in_json_as_well(place: Installation, redis_url: str) -> None:
    place.settings |= {"log_format": "json", "redis_url": redis_url}
    _, refused = launch(place, 2)
    with refusing(place, refused.email), place.start("dramatiq", *WORKER) as running:
        running.says("no such box")
        assert running.end()[0] == 0
    # The process that starts dramatiq's workers loads nothing of diffuse: its lines begin with a bracket.
    lines = [json.loads(line) for line in running.said.splitlines() if not line.startswith("[")]
    (told,) = (line for line in lines if line["logger"] == "diffuse.deliver")
    assert (told["state"], told["campaign"], told["attempt"]) == ("failed", "essai", 1)
