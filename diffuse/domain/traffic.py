"""Politeness: how much may go through which mail server and to which domain, and when the rest may go.

Limits and troubles belong to lanes: ``server:NAME`` and ``domain:example.org``. All workers share what is
known of them. Windows of a minute and of a day are aligned to UTC; a message counts in both.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zlib import crc32

from diffuse.domain.delivery import Claimed, Ending, State

MINUTE, DAY = 60, 86_400
"""The spans of the windows, in seconds."""

EVERY_DOMAIN = "*"
"""Names the limit of each domain that has none of its own."""

PROBES = 3
"""Messages that are tried first where nothing went before."""

DEFERRALS = 5
"""So many refusals for now, one after another, put a recipient's domain in trouble."""

LONGEST_LEVEL = 6
"""A lane in trouble rests 1, 2, 4 … minutes, an hour at most."""

EARLY = 0.8
"""The part of its minute in which a message that has room there becomes due: workers need time to find it."""

_FULL = 2**32


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """How many messages may go through a lane; None for as many as there are."""

    per_minute: int | None = None
    per_day: int | None = None

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """The limited windows: seconds, and messages in so many."""
        both = ((MINUTE, self.per_minute), (DAY, self.per_day))
        return tuple((span, most) for span, most in both if most is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A mail server: its name, and its share of the messages among others."""

    name: str
    weight: int = 1
    limit: Limit = Limit()

    @property
    def lane(self) -> str:
        """The name of its lane."""
        return f"server:{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """The mail servers, and the limits of recipients' domains by name."""

    servers: tuple[Server, ...]
    domains: Mapping[str, Limit] = field(default_factory=dict)

    def limit_of(self, domain: str) -> Limit:
        """Return the limit of a domain."""
        return self.domains.get(domain) or self.domains.get(EVERY_DOMAIN) or Limit()

    @property
    def limited(self) -> bool:
        """Whether anything is limited at all."""
        limits = [*(server.limit for server in self.servers), *self.domains.values()]
        return any(limit.spans for limit in limits)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """A delivery that is due: its recipient's domain, and the end of its window.

    ``paced_at`` is the minute in which limits have left room for it, None for none, and ``server`` the mail
    server in which they did.
    """

    delivery: int
    domain: str
    closes: datetime
    paced_at: datetime | None = None
    server: str = ""

    @property
    def lane(self) -> str:
        """The name of the domain's lane."""
        return f"domain:{self.domain}"

    def kept(self, now: datetime) -> bool:
        """Tell whether the room that was left for it is that of this minute."""
        return self.paced_at is not None and _start(self.paced_at, MINUTE) == _start(now, MINUTE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What is wrong with a lane.

    Attributes:
        failures: refusals for now, one after another, since the last success.
        level: how often it went wrong in a row.
        until: nothing goes through before; None while it is open.
    """

    lane: str
    failures: int = 0
    level: int = 0
    until: datetime | None = None
    reason: str = ""

    def shut(self, now: datetime) -> bool:
        """Tell whether nothing goes through."""
        return self.until is not None and now < self.until

    @property
    def probing(self) -> bool:
        """Whether only a few go through, to see how it is now, once its rest is over."""
        return self.level > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class PutOff:
    """When a delivery may go instead, in which minute and through which server limits leave room, and why."""

    delivery: int
    due_at: datetime
    paced_at: datetime | None
    server: str
    reason: str


Used = Mapping[tuple[str, int, int], int]
"""Messages by lane, span and beginning (seconds since 1970) of a window."""


@dataclass(kw_only=True, slots=True)
class Routes:
    """Where deliveries go.

    Attributes:
        server: the mail server of each delivery that may go now.
        put_off: those that may go later.
        used: what is to be added to the counts of windows.
        probed: lanes of which the first few messages go now.
        waiting: the instant before which no server takes anything, None when one does.
        why: the reasons of that, in words.
    """

    server: dict[int, str] = field(default_factory=dict)
    put_off: list[PutOff] = field(default_factory=list)
    used: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    probed: set[str] = field(default_factory=set)
    waiting: datetime | None = None
    why: str = ""


def route(
    now: datetime,
    traffic: Traffic,
    recipients: Sequence[Recipient],
    used: Used,
    troubles: Mapping[str, Trouble],
) -> Routes:
    """Say which deliveries go now and through which server, and when the others may.

    A delivery beyond a limit gets the first minute with room, which is counted at once for its domain and for
    a server, so that it is put off once and not again and again; never beyond the end of its window. Those
    without a server and without a new time stay as they are.
    """
    if len(traffic.servers) == 1 and not traffic.limited and not troubles:
        return Routes(server=dict.fromkeys((one.delivery for one in recipients), traffic.servers[0].name))
    return _Routing(now, traffic, used, troubles).route(recipients)


class _Routing:
    """The counts of windows while deliveries are routed, one after another."""

    def __init__(self, now: datetime, traffic: Traffic, used: Used, troubles: Mapping[str, Trouble]) -> None:
        self.now, self.traffic, self.used, self.troubles = now, traffic, used, troubles
        self.routes = Routes()
        self.probes: Counter[str] = Counter()
        self.minute = _start(now, MINUTE)
        self.full: dict[tuple[str, ...], int] = {}

    def route(self, recipients: Sequence[Recipient]) -> Routes:
        shut = [self.troubles[one.lane] for one in self.traffic.servers if self._shut(one.lane)]
        if len(shut) == len(self.traffic.servers):
            self.routes.waiting = min(one.until for one in shut if one.until)
            self.routes.why = "; ".join(one.reason for one in shut)
            return self.routes
        for one in recipients:
            self._one(one)
        return self.routes

    def _one(self, one: Recipient) -> None:
        trouble = self.troubles.get(one.lane)
        if trouble is not None and trouble.shut(self.now) and trouble.until is not None:
            self._later(one, trouble.until, trouble.reason)
        elif not self._probe(one.lane):
            self._later(one, self.now + timedelta(minutes=1), trouble.reason if trouble else "")
        else:
            self._through(one)

    def _through(self, one: Recipient) -> None:
        """Let a delivery go if its domain and a server have room now, or room was kept for it.

        It waits as it is when the only servers with room have their few messages already.
        """
        working = [server for server in self.traffic.servers if not self._shut(server.lane)]
        roomy = [server for server in working if self._kept(one, server) or self._free(server)]
        ready = [server for server in roomy if self._probe(server.lane)]
        limit = self.traffic.limit_of(one.domain)
        if not one.kept(self.now) and not self._room(one.lane, limit, self.minute):
            self._pace(one, limit, working, f"limit of domain {one.domain}")
        elif ready:
            self._go(one, limit, ready)
        elif not roomy:
            self._pace(one, limit, working, " and ".join(f"limit of server {each.name}" for each in working))

    def _go(self, one: Recipient, limit: Limit, ready: Sequence[Server]) -> None:
        """Choose a server, the one that has kept room first, and count what was not counted before."""
        keeping = [server for server in ready if self._kept(one, server)]
        server = _chosen(keeping or ready, one.delivery)
        self.routes.server[one.delivery] = server.name
        self._probe(server.lane, count=True)
        self._probe(one.lane, count=True)
        if not one.kept(self.now):
            self._count(one.lane, limit, self.minute)
        if not keeping:
            self._count(server.lane, server.limit, self.minute)

    def _kept(self, one: Recipient, server: Server) -> bool:
        return one.server == server.name and one.kept(self.now)

    def _free(self, server: Server) -> bool:
        return self._room(server.lane, server.limit, self.minute)

    def _shut(self, lane: str) -> bool:
        return lane in self.troubles and self.troubles[lane].shut(self.now)

    def _probe(self, lane: str, *, count: bool = False) -> bool:
        """Tell whether a lane that was in trouble, if it was, may still have one more message for now."""
        if lane not in self.troubles or not self.troubles[lane].probing:
            return True
        if count:
            self.probes[lane] += 1
            self.routes.probed.add(lane)
        return self.probes[lane] < PROBES

    def _pace(self, one: Recipient, limit: Limit, working: Sequence[Server], reason: str) -> None:
        """Give a delivery the first minute in which its domain and a server have room, within its window."""
        last = _start(one.closes, MINUTE)
        starts = {each: self._first(((one.lane, limit), (each.lane, each.limit)), last) for each in working}
        first = min(starts.values())
        if first >= last:
            self._later(one, one.closes, reason)
            return
        server = _chosen([each for each in working if starts[each] == first], one.delivery)
        self._count(one.lane, limit, first)
        self._count(server.lane, server.limit, first)
        self._later(one, datetime.fromtimestamp(first, UTC), reason, server)

    def _first(self, lanes: Iterable[tuple[str, Limit]], last: int) -> int:
        """Return the first minute in which lanes have room, or ``last`` or a later one for none before."""
        limited = [(lane, limit) for lane, limit in lanes if limit.spans]
        names = tuple(lane for lane, _ in limited)
        start = self.full.get(names, self.minute)
        while start < last and not all(self._room(lane, limit, start) for lane, limit in limited):
            start = self._next(limited, start)
        # Room only ever shrinks: whoever comes next need not look at earlier minutes.
        self.full[names] = start
        return start

    def _next(self, lanes: Iterable[tuple[str, Limit]], start: int) -> int:
        """Return the next minute worth a look: tomorrow's first one when a day is full."""
        for lane, limit in lanes:
            for span, most in limit.spans:
                if span == DAY and self._taken(lane, DAY, start) >= most:
                    return start - start % DAY + DAY
        return start + MINUTE

    def _later(self, one: Recipient, at: datetime, reason: str, keeping: Server | None = None) -> None:
        """Put a delivery off to a moment soon after an instant; in that minute if a server keeps room."""
        within = timedelta(seconds=MINUTE if keeping is None else EARLY * MINUTE)
        chance = crc32(str(one.delivery).encode()) / _FULL
        due_at = min(max(at, self.now) + within * chance, max(one.closes, self.now))
        paced_at, server = (None, "") if keeping is None else (at, keeping.name)
        self.routes.put_off.append(
            PutOff(delivery=one.delivery, due_at=due_at, paced_at=paced_at, server=server, reason=reason)
        )

    def _room(self, lane: str, limit: Limit, start: int) -> bool:
        return all(self._taken(lane, span, start) < most for span, most in limit.spans)

    def _taken(self, lane: str, span: int, start: int) -> int:
        key = (lane, span, start - start % span)
        return self.used.get(key, 0) + self.routes.used[key]

    def _count(self, lane: str, limit: Limit, start: int) -> None:
        for span, _ in limit.spans:
            self.routes.used[lane, span, start - start % span] += 1


def _start(at: datetime, span: int) -> int:
    seconds = int(at.timestamp())
    return seconds - seconds % span


def _chosen(servers: Sequence[Server], delivery: int) -> Server:
    """Choose by weight, always the same way for the same delivery and servers."""
    place = crc32(f"server.{delivery}".encode()) / _FULL * sum(server.weight for server in servers)
    for server in servers:
        place -= server.weight
        if place < 0:
            return server
    return servers[-1]


def probed(before: Trouble, now: datetime) -> Trouble:
    """Return a lane's trouble while the first few messages are tried: the others wait for what they tell."""
    return replace(before, failures=0, until=now + timedelta(minutes=1))


def refused(before: Trouble, now: datetime, reason: str, *, at_once: bool = False) -> Trouble:
    """Return a lane's trouble after a refusal: it rests after several in a row, longer each time.

    One of several refusals that were under way together makes the rest no longer.
    """
    failures = before.failures + 1
    if before.shut(now) and before.failures:
        return before
    if not at_once and not before.level and failures < DEFERRALS:
        return replace(before, failures=failures, reason=reason)
    level = min(before.level + 1, LONGEST_LEVEL + 1)
    wait = timedelta(minutes=min(2 ** (level - 1), 60))
    jitter = crc32(f"{before.lane}.{level}".encode()) / _FULL / 2
    until = now + wait * (1 + jitter)
    return Trouble(lane=before.lane, failures=failures, level=level, until=until, reason=reason)


def told(claimed: Claimed, ending: Ending) -> tuple[tuple[str, str], ...]:
    """Return what an ending tells of lanes: success of server and domain, or the domain's refusal for now."""
    domain = f"domain:{claimed.email.rpartition('@')[2].lower()}"
    if ending.state is State.SENT:
        return (f"server:{claimed.server}", ""), (domain, "")
    if ending.state is State.PLANNED and ending.reply.startswith("4"):
        return ((domain, ending.reply),)
    return ()


def learned(
    now: datetime, before: Iterable[Trouble], heard: Iterable[tuple[str, str]], *, at_once: bool = False
) -> Iterator[Trouble]:
    """Yield the troubles that change, in the order of lanes.

    ``heard`` are lanes, each with its refusal or, for success, nothing.

    A lane without any trouble left comes with neither failures nor level.
    """
    known = {one.lane: one for one in before}
    changed: dict[str, Trouble] = {}
    for lane, refusal in heard:
        if not refusal and lane not in changed and lane not in known:
            continue
        trouble = changed.get(lane) or known.get(lane) or Trouble(lane=lane)
        if refusal:
            changed[lane] = refused(trouble, now, refusal, at_once=at_once)
        elif trouble.failures or trouble.level:
            changed[lane] = Trouble(lane=lane)
    for lane in sorted(changed):
        if changed[lane] != known.get(lane, Trouble(lane=lane)):
            yield changed[lane]
