"""Looking ahead: who is alike, what goes to them on which days, and how heavy the weeks are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from time import process_time

from hypothesis import given, settings
from hypothesis import strategies as st

from diffuse.domain.attention import WEEK, Attention, EasyDays
from diffuse.domain.campaign import Campaign
from diffuse.domain.desk import Rules
from diffuse.domain.dry_run import foresee
from diffuse.domain.foresight import Foresight, Touch
from diffuse.domain.language import ByLanguage
from diffuse.domain.membership import UNKNOWN, counted, imagined
from diffuse.domain.people import EVERYONE, Audience
from diffuse.domain.period import Period
from diffuse.domain.policy import Answer, Policy, Question
from diffuse.domain.population import Population
from diffuse.domain.schedule import Schedule
from diffuse.domain.window import SendWindow
from tests.unit.domain.given import MONDAY, campaign, employee, key_point, policy, variant

LADDER = Schedule(intervals=(Period(), Period(days=3), Period(days=10)), introduce_every=Period(days=2))
MANAGERS = Audience(id="managers", roles=("manager",))
OWNERS = Audience(id="owners", roles=("owner", "substitute"))
SUBSTITUTES = Audience(id="substitutes", roles=("substitute",))
FACULTY = Audience(id="faculty", departments=("Arts", "Sciences"), exclude_roles=("manager",))


def about(*audiences: str) -> tuple[Policy, ...]:
    return tuple(policy(name, audience=name, key_points=(key_point(f"for-{name}"),)) for name in audiences)


def ahead(*campaigns: Campaign, rules: Rules | None = None) -> Foresight:
    return foresee([(one, ()) for one in campaigns], rules or Rules(), imagined(campaigns))


def sent(found: Foresight, *, attentive: bool = True) -> list[Touch]:
    return [one for one in found.touches if one.day and one.attentive == attentive]


def days(touches: Sequence[Touch]) -> list[date]:
    return [one.day for one in touches if one.day]


def test_a_role_gives_a_group_when_an_audience_names_it() -> None:
    one = campaign(
        audiences=(EVERYONE, MANAGERS, OWNERS, SUBSTITUTES),
        policies=about("everyone", "managers", "owners", "substitutes"),
    )
    groups = imagined([one])
    assert [group.name for group in groups] == ["everyone", "managers", "owners", "owners + substitutes"]
    assert {group.employees for group in groups} == {UNKNOWN}


def test_an_audience_that_no_key_point_is_for_gives_no_group() -> None:
    one = campaign(audiences=(EVERYONE, MANAGERS), policies=about("everyone"))
    assert [group.name for group in imagined([one])] == ["everyone"]


def test_who_belongs_to_no_audience_is_in_no_group() -> None:
    one = campaign(audiences=(MANAGERS, FACULTY), policies=about("managers", "faculty"))
    assert [group.name for group in imagined([one])] == ["managers", "faculty"]


def test_two_audiences_of_one_name_are_told_apart() -> None:
    first = campaign("ethics", audiences=(MANAGERS,), policies=about("managers"))
    second = campaign(audiences=(replace(MANAGERS, roles=("dean",)),), policies=about("managers"))
    assert [group.name for group in imagined([first, second])] == ["ethics/managers", "social-media/managers"]


def test_employees_of_a_directory_are_counted_by_the_audiences_that_they_share() -> None:
    one = campaign(audiences=(EVERYONE, MANAGERS, FACULTY), policies=about("everyone", "managers", "faculty"))
    people = [
        employee("ana", department="Arts"),
        employee("bo", department="Sciences", roles=("clerk",)),
        employee("cy", department="Arts", roles=("manager",)),
        employee("di"),
    ]
    groups = counted([one], Population.of(people))
    assert [(group.name, group.employees) for group in groups] == [
        ("everyone", 1),
        ("managers", 1),
        ("faculty", 2),
    ]


def test_who_reacts_climbs_the_ladder_and_who_does_not_is_sent_the_step_again() -> None:
    found = ahead(campaign(schedule=LADDER, ends=MONDAY + timedelta(days=40)))
    reacts, silent = sent(found), sent(found, attentive=False)
    assert days(reacts) == [
        MONDAY,
        MONDAY + timedelta(days=3),
        MONDAY + timedelta(days=14),
    ]  # a Saturday between
    assert [one.step for one in reacts] == [0, 1, 2]
    assert days(silent) == [MONDAY + timedelta(days=number) for number in (0, 4, 8)]
    assert [one.step for one in silent] == [0, 0, 0]


def test_right_answers_retire_a_key_point() -> None:
    asked = Question(
        asks=ByLanguage("Qui?"),
        answers=(
            Answer(says=ByLanguage("Moi"), right=True, feedback=ByLanguage("Oui.")),
            Answer(says=ByLanguage("Eux"), feedback=ByLanguage("Non.")),
        ),
    )
    one = campaign(
        policies=(policy(key_points=(key_point(question=asked),)),),
        schedule=replace(LADDER, retire_after=2),
        ends=MONDAY + timedelta(days=60),
    )
    found = ahead(one)
    assert (len(sent(found)), len(sent(found, attentive=False))) == (2, 3)


def test_nothing_goes_on_holidays_on_closed_days_or_outside_the_campaign() -> None:
    holiday = MONDAY + timedelta(days=3)
    one = campaign(schedule=LADDER, ends=MONDAY + timedelta(days=30))
    found = foresee([(one, [holiday])], Rules(holidays=[MONDAY]), imagined([one]))
    assert days(sent(found))[:2] == [MONDAY + timedelta(days=1), MONDAY + timedelta(days=4)]
    assert all(day.weekday() < 5 for day in days(found.touches))


def test_a_message_that_waited_says_why() -> None:
    points = tuple(key_point(f"point-{number}") for number in range(3))
    one = campaign(
        policies=(policy(key_points=points),),
        schedule=replace(LADDER, introduce_every=Period()),
        max_messages_per_week=1,
        ends=MONDAY + timedelta(days=50),
    )
    first, second = sent(ahead(one))[:2]
    assert (first.day, first.reason) == (MONDAY, "")
    assert second.day == MONDAY + timedelta(days=WEEK)
    assert second.wanted_on < second.day
    assert second.reason == "1 message in seven days already"


def test_what_never_goes_is_kept_without_a_day() -> None:
    points = tuple(key_point(f"point-{number}") for number in range(3))
    one = campaign(
        policies=(policy(key_points=points),),
        schedule=replace(LADDER, introduce_every=Period()),
        max_messages_per_week=1,
        ends=MONDAY + timedelta(days=4),
    )
    never = [touch for touch in ahead(one).touches if touch.day is None]
    assert never
    assert {touch.reason for touch in never} == {"1 message in seven days already"}


def test_of_two_campaigns_the_one_with_the_higher_priority_goes_first() -> None:
    ends = MONDAY + timedelta(days=30)
    low = campaign("ethics", schedule=LADDER, priority=2, ends=ends)
    high = campaign(schedule=LADDER, priority=8, ends=ends)
    found = ahead(low, high)
    assert [one.campaign for one in sent(found)][:2] == ["social-media", "ethics"]
    assert sent(found)[1].reason == "social-media goes first"


def test_chance_draws_the_same_for_every_group() -> None:
    one = campaign(
        audiences=(EVERYONE, MANAGERS, OWNERS),
        policies=(*about("everyone"), *about("managers", "owners")),
        schedule=LADDER,
        ends=MONDAY + timedelta(days=60),
    )
    eased = Attention(easy_days=EasyDays(monday="reduced", tuesday="reduced", thursday="reduced"))
    by_group: dict[str, list[date]] = {}
    for touch in sent(ahead(one, rules=Rules(attention=eased))):
        if touch.key_point == "for-everyone" and touch.day:
            by_group.setdefault(touch.group.name, []).append(touch.day)
    assert len(by_group) == 3
    assert len({tuple(found) for found in by_group.values()}) == 1


def test_a_week_is_heavy_when_it_holds_as_much_as_the_rules_allow() -> None:
    points = tuple(key_point(f"point-{number}") for number in range(2))
    one = campaign(
        policies=(policy(key_points=points),),
        schedule=replace(LADDER, introduce_every=Period(days=1)),
        max_messages_per_week=3,
        ends=MONDAY + timedelta(days=30),
    )
    first, *_, last = ahead(one).loads
    assert (first.week, first.attentive, first.silent, first.cap) == (MONDAY, 3, 3, 3)
    assert first.is_heavy
    assert [touch.key_point for touch in first.touches] == ["point-0", "point-1", "point-0"]
    assert (last.week, last.attentive, last.silent) == (MONDAY + timedelta(days=2 * WEEK), 2, 0)
    assert not last.is_heavy


def test_the_cap_of_a_week_is_that_of_the_campaigns_that_run_in_it() -> None:
    early = campaign("ethics", max_messages_per_week=2, ends=MONDAY + timedelta(days=20), schedule=LADDER)
    late = campaign(
        max_messages_per_week=5,
        starts=MONDAY + timedelta(days=9),
        ends=MONDAY + timedelta(days=60),
        schedule=LADDER,
    )
    found = ahead(early, late, rules=Rules(attention=Attention(max_messages_per_week=4)))
    (group,) = found.groups
    weeks = [MONDAY + timedelta(days=WEEK * number) for number in range(4)]
    assert [found.cap(week, group) for week in weeks] == [2, 4, 4, 4]


def test_a_campaign_that_is_not_for_a_group_does_not_raise_its_cap() -> None:
    ends = MONDAY + timedelta(days=20)
    plain = campaign("ethics", max_messages_per_week=2, schedule=LADDER, ends=ends)
    other = campaign(
        audiences=(MANAGERS,), policies=about("managers"), max_messages_per_week=4, schedule=LADDER, ends=ends
    )
    found = ahead(plain, other)
    assert {group.name: found.cap(MONDAY, group) for group in found.groups} == {"everyone": 2, "managers": 4}


@settings(max_examples=15)
@given(
    rule=st.sampled_from(("fixed", "fsrs", "budgeted")),
    week=st.integers(1, 4),
    cap=st.integers(1, 5),
    gap=st.integers(1, 3),
    points=st.integers(1, 6),
    closed=st.sets(st.integers(0, 40), max_size=6),
)
def test_no_rule_of_attention_is_broken(
    *, rule: str, week: int, cap: int, gap: int, points: int, closed: set[int]
) -> None:
    registers = (variant("advice"), variant("legal"))
    one = campaign(
        policies=(policy(key_points=tuple(key_point(f"p{n}", variants=registers) for n in range(points))),),
        schedule=replace(LADDER, policy=rule),
        max_messages_per_week=week,
        send_window=SendWindow(days=("monday", "tuesday", "friday", "saturday")),
        ends=MONDAY + timedelta(days=40),
    )
    holidays = {MONDAY + timedelta(days=number) for number in closed}
    rules = Rules(attention=Attention(max_messages_per_week=cap, min_gap_days=gap))
    found = foresee([(one, holidays)], rules, imagined([one]))
    for attentive in (True, False):
        when = days(sent(found, attentive=attentive))
        assert when == sorted(when)
        assert all(later - earlier >= timedelta(days=gap) for earlier, later in pairwise(when))
        assert all(
            sum(timedelta() <= day - other < timedelta(days=WEEK) for other in when) <= min(week, cap)
            for day in when
        )
        assert holidays.isdisjoint(when)
        assert {day.weekday() for day in when} <= {0, 1, 4, 5}
    keys = Counter((one.attentive, one.key_point, one.touch) for one in found.touches)
    assert set(keys.values()) <= {1}


def test_a_year_of_thirty_key_points_and_twelve_groups_takes_seconds() -> None:
    audiences = tuple(Audience(id=f"role-{n}", roles=(f"role-{n}",)) for n in range(11))
    policies = tuple(
        policy(
            f"policy-{n}",
            audience=audience,
            key_points=tuple(key_point(f"p{n}-{place}") for place in range(3)),
        )
        for n, audience in enumerate(["everyone", *(audience.id for audience in audiences)])
    )
    one = campaign(
        audiences=(EVERYONE, *audiences),
        policies=policies,
        schedule=Schedule(policy="budgeted"),
        ends=MONDAY + timedelta(days=340),
    )
    begun = process_time()
    assert len(ahead(one).groups) == 12
    assert process_time() - begun < 10
