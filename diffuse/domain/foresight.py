"""What campaigns will send, before they are launched: messages, and how heavy the weeks are."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

from diffuse.domain.attention import WEEK
from diffuse.domain.campaign import Campaign
from diffuse.domain.desk import Rules
from diffuse.domain.membership import Group
from diffuse.domain.posting import Wanted, wanted


@dataclass(frozen=True, kw_only=True, slots=True)
class Touch:
    """A message to the employees of a group.

    Attributes:
        day: when it goes; None when it never does, because of ``reason``.
        wanted_on: when the rhythm asked for it.
        group: to whom it goes.
        attentive: whether to those who react to everything, or to those who never do.
        campaign, policy, key_point: what it is about.
        touch, step, variant: as in ``Touchpoint``.
        reason: why it comes later than it was wanted, or never.
    """

    day: date | None
    wanted_on: date
    group: Group
    attentive: bool
    campaign: str
    policy: str
    key_point: str
    touch: int
    step: int
    variant: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What one week brings to the employees of a group.

    Attributes:
        week: its Monday.
        attentive, silent: messages to those who react to everything, and to those who never do.
        cap: messages that the rules allow in seven days.
        touches: the messages to those who react.
    """

    week: date
    group: Group
    attentive: int
    silent: int
    cap: int
    touches: tuple[Touch, ...]

    @property
    def is_heavy(self) -> bool:
        """Whether the week holds as many messages as the rules allow."""
        return max(self.attentive, self.silent) >= self.cap


@dataclass(frozen=True, kw_only=True)
class Foresight:
    """What a year or less of campaigns looks like.

    Attributes:
        campaigns: those that were looked at.
        rules: the organisation's.
        first, last: the days that were looked at.
        groups: the employees who are alike.
        touches: all messages, those that never go at the end.
    """

    campaigns: tuple[Campaign, ...]
    rules: Rules
    first: date
    last: date
    groups: tuple[Group, ...]
    touches: tuple[Touch, ...]

    def since(self, day: date) -> "Foresight":
        """Return what goes, or was to go, on a day or later."""
        kept = tuple(touch for touch in self.touches if (touch.day or touch.wanted_on) >= day)
        return replace(self, first=max(self.first, day), touches=kept)

    @cached_property
    def loads(self) -> tuple[Load, ...]:
        """The weeks that bring something to a group, by week; groups in their order."""
        weeks: dict[tuple[date, Group], tuple[list[Touch], list[Touch]]] = {}
        for touch in self.touches:
            if touch.day is not None:
                key = (touch.day - timedelta(days=touch.day.weekday()), touch.group)
                weeks.setdefault(key, ([], []))[0 if touch.attentive else 1].append(touch)
        place = {group: number for number, group in enumerate(self.groups)}
        return tuple(
            Load(
                week=week,
                group=group,
                attentive=len(weeks[week, group][0]),
                silent=len(weeks[week, group][1]),
                cap=self.cap(week, group),
                touches=tuple(weeks[week, group][0]),
            )
            for week, group in sorted(weeks, key=lambda key: (key[0], place[key[1]]))
        )

    @cached_property
    def posts(self) -> tuple[Wanted, ...]:
        """The intranet posts that are wanted, in the order of their days; one for all languages."""
        found = [
            one
            for campaign in self.campaigns
            for one in wanted(campaign)
            if one.language == campaign.languages[0] and self.first <= one.wanted_on <= self.last
        ]
        return tuple(sorted(found, key=lambda one: one.wanted_on))

    def cap(self, week: date, group: Group) -> int:
        """Return how many messages the rules allow a group in the seven days from ``week`` on."""
        runs = [
            campaign.max_messages_per_week
            for campaign in self._campaigns_of[group]
            if campaign.starts < week + timedelta(days=WEEK) and (not campaign.ends or week <= campaign.ends)
        ]
        return min(self.rules.attention.max_messages_per_week, max(runs, default=WEEK))

    @cached_property
    def _campaigns_of(self) -> dict[Group, list[Campaign]]:
        """The campaigns that have a key point for each group."""
        return {
            group: [
                campaign
                for campaign in self.campaigns
                if any(
                    campaign.audience_of(policy, point).covers(group.department, group.roles)
                    for policy, point in campaign.repeated
                )
            ]
            for group in self.groups
        }
