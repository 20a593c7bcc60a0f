"""Weeks with a mail server that comes and goes, and workers that die: every promise still holds."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from diffuse.domain.delivery import LEASE, State
from diffuse.domain.period import Period
from diffuse.domain.schedule import Schedule
from diffuse.domain.window import SendWindow
from diffuse.services.plan import Planned
from tests.unit.services.given import DAY, EARLY, MONDAY, Office, campaign, person

AT_ONCE = Schedule(introduce_every=Period(), resend_unopened_after=Period(days=2))
HOLIDAYS = (MONDAY + 2 * DAY, MONDAY + 11 * DAY)
ENDS = MONDAY + 17 * DAY


def weeks_of_trouble() -> Office:
    """Three weeks of two campaigns; half the rounds find no mail server, and some workers die at work."""
    chance = random.Random(1)
    people = [
        person("ana"),
        person("bob", time_zone="America/Vancouver", ends=MONDAY + 8 * DAY),
        person("eve", time_zone="Europe/Paris", starts=MONDAY + 3 * DAY),
    ]
    office = Office(*people, holidays=HOLIDAYS)
    monday_and_friday = SendWindow(days=("monday", "friday"), opens=time(9), closes=time(12))
    first = campaign("a", "b", "c", "d", holidays="CA-QC", schedule=AT_ONCE, ends=ENDS)
    office.launch(first)
    office.launch(
        replace(first, id="second", send_window=monday_and_friday, max_messages_per_week=4, ends=None)
    )
    for quarter in range(21 * 8):
        office.clock.set(EARLY + quarter * timedelta(hours=3))
        office.channel.down = chance.choice(["", "down"])
        if chance.random() < 0.2:
            for lost in office.ledger.claim(office.clock.now(), token="dead", limit=2):
                if chance.random() < 0.5:
                    office.fence(lost)
            office.clock.advance(LEASE)
        office.beat.run()
        for row in office.rows():
            if row.state == State.SENT and row.opened_at is None and chance.random() < 0.05:
                office.acknowledge(row)
    return office


def test_whatever_breaks_nobody_gets_more_than_promised_or_out_of_season() -> None:
    office = weeks_of_trouble()
    people = {one.id: one for one in office.directory.employees()}
    left = [row for row in office.rows() if row.state in {State.SENT, State.UNKNOWN}]
    assert {row.state for row in left} == {State.SENT, State.UNKNOWN}
    assert any(row.attempts > 1 for row in left)
    for name, who in people.items():
        days = [row.due_on for row in left if row.employee == name]
        assert len(days) == len(set(days))
        assert max(sum(day <= other < day + 7 * DAY for other in days) for day in days) <= 4
        assert all(who.works_on(day) for day in days)
    assert all(row.due_on <= ENDS for row in left if row.campaign == "social-media")
    assert not {row.due_on for row in left} & set(HOLIDAYS)
    assert not {row.due_on.weekday() for row in left if row.campaign == "second"} - {0, 4}
    for row in left:
        if row.sent_at is not None:
            assert row.sent_at.astimezone(people[row.employee].zone).date() == row.due_on
    assert max(Counter((row.campaign, row.key_point, row.employee, row.touch) for row in left).values()) == 1


def test_what_was_late_is_spread_over_its_new_day_like_everything_else() -> None:
    office = Office(*(person(f"e{number:03}") for number in range(60)))
    office.launch(campaign())
    office.plan.run()
    office.clock.set(EARLY + DAY)
    assert office.plan.run() == Planned(moved=60)
    hours = Counter(row.due_at.hour for row in office.rows())
    assert len(hours) >= 7
    assert max(hours.values()) < 20


def test_a_holiday_at_the_end_of_the_year_holds_where_the_old_year_still_is() -> None:
    new_years_eve = date(2027, 12, 31)
    office = Office(
        person("ana", time_zone="Pacific/Honolulu"),
        at=datetime(2028, 1, 1, 0, 30, tzinfo=UTC),
        holidays=[new_years_eve],
    )
    office.launch(campaign(starts=new_years_eve, holidays="US"))
    assert office.plan.run() == Planned()
    office.clock.set(datetime(2028, 1, 3, 18, tzinfo=UTC))
    assert office.plan.run() == Planned(added=1)
