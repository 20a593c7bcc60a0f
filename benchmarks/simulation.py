"""How long a simulation takes on one core, beside its limit: 1 000 × 30 × 365 × 5 rhythms × 3 truths.

Run it as ``python benchmarks/simulation.py``. The frontiers, on fewer employees, are included.
"""

import os
import resource
from datetime import date
from time import perf_counter

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

from diffuse.domain.campaign import Campaign  # noqa: E402 -- after the threads are counted
from diffuse.domain.language import ByLanguage  # noqa: E402
from diffuse.domain.period import Period  # noqa: E402
from diffuse.domain.policy import KeyPoint, Policy, Text, Variant  # noqa: E402
from diffuse.domain.scene import Scene  # noqa: E402
from diffuse.domain.schedule import Schedule  # noqa: E402
from diffuse.services.simulate import simulate  # noqa: E402

EMPLOYEES, POINTS, DAYS, SECONDS = 1_000, 30, 365, 60.0


def scene() -> Scene:
    """Return a year of 30 key points at two messages a week."""
    wording = Variant(register="advice", texts=ByLanguage(fr=Text(subject="Sujet", body="Un texte.")))
    points = tuple(
        KeyPoint(id=f"point-{number:02}", says=ByLanguage(fr=f"Point {number}"), variants=(wording,))
        for number in range(POINTS)
    )
    campaign = Campaign(
        id="media",
        title=ByLanguage(fr="Médias sociaux"),
        owner="Marie Tremblay <marie.tremblay@example.org>",
        starts=date(2027, 1, 11),
        policies=(Policy(id="usage", title=ByLanguage(fr="Usage"), version="1", key_points=points),),
        schedule=Schedule(policy="budgeted", introduce_every=Period(days=1)),
        max_messages_per_week=2,
    )
    return Scene(campaign=campaign, employees=EMPLOYEES, days=DAYS)


def main() -> None:
    """Print the seconds beside the limit."""
    begin = perf_counter()
    found = simulate(scene())
    seconds = perf_counter() - begin
    lived = sum(one.messages.size * DAYS * POINTS for one in found.outcomes.values())
    lived += sum(one.messages.size * DAYS * POINTS for line in found.frontier.values() for one in line)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{EMPLOYEES:,} employees, {POINTS} key points, {DAYS} days: 15 runs and the frontiers")
    print(f"{seconds:.1f} s, {seconds / SECONDS:.2f} of {SECONDS:.0f} s; peak {peak:.0f} MiB")
    print(f"{lived / seconds / 1e6:.1f} M memories lived through a day, each second")


if __name__ == "__main__":
    main()
