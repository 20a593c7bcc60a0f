"""Vouch: an officer acknowledges for an employee who did so elsewhere, such as on paper, and says why."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from diffuse.domain.evidence import Acknowledgement
from diffuse.errors import AuthoringError
from diffuse.ports import Clock, Hits, Publications, Theirs
from diffuse.services.page import statement

MOST = 10_000
"""Messages of one employee that are looked through."""

LONGEST = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Vouched:
    """What was acknowledged: the policy's version, and the words."""

    delivery: int
    version: str
    statement: str


class Vouch:
    """Acknowledges the newest message of a key point on behalf of whoever got it."""

    def __init__(self, *, theirs: Theirs, hits: Hits, publications: Publications, clock: Clock) -> None:
        """Take the collaborators."""
        self._theirs = theirs
        self._hits = hits
        self._publications = publications
        self._clock = clock

    def run(self, employee: str, campaign: str, key_point: str, reason: str) -> Vouched:
        """Acknowledge, once.

        Raises:
            AuthoringError: without a reason, for a message that this employee never got or that asks for
                no acknowledgement, and for one that has been acknowledged.
        """
        reason = " ".join(reason.split())
        if not 0 < len(reason) <= LONGEST:
            raise AuthoringError.of("no reason that can be kept", f"1 to {LONGEST} characters that say why")
        shown = self._hits.shown(self._newest(employee, campaign, key_point))
        about = f"{employee} and {key_point} of {campaign}"
        if shown is None:
            raise AuthoringError.of(f"the message of {about} has not left", "a message that was sent")
        policy, point = self._publications.get(shown.publication).campaign.key_point(key_point)
        said = statement(policy, point, shown)
        if not said:
            raise AuthoringError.of(f"{key_point} asks for no acknowledgement", "a key point that does")
        now = self._clock.now()
        given = Acknowledgement(
            delivery=shown.id,
            policy=policy.id,
            version=policy.version,
            language=shown.language,
            statement=said,
            at=now,
        )
        if not self._hits.acknowledge(given, now.astimezone(ZoneInfo(shown.time_zone)).date(), reason=reason):
            raise AuthoringError.of(f"{about} is acknowledged already", "one that is not: the first stands")
        return Vouched(delivery=shown.id, version=policy.version, statement=said)

    def _newest(self, employee: str, campaign: str, key_point: str) -> int:
        for one in self._theirs.sent_to(employee, MOST):
            found = self._publications.get(one.publication).campaign.id
            if (found, one.key_point) == (campaign, key_point):
                return one.id
        raise AuthoringError.of(
            f"no message about {key_point} of {campaign} was sent to {employee}",
            "ids of the directory and of the campaign, as in deliveries.csv",
        )
