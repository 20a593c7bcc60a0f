"""Whether a text that an employee looks at is the one in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from diffuse.ports import Publications, Published


class InForce(StrEnum):
    """How an acknowledged text stands to the one in force."""

    CURRENT = "current"
    EARLIER = "earlier"
    STALE = "stale"


@dataclass(frozen=True, kw_only=True, slots=True)
class Newer:
    """A newer version of a policy; ``changed`` when the key point has to be acknowledged again."""

    version: str
    changed: bool


def newer(shown: Published, running: Sequence[Published], key_point: str) -> Newer | None:
    """Return the newer version of what a publication showed; None when there is none."""
    now = newest(shown, running)
    policy, _ = shown.campaign.key_point(key_point)
    version = next((one.version for one in now.campaign.policies if one.id == policy.id), policy.version)
    changed = shown.id < now.asked_since.get(key_point, 0)
    return Newer(version=version, changed=changed) if changed or version != policy.version else None


def in_force(shown: Published, running: Sequence[Published], key_point: str) -> InForce:
    """Tell how a text that a publication showed stands to the one in force."""
    found = newer(shown, running, key_point)
    if found is None:
        return InForce.CURRENT
    return InForce.STALE if found.changed else InForce.EARLIER


def newest(shown: Published, running: Sequence[Published]) -> Published:
    """Return the publication of the same campaign that is in force."""
    return next((one for one in running if one.campaign.id == shown.campaign.id), shown)


def renewed(one: Published, publications: Publications) -> dict[str, tuple[int, date]]:
    """Return for each key point that has changed materially the publication since when, and its day."""
    since = {point: publications.get(number) for point, number in one.asked_since.items()}
    return {
        point: (first.id, first.published_at.astimezone(one.campaign.zone).date())
        for point, first in since.items()
    }
