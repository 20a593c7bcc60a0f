"""What an operator does when something is wrong, on the command line."""

import csv
import io
import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import zlib
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from diffuse.adapters.dot_journal import DotJournals
from diffuse.domain.delivery import spread
from tests.acceptance.given import Midday, Person, write_campaign, write_directory
from tests.acceptance.installation import PATIENCE, PROGRAMS, Installation

pytestmark = pytest.mark.servers

STAFF = 12


@pytest.fixture
def launched(place: Installation) -> Installation:
    """An installation with a campaign that will send in some minutes."""
    at = Midday.now()
    place.settings["poll_seconds"] = 0.1
    place.run("import", write_directory(place.folder, at, later(at)))
    place.run("launch", write_campaign(place.folder, at))
    return place


def later(at: Midday) -> list[Person]:
    """Invent employees whose messages are due minutes after they were planned, and not before."""
    names = [f"e{number:03}" for number in range(STAFF * 10)]
    codes = np.array([zlib.crc32(name.encode()) for name in names], dtype=np.uint32)
    late = np.flatnonzero(spread(codes, at.day) > 0.3)[:STAFF]
    return [Person(id=names[place], name=f"Zoé {names[place].upper()}") for place in late]


def counts(place: Installation) -> dict[str, int]:
    """Count the deliveries in each state."""
    with closing(sqlite3.connect(place.folder / "diffuse.db", timeout=30)) as database:
        return dict(database.execute("SELECT state, count(*) FROM delivery GROUP BY state"))


def change(place: Installation, statement: str, *values: object) -> None:
    """Change the database behind the back of diffuse."""
    with closing(sqlite3.connect(place.folder / "diffuse.db", timeout=30)) as database, database:
        database.execute(statement, values)


def planned(place: Installation) -> None:
    """Let a worker plan the day while there is no mail server."""
    with place.up() as running:
        running.until(lambda: counts(place).get("planned") == STAFF, "plan")
        assert running.end()[0] == 0


def due(place: Installation) -> None:
    """Let what is planned be due at once."""
    change(place, "UPDATE delivery SET due_at = created_at WHERE state = 'planned'")


def sent_by(place: Installation, number: int) -> None:
    """Let a worker run until so many messages have been received."""
    due(place)
    with place.receiver(), place.up() as running:
        running.until(lambda: place.received == number and "sending" not in counts(place), "mail")
        assert running.end()[0] == 0


def test_a_paused_campaign_keeps_its_messages_until_it_is_resumed(launched: Installation) -> None:
    place = launched
    planned(place)
    assert place.run("pause", "essai", "--reason", "a wrong link").out == (
        f"essai is paused; {STAFF} deliveries are held\n"
    )
    assert re.search(r"essai\W+paused\W.*a wrong link", place.run("status").out)
    with place.receiver(), place.up() as running:
        running.until(lambda: rounds(place) > 3, "rounds")
        assert counts(place) == {"held": STAFF}
        assert place.received == 0
        assert place.run("resume", "essai").out == (f"essai goes on; {STAFF} deliveries are planned again\n")
        due(place)
        running.until(lambda: counts(place) == {"sent": STAFF}, "mail")
    assert place.received == STAFF
    assert set(place.kept().values()) == {1}


def test_a_cancelled_campaign_begins_again_when_it_is_launched(launched: Installation) -> None:
    place = launched
    planned(place)
    refused = place.run("cancel", "essai", status=1)
    assert "Cancel everything of essai that has not left yet? [y/N]" in refused.out + refused.err
    assert counts(place) == {"planned": STAFF}
    assert place.run("cancel", "essai", "--yes").out.startswith(
        f"essai is cancelled, with {STAFF} deliveries"
    )
    assert place.refused("resume", "essai") == (
        "the campaign 'essai' is cancelled; expected that it is launched again first: diffuse launch"
    )
    with place.receiver(), place.up() as running:
        running.until(lambda: rounds(place) > 3, "rounds")
        assert counts(place) == {"cancelled": STAFF}
        place.run("launch", place.folder / "essai.yaml")
        running.until(lambda: counts(place).get("planned") == STAFF, "plan")
        due(place)
        running.until(lambda: counts(place).get("sent") == STAFF, "mail")
    assert set(place.kept().values()) == {1}


def rounds(place: Installation) -> int:
    """Count the rounds since this was asked first, by the pulse of the workers."""
    with closing(sqlite3.connect(place.folder / "diffuse.db", timeout=30)) as database:
        ((tick,),) = database.execute("SELECT ticked_at FROM pulse")
    seen = _TICKS.setdefault(str(place.folder), set())
    seen.add(tick)
    return len(seen)


_TICKS: dict[str, set[int]] = {}


@pytest.mark.parametrize("words", [["pause"], ["resume"], ["cancel", "--yes"], ["retry"]])
def test_a_campaign_that_is_misspelt_is_refused_with_the_nearest_name(
    launched: Installation, words: list[str]
) -> None:
    assert launched.refused(words[0], "esai", *words[1:]) == (
        "no campaign 'esai' was launched; expected one of essai; did you mean 'essai'?"
    )


def test_a_restored_backup_sends_nothing_before_an_operator_says_so(launched: Installation) -> None:
    place = launched
    planned(place)
    backup = (place.folder / "diffuse.db").read_bytes()
    sent_by(place, STAFF)
    assert counts(place) == {"sent": STAFF}
    (place.folder / "diffuse.db").write_bytes(backup)
    due(place)
    with place.receiver(), place.up() as running:
        running.says("an older copy of itself")
        before = rounds(place)
        running.until(lambda: rounds(place) > before + 3, "rounds")
        assert place.received == STAFF
        assert counts(place) == {"planned": STAFF}
        said = " ".join(place.run("status").out.split())
        assert "halted since" in said
        assert "diffuse resume" in said
        assert place.run("pause", "essai").out.endswith("are held\n")
        assert "everything goes on; it was halted since" in place.run("resume").out
        assert place.run("resume").out == "nothing was halted\n"
        before = rounds(place)
        running.until(lambda: rounds(place) > before + 3, "rounds")
    assert set(place.kept().values()) == {1}
    assert "halted" not in place.run("status").out


def test_a_database_that_another_one_stands_in_for_sends_nothing(launched: Installation) -> None:
    place = launched
    planned(place)
    change(place, "UPDATE pulse SET incarnation = 'another one'")
    due(place)
    with place.receiver(), place.up() as running:
        running.says("another one than before")
        assert place.received == 0


def test_a_time_that_has_not_come_yet_sends_nothing(launched: Installation) -> None:
    place = launched
    planned(place)
    due(place)
    ahead = datetime.now(UTC) + timedelta(hours=1)
    change(place, "UPDATE pulse SET ticked_at = ?", int(ahead.timestamp() * 1e6))
    with place.receiver(), place.up() as running:
        running.says("a worker noted")
        assert place.received == 0
        place.run("resume")
        running.until(lambda: place.received == STAFF, "mail")


def test_deliveries_of_unknown_fate_are_listed_and_settled_by_hand(launched: Installation) -> None:
    place = launched
    planned(place)
    sent_by(place, STAFF)
    change(place, "UPDATE delivery SET state = 'unknown', reason = '=no answer', sent_at = NULL WHERE id < 4")
    listed = place.run("deliveries", "--state", "unknown").out
    assert re.search(r"\W1\W+essai\W+dire-ou-je-travaille", listed)
    assert "no delivery is failed" in place.run("deliveries", "--state", "failed").out
    said = place.run("deliveries", "--state", "unknown", "--campaign", "essai", "--limit", "2", "--csv").out
    rows = list(csv.DictReader(io.StringIO(said)))
    assert [row["id"] for row in rows] == ["1", "2"]
    assert {row["reason"] for row in rows} == {"'=no answer"}
    assert place.run("settle", "1", "2", "4", "999", "--as", "sent").out.splitlines() == [
        "2 settled as sent",
        "1 left as they are: are sent",
        "not known: 999",
    ]
    assert place.run("settle", "3", "--as", "lost").out == "1 settled as lost\n"
    sent_by(place, STAFF + 1)
    assert counts(place) == {"sent": STAFF}
    assert place.run("deliveries", "--state", "unknown").out == "no delivery is unknown\n"


def test_a_campaign_may_have_what_is_unknown_sent_again_to_the_byte(place: Installation) -> None:
    at = Midday.now()
    place.settings["poll_seconds"] = 0.1
    place.run("import", write_directory(place.folder, at, later(at)))
    path = write_campaign(place.folder, at)
    path.write_text("on_unknown: resend\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    place.run("launch", path)
    planned(place)
    sent_by(place, STAFF)
    change(place, "UPDATE delivery SET state = 'unknown', ambiguous = 1, sent_at = NULL WHERE id = 1")
    sent_by(place, STAFF + 1)
    assert counts(place) == {"sent": STAFF}
    lines = [json.loads(line) for line in place.journal.read_text(encoding="utf-8").splitlines()]
    first, again = (one for one in lines if one["message_id"] == lines[-1]["message_id"])
    both = [(place.maildir / "new" / one["file"]).read_bytes() for one in (first, again)]
    assert both[0] == both[1]


def test_poisoned_messages_fail_alone_with_their_reasons_and_the_others_are_sent(
    launched: Installation,
) -> None:
    place = launched
    planned(place)
    change(place, "UPDATE delivery SET variant = 'haiku' WHERE id = 2")
    change(
        place,
        "UPDATE employee SET email = 'zoé@u.example' WHERE id = (SELECT employee FROM delivery WHERE id = 5)",
    )
    sent_by(place, STAFF - 2)
    assert counts(place) == {"failed": 2, "sent": STAFF - 2}
    said = place.run("deliveries", "--state", "failed", "--csv").out
    wording, address = (row["reason"] for row in csv.DictReader(io.StringIO(said)))
    assert wording.startswith("the database does not hold ")
    assert "dire-ou-je-travaille/haiku/" in wording
    assert "expected name@domain in plain ASCII" in address


def test_only_what_failed_is_tried_again(launched: Installation) -> None:
    place = launched
    planned(place)
    sent_by(place, STAFF)
    change(place, "UPDATE delivery SET state = 'failed', sent_at = NULL WHERE id = 7")
    assert place.run("retry", "essai").out == "1 deliveries that failed are planned again\n"
    sent_by(place, STAFF + 1)
    assert counts(place) == {"sent": STAFF}
    assert sorted(place.kept().values()) == [1] * (STAFF - 1) + [2]


def test_a_live_view_follows_what_goes_on_until_ctrl_c(launched: Installation) -> None:
    place = launched
    planned(place)
    with place.start("diffuse", "status", "--watch") as watching:
        watching.says("planned")
        place.run("pause", "essai", "--reason", "a wrong link")
        watching.says("held")
        watching.says("a wrong link")
        assert watching.end(signal.SIGINT)[0] == 0


def test_on_a_terminal_the_view_is_shown_in_one_place(launched: Installation) -> None:
    place = launched
    planned(place)
    leading, following = pty.openpty()
    with subprocess.Popen(
        [PROGRAMS / "diffuse", "status", "--watch"],
        cwd=place.folder,
        env={**place.environment, "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=following,
    ) as watching:
        os.close(following)
        shown = b""
        while shown.count(b"planned") < 2:
            shown += os.read(leading, 4096)
        assert b"\x1b[1A" in shown  # the second page begins where the first one did
        watching.send_signal(signal.SIGINT)
        with suppress(OSError):  # the other end is closed
            while os.read(leading, 4096):
                pass
        assert watching.wait(PATIENCE) == 0
    os.close(leading)


def test_the_doctor_finds_nothing_on_an_installation_that_is_well(launched: Installation) -> None:
    place = launched
    planned(place)
    sent_by(place, STAFF)
    with place.receiver():
        said = place.run("doctor").out
    assert [line.split(":")[0] for line in said.splitlines()] == [
        f"ok       {about}"
        for about in (
            "settings", "database", "pages", "references", "tables", "conservation", "attempts", "leases",
            "standstill", "evidence", "journals", "mail server 127.0.0.1", "hints",
        )
    ]  # fmt: skip
    assert f"{STAFF} planned in all = {STAFF} kept ({STAFF} sent)" in said


def test_the_doctor_names_every_trouble_with_its_remedy(launched: Installation) -> None:
    place = launched
    place.settings["redis_url"] = "redis://127.0.0.1:1/0"
    place.variables.clear()
    change(place, "INSERT INTO tally (at, added) VALUES (0, 3)")
    change(place, "INSERT INTO control VALUES ('', 'halted', 'the clock has jumped', 0)")
    folder = place.folder / "diffuse-journal"
    with suppress(InterruptedError), DotJournals(folder).begin("w1"):
        raise InterruptedError
    (journal,) = folder.glob("*.journal")
    said = place.run("doctor", status=1)
    troubles = {
        line.removeprefix("trouble  ").partition(":")[0]: line
        for line in said.out.splitlines()
        if line.startswith("trouble")
    }
    assert list(troubles) == ["conservation", "standstill", "journals", "mail server 127.0.0.1", "hints"]
    assert "3 planned in all, but 0 kept" in troubles["conservation"]
    assert troubles["standstill"].endswith("when that is mended: 'diffuse resume'")
    assert "start a worker on this machine" in troubles["journals"]
    assert "cannot be reached" in troubles["mail server 127.0.0.1"]
    assert troubles["hints"].endswith("check that it runs, its address and the network")
    assert journal.exists()


def test_the_doctor_upgrades_nothing_and_refuses_settings_that_are_wrong(place: Installation) -> None:
    with place.receiver():
        said = place.run("doctor", status=1)
    assert "trouble  tables: there are none yet; every other command brings them up to date" in said.out
    with closing(sqlite3.connect(place.folder / "diffuse.db")) as database:
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    place.settings["sender"] = "nobody"
    assert place.refused("doctor").startswith("DIFFUSE_SENDER holds no name")


def test_what_a_worker_saw_lies_beside_its_journals(launched: Installation) -> None:
    planned(launched)
    file = Path(launched.folder, "diffuse-journal", "database.json")
    assert set(json.loads(file.read_text(encoding="utf-8"))) == {
        "address", "incarnation", "server", "ticked_at",
    }  # fmt: skip
