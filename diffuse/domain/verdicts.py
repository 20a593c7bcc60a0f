"""Verdicts: which hits of a message a person caused, which a program, and why.

All hits of one message are judged together, each time anew: what comes later may show that what came before
was a scanner's. Nothing is ever concluded from many people behind one address: staff share it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from diffuse.domain.agents import Agent

RULES = 1
"""The version of these rules; a change of verdicts gets the next number, and ``diffuse reclassify`` a run."""

BURST_WITHIN = timedelta(seconds=2)
"""Autoemails.com takes three links in less than 2 s for a scanner; MillionSend judges bursts alike."""

BURST_LINKS = 3
"""So many different links make a burst; all of them where a message has fewer, but never fewer than two."""

TWO = 2

NEAR = timedelta(seconds=10)
"""How far a decoy or a mutated link throws light on its neighbours (Mautic issue 9798: some 10 s)."""

AT_ONCE = timedelta(seconds=2)
"""Nobody finds, opens and uses a message so soon after the server took it (Mautic 7.1.1: 2 s)."""

EARLY = timedelta(seconds=10)
"""Hardly anybody does (Notifuse: 7 s, from sending; acceptance comes up to some seconds later)."""

SCANNED = timedelta(minutes=10)
"""Detonation follows delivery in seconds to minutes, with old browsers (gophish issues 973 and 2357)."""

DOUBTFUL = timedelta(seconds=10)
"""An acknowledgement so near to a scanner's hits may be the scanner's: programs do submit forms."""


class What(StrEnum):
    """What was asked for; ``form`` is a page that was sent back, ``mutated`` a link that is almost ours."""

    OPEN = "open"
    CLICK = "click"
    PAGE = "page"
    FORM = "form"
    DECOY = "decoy"
    MUTATED = "mutated"


class Verdict(StrEnum):
    """Who caused a hit: a person, a proxy for one, a program, or nobody can tell."""

    HUMAN = "human"
    PROXIED = "proxied"
    MACHINE = "machine"
    UNSURE = "unsure"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """One request for something of one message.

    Attributes:
        number: of the link, for a click.
        links: how many different links the message has, its page among them; 0 when that was not looked up.
        day: the employee's local day.
        agent: the User-Agent as it was kept; None when nobody noted it.
        prefetch: the words of the headers that announce a prefetch, empty without.
        network: the truncated address, such as ``203.0.113.0/24``; empty when not known.
    """

    delivery: int
    what: What
    at: datetime
    day: date
    number: int = 0
    links: int = 0
    method: str = "GET"
    agent: str | None = None
    prefetch: str = ""
    network: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """A verdict and the words for it, the strongest first; a plain one has no words."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """Who asks, as far as a request tells; the fields are those of a hit."""

    method: str = "GET"
    agent: str | None = None
    prefetch: str = ""
    network: str = ""


UNTOLD = Visit()
"""A request of which nothing was noted."""

AgentOf = Callable[[Hit], Agent]
ScannerOf = Callable[[str], bool]

LOOKS = frozenset({What.CLICK, What.PAGE, What.FORM})
"""What only somebody who follows links asks for."""

FOLLOWED = frozenset({What.CLICK, What.PAGE})

TELLING = frozenset({What.DECOY, What.MUTATED})

EVIDENT = frozenset({"burst", "decoy", "mutated", "head"})
"""Reasons that show a scanner at work on this very message."""

_SURE = {
    Agent.BLANK: "blank",
    Agent.NAMED: "named",
    Agent.PREVIEW: "preview",
    Agent.SAMPLING: "sampling",
    Agent.PRELOAD: "preload",
}


def never(_network: str) -> bool:
    """Know no scanner's network."""
    return False


def judge(
    hits: Sequence[Hit],
    accepted_at: datetime | None,
    *,
    agent_of: AgentOf,
    is_scanner: ScannerOf = never,
) -> tuple[Judgement, ...]:
    """Judge all hits of one message, in whatever order they come.

    Args:
        hits: of one delivery.
        accepted_at: when the mail server took the message (its 250 reply); None when nobody knows.
        agent_of: sorts the agent of a hit.
        is_scanner: tells whether a network belongs to a mail scanner; asked about links, never about images.

    Returns:
        One judgement for each hit, in the same order.
    """
    bursts = _bursts(hits)
    telling = [one for one in hits if one.what in TELLING or one.method == "HEAD"]
    return tuple(_judge(hit, telling, bursts, accepted_at, agent_of(hit), is_scanner) for hit in hits)


def doubt(hits: Sequence[Hit], judged: Sequence[Judgement], at: datetime) -> str:
    """Say why an acknowledgement at an instant may be a program's; empty when nothing speaks for it.

    A mutated link, which anybody can make up, speaks only through a form that looks like its sender's.
    """
    reasons = {
        reason: None
        for hit, judgement in zip(hits, judged, strict=True)
        if abs(hit.at - at) <= DOUBTFUL and hit.what != What.MUTATED
        for reason in judgement.reasons
        if reason in EVIDENT or (hit.what == What.FORM and judgement.verdict == Verdict.MACHINE)
    }
    return " ".join(reasons)


def _judge(  # noqa: PLR0913, PLR0917 -- everything that a hit is judged by
    hit: Hit,
    telling: Sequence[Hit],
    bursts: "Sequence[_Span]",
    accepted_at: datetime | None,
    agent: Agent,
    is_scanner: ScannerOf,
) -> Judgement:
    sure = [*_itself(hit, agent), *_around(hit, telling, bursts)]
    if hit.what in LOOKS and hit.network and is_scanner(hit.network):
        sure.append("network")
    since = None if accepted_at is None else hit.at - accepted_at
    unsure: list[str] = []
    if since is not None and hit.what != What.FORM:
        _timing(hit, agent, since, sure, unsure)
    if sure:
        return Judgement(verdict=Verdict.MACHINE, reasons=(*sure, *unsure))
    if unsure:
        return Judgement(verdict=Verdict.UNSURE, reasons=tuple(unsure))
    if agent == Agent.PROXY:
        return _through_proxy(hit)
    return Judgement(verdict=Verdict.HUMAN)


def _itself(hit: Hit, agent: Agent) -> list[str]:
    """Return what a hit says against itself."""
    reasons = [hit.what.value] if hit.what in {What.DECOY, What.MUTATED} else []
    if hit.method not in {"GET", "POST"}:
        reasons.append("method")
    if hit.prefetch:
        reasons.append("prefetch")
    return [*reasons, *([_SURE[agent]] if agent in _SURE else [])]


def _around(hit: Hit, telling: Sequence[Hit], bursts: "Sequence[_Span]") -> list[str]:
    """Return what the hits around it say against a hit."""
    reasons = ["burst"] if any(first <= hit.at <= last for first, last in bursts) else []
    near = [one for one in telling if one is not hit and abs(one.at - hit.at) <= NEAR]
    if any(one.what == What.DECOY for one in near):
        reasons.append("decoy")
    # Anybody can make up a mutated link: it speaks only against those that look like its sender.
    if any(one.what == What.MUTATED and _same(one, hit) for one in near):
        reasons.append("mutated")
    if any(_looked_first(one, hit) for one in near):
        reasons.append("head")
    return [one for one in reasons if one != hit.what]


def _timing(hit: Hit, agent: Agent, since: timedelta, sure: list[str], unsure: list[str]) -> None:
    """Add what the time since acceptance says; before it, only a filter in front of the server can ask."""
    is_link = hit.what in LOOKS
    if agent == Agent.OLD and since <= EARLY:
        sure.append("old")
    elif agent == Agent.OLD and since <= SCANNED:
        unsure.append("old")
    if since < AT_ONCE:
        (sure if is_link else unsure).append("at_once")
    elif is_link and since < EARLY:
        unsure.append("early")


def _through_proxy(hit: Hit) -> Judgement:
    """Take an image through a proxy for an open; nobody follows links through one."""
    verdict = Verdict.PROXIED if hit.what == What.OPEN else Verdict.UNSURE
    return Judgement(verdict=verdict, reasons=("proxy",))


_Span = tuple[datetime, datetime]


def _bursts(hits: Sequence[Hit]) -> list[_Span]:
    """Return the spans in which more links were followed than anybody follows, with their margins."""
    links = sorted((one for one in hits if one.what in FOLLOWED and one.method == "GET"), key=_at)
    known = max((one.links for one in hits), default=0)
    needed = max(TWO, min(BURST_LINKS, known)) if known else BURST_LINKS
    spans: list[_Span] = []
    first = 0
    for last, hit in enumerate(links):
        while hit.at - links[first].at > BURST_WITHIN:
            first += 1
        if len({(one.what, one.number) for one in links[first : last + 1]}) >= needed:
            spans.append((links[first].at - BURST_WITHIN, hit.at + BURST_WITHIN))
    return _joined(spans)


def _joined(spans: Sequence[_Span]) -> list[_Span]:
    """Join spans that overlap; they come in the order of their ends."""
    if any(later[0] <= earlier[1] for earlier, later in pairwise(spans)):
        joined = [spans[0]]
        for first, last in spans[1:]:
            if first <= joined[-1][1]:
                joined[-1] = (joined[-1][0], last)
            else:
                joined.append((first, last))
        return joined
    return list(spans)


def _same(one: Hit, other: Hit) -> bool:
    """Tell whether two hits may come from the same program: the same agent, or the same network."""
    by_agent = bool(one.agent) and one.agent == other.agent
    return by_agent or (bool(one.network) and one.network == other.network)


def _looked_first(one: Hit, hit: Hit) -> bool:
    """Tell whether the same program, at the same place, asked only for the headers just before."""
    same = one.method == "HEAD" and (one.what, one.number) == (hit.what, hit.number)
    return same and one.at <= hit.at and one.agent == hit.agent and one.network == hit.network


def counts(hit: Hit, verdict: Verdict) -> bool:
    """Tell whether a hit is an open or a click by a person; a proxy opens for one and never clicks."""
    if hit.what == What.OPEN:
        return verdict in {Verdict.HUMAN, Verdict.PROXIED}
    return hit.what == What.CLICK and verdict == Verdict.HUMAN


def _at(hit: Hit) -> datetime:
    return hit.at
