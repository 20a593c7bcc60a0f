"""The guard: a clock or a database that is not what it was brings everything to a standstill, once."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from diffuse.adapters.sql.engine import writing
from diffuse.adapters.sql.pulse import SqlPulse
from diffuse.adapters.sql.tables import pulse
from diffuse.domain.control import EVERYTHING, Standstill
from diffuse.domain.delivery import State
from diffuse.ports import Seen
from diffuse.services.guard import Guard
from tests.unit.services.given import EARLY, LATE, Office, campaign, person

MINUTE = timedelta(minutes=1)


class Watched:
    """An office, a guard in it, and a stopwatch that is moved by hand."""

    def __init__(self) -> None:
        self.office = Office(person("ana"))
        self.clock = self.office.clock
        self.seconds = 0.0
        self.guard = self.start()

    def start(self) -> Guard:
        """Start a process on the same machine."""
        return self.office.guard(lambda: self.seconds)

    def passes(self, span: timedelta) -> None:
        """Let time pass as it does."""
        self.clock.advance(span)
        self.seconds += span.total_seconds()

    def check(self) -> str:
        """Look, and return why everything stands still."""
        self.guard.check()
        (reason,) = [one.reason for one in self.office.control.stops()] or [""]
        return reason

    def confirm(self) -> None:
        """Let everything go on, as an operator does."""
        assert self.office.control.confirm(self.clock.now()) is not None

    def seen(self) -> Seen:
        return SqlPulse(self.office.engine).read()


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_each_look_is_noted_in_the_database_and_beside_it(watched: Watched) -> None:
    for _ in range(3):
        assert watched.check() == ""
        assert watched.seen().ticked_at == watched.clock.now()
        assert watched.office.memory.seen == watched.seen()
        watched.passes(timedelta(days=3))


def test_a_look_within_a_second_is_left_out(watched: Watched) -> None:
    watched.check()
    watched.passes(timedelta(seconds=0.9))
    watched.check()
    assert watched.seen().ticked_at == EARLY
    watched.passes(timedelta(seconds=0.1))
    watched.check()
    assert watched.seen().ticked_at == EARLY + timedelta(seconds=1)


@pytest.mark.parametrize(("minutes", "words"), [(11, "11 min ahead"), (-11, "11 min back"), (3000, "50 h")])
def test_a_clock_that_jumps_halts_everything_once_and_says_what_to_do(
    watched: Watched, minutes: int, words: str
) -> None:
    watched.check()
    watched.passes(MINUTE)
    watched.clock.advance(minutes * MINUTE)
    reason = watched.check()
    assert f"the clock has jumped {words}" in reason
    assert "check the clock" in reason
    assert reason.endswith("then run 'diffuse resume'")
    (stop,) = watched.office.control.stops()
    assert (stop.campaign, stop.state) == (EVERYTHING, Standstill.HALTED)
    watched.confirm()
    for _ in range(3):
        watched.passes(MINUTE)
        assert watched.check() == ""


@pytest.mark.parametrize("minutes", [10, -10])
def test_a_clock_that_is_set_right_halts_nothing(watched: Watched, minutes: int) -> None:
    watched.check()
    watched.passes(MINUTE)
    watched.clock.advance(minutes * MINUTE)
    assert watched.check() == ""


def test_a_clock_that_jumps_there_and_back_halts_everything_twice_when_it_is_confirmed_between(
    watched: Watched,
) -> None:
    watched.check()
    for minutes in (60, -60):
        watched.passes(MINUTE)
        watched.clock.advance(minutes * MINUTE)
        assert "the clock has jumped 60 min" in watched.check()
        watched.confirm()
    watched.passes(MINUTE)
    assert watched.check() == ""


def test_another_process_that_sees_a_note_from_the_future_halts_everything(watched: Watched) -> None:
    watched.clock.advance(timedelta(hours=1))
    watched.check()
    watched.clock.set(EARLY)
    watched.guard = watched.start()
    assert (
        "a worker noted 2027-01-04 14:00 UTC in the database, but it is 2027-01-04 13:00" in watched.check()
    )
    watched.confirm()
    watched.passes(MINUTE)
    assert watched.check() == ""


def test_a_machine_that_was_off_for_days_halts_nothing(watched: Watched) -> None:
    watched.check()
    watched.clock.advance(timedelta(days=9))
    watched.guard = watched.start()
    assert watched.check() == ""


def test_an_older_copy_of_the_database_halts_everything_whatever_little_it_lacks(watched: Watched) -> None:
    watched.check()
    backup = watched.seen()
    watched.passes(timedelta(seconds=2))
    watched.check()
    restore(watched, backup)
    for starts in (False, True):
        watched.passes(MINUTE)
        if starts:
            watched.guard = watched.start()
        reason = watched.check()
        assert "an older copy of itself: a worker saw it at 2027-01-04 13:00:02 UTC" in reason
        assert "nothing after 2027-01-04 13:00:00 UTC" in reason
    watched.confirm()
    watched.passes(MINUTE)
    assert watched.check() == ""


def test_the_database_of_another_machine_with_another_past_is_no_older_copy(watched: Watched) -> None:
    watched.check()
    watched.office.memory.seen = replace(watched.seen(), address="elsewhere", incarnation="other")
    watched.passes(MINUTE)
    assert watched.check() == ""


@pytest.mark.parametrize("what", ["incarnation", "server"])
def test_another_database_at_the_same_address_halts_everything(watched: Watched, what: str) -> None:
    here = Seen(address="postgresql://db/diffuse", incarnation="a", server="1", ticked_at=EARLY)
    watched.guard = Guard(
        clock=watched.clock,
        stopwatch=lambda: watched.seconds,
        control=watched.office.control,
        pulse=Fixed(here),
        memory=watched.office.memory,
    )
    watched.office.memory.seen = (
        replace(here, server="other") if what == "server" else replace(here, incarnation="other")
    )
    assert watched.check().startswith("the database at postgresql://db/diffuse is another one than before")
    assert watched.office.memory.seen == here


@pytest.mark.parametrize(
    ("address", "server"), [("postgresql://db/diffuse", ""), ("postgresql://old/diffuse", "2")]
)
def test_a_server_that_has_moved_or_whose_name_is_not_told_halts_nothing(
    watched: Watched, address: str, server: str
) -> None:
    here = Seen(address="postgresql://db/diffuse", incarnation="a", server="1", ticked_at=EARLY)
    watched.guard._pulse = Fixed(here)
    watched.office.memory.seen = replace(here, address=address, server=server)
    assert watched.check() == ""


def test_while_everything_is_halted_nothing_is_planned_claimed_or_sent_until_it_is_confirmed() -> None:
    office = Office(person("ana"))
    office.launch(campaign())
    office.control.halt("the clock has jumped", EARLY)
    assert office.beat.run().planned.added == 0
    office.control.confirm(EARLY)
    assert office.beat.run().planned.added == 1
    office.control.halt("the clock has jumped", EARLY)
    office.clock.set(LATE)
    assert office.beat.run().delivered.total == 0
    office.control.confirm(EARLY)
    assert office.beat.run().delivered.ended == {State.SENT: 1}


class Fixed:
    """A database that always says the same of itself."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen

    def read(self) -> Seen:
        return self.seen

    def beat(self, now: datetime, *, anew: bool = False) -> Seen:
        return self.seen


def restore(watched: Watched, backup: Seen) -> None:
    with writing(watched.office.engine) as connection:
        connection.execute(update(pulse).values(ticked_at=backup.ticked_at))
