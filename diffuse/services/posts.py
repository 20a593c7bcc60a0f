"""Posts: the table of intranet posts, with how many of those for whom each is meant have met it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from diffuse.domain.campaign import Campaign
from diffuse.domain.delivery import State
from diffuse.domain.measures import Rate
from diffuse.domain.policy import Policy
from diffuse.domain.posting import Posting
from diffuse.domain.sizes import Group
from diffuse.ports import Publications, Result
from diffuse.services import grouped
from diffuse.services.intended import NOBODY, Intended
from diffuse.services.tally import Row

NAMES = (
    "post", "campaign", "policy", "key_point", "audience", "language", "channel", "state", "reason",
    "wanted_on", "sent_at", "updated_at", "withdrawn_at", "url", "version",
)  # fmt: skip
"""What is told of every post."""

POSTS = (
    *NAMES, "intended", "visitors", "acknowledged", "reach_rate", "acknowledgement_rate", grouped.SUPPRESSED,
)  # fmt: skip


@dataclass(kw_only=True, slots=True)
class Line:
    """One post: what the ledger has of it, who met it and who confirmed there, and for whom it is."""

    posting: Posting
    campaign: Campaign
    policy: Policy
    met: set[str] = field(default_factory=set)
    confirmed: set[str] = field(default_factory=set)
    intended: Group = NOBODY

    @property
    def key(self) -> grouped.Key:
        """The key point and the channel."""
        return self.posting.campaign, self.policy.id, self.posting.key_point, self.posting.channel

    @property
    def cells(self) -> Row:
        """What is told of it, all of it."""
        posting, zone = self.posting, self.campaign.zone
        number, visitors = len(self.intended), len(self.intended & self.met)
        acknowledged = len(self.intended & self.confirmed)
        return (
            posting.id,
            posting.campaign,
            self.policy.id,
            posting.key_point,
            posting.audience,
            posting.language,
            posting.channel,
            posting.state,
            posting.reason,
            posting.wanted_on,
            *(
                at and at.astimezone(zone)
                for at in (posting.sent_at, posting.updated_at, posting.withdrawn_at)
            ),
            posting.url,
            self.policy.version,
            number,
            visitors,
            acknowledged,
            Rate(visitors, number),
            Rate(acknowledged, number),
        )


class Posts:
    """The lines of the table, by the number of the post."""

    def __init__(self, postings: Iterable[Posting], publications: Publications) -> None:
        """Lay out a line for every post of the ledger."""
        self._lines: dict[int, Line] = {}
        for posting in postings:
            campaign = publications.get(posting.publication).campaign
            policy, _ = campaign.key_point(posting.key_point)
            self._lines[posting.id] = Line(posting=posting, campaign=campaign, policy=policy)

    @property
    def lines(self) -> Sequence[Line]:
        """All of them."""
        return tuple(self._lines.values())

    @property
    def standings(self) -> Mapping[str, int]:
        """How many are in which state, in one word each."""
        return Counter(one.posting.standing for one in self._lines.values())

    def add(self, result: Result, *, stale: bool) -> None:
        """Count whoever met a post; a stale acknowledgement does not count."""
        line = self._lines.get(result.post or 0)
        if line is None or result.state != State.SENT:
            return
        line.met.add(result.employee)
        if result.acknowledged_at and not stale:
            line.confirmed.add(result.employee)

    def mean(self, intended: Intended) -> None:
        """Note for whom each post is."""
        for one in self._lines.values():
            one.intended = intended.readers(one.campaign, one.posting.audience, one.posting.language)

    def rows(self, closed: set[grouped.Key]) -> Iterator[Row]:
        """Yield the rows; of the posts of ``closed`` key points nothing is told of people."""
        for one in self._lines.values():
            hidden = (grouped.WHOLE,) if one.key in closed else ()
            yield grouped.shown(POSTS, one.cells, hidden, len(NAMES))
