"""What cannot work is refused before the launch, and the refusal shows the arithmetic."""

from dataclasses import replace
from datetime import date, time

from diffuse.domain.attention import Attention, QuietHours
from diffuse.domain.feasibility import infeasible
from diffuse.domain.period import Period
from diffuse.domain.schedule import Schedule, Targets
from diffuse.domain.window import SendWindow
from tests.unit.domain.given import campaign, key_point, policy

POINTS = tuple(key_point(f"point-{number}") for number in range(10))
COURSE = campaign(policies=(policy(key_points=POINTS),), ends=date(2027, 12, 17), max_messages_per_week=2)


def said(one: object, rules: Attention | None = None) -> list[str]:
    return [str(problem) for problem in infeasible(one, rules or Attention())]  # type: ignore[arg-type]


def test_a_campaign_that_can_keep_its_promises_is_not_refused() -> None:
    assert said(COURSE) == []
    assert said(replace(COURSE, targets=Targets(acknowledged_by=date(2027, 10, 1)))) == []


def test_a_deadline_that_the_budget_cannot_meet_is_refused_with_its_arithmetic() -> None:
    late = replace(COURSE, targets=Targets(acknowledged_by=date(2027, 2, 21)))
    assert said(late) == [
        (
            "targets.acknowledged_by: 10 key points to acknowledge × 1.94 messages (up to 5 each, so that 95%"
            " react when 50% of messages are noticed) = 20 messages; 6.0 weeks until 2027-02-21 × 2 a week,"
            " on 30 open days,"
            " hold 12; expected a later day, more messages a week, a smaller 'reach' or fewer key points to"
            " confirm"
        )
    ]


def test_a_deadline_outside_the_campaign_is_refused() -> None:
    outside = replace(COURSE, targets=Targets(acknowledged_by=date(2028, 1, 1)))
    assert said(outside) == [
        (
            "targets.acknowledged_by: 2028-01-01, on which the campaign does not run;"
            " expected a day of the campaign"
        )
    ]


def test_a_window_of_which_the_organisation_leaves_nothing_is_refused() -> None:
    evening = replace(COURSE, send_window=SendWindow(opens=time(18), closes=time(20)))
    (problem,) = said(evening, Attention(quiet_hours=QuietHours()))
    assert problem.startswith("send_window: a window on monday, tuesday")
    assert "quiet hours from 18:00 to 08:00 leave nothing" in problem


def test_a_ladder_longer_than_the_campaign_is_refused() -> None:
    short = replace(COURSE, ends=date(2027, 3, 1), schedule=Schedule(intervals=(Period(), Period(months=3))))
    assert said(short) == [
        (
            "schedule.intervals: 2027-01-11 + 0 days + 3 months = 2027-04-11, after the campaign's last day,"
            " 2027-03-01; expected a ladder whose last step the first key point can reach"
        )
    ]
    assert said(replace(short, schedule=replace(short.schedule, policy="budgeted"))) == []
