"""How new versions of policies are told on the command line."""

from collections.abc import Iterable, Iterator

from diffuse.domain.policy import MATERIAL
from diffuse.domain.versions import FIRST
from diffuse.services.revise import Announced


def told(announced: Iterable[Announced]) -> Iterator[str]:
    """Say for each version that follows another one what it changes, and who is asked again."""
    for one in announced:
        revision = one.revision
        if revision.kind == FIRST:
            continue
        step = f"version {revision.previous} → {revision.version}" if revision.previous else revision.version
        yield f"{one.campaign}/{revision.policy}: {step}, {revision.kind} ({revision.reason}); {_who(one)}"


def _who(one: Announced) -> str:
    if one.revision.kind != MATERIAL:
        return "nobody is asked again"
    points = ", ".join(one.revision.key_points)
    verb = "employee who acknowledged is" if one.asked_again == 1 else "employees who acknowledged are"
    return f"{one.asked_again} {verb} asked again about {points}"
