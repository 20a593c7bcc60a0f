"""Simulate: what a campaign's rhythm, and others, would achieve, under several truths; nothing is sent."""

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from diffuse.domain.attention import Attention
from diffuse.domain.behaviour import Behaviour
from diffuse.domain.campaign import Campaign
from diffuse.domain.desk import Rules
from diffuse.domain.frontier import POLICIES, PRICES, WAITS, Found, contenders, thinned
from diffuse.domain.people import EVERYONE
from diffuse.domain.scene import Scene
from diffuse.domain.trial import Contender, Outcome, run
from diffuse.domain.truths import TRUTHS
from diffuse.errors import AuthoringError, Problem, nearest
from diffuse.ports import Calendar, Campaigns

FRONTIER = 5
"""The frontiers are tried on one employee in so many."""

LEAST = 20
"""Employees, and no fewer on a frontier."""

Progress = Callable[[], None]


def set_the_scene(  # noqa: PLR0913 -- what a simulation holds fixed
    path: Path,
    campaigns: Campaigns,
    calendar: Calendar,
    *,
    employees: int,
    days: int,
    seed: int = 0,
    attention: Attention | None = None,
    audiences: Collection[str] = (),
) -> Scene:
    """Read a campaign and hold everything fixed but rhythm and truth.

    Simulated employees belong to every audience without a condition, and to ``audiences`` besides.

    Raises:
        AuthoringError: when the campaign must be mended, has no such audience, or has nothing to repeat.
    """
    loaded = campaigns.read(path)
    if loaded.problems or loaded.campaign is None:
        raise AuthoringError(*loaded.problems)
    campaign, rules = _meant_for(loaded.campaign, audiences), attention or Attention()
    years = range(campaign.starts.year, campaign.starts.year + days // 365 + 2)
    return Scene(
        campaign=campaign,
        employees=employees,
        days=days,
        seed=seed,
        rules=Rules(attention=rules, holidays=calendar.holidays(rules.holidays, years)),
        holidays=calendar.holidays(campaign.holidays, years),
        behaviour=Behaviour(),
    )


def _meant_for(campaign: Campaign, audiences: Collection[str]) -> Campaign:
    """Return a campaign with nothing but the repeated key points of some audiences."""
    known = {one.id: one for one in campaign.audiences}
    strange = [
        Problem(
            found=f"{campaign.id} has no audience {name!r}",
            expected=f"one of {', '.join(known)}",
            suggestion=nearest(name, known),
        )
        for name in audiences
        if name not in known
    ]
    if strange:
        raise AuthoringError(*strange)
    chosen = {
        one.id
        for one in campaign.audiences
        if one.id in audiences or not (one.roles or one.departments or one.exclude_roles)
    }
    policies = []
    for policy in campaign.policies:
        points = tuple(
            replace(point, audience="")
            for owner, point in campaign.repeated
            if owner is policy and campaign.audience_of(policy, point).id in chosen
        )
        if points:
            policies.append(replace(policy, key_points=points, audience=EVERYONE.id))
    if not policies:
        raise AuthoringError.of(
            f"{campaign.id} repeats nothing to {' or '.join(sorted(chosen)) or 'everyone'}",
            f"another audience: {', '.join(known)}",
        )
    return replace(campaign, policies=tuple(policies), audiences=(EVERYONE,))


def steps(scene: Scene) -> int:
    """Return how often ``progress`` is called: once a simulated day."""
    return scene.days * len(TRUTHS) * (len(POLICIES) + len(PRICES) + len(WAITS))


def simulate(scene: Scene, progress: Progress = lambda: None) -> Found:
    """Try every rhythm under every truth, all on the same people, days and luck."""
    few = scene.of(min(scene.employees, max(scene.employees // FRONTIER, LEAST))).without_deadline()
    outcomes: dict[tuple[str, str], Outcome] = {}
    frontier: dict[tuple[str, str], list[Outcome]] = {}
    for truth in TRUTHS:
        for one in contenders(scene.schedule):
            outcomes[truth, one.name] = _run(scene, one, truth, progress)
        for one in thinned(scene.schedule):
            frontier.setdefault((truth, one.name), []).append(_run(few, one, truth, progress))
    return Found(scene=scene, outcomes=outcomes, frontier=frontier)


def _run(scene: Scene, one: Contender, truth: str, progress: Progress) -> Outcome:
    return run(scene, one, TRUTHS[truth](scene.employees, scene.points, scene.seed), progress)
