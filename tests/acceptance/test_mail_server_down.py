"""A mail server that is down leaves deliveries planned, and says so once."""

import re
import sqlite3
from contextlib import closing

import pytest

from tests.acceptance.given import Midday, people, write_campaign, write_directory
from tests.acceptance.installation import Installation

pytestmark = pytest.mark.servers


def test_deliveries_stay_planned_while_the_mail_server_is_down_and_go_out_when_it_is_up(
    place: Installation,
) -> None:
    at = Midday.now()
    place.settings["poll_seconds"] = 0.1
    place.run("import", write_directory(place.folder, at, people(at, 60)))
    place.run("launch", write_campaign(place.folder, at))
    with place.up() as running:
        running.until(lambda: waiting(place) == 60, "a first attempt")
        assert running.said.count("cannot be reached") == 1, running.said
        assert f"the mail server at 127.0.0.1:{place.settings['smtp_port']} cannot be reached" in running.said
        assert "deliveries stay planned" in running.said
        assert re.search(r"essai\W+planned\W+60\W", place.run("status").out)
        with place.receiver():
            after_a_minute(place)
            running.until(lambda: place.received == 60, "mail")
            running.says("this is over: the mail server")
        assert running.end()[0] == 0
    assert re.search(r"essai\W+sent\W+60\W", place.run("status").out)


def waiting(place: Installation) -> int:
    """Count the deliveries that were tried once, and wait until the mail server has rested."""
    with closing(sqlite3.connect(place.folder / "diffuse.db")) as database:
        ((number,),) = database.execute(
            "SELECT count(*) FROM delivery WHERE state = 'planned' AND attempt = 1 AND reason <> ''"
        )
    return int(number)


def after_a_minute(place: Installation) -> None:
    """Let the time pass during which a mail server rests that could not be reached."""
    with closing(sqlite3.connect(place.folder / "diffuse.db", timeout=30)) as database, database:
        ((name, rest),) = database.execute("SELECT name, until / 1000000 - strftime('%s', 'now') FROM lane")
        assert name == f"server:127.0.0.1:{place.settings['smtp_port']}"
        assert 0 < rest <= 90
        database.execute("UPDATE lane SET until = until - 90000000")
