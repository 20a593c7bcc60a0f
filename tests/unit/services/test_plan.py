"""Planning the day: what is added, moved, cancelled and ended, and that planning again changes nothing."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from diffuse.domain.delivery import State
from diffuse.domain.language import ByLanguage
from diffuse.services.plan import Planned
from tests.unit.services.given import DAY, EARLY, LATE, MONDAY, Office, campaign, person

TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + n * DAY for n in (1, 2, 3))


def test_a_message_is_planned_for_each_employee_within_their_own_window() -> None:
    office = Office(person("ana"), person("zoe", time_zone="America/Vancouver", language="en"))
    office.launch(campaign())
    assert office.plan.run() == Planned(added=2)
    rows = {row.employee: row for row in office.rows()}
    assert {row.due_on for row in rows.values()} == {MONDAY}
    assert {(row.state, row.touch, row.step, row.variant) for row in rows.values()} == {
        (State.PLANNED, 0, 0, "legal")
    }
    assert (rows["ana"].language, rows["zoe"].language) == ("fr", "en")
    for name, hours in (("ana", (14, 22)), ("zoe", (17, 25))):
        opens, closes = (datetime(2027, 1, 4, tzinfo=UTC) + timedelta(hours=hour) for hour in hours)
        assert opens <= rows[name].due_at < closes


def test_planning_twice_adds_nothing_whenever_on_the_day_it_happens() -> None:
    office = Office(person("ana"), person("zoe"))
    office.launch(campaign("pause", "disclose"))
    office.plan.run()
    before = office.rows()
    assert office.plan.run() == Planned()
    office.clock.set(LATE)
    assert office.plan.run() == Planned()
    assert office.rows() == before


def test_without_people_or_campaigns_there_is_nothing_to_plan() -> None:
    assert Office().plan.run() == Planned()
    assert Office(person("ana")).plan.run() == Planned()
    office = Office()
    office.launch(campaign())
    assert office.plan.run() == Planned()


def test_a_closed_window_moves_a_message_to_the_next_open_day_with_its_reason() -> None:
    office = Office(person("ana"), holidays=[TUESDAY])
    office.launch(campaign("pause", "disclose", holidays="CA-QC"))
    office.plan.run()
    for late in (LATE + timedelta(hours=1), EARLY + DAY):
        office.clock.set(late)
        assert office.plan.run() == Planned()
    office.clock.set(EARLY + 2 * DAY)
    assert office.plan.run() == Planned(moved=1)
    row = office.row()
    assert (row.state, row.due_on, row.wanted_on) == (State.PLANNED, WEDNESDAY, MONDAY)
    assert row.delayed_by == "the window of 2027-01-04 closed before it could be sent"
    assert row.due_at.astimezone(person("ana").zone).date() == WEDNESDAY
    assert office.plan.run() == Planned()


def test_new_years_day_is_a_holiday_on_new_years_eve_already() -> None:
    office = Office(person("ana"), at=datetime(2026, 12, 31, 13, tzinfo=UTC), holidays=[date(2027, 1, 1)])
    office.launch(campaign(starts=date(2026, 12, 28), holidays="CA-QC"))
    office.plan.run()
    for now in (datetime(2027, 1, 1, 13, tzinfo=UTC), EARLY):
        office.clock.set(now)
        office.plan.run()
    assert office.row().due_on == MONDAY


def test_messages_that_were_all_late_move_to_different_days() -> None:
    office = Office(person("ana"), person("zoe"))
    office.launch(campaign("pause"))
    office.plan.run()
    office.clock.set(EARLY + DAY)
    office.launch(campaign("disclose", id="second"))
    assert office.plan.run() == Planned(added=2, moved=2)
    states = {(row.campaign, row.employee): (row.state, row.reason) for row in office.rows()}
    assert states["social-media", "ana"] == (State.PLANNED, "")
    assert states["second", "ana"] == (State.HELD, "social-media goes first")
    office.clock.set(EARLY + 2 * DAY)
    assert office.plan.run() == Planned(moved=2, held=2)
    days = Counter((row.employee, row.due_on) for row in office.rows() if row.state == State.PLANNED)
    assert max(days.values()) == 1


def test_a_message_that_no_window_awaits_before_the_campaigns_end_is_ended_with_its_reason() -> None:
    office = Office(person("ana"), person("zoe"))
    office.launch(campaign(ends=MONDAY))
    office.plan.run()
    office.clock.set(EARLY + DAY)
    assert office.plan.run() == Planned(expired=2)
    assert {(row.state, row.reason) for row in office.rows()} == {
        (State.EXPIRED, "the campaign's last day, 2027-01-04, closed before it could be sent")
    }
    office.clock.advance(DAY)
    assert office.plan.run() == Planned()


def test_a_late_message_moves_within_a_campaign_that_still_runs() -> None:
    office = Office(person("ana"))
    office.launch(campaign(ends=TUESDAY))
    office.plan.run()
    office.clock.set(EARLY + DAY)
    assert office.plan.run() == Planned(moved=1)


def test_a_late_message_moves_by_the_window_of_the_newest_publication() -> None:
    office = Office(person("ana"))
    office.launch(campaign())
    office.plan.run()
    window = replace(campaign().send_window, days=("thursday",))
    office.launch(campaign(send_window=window))
    changed = office.launch(campaign(send_window=window, title=ByLanguage(fr="Réseaux", en="Networks")))
    for day in range(1, 4):
        office.clock.set(EARLY + day * DAY)
        office.plan.run()
    row = office.row()
    assert (row.due_on, row.publication) == (THURSDAY, changed.id)


def test_what_is_planned_for_a_leaver_is_cancelled_with_its_reason_once_the_last_day_has_passed() -> None:
    office = Office(person("ana", ends=MONDAY), person("zoe", ends=THURSDAY))
    office.launch(campaign())
    assert office.plan.run() == Planned(added=2)
    office.clock.set(EARLY + DAY)
    assert office.plan.run() == Planned(cancelled=1, moved=1)
    leaver, other = office.rows()
    assert (leaver.employee, leaver.state) == ("ana", State.CANCELLED)
    assert leaver.reason == "the last day of work has passed"
    assert (other.employee, other.state) == ("zoe", State.PLANNED)
    office.clock.set(EARLY + 7 * DAY)
    assert office.plan.run().added == 0


@pytest.mark.parametrize(("zone", "cancelled"), [("Asia/Tokyo", 1), ("America/Toronto", 0)])
def test_a_last_day_passes_in_the_employees_own_time_zone(zone: str, cancelled: int) -> None:
    office = Office(person("ana", time_zone=zone), at=datetime(2027, 1, 4, 1, tzinfo=UTC))
    office.launch(
        campaign(
            starts=date(2027, 1, 3), send_window=replace(campaign().send_window, days=("monday", "sunday"))
        )
    )
    assert office.plan.run().added == (zone == "Asia/Tokyo")
    office.directory.save([person("ana", time_zone=zone, ends=MONDAY)])
    office.clock.set(datetime(2027, 1, 4, 15, 30, tzinfo=UTC))
    assert office.plan.run().cancelled == cancelled


def test_a_joiner_starts_on_the_first_day_with_the_first_key_point() -> None:
    office = Office(person("ana"), person("new", starts=WEDNESDAY))
    office.launch(campaign("pause", "disclose", max_messages_per_week=7))
    for _ in range(8):
        office.day()
    got = [(row.due_on, row.key_point, row.touch) for row in office.rows() if row.employee == "new"]
    assert min(got) == (WEDNESDAY, "pause", 0)
    enters = {row.key_point: row.due_on for row in office.rows() if row.employee == "new" and row.touch == 0}
    # Saturday, three days after the first one, is no day of the window.
    assert enters == {"pause": WEDNESDAY, "disclose": date(2027, 1, 11)}


def test_relaunching_a_changed_text_goes_on_with_the_progress() -> None:
    office = Office(person("ana"))
    office.launch(campaign("pause", version="1"))
    office.day()
    office.acknowledge(office.row())
    changed = office.launch(campaign("pause", version="2", title=ByLanguage("Réseaux")))
    assert office.plan.run() == Planned()
    for _ in range(7):
        office.day()
    first, second = office.rows()[:2]
    assert (first.publication, first.step, first.touch) == (1, 0, 0)
    assert (second.publication, second.step, second.touch, second.variant) == (changed.id, 1, 1, "advice")


def test_a_message_that_is_planned_already_shows_the_text_for_which_it_was_planned() -> None:
    office = Office(person("ana"))
    office.launch(campaign("pause", version="1"))
    office.plan.run()
    office.launch(campaign("pause", version="2"))
    office.day()
    (row,) = office.rows()
    assert (row.publication, row.state) == (1, State.SENT)


def test_over_all_campaigns_nobody_gets_two_messages_a_day_or_more_than_a_week_allows() -> None:
    office = Office(person("ana"))
    office.launch(campaign("pause", "disclose", "archive", max_messages_per_week=3))
    office.launch(campaign("crisis", "log", id="second", max_messages_per_week=3))
    for _ in range(28):
        office.day()
    days = sorted(row.due_on for row in office.rows() if row.state == State.SENT)
    assert len(days) == len(set(days))
    assert max(sum(day <= other < day + 7 * DAY for other in days) for day in days) == 3
