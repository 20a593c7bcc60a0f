"""Every policy under the organisation's rules, deadlines and absences: no promise is broken."""

import random
from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffuse.domain.attention import Attention, EasyDays, QuietHours
from diffuse.domain.campaign import Campaign
from diffuse.domain.people import Absence, Employee
from diffuse.domain.period import Period
from diffuse.domain.schedule import POLICIES, Schedule, Targets
from diffuse.domain.succession import merged
from diffuse.domain.window import WEEKDAYS, SendWindow
from tests.unit.domain.given import campaign, employee, key_point, policy
from tests.unit.domain.simulation import World, broken_rules
from tests.unit.domain.test_planning import PEOPLE, STARTS, WORDINGS, courses

DAY = timedelta(days=1)
EVERY_DAY = SendWindow(days=WEEKDAYS, opens=time(0), closes=time(23, 30))
RULES = st.builds(
    Attention,
    max_messages_per_week=st.integers(1, 7),
    max_per_day=st.integers(1, 2),
    min_gap_days=st.integers(1, 4),
    easy_days=st.builds(EasyDays, friday=st.sampled_from(["normal", "reduced", "minimum"])),
    working_days=st.sampled_from([WEEKDAYS, WEEKDAYS[:5]]),
    quiet_hours=st.none() | st.just(QuietHours(begins=time(18), ends=time(8))),
)
SCHEDULES = st.builds(
    Schedule,
    policy=st.sampled_from(POLICIES),
    introduce_every=st.builds(Period, days=st.integers(0, 3)),
    maximum_interval=st.builds(Period, days=st.integers(3, 20)),
    retire_after=st.integers(0, 2),
    min_gain_days=st.sampled_from([0.0, 5.0, 30.0]),
)
TARGETS = st.builds(
    Targets,
    acknowledged_by=st.none() | st.integers(5, 25).map(lambda days: STARTS + days * DAY),
    escalate=st.sampled_from(["", "manager"]),
)


@st.composite
def absences(draw: st.DrawFn) -> tuple[Absence, ...]:
    found = []
    for _ in range(draw(st.integers(0, 4))):
        starts = STARTS + draw(st.integers(-5, 20)) * DAY
        name, length = f"e{draw(st.integers(0, 4))}", draw(st.integers(0, 9))
        found.append(Absence(employee=name, starts=starts, ends=starts + length * DAY))
    return merged(found)


@settings(max_examples=20)
@given(
    PEOPLE,
    st.lists(st.tuples(courses("any"), SCHEDULES, TARGETS, st.integers(1, 9)), min_size=1, max_size=3),
    RULES,
    absences(),
    st.integers(0, 1000),
)
def test_no_rule_no_window_and_no_absence_is_broken_by_any_policy(
    people: list[Employee],
    drafts: list[tuple[Campaign, Schedule, Targets, int]],
    rules: Attention,
    away: tuple[Absence, ...],
    seed: int,
) -> None:
    chance = random.Random(seed)
    campaigns = [
        replace(one, id=f"c{number}", schedule=schedule, targets=targets, priority=priority)
        for number, (one, schedule, targets, priority) in enumerate(drafts)
    ]
    world = World(
        employees=people,
        campaigns=[(one, frozenset()) for one in campaigns],
        opens=lambda _: chance.choice([None, 0, 0, 2]),
        absences=away,
        attention=rules,
    )
    world.run(STARTS - DAY, 22, [14])
    assert list(broken_rules(world)) == []


@pytest.mark.parametrize("name", ["fsrs", "budgeted"])
@given(longest=st.integers(2, 25), opens=st.integers(0, 1), fuzz=st.booleans())
@settings(max_examples=8)
def test_a_key_point_that_is_reached_never_stays_away_longer_than_the_maximum(
    name: str, longest: int, opens: int, fuzz: bool
) -> None:
    schedule = Schedule(policy=name, maximum_interval=Period(days=longest), min_gain_days=500.0, fuzz=fuzz)
    first = replace(schedule, min_gain_days=0.0)
    world = World(employees=[employee("ana")], campaigns=[], opens=lambda _: opens)
    for one in (first, schedule):
        course = replace(
            of_one_point(), schedule=one, send_window=EVERY_DAY, max_messages_per_week=7, starts=STARTS
        )
        world = replace(world, campaigns=[(course, frozenset())])
        world.run(STARTS if one is first else STARTS + DAY, 1 if one is first else 60, [14])
    reached = [one.reached for one in world.sent if one.reached]
    days = [one.touchpoint.due_on for one in world.sent]
    assert len(days) > 60 // (longest + 2)
    for back, after in zip(reached, days[1:], strict=False):
        assert after - back <= timedelta(days=longest)


def of_one_point() -> Campaign:
    return campaign("one", policies=(policy(key_points=(key_point("only", variants=WORDINGS),)),), ends=None)


def test_the_day_on_which_a_deadline_is_missed_is_after_everything_was_tried() -> None:
    """Somebody who never opens gets as many attempts as the budget allows until the last day."""
    pressed, calm = (
        World(
            employees=[employee("ana")],
            campaigns=[
                (
                    replace(
                        of_one_point(),
                        schedule=Schedule(resend_unopened_after=Period(days=2), max_resends=1),
                        targets=targets,
                        send_window=EVERY_DAY,
                        starts=STARTS,
                        ends=date(2027, 12, 17),
                        max_messages_per_week=2,
                    ),
                    frozenset(),
                )
            ],
        )
        for targets in (Targets(acknowledged_by=STARTS + 13 * DAY), Targets())
    )
    for world in (pressed, calm):
        world.run(STARTS, 14, [14])
    assert len(pressed.sent) == 4  # two weeks, two messages each
    assert len(calm.sent) == 2
