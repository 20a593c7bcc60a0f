"""Plans that cannot work, refused before they are launched, with the arithmetic shown."""

import math
from collections.abc import Collection, Iterator
from datetime import date, timedelta

from diffuse.domain.attention import WEEK, Attention
from diffuse.domain.campaign import Campaign
from diffuse.domain.rhythm import attempts, expected
from diffuse.errors import Problem

ASSUMED_RATE = 0.5
"""How many messages are taken to be noticed before anything was sent."""


def infeasible(
    campaign: Campaign, attention: Attention, holidays: Collection[date] = ()
) -> Iterator[Problem]:
    """Yield why a campaign cannot do what it promises under the organisation's rules.

    Args:
        campaign: the campaign.
        attention: the rules.
        holidays: days on which nothing is sent.
    """
    yield from _never_open(campaign, attention)
    yield from _ladder_too_long(campaign)
    yield from _deadline_too_close(campaign, attention, holidays)


def _never_open(campaign: Campaign, attention: Attention) -> Iterator[Problem]:
    if attention.window(campaign.send_window) is not None:
        return
    days = ", ".join(campaign.send_window.days)
    hours = f"{campaign.send_window.opens:%H:%M} to {campaign.send_window.closes:%H:%M}"
    quiet = attention.quiet_hours
    rules = f"working days {', '.join(attention.working_days)}"
    if quiet:
        rules += f" and quiet hours from {quiet.begins:%H:%M} to {quiet.ends:%H:%M}"
    yield Problem(
        path=("send_window",),
        found=f"a window on {days} from {hours}, of which the organisation's {rules} leave nothing",
        expected="hours in which something may be sent",
    )


def _ladder_too_long(campaign: Campaign) -> Iterator[Problem]:
    if campaign.schedule.policy != "fixed" or campaign.ends is None:
        return
    top = campaign.starts
    for interval in campaign.schedule.intervals:
        top = interval.after(top)
    if top > campaign.ends:
        steps = " + ".join(str(interval) for interval in campaign.schedule.intervals)
        yield Problem(
            path=("schedule", "intervals"),
            found=f"{campaign.starts} + {steps} = {top}, after the campaign's last day, {campaign.ends}",
            expected="a ladder whose last step the first key point can reach",
        )


def _deadline_too_close(
    campaign: Campaign, attention: Attention, holidays: Collection[date]
) -> Iterator[Problem]:
    by = campaign.targets.acknowledged_by
    if by is None:
        return
    path = ("targets", "acknowledged_by")
    if not campaign.starts <= by or (campaign.ends and by > campaign.ends):
        yield Problem(
            path=path, found=f"{by}, on which the campaign does not run", expected="a day of the campaign"
        )
        return
    points = sum(point.acknowledge for _, point in campaign.repeated)
    each = attempts(campaign.targets.reach, ASSUMED_RATE)
    days = sum(
        _open(campaign, attention, holidays, campaign.starts + timedelta(days=n))
        for n in range((by - campaign.starts).days + 1)
    )
    budget = min(campaign.max_messages_per_week, attention.max_messages_per_week)
    weeks = ((by - campaign.starts).days + 1) / WEEK
    room = min(days, int(weeks * budget) or 1)
    mean = float(expected(each, ASSUMED_RATE))
    needed = math.ceil(points * mean)
    if needed > room:
        yield Problem(
            path=path,
            found=(
                f"{points} key points to acknowledge × {mean:.2f} messages (up to {each} each, so that"
                f" {campaign.targets.reach:.0%} react when {ASSUMED_RATE:.0%} of messages are noticed)"
                f" = {needed} messages;"
                f" {weeks:.1f} weeks until {by} × {budget} a week, on {days} open days, hold {room}"
            ),
            expected="a later day, more messages a week, a smaller 'reach' or fewer key points to confirm",
        )


def _open(campaign: Campaign, attention: Attention, holidays: Collection[date], day: date) -> bool:
    window = attention.window(campaign.send_window)
    return window is not None and window.sends_on(day, holidays)
