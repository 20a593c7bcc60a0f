"""Who gets what on which day: promises that hold for any population, and cases that are easy to miss."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from diffuse.domain.attention import Taken
from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import State, Touchpoint, spread
from diffuse.domain.desk import LAST_SHARE, Rules, Running, offsets, remaining
from diffuse.domain.language import ByLanguage
from diffuse.domain.people import Audience, Employee
from diffuse.domain.period import Period
from diffuse.domain.planning import plan
from diffuse.domain.policy import KeyPoint
from diffuse.domain.population import Population, code
from diffuse.domain.schedule import Schedule
from diffuse.domain.standing import Standing
from diffuse.domain.window import WEEKDAYS, SendWindow
from tests.unit.domain.given import TEXT, campaign, employee, key_point, policy, variant
from tests.unit.domain.simulation import World, broken_promises, message_id

MONDAY = date(2027, 1, 11)
EARLY = datetime(2027, 1, 11, 6, tzinfo=UTC)
"""One in the morning in Toronto, on the first Monday of the campaign."""

DAY = timedelta(days=1)
WORDINGS = (variant("advice"), variant("legal"))
ALL_DAY = SendWindow(days=WEEKDAYS, opens=time(0), closes=time(23, 59))
NOBODY_OPENS: Callable[[Touchpoint], None] = lambda _: None  # noqa: E731 -- a constant


def points(*names: str, **changes: Any) -> tuple[KeyPoint, ...]:  # noqa: ANN401 -- any field
    return tuple(key_point(name, variants=WORDINGS, **changes) for name in names)


def course(name: str = "social-media", *names: str, **changes: Any) -> Campaign:  # noqa: ANN401 -- any field
    """A campaign of one policy with two wordings for each key point."""
    return campaign(name, policies=(policy(key_points=points(*(names or ("substitute",)))),), **changes)


def world(
    *people: Employee,
    campaigns: tuple[Campaign, ...] = (),
    holidays: frozenset[date] = frozenset(),
    **more: Any,  # noqa: ANN401
) -> World:
    return World(
        employees=people or (employee(),),
        campaigns=[(one, holidays) for one in campaigns or (course(),)],
        **more,
    )


# --- any population -------------------------------------------------------------------------------

ROLES = ("author", "manager")
ZONES = ("America/Toronto", "Europe/Paris", "Australia/Lord_Howe", "Pacific/Kiritimati", "Pacific/Honolulu")
AUDIENCES = (Audience(id="authors", roles=("author",)), Audience(id="others", exclude_roles=("manager",)))
STARTS = date(2027, 3, 8)
"""A Monday in the week in which clocks change in Toronto."""

SOON = st.integers(-3, 20).map(lambda days: STARTS + days * DAY)
PEOPLE = st.lists(
    st.builds(
        lambda zone, roles, starts, stays: {
            "time_zone": zone,
            "roles": tuple(sorted(roles)),
            "starts": starts,
            "ends": None if stays is None else (starts or STARTS) + stays * DAY,
        },
        st.sampled_from(ZONES),
        st.sets(st.sampled_from(ROLES)),
        st.none() | SOON,
        st.none() | st.integers(0, 20),
    ),
    max_size=5,
).map(lambda all_of_them: [employee(f"e{number}", **fields) for number, fields in enumerate(all_of_them)])
WINDOWS = st.builds(
    lambda days, opens, hours: SendWindow(
        days=tuple(sorted(days, key=WEEKDAYS.index)),
        opens=time(opens),
        closes=time(min(opens + hours, 23), 30),
    ),
    st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    st.integers(0, 22),
    st.integers(0, 12),
)
SCHEDULES = st.builds(
    Schedule,
    intervals=st.sampled_from(
        [(Period(),), (Period(), Period(days=1)), (Period(days=1), Period(days=2), Period(months=1))]
    ),
    introduce_every=st.builds(Period, days=st.integers(0, 3)),
    resend_unopened_after=st.builds(Period, days=st.integers(1, 5)),
    max_resends=st.integers(0, 2),
)


def courses(name: str) -> st.SearchStrategy[Campaign]:
    return st.builds(
        lambda audiences, **fields: campaign(
            name,
            policies=(
                policy(
                    key_points=tuple(
                        key_point(f"point-{place}", variants=WORDINGS, audience=audience)
                        for place, audience in enumerate(audiences)
                    )
                ),
            ),
            audiences=AUDIENCES,
            **fields,
        ),
        audiences=st.lists(st.sampled_from(["", "authors", "others"]), min_size=1, max_size=4),
        starts=st.just(STARTS) | st.integers(0, 9).map(lambda days: STARTS + days * DAY),
        ends=st.none() | st.integers(10, 20).map(lambda days: STARTS + days * DAY),
        send_window=WINDOWS,
        schedule=SCHEDULES,
        max_messages_per_week=st.integers(1, 4),
    )


@settings(max_examples=30)
@given(
    PEOPLE,
    courses("one"),
    courses("other"),
    st.sets(SOON, max_size=3),
    st.lists(st.integers(0, 23), min_size=1, max_size=3, unique=True),
    st.integers(0, 1000),
)
def test_what_employees_are_promised_is_kept_over_weeks(  # noqa: PLR0917 -- Hypothesis gives them in order
    people: list[Employee],
    one: Campaign,
    other: Campaign,
    holidays: set[date],
    hours: list[int],
    seed: int,
) -> None:
    chance = random.Random(seed)
    weeks = World(
        employees=people,
        campaigns=[(one, frozenset(holidays)), (other, frozenset())],
        opens=lambda _: chance.choice([None, 0, 0, 1, 4]),
    )
    weeks.run(STARTS - DAY, 24, sorted(hours))
    assert list(broken_promises(weeks)) == []


@given(PEOPLE, courses("one"), courses("other"), st.integers(0, 23))
def test_the_same_state_gives_the_same_plan_and_planning_again_adds_nothing(
    people: list[Employee], one: Campaign, other: Campaign, hour: int
) -> None:
    week = World(employees=people, campaigns=[(one, frozenset()), (other, frozenset())])
    week.run(STARTS, 4, [hour])
    now = datetime(2027, 3, 12, hour, tzinfo=UTC)
    planned = week.plan(now)
    assert week.plan(now) == planned
    week.keep(planned)
    assert week.plan(now) == []
    assert len({point.employee for point in planned}) == len(planned)


# --- one employee -----------------------------------------------------------------------------------


def test_a_touchpoint_says_everything_that_a_message_needs() -> None:
    (point,) = world(employee(language="en")).plan(EARLY)
    place = float(spread(np.array([code("ana")], dtype=np.uint32), MONDAY)[0])
    opens, not_after = remaining(EARLY, MONDAY, "America/Toronto", course().send_window)
    due_at = opens + timedelta(seconds=int(offsets(opens, not_after, np.array([place]))[0]))
    assert point == Touchpoint(
        campaign="social-media",
        key_point="substitute",
        touch=0,
        employee="ana",
        channel="email",
        step=0,
        publication=1,
        variant="advice",
        language="fr",
        due_on=MONDAY,
        due_at=due_at,
        not_after=not_after,
        message_id=message_id("social-media", "substitute", 0, "ana"),
        wanted_on=MONDAY,
    )
    assert not_after == datetime(2027, 1, 11, 22, tzinfo=UTC)


def test_a_joiner_starts_on_the_first_day_and_not_before() -> None:
    hired = world(employee(starts=MONDAY + 2 * DAY))
    assert [len(hired.plan(EARLY + day * DAY)) for day in range(3)] == [0, 0, 1]


def test_a_joiner_meets_the_key_points_one_after_the_other_from_the_own_first_day() -> None:
    hired = world(employee(starts=MONDAY + 14 * DAY), campaigns=(course("c", "a", "b", send_window=ALL_DAY),))
    hired.run(MONDAY, 18, [6])
    assert [(one.touchpoint.key_point, one.touchpoint.due_on) for one in hired.sent] == [
        ("a", MONDAY + 14 * DAY),
        ("b", MONDAY + 17 * DAY),
    ]


def test_a_leaver_gets_a_message_on_the_last_day_and_none_after_it() -> None:
    ana = world(employee(ends=MONDAY))
    assert len(ana.plan(EARLY)) == 1
    assert ana.plan(EARLY + DAY) == []


def test_a_leaver_stops_at_once_in_the_middle_of_a_climb() -> None:
    busy = world(campaigns=(course("c", "a", "b", "c", "d", send_window=ALL_DAY, max_messages_per_week=7),))
    busy.run(MONDAY, 8, [6])
    before = len(busy.sent)
    gone = busy.leave("ana", MONDAY + 6 * DAY)
    gone.run(MONDAY + 8 * DAY, 30, [6])
    assert before > 2
    assert len(gone.sent) == before


def test_nothing_is_planned_before_the_first_and_after_the_last_day_of_the_campaign() -> None:
    short = course(
        "c", "a", "b", "c", starts=MONDAY, ends=MONDAY + DAY, schedule=Schedule(introduce_every=Period())
    )
    days = world(campaigns=(short,))
    days.run(MONDAY - 3 * DAY, 10, [6])
    assert [one.touchpoint.due_on for one in days.sent] == [MONDAY, MONDAY + DAY]


def test_nothing_is_planned_on_a_holiday_or_a_weekend() -> None:
    points_each_day = course(
        "c", *"abcdefgh", schedule=Schedule(introduce_every=Period()), max_messages_per_week=7
    )
    weeks = world(campaigns=(points_each_day,), holidays=frozenset({MONDAY + DAY}))
    weeks.run(MONDAY, 8, [6])
    assert [(one.touchpoint.due_on - MONDAY).days for one in weeks.sent] == [0, 2, 3, 4, 7]


def test_a_window_that_has_closed_today_waits_for_tomorrow() -> None:
    late = datetime(2027, 1, 11, 22, tzinfo=UTC)
    assert world().plan(late) == []
    assert len(world().plan(late - timedelta(seconds=1))) == 1
    assert len(world().plan(late + timedelta(hours=8))) == 1


def test_the_day_is_that_of_the_employee() -> None:
    now = datetime(2027, 1, 12, 2, tzinfo=UTC)
    far = world(
        employee("ana", time_zone="Pacific/Honolulu"),
        employee("bob", time_zone="Pacific/Auckland"),
        employee("cyd"),
        campaigns=(course(send_window=SendWindow(opens=time(0), closes=time(20))),),
    )
    assert [(point.employee, point.due_on) for point in far.plan(now)] == [
        ("ana", MONDAY),
        ("bob", MONDAY + DAY),
    ]


def test_a_window_inside_a_gap_of_the_clock_sends_nothing_that_day() -> None:
    night = SendWindow(days=WEEKDAYS, opens=time(2, 10), closes=time(2, 50))
    sunday = datetime(2027, 3, 14, 5, 30, tzinfo=UTC)
    gap = world(campaigns=(course(send_window=night),))
    assert gap.plan(sunday) == []
    assert len(gap.plan(sunday + DAY)) == 1


def test_an_unopened_message_returns_in_another_wording_so_often_and_then_rests() -> None:
    silent = world(campaigns=(course(send_window=ALL_DAY),), opens=NOBODY_OPENS)
    silent.run(MONDAY, 40, [6])
    assert [
        (
            (one.touchpoint.due_on - MONDAY).days,
            one.touchpoint.variant,
            one.touchpoint.touch,
            one.touchpoint.step,
        )
        for one in silent.sent
    ] == [(0, "advice", 0, 0), (4, "legal", 1, 0), (8, "advice", 2, 0)]


def test_an_opened_message_climbs_the_whole_ladder_and_ends() -> None:
    keen = world(campaigns=(course(send_window=ALL_DAY),), opens=lambda _: 0)
    keen.run(MONDAY, 180, [6])
    days = [one.touchpoint.due_on for one in keen.sent]
    assert days == [MONDAY, date(2027, 1, 14), date(2027, 1, 24), date(2027, 2, 24), date(2027, 5, 24)]


def test_key_points_that_are_not_for_an_employee_do_not_hold_up_the_next_one() -> None:
    own = points("managers", audience="managers") + points("everyone")
    both = campaign(
        policies=(policy(key_points=own),),
        audiences=(Audience(id="managers", roles=("manager",)),),
        send_window=ALL_DAY,
    )
    people = world(employee("ana", roles=("manager",)), employee("bob"), campaigns=(both,))
    people.run(MONDAY, 4, [6])
    assert [
        (one.touchpoint.employee, one.touchpoint.key_point, (one.touchpoint.due_on - MONDAY).days)
        for one in people.sent
    ] == [("ana", "managers", 0), ("bob", "everyone", 0), ("ana", "everyone", 3)]


def test_a_campaign_leaves_what_another_one_has_used_of_the_week() -> None:
    small = course("small", *"abcdef", schedule=Schedule(introduce_every=Period()), max_messages_per_week=2)
    large = replace(small, id="large", max_messages_per_week=4, starts=MONDAY + 2 * DAY)
    weeks = world(campaigns=(small, large))
    weeks.run(MONDAY, 7, [6])
    assert [one.touchpoint.campaign for one in weeks.sent] == ["small", "small", "large", "large"]


def test_a_message_that_was_moved_to_a_later_day_counts_in_the_weeks_that_hold_it() -> None:
    one = course("c", "a", max_messages_per_week=2)
    assert _planned(one, taken(2, 6)) == [State.HELD]
    assert _planned(one, taken(2, 7)) == [State.PLANNED]
    assert _planned(one, taken(-3, 4)) == [State.PLANNED]


def taken(*days: int, counts: bool = True) -> Taken:
    """Messages of other campaigns for the only employee, so many days after Monday."""
    n = len(days)
    return Taken(
        employee=np.zeros(n, dtype=np.int64),
        campaign=np.full(n, -1),
        day=np.array([MONDAY + day * DAY for day in days], dtype="M8[D]"),
        counts=np.full(n, counts),
    )


def _planned(one: Campaign, load: Taken, rules: Rules | None = None) -> list[State]:
    running = Running(publication=1, campaign=one, holidays=(), standing=Standing.fresh(len(one.repeated)))
    new = plan(EARLY, Population.of([employee()]), [running], load, rules or Rules(), message_id).new
    return [point.state for point in new]


def test_after_a_message_that_failed_nothing_else_is_tried_on_that_day() -> None:
    assert _planned(course("c", "a"), taken(0, counts=False)) == [State.HELD]
    assert _planned(course("c", "a", max_messages_per_week=1), taken(-1, counts=False)) == [State.PLANNED]


def test_what_happened_to_people_or_key_points_that_are_gone_is_ignored() -> None:
    old = world(employee("ana"), employee("zoe"), campaigns=(course("c", "a", "z"),))
    old.run(MONDAY - 7 * DAY, 14, [6])
    now = World(employees=[employee("ana")], campaigns=[(course("c", "b"), frozenset())], sent=old.sent)
    (point,) = now.plan(EARLY + 21 * DAY)
    assert (point.employee, point.key_point, point.touch) == ("ana", "b", 0)


def test_nobody_and_nothing_to_send_make_no_plan() -> None:
    assert World(employees=(), campaigns=[(course(), frozenset())]).plan(EARLY) == []
    assert World(employees=(employee(),), campaigns=()).plan(EARLY) == []
    nobody = course(audiences=(Audience(id="everyone", roles=("nobody",)),))
    assert world(campaigns=(nobody,)).plan(EARLY) == []


def test_a_message_is_in_the_employees_language_when_the_campaign_has_it() -> None:
    texts = ByLanguage(fr=TEXT, en=TEXT)
    wording = (replace(variant(), texts=texts),)
    both = campaign(policies=(policy(key_points=(key_point(variants=wording),)),), languages=("fr", "en"))
    people = [employee(code, language=code) for code in ("de", "en", "fr")]
    assert [point.language for point in world(*people, campaigns=(both,)).plan(EARLY)] == ["fr", "en", "fr"]


# --- many employees ---------------------------------------------------------------------------------

CROWD = [employee(f"e{number:04}") for number in range(400)]


def test_messages_are_spread_over_the_window_and_leave_before_it_closes() -> None:
    planned = world(*CROWD).plan(EARLY)
    opens, closes = SendWindow().hours(MONDAY, employee().zone)
    shares = np.array([(point.due_at - opens) / (closes - opens) for point in planned])
    assert len(planned) == 400
    assert (shares >= 0).all()
    assert shares.max() < LAST_SHARE
    assert np.histogram(shares, bins=9, range=(0, LAST_SHARE))[0].min() >= 30


def test_what_is_left_of_a_window_is_used_likewise() -> None:
    now = datetime(2027, 1, 11, 21, tzinfo=UTC)
    planned = world(*CROWD).plan(now)
    waits = np.array([(point.due_at - now) / timedelta(hours=1) for point in planned])
    assert len(planned) == 400
    assert (waits >= 0).all()
    assert waits.max() < LAST_SHARE
    assert np.histogram(waits, bins=9, range=(0, LAST_SHARE))[0].min() >= 30


@example(datetime(2027, 3, 14, 5, tzinfo=UTC))
@example(datetime(2027, 11, 7, 5, tzinfo=UTC))
@given(st.datetimes(datetime(2027, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_slot_lies_between_now_and_the_end_of_the_window(now: datetime) -> None:
    someone = employee(time_zone="America/Toronto")
    one = course(send_window=ALL_DAY)
    day = now.astimezone(someone.zone).date()
    opens, closes = remaining(now, day, someone.time_zone, one.send_window)
    due_at = opens + timedelta(seconds=int(offsets(opens, closes, np.array([0.7]))[0]))
    if now < closes:
        assert now <= due_at < closes
        assert due_at.astimezone(someone.zone).date() == day


def test_an_employee_has_the_same_number_for_ever() -> None:
    assert [code(name) for name in ("ana", "bob")] == [2_006_937_570, 4_123_767_104]


@pytest.mark.parametrize("days", [[], ["2027-01-11", "NaT"]])
def test_a_population_knows_who_works(days: list[str]) -> None:
    people = [employee("ana", ends=MONDAY - DAY), employee("bob", starts=MONDAY)][: len(days)]
    working = Population.of(people).working(np.array(days, dtype="M8[D]"))
    assert working.tolist() == [False, True][: len(days)]
