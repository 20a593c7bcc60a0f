"""Keeps hits, judges all of a message together, and folds what persons did into its delivery."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from diffuse.adapters.sql import arrivals, tables
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
        mutated = _mutated(connection, [hit for hit in hits if hit.what == What.MUTATED])
        places = []
        for place, hit in enumerate(hits):
            is_mutated = hit.what == What.MUTATED
            mutated[hit.delivery] += is_mutated
            if hit.delivery in before and not (is_mutated and mutated[hit.delivery] > MOST_MUTATED):
                places.append(place)
        if not places:
            return [None] * len(hits)
        connection.execute(insert(tables.hit), [_values(hits[place]) for place in places])
        judged = self.rejudge(connection, before)
        # The rows that were just added are the last ones of their delivery, in the order of the hits.
        verdicts: list[Verdict | None] = [None] * len(hits)
        for place in reversed(places):
            verdicts[place] = judged[hits[place].delivery].pop().now.verdict
        return verdicts

    def rejudge(self, connection: Connection, before: Mapping[int, Row[Any]]) -> dict[int, list[Fresh]]:
        """Judge every hit of some locked deliveries anew, and fold what changes."""
        judged = {
            number: self._judged(kept, before[number]) for number, kept in _kept(connection, before).items()
        }
        everything = [one for fresh in judged.values() for one in fresh]
        _write_judgements(connection, everything)
        _write_events(connection, everything, before)
        for number in sorted(judged):
            _fold(connection, before[number], judged[number])
        _doubt(connection, judged)
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


def _values(hit: Hit) -> dict[str, object]:
    return {name: getattr(hit, name) for name in _FIELDS}


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


def _kept(connection: Connection, deliveries: Collection[int]) -> dict[int, list[Kept]]:
    """Read all hits of some deliveries with the verdicts that count, each delivery's in their order."""
    inside = sorted(deliveries)
    newest = select(func.max(_JUDGED.id)).where(_JUDGED.delivery.in_(inside)).group_by(_JUDGED.hit)
    judgements = {
        row.hit: row for row in connection.execute(select(tables.judgement).where(_JUDGED.id.in_(newest)))
    }
    kept: dict[int, list[Kept]] = {number: [] for number in deliveries}
    hits = select(tables.hit).where(_HIT.delivery.in_(inside)).order_by(_HIT.id)
    for row in connection.execute(hits).mappings():
        before = judgements.get(row["id"])
        hit = Hit(**{**{name: row[name] for name in _FIELDS}, "what": What(row["what"])})
        judgement = (
            None
            if before is None
            else Judgement(verdict=Verdict(before.verdict), reasons=tuple(before.reasons.split()))
        )
        kept[hit.delivery].append(Kept(row["id"], hit, judgement, before.rules if before else 0))
    return kept


def _write_judgements(connection: Connection, everything: Sequence[Fresh]) -> None:
    rows = [
        {
            "hit": one.kept.number,
            "delivery": one.kept.hit.delivery,
            "rules": RULES,
            "verdict": one.now.verdict,
            "reasons": " ".join(one.now.reasons),
        }
        for one in everything
        if (one.kept.before, one.kept.rules) != (one.now, RULES)
    ]
    if rows:
        connection.execute(insert(tables.judgement), rows)


def _write_events(
    connection: Connection, everything: Sequence[Fresh], before: Mapping[int, Row[Any]]
) -> None:
    """Add the events of hits that count from now on, and mark those of hits that count no more."""
    new = [
        {
            "delivery": one.kept.hit.delivery,
            "kind": _KIND[one.kept.hit.what],
            "at": one.kept.hit.at,
            "detail": one.kept.hit.detail,
            "bucket": before[one.kept.hit.delivery].bucket,
            "hit": one.kept.number,
        }
        for one in everything
        if one.counts and not one.counted
    ]
    if new:
        connection.execute(insert(tables.event), new)
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


def _fold(connection: Connection, row: Row[Any], fresh: Sequence[Fresh]) -> None:
    """Bring a delivery up to date with the verdicts on its hits."""
    values: dict[str, Any] = {
        name: getattr(row, name) + change for name, change in _changes(fresh).items() if change
    }
    added = [one.kept.hit for one in fresh if one.counts and not one.counted]
    gone = [one.kept.hit for one in fresh if one.counted and not one.counts]
    if gone:
        counted = [one.kept.hit for one in fresh if one.counts]
        values |= _anew(connection, row, counted)
    elif added:
        values |= _first(row, added)
    values = {name: value for name, value in values.items() if value != getattr(row, name)}
    if values:
        connection.execute(update(tables.delivery).where(_ROW.id == row.id).values(values))
    if any(one.kept.before is None and one.kept.hit.what != What.MUTATED for one in fresh):
        arrivals.arrive(connection, row, fresh[-1].kept.hit.at)
    if "reached_on" in values:
        (arrivals.spare if values["reached_on"] else arrivals.restore)(connection, row, fresh[-1].kept.hit.at)
    if gone or (added and min(one.day for one in added) < fresh[-1].kept.hit.day):
        _forget_standings(connection, row)


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
