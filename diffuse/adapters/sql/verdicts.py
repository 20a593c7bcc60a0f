"""Keeps hits, judges all of a message together, and folds what persons did into its delivery."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, delete, func, select, update

from diffuse.adapters.sql import arrivals, sets, tables
from diffuse.adapters.sql.types import micros, plain
from diffuse.domain.agents import Agent, class_of
from diffuse.domain.events import Kind
from diffuse.domain.verdicts import (
    RULES,
    Hit,
    Judgement,
    Verdict,
    What,
    counts,
    doubt,
    judge,
    never,
)

MOST_MUTATED = 20
"""Mutated links of one message that are kept: anybody can make them up."""

_ROW = tables.delivery.c
_HIT = tables.hit.c
_JUDGED = tables.judgement.c
_EVENT = tables.event.c
_FIELDS = tuple(Hit.__dataclass_fields__)
_NUMBERS = frozenset({"delivery", "at", "number", "links"})
_HITS = tuple((name, "bigint" if name in _NUMBERS else "text") for name in _FIELDS)
_JUDGEMENTS = (
    ("hit", "bigint"), ("delivery", "bigint"), ("rules", "bigint"), ("verdict", "text"), ("reasons", "text")
)  # fmt: skip
_EVENTS = (
    ("delivery", "bigint"), ("kind", "text"), ("at", "bigint"), ("detail", "text"), ("bucket", "bigint"),
    ("hit", "bigint"),
)  # fmt: skip
_KIND = {What.OPEN: Kind.OPENED, What.CLICK: Kind.CLICKED}
_COUNTED = {
    Verdict.HUMAN: "human",
    Verdict.PROXIED: "human",
    Verdict.UNSURE: "unsure",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A hit as it stands in the database, with the verdict that counted so far."""

    number: int
    hit: Hit
    before: Judgement | None
    rules: int


@dataclass(frozen=True, slots=True)
class Fresh:
    """A hit with its verdict by the present rules."""

    kept: Kept
    now: Judgement

    @property
    def counted(self) -> bool:
        """Tell whether it was somebody's open or click so far."""
        return self.kept.before is not None and counts(self.kept.hit, self.kept.before.verdict)

    @property
    def counts(self) -> bool:
        """Tell whether it is one now."""
        return counts(self.kept.hit, self.now.verdict)


class SqlVerdicts:
    """Judges hits in the transaction of whoever calls."""

    def __init__(
        self,
        *,
        names_itself: Callable[[str], bool] = never,
        is_scanner: Callable[[str], bool] = never,
    ) -> None:
        """Take what tells programs by their agent, and scanners by their truncated network."""
        self._names_itself = names_itself
        self._is_scanner = is_scanner

    def keep(self, connection: Connection, hits: Sequence[Hit]) -> list[Verdict | None]:
        """Keep hits and judge them with all earlier ones of their messages.

        Returns:
            For each hit its verdict; None for one of no delivery, and for one mutated link too many.
        """
        before = arrivals.lock(connection, {hit.delivery for hit in hits})
        places = _places(connection, hits, before)
        if not places:
            return [None] * len(hits)
        sets.add(connection, "hit", _HITS, [_values(hits[place]) for place in places])
        judged = self.rejudge(connection, before, all_new=len(places))
        # The rows that were just added are the last ones of their delivery, in the order of the hits.
        verdicts: list[Verdict | None] = [None] * len(hits)
        for place in reversed(places):
            verdicts[place] = judged[hits[place].delivery].pop().now.verdict
        return verdicts

    def put_off(self, connection: Connection, hits: Sequence[Hit]) -> None:
        """Keep hits of deliveries that exist, and note that they are to be judged."""
        places = _places(connection, hits, {hit.delivery for hit in hits})
        kept = [hits[place] for place in places]
        if kept:
            # In this order, as whoever judges: first what is owed, then what refers to the delivery.
            owed = [(number,) for number in sorted({hit.delivery for hit in kept})]
            sets.change(connection, _OWE, "owed", _OWED, owed)
            sets.add(connection, "hit", _HITS, [_values(hit) for hit in kept])

    def catch_up(self, connection: Connection, limit: int) -> int:
        """Judge the hits of some deliveries that were put off; return how many deliveries there were.

        Who keeps another hit of one of them meanwhile waits, and notes it again.
        """
        some = connection.scalars(_NEXT, {"most": limit}).all()
        if some:
            self.rejudge(connection, arrivals.lock(connection, some))
            connection.execute(_DONE, {"some": some})
        return len(some)

    def rejudge(
        self, connection: Connection, before: Mapping[int, Row[Any]], *, all_new: int = 0
    ) -> dict[int, list[Fresh]]:
        """Judge every hit of some locked deliveries anew, and fold what changes.

        ``all_new`` is the number of hits that were just added: perhaps there are no others.
        """
        kept = _kept(connection, before, all_new=all_new)
        judged = {number: self._judged(hits, before[number]) for number, hits in kept.items()}
        everything = [one for fresh in judged.values() for one in fresh]
        _write_judgements(connection, everything)
        _write_events(connection, everything, before)
        _fold(connection, [(before[number], judged[number]) for number in sorted(judged)])
        _doubt(
            connection, {number: fresh for number, fresh in judged.items() if before[number].acknowledged_at}
        )
        return judged

    def doubt_of(
        self, connection: Connection, delivery: int, accepted_at: datetime | None, at: datetime
    ) -> str:
        """Say why an acknowledgement at an instant may be a program's."""
        kept = _kept(connection, [delivery])[delivery]
        hits = [one.hit for one in kept]
        return doubt(hits, self._judge(hits, accepted_at), at)

    def _judged(self, kept: Sequence[Kept], row: Row[Any]) -> list[Fresh]:
        judgements = self._judge([one.hit for one in kept], row.sent_at or row.fenced_at)
        return [Fresh(one, now) for one, now in zip(kept, judgements, strict=True)]

    def _judge(self, hits: Sequence[Hit], accepted_at: datetime | None) -> tuple[Judgement, ...]:
        return judge(hits, accepted_at, agent_of=self._agent, is_scanner=self._is_scanner)

    def _agent(self, hit: Hit) -> Agent:
        return class_of(hit.agent, hit.at, self._names_itself)


def tally(fresh: Iterable[Fresh]) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """Count hits by what was asked for and verdict, as they stood and as they stand now."""
    before: Counter[tuple[str, str]] = Counter()
    now: Counter[tuple[str, str]] = Counter()
    for one in fresh:
        what = one.kept.hit.what.value
        if one.kept.before:
            before[what, one.kept.before.verdict.value] += 1
        now[what, one.now.verdict.value] += 1
    return before, now


def _values(hit: Hit) -> tuple[object, ...]:
    return (
        hit.delivery, hit.what, micros(hit.at), hit.day.isoformat(), hit.number, hit.links, plain(hit.method),
        None if hit.agent is None else plain(hit.agent), plain(hit.prefetch), hit.network, plain(hit.detail),
    )  # fmt: skip


def _places(connection: Connection, hits: Sequence[Hit], known: Collection[int]) -> list[int]:
    """Return the places of the hits to keep: those of known deliveries, without mutated links too many."""
    mutated = _mutated(connection, [hit for hit in hits if hit.what == What.MUTATED])
    places = []
    for place, hit in enumerate(hits):
        is_mutated = hit.what == What.MUTATED
        mutated[hit.delivery] += is_mutated
        if hit.delivery in known and not (is_mutated and mutated[hit.delivery] > MOST_MUTATED):
            places.append(place)
    return places


def _mutated(connection: Connection, hits: Sequence[Hit]) -> Counter[int]:
    """Count the mutated links that are kept already."""
    if not hits:
        return Counter()
    statement = (
        select(_HIT.delivery, func.count())
        .where(_HIT.delivery.in_({hit.delivery for hit in hits}), _HIT.what == What.MUTATED)
        .group_by(_HIT.delivery)
    )
    return Counter(dict(list(connection.execute(statement))))


_OWED = (("delivery", "bigint"),)
_OWE = """
INSERT INTO unjudged (delivery) SELECT delivery FROM {owed} AS owed WHERE true
ON CONFLICT (delivery) DO UPDATE SET delivery = excluded.delivery
"""
"""With DO NOTHING, a row that somebody is about to delete would stand for this hit, too."""

_LATER = tables.unjudged.c.delivery
_NEXT = select(_LATER).order_by(_LATER).limit(bindparam("most")).with_for_update(skip_locked=True)
_DONE = delete(tables.unjudged).where(_LATER.in_(bindparam("some", expanding=True)))

_SOME: BindParameter[int] = bindparam("some", expanding=True)
_THEIR_HITS = select(tables.hit).where(_HIT.delivery.in_(_SOME)).order_by(_HIT.id)
_THEIR_JUDGEMENTS = (
    select(*(_JUDGED[name] for name in ("hit", "verdict", "reasons", "rules")))
    .where(_JUDGED.delivery.in_(_SOME))
    .order_by(_JUDGED.id)
)


def _kept(connection: Connection, deliveries: Collection[int], *, all_new: int = 0) -> dict[int, list[Kept]]:
    """Read all hits of some deliveries with the verdicts that count, each delivery's in their order.

    When there are just as many as are ``all_new``, none has been judged.
    """
    some = {"some": sorted(deliveries)}
    rows = connection.execute(_THEIR_HITS, some).all()
    judgements = (
        {row.hit: row for row in connection.execute(_THEIR_JUDGEMENTS, some)} if len(rows) != all_new else {}
    )
    kept: dict[int, list[Kept]] = {number: [] for number in deliveries}
    for row in rows:
        hit = Hit(**{**{name: getattr(row, name) for name in _FIELDS}, "what": What(row.what)})
        before = judgements.get(row.id)
        judgement = (
            Judgement(verdict=Verdict(before.verdict), reasons=tuple(before.reasons.split()))
            if before
            else None
        )
        kept[hit.delivery].append(Kept(row.id, hit, judgement, before.rules if before else 0))
    return kept


def _write_judgements(connection: Connection, everything: Sequence[Fresh]) -> None:
    rows = [
        (one.kept.number, one.kept.hit.delivery, RULES, one.now.verdict, " ".join(one.now.reasons))
        for one in everything
        if (one.kept.before, one.kept.rules) != (one.now, RULES)
    ]
    if rows:
        sets.add(connection, "judgement", _JUDGEMENTS, rows)


def _write_events(
    connection: Connection, everything: Sequence[Fresh], before: Mapping[int, Row[Any]]
) -> None:
    """Add the events of hits that count from now on, and mark those of hits that count no more."""
    new = [
        (
            one.kept.hit.delivery,
            _KIND[one.kept.hit.what],
            micros(one.kept.hit.at),
            plain(one.kept.hit.detail),
            before[one.kept.hit.delivery].bucket,
            one.kept.number,
        )
        for one in everything
        if one.counts and not one.counted
    ]
    if new:
        sets.add(connection, "event", _EVENTS, new)
    gone = [
        {"which": one.kept.number, "whose": one.kept.hit.delivery}
        for one in everything
        if one.counted and not one.counts
    ]
    if gone:
        same = (_EVENT.delivery == bindparam("whose"), _EVENT.hit == bindparam("which"))
        connection.execute(
            update(tables.event).where(*same, _EVENT.withdrawn.is_(None)).values(withdrawn=RULES), gone
        )


_TIMES = ("opened_at", "clicked_at", "reached_on")
_FOLDED = (
    ("id", "bigint"), *((name, "bigint") for name in tables.COUNTED),
    ("opened_at", "bigint"), ("clicked_at", "bigint"), ("reached_on", "text"),
)  # fmt: skip
_FOLD = f"""
UPDATE delivery SET {", ".join(f"{name} = folded.{name}" for name, _ in _FOLDED[1:])}
FROM {{folded}} AS folded WHERE delivery.id = folded.id
"""  # noqa: S608 -- names of ours


@dataclass(frozen=True, kw_only=True, slots=True)
class _Folded:
    """A delivery, its hits, and those of its values that their verdicts change."""

    row: Row[Any]
    fresh: Sequence[Fresh]
    values: Mapping[str, Any]

    @property
    def packed(self) -> tuple[object, ...]:
        """Return the row's values, new ones where there are, as the database keeps them."""
        counts = [self.values.get(name, getattr(self.row, name)) for name in tables.COUNTED]
        opened, clicked, reached = (self.values.get(name, getattr(self.row, name)) for name in _TIMES)
        return (
            self.row.id, *counts, opened and micros(opened), clicked and micros(clicked),
            reached and reached.isoformat(),
        )  # fmt: skip

    @property
    def came(self) -> bool:
        """Tell whether something came now that shows that it has arrived: not what anybody can make up."""
        return any(one.kept.before is None and one.kept.hit.what != What.MUTATED for one in self.fresh)

    @property
    def rewrites(self) -> bool:
        """Tell whether the past has changed: what counted counts no more, or counts on an earlier day."""
        gone = any(one.counted and not one.counts for one in self.fresh)
        last = self.fresh[-1].kept.hit.day
        return gone or any(one.counts and not one.counted and one.kept.hit.day < last for one in self.fresh)


def _fold(connection: Connection, judged: Sequence[tuple[Row[Any], Sequence[Fresh]]]) -> None:
    """Bring deliveries up to date with the verdicts on their hits."""
    folded = [
        _Folded(row=row, fresh=fresh, values=_values_of(connection, row, fresh))
        for row, fresh in judged
        if fresh
    ]
    changed = [one.packed for one in folded if one.values]
    if changed:
        sets.change(connection, _FOLD, "folded", _FOLDED, changed)
    for one in folded:
        if one.came:
            arrivals.arrive(connection, one.row, one.fresh[-1].kept.hit.at)
        if one.rewrites:
            _forget_standings(connection, one.row)
    turned = [one for one in folded if "reached_on" in one.values]
    arrivals.spare(connection, [one.row for one in turned if one.values["reached_on"]])
    for one in turned:
        if not one.values["reached_on"]:
            arrivals.restore(connection, one.row, one.fresh[-1].kept.hit.at)


def _values_of(connection: Connection, row: Row[Any], fresh: Sequence[Fresh]) -> dict[str, Any]:
    """Return what changes in a delivery."""
    values: dict[str, Any] = {
        name: getattr(row, name) + change for name, change in _changes(fresh).items() if change
    }
    if any(one.counted and not one.counts for one in fresh):
        values |= _anew(connection, row, [one.kept.hit for one in fresh if one.counts])
    elif added := [one.kept.hit for one in fresh if one.counts and not one.counted]:
        values |= _first(row, added)
    return {name: value for name, value in values.items() if value != getattr(row, name)}


def _changes(fresh: Sequence[Fresh]) -> Counter[str]:
    """Return by how much each count of a delivery changes."""
    changes: Counter[str] = Counter()
    for one in fresh:
        hit, before = one.kept.hit, one.kept.before
        if hit.what not in _KIND or hit.method != "GET":
            continue
        what = f"{hit.what}s"
        changes[f"raw_{what}"] += before is None
        for judgement, sign in ((before, -1), (one.now, 1)):
            if judgement and (name := _column(hit, judgement.verdict)):
                changes[f"{name}_{what}"] += sign
    return changes


def _column(hit: Hit, verdict: Verdict) -> str:
    """Name what a hit is counted as; a click through a proxy would be nobody's, and there is none."""
    return "human" if counts(hit, verdict) else "unsure" if verdict == Verdict.UNSURE else ""


def _first(row: Row[Any], added: Sequence[Hit]) -> dict[str, Any]:
    """Return the first times after new events; a click is an open, too."""
    clicks = [hit.at for hit in added if hit.what == What.CLICK]
    return {
        "opened_at": row.opened_at or min(hit.at for hit in added),
        "clicked_at": row.clicked_at or min(clicks, default=None),
        "reached_on": row.reached_on or min(hit.day for hit in added),
    }


def _anew(connection: Connection, row: Row[Any], counted: Sequence[Hit]) -> dict[str, Any]:
    """Return the first times by what still counts: the log, what was written to the owner, and answers."""
    events = select(_EVENT.kind, func.min(_EVENT.at).label("at")).where(
        _EVENT.delivery == row.id, _EVENT.withdrawn.is_(None)
    )
    first = dict(list(connection.execute(events.group_by(_EVENT.kind))))
    remarked = connection.scalar(
        select(func.min(tables.remark.c.at)).where(tables.remark.c.delivery == row.id)
    )
    opens = [at for at in (first.get(Kind.OPENED), first.get(Kind.CLICKED), remarked) if at]
    by_hits_alone = not (remarked or first.get(Kind.ANSWERED) or first.get(Kind.ACKNOWLEDGED))
    day: date | None = row.reached_on
    if by_hits_alone:
        day = min((hit.day for hit in counted), default=row.reached_on if first else None)
    return {"opened_at": min(opens, default=None), "clicked_at": first.get(Kind.CLICKED), "reached_on": day}


def _doubt(connection: Connection, judged: Mapping[int, Sequence[Fresh]]) -> None:
    """Say of each acknowledgement why it may be a program's, as the hits around it show by now."""
    if not judged:
        return
    given = tables.acknowledgement.c
    rows = connection.execute(
        select(given.delivery, given.at, given.doubt).where(given.delivery.in_(list(judged)))
    )
    for row in rows.all():
        fresh = judged[row.delivery]
        why = doubt([one.kept.hit for one in fresh], [one.now for one in fresh], row.at)
        if why != row.doubt:
            connection.execute(
                update(tables.acknowledgement).where(given.delivery == row.delivery).values(doubt=why)
            )


def _forget_standings(connection: Connection, row: Row[Any]) -> None:
    """Let planners fold anew what they kept of a message that has changed behind them."""
    kept = tables.snapshot.c
    same = (kept.campaign == row.campaign, kept.first <= row.bucket, kept.last >= row.bucket)
    connection.execute(delete(tables.snapshot).where(*same, kept.cut > row.due_on))
