"""Versions of a policy: what differs from what was published, and whom a new version asks again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from diffuse.domain.campaign import Campaign
from diffuse.domain.policy import MATERIAL, KeyPoint, Policy
from diffuse.errors import Problem

FIRST = "first"
"""The kind of a version that follows none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """A new version of a policy as it was published.

    Attributes:
        policy: the id of the policy.
        version: the new version.
        previous: the version that it follows; empty for the first one.
        kind: ``first``, ``material`` or ``minor``.
        reason: why, in the officer's words.
        key_points: those of which acknowledgements of earlier texts do not count any more.
    """

    policy: str
    version: str
    previous: str = ""
    kind: str
    reason: str = ""
    key_points: tuple[str, ...] = ()


def asked_since(revisions: Sequence[tuple[int, Revision]]) -> dict[str, int]:
    """Return for each key point that changed materially the publication since which acknowledgements count.

    Args:
        revisions: what was published, each with the number of its publication, in any order.
    """
    since: dict[str, int] = {}
    for publication, one in revisions:
        for point in one.key_points if one.kind == MATERIAL else ():
            since[point] = max(publication, since.get(point, publication))
    return since


def revisions(campaign: Campaign, earlier: Sequence[Campaign]) -> tuple[Revision, ...]:
    """Return the versions that publishing a campaign would add; nothing for those that are published.

    Args:
        campaign: what is to be published; ``undeclared`` finds nothing wrong with it.
        earlier: its publications, the newest first.
    """
    past = _Past.of(earlier)
    return tuple(past.revision(policy) for policy in campaign.policies if past.is_new(policy))


def undeclared(campaign: Campaign, earlier: Sequence[Campaign]) -> Iterator[Problem]:
    """Yield what a campaign changes without saying so, beside what was published of it, the newest first."""
    past = _Past.of(earlier)
    for place, policy in enumerate(campaign.policies):
        for problem in past.problems(policy):
            yield problem.under("policies", place)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Past:
    """What was published of a campaign, by id: the last of each policy and of each key point."""

    policies: Mapping[str, Policy]
    points: Mapping[str, object]
    versions: Mapping[tuple[str, str, str], object]

    @classmethod
    def of(cls, earlier: Sequence[Campaign]) -> "_Past":
        """Look at publications, the newest first."""
        policies: dict[str, Policy] = {}
        points: dict[str, object] = {}
        versions: dict[tuple[str, str, str], object] = {}
        for campaign in earlier:
            for policy, point in campaign.key_points:
                text = _text(policy, point)
                policies.setdefault(policy.id, policy)
                points.setdefault(point.id, text)
                versions.setdefault((policy.id, policy.version, point.id), text)
        return cls(policies=policies, points=points, versions=versions)

    def is_new(self, policy: Policy) -> bool:
        """Tell whether publishing a policy adds a version."""
        last = self.policies.get(policy.id)
        return last is None or last.version != policy.version

    def changed(self, policy: Policy) -> tuple[str, ...]:
        """Name the key points whose text is not the one that was published last; new ones are no change."""
        return tuple(
            point.id
            for point in policy.key_points
            if self.points.get(point.id, _text(policy, point)) != _text(policy, point)
        )

    def revision(self, policy: Policy) -> Revision:
        """Describe a new version."""
        change, last = policy.change, self.policies.get(policy.id)
        if change is None or (last is None and not self.changed(policy)):
            reason = change.reason if change else ""
            return Revision(policy=policy.id, version=policy.version, kind=FIRST, reason=reason)
        again = change.key_points or self.changed(policy)
        return Revision(
            policy=policy.id,
            version=policy.version,
            previous=last.version if last else "",
            kind=change.kind,
            reason=change.reason,
            key_points=again if change.kind == MATERIAL else (),
        )

    def problems(self, policy: Policy) -> Iterator[Problem]:
        """Yield what is wrong with one policy beside its past."""
        differ = self._differ(policy)
        if differ:
            yield Problem(
                path=("version",),
                found=f"version {policy.version!r} was published with another text of {_named(differ)}",
                expected="a new 'version', with 'change:' and in it 'kind: minor' (nobody is asked again) "
                "or 'kind: material' (those who acknowledged are asked again), and a 'reason'",
            )
        elif self.is_new(policy):
            yield from self._undeclared(policy)

    def _differ(self, policy: Policy) -> tuple[str, ...]:
        """Name the key points that this very version was published with in other words."""
        return tuple(
            point.id
            for point in policy.key_points
            if self.versions.get((policy.id, policy.version, point.id), _text(policy, point))
            != _text(policy, point)
        )

    def _undeclared(self, policy: Policy) -> Iterator[Problem]:
        last, changed = self.policies.get(policy.id), self.changed(policy)
        follows = f"version {policy.version!r} follows {last.version!r}" if last else "key points moved here"
        what = f"the text of {_named(changed)} changed" if changed else "no key point's text changed"
        if policy.change is None:
            if last or changed:
                yield Problem(
                    path=("version",),
                    found=f"{follows}, {what}, and nothing says why",
                    expected="'change:' with 'kind: minor' (nobody is asked again) or 'kind: material' "
                    "(those who acknowledged what changed are asked again), and a 'reason'",
                )
        elif last and last.change == policy.change:
            yield Problem(
                path=("change",),
                found=f"this is what was said of version {last.version!r}",
                expected=f"why version {policy.version!r} follows it: {what}",
            )
        elif policy.change.kind == MATERIAL and last and not (changed or policy.change.key_points):
            yield Problem(
                path=("change", "kind"),
                found="a material change of which no key point's text changed",
                expected="'key_points' with those that are to be asked again, or 'kind: minor'",
            )


def _text(policy: Policy, point: KeyPoint) -> object:
    """Return what an employee reads, confirms and answers of a key point, in every language."""
    return policy.id, point.says, point.variants, point.question


def _named(points: Sequence[str]) -> str:
    return f"key point{'s' if len(points) > 1 else ''} {', '.join(map(repr, points))}"
