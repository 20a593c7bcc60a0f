"""Foreseeing: what is foreseen is what the planner does once a campaign runs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from diffuse.domain.attention import Attention, QuietHours
from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import State
from diffuse.domain.desk import Rules
from diffuse.domain.dry_run import foresee
from diffuse.domain.events import Event, Kind
from diffuse.domain.foresight import Foresight
from diffuse.domain.membership import imagined
from diffuse.domain.people import Audience, Employee
from diffuse.domain.period import Period
from diffuse.domain.policy import KeyPoint, Text
from diffuse.domain.schedule import Schedule, Targets
from diffuse.domain.source import Loaded
from diffuse.domain.window import SendWindow
from diffuse.errors import AuthoringError, Problem
from diffuse.ports import Row
from diffuse.services.foresee import Foresee
from diffuse.testing import FixedCalendar
from tests.unit.services.given import DAY, EARLY, LATE, MONDAY, Office, campaign, key_point, person

FILE = Path("essai.yaml")
ANA, BO = person("ana"), person("bo")
LADDER = Schedule(intervals=(Period(), Period(days=3), Period(days=10)), introduce_every=Period(days=2))


class Files:
    """Reads the campaigns that stand at these paths."""

    def __init__(self, *campaigns: Campaign, problems: Sequence[Problem] = ()) -> None:
        self.campaigns = {f"{one.id}.yaml": one for one in campaigns}
        self.problems = tuple(problems)

    def read(self, path: Path) -> Loaded:
        one = self.campaigns[path.name]
        return Loaded(
            source=path.name,
            campaign=None if self.problems else one,
            problems=self.problems,
            id=one.id,
            holidays=one.holidays,
        )


class NoFault:
    """Finds no fault with any text."""

    def problems(self, text: Text, language: str) -> Sequence[Problem]:
        return []


def foreseen(*campaigns: Campaign, holidays: Sequence[date] = (), **more: Any) -> Foresight:  # noqa: ANN401
    service = Foresee(campaigns=Files(*campaigns), renderer=NoFault(), calendar=FixedCalendar(*holidays))  # type: ignore[arg-type]
    return service.run([Path(f"{one.id}.yaml") for one in campaigns], **more)


def read_only(*names: str) -> list[KeyPoint]:
    """Key points that ask for no acknowledgement: an opening is all that can come back."""
    return [key_point(name, acknowledge=False) for name in names]


def row(number: int, one: Employee) -> Row:
    return Row(line=number, id=one.id, employee=one)


def lived(campaigns: Sequence[Campaign], rules: Attention, days: int) -> set[tuple[object, ...]]:
    """Let ana react to everything on its day and bo to nothing, in an office that plans and sends."""
    office = Office(ANA, BO)
    office.house.publish(rules, EARLY)
    for one in campaigns:
        office.launch(one)
    for _ in range(days):
        office.beat.run()
        office.clock.advance(LATE - EARLY)
        office.beat.run()
        for sent in office.rows():
            if sent.employee == "ana" and sent.state == State.SENT and not sent.opened_at:
                event = Event(delivery=sent.delivery, kind=Kind.OPENED, at=office.clock.now())
                office.hits.record(event, office.clock.now().astimezone(ANA.zone).date())
        office.clock.advance(DAY - (LATE - EARLY))
    return {
        (one.employee == "ana", one.due_on, one.campaign, one.key_point, one.touch, one.step, one.variant)
        for one in office.rows()
        if one.state == State.SENT
    }


@pytest.mark.parametrize(
    "schedule",
    [
        LADDER,
        replace(LADDER, policy="fsrs", fuzz=False, desired_retention=0.9),
        replace(LADDER, policy="budgeted", min_gain_days=3.0),
    ],
    ids=lambda schedule: schedule.policy,
)
def test_what_is_foreseen_is_what_the_planner_does(schedule: Schedule) -> None:
    ends = MONDAY + timedelta(days=27)
    social = campaign(
        *read_only("pause", "relay", "ask"), ends=ends, schedule=schedule, max_messages_per_week=2
    )
    ethics = campaign(*read_only("gifts", "outside"), id="ethics", ends=ends, schedule=LADDER, priority=7)
    rules = Attention(max_messages_per_week=3)
    found = foresee([(social, ()), (ethics, ())], Rules(attention=rules), imagined([social, ethics]))
    said = {
        (one.attentive, one.day, one.campaign, one.key_point, one.touch, one.step, one.variant)
        for one in found.touches
        if one.day is not None
    }
    assert any(one.reason for one in found.touches)
    assert said == lived([social, ethics], rules, 28)


def test_a_campaign_without_an_end_is_looked_at_for_a_year() -> None:
    found = foreseen(campaign(schedule=LADDER))
    assert (found.first, found.last) == (MONDAY, date(2028, 1, 4))


def test_nothing_goes_on_the_holidays_of_either_region() -> None:
    one = campaign(schedule=LADDER, holidays="CA-QC")
    found = foreseen(one, holidays=[MONDAY])
    assert min(touch.day for touch in found.touches if touch.day) == MONDAY + DAY
    rules = Attention(holidays="CA-ON")
    found = foreseen(replace(one, holidays=""), holidays=[MONDAY], attention=rules)
    assert min(touch.day for touch in found.touches if touch.day) == MONDAY + DAY


def test_what_check_finds_is_refused() -> None:
    night = Attention(quiet_hours=QuietHours())
    with pytest.raises(AuthoringError, match="leave nothing"):
        foreseen(
            campaign(send_window=SendWindow(days=("sunday",))),
            attention=replace(night, working_days=("monday",)),
        )
    by = Targets(acknowledged_by=MONDAY + DAY)
    points = [replace(point, acknowledge=True) for _, point in campaign("a", "b", "c").key_points]
    with pytest.raises(AuthoringError, match="key points to acknowledge ×"):
        foreseen(campaign(*points, targets=by))


def test_a_file_that_cannot_be_read_is_refused_with_its_problems() -> None:
    files = Files(
        campaign(), problems=[Problem(found="no title", expected="a title", file="social-media.yaml")]
    )
    service = Foresee(campaigns=files, renderer=NoFault(), calendar=FixedCalendar())  # type: ignore[arg-type]
    with pytest.raises(AuthoringError, match="no title"):
        service.run([Path("social-media.yaml")])


def test_days_before_the_first_one_wanted_are_left_out() -> None:
    since = MONDAY + timedelta(days=10)
    found = foreseen(campaign(schedule=LADDER), since=since)
    assert found.first == since
    assert found.touches
    assert all(touch.day and touch.day >= since for touch in found.touches)


def test_a_calendar_that_begins_after_the_last_day_is_refused() -> None:
    with pytest.raises(AuthoringError, match="a day up to 2027-01-29"):
        foreseen(campaign(ends=date(2027, 1, 29), schedule=LADDER), since=date(2027, 2, 1))


def test_a_directory_gives_the_groups_that_exist_and_their_numbers() -> None:
    one = campaign(
        schedule=LADDER,
        ends=MONDAY + timedelta(days=60),
        audiences=(Audience(id="managers", roles=("manager",)), Audience(id="staff")),
    )
    policies = (replace(one.policies[0], audience="staff"), _policy(one, "managers"))
    people = [
        person("ana", roles=("manager",)),
        person("bo"),
        person("cy", roles=("clerk",)),
        person("di", ends=MONDAY - DAY),
        person("ed", starts=MONDAY + timedelta(days=61)),
    ]
    found = foreseen(
        replace(one, policies=policies), directory=[row(n, who) for n, who in enumerate(people, start=2)]
    )
    assert [(group.name, group.employees) for group in found.groups] == [("staff", 2), ("managers", 1)]


def test_every_row_that_is_none_of_an_employee_is_named() -> None:
    bad = [
        Row(line=number, problems=(Problem(found=f"row {number}", expected="an employee"),))
        for number in (2, 5)
    ]
    with pytest.raises(AuthoringError) as refused:
        foreseen(campaign(schedule=LADDER), directory=[*bad, row(3, ANA)])
    assert all(f"row {number}" in str(refused.value) for number in (2, 5))


def _policy(one: Campaign, audience: str) -> Any:  # noqa: ANN401 -- a policy like the campaign's
    policy = one.policies[0]
    points = tuple(replace(point, id=f"{audience}-{point.id}") for point in policy.key_points)
    return replace(policy, id=audience, audience=audience, key_points=points)
