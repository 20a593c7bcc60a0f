"""Reads what goes on: deliveries by state, what is due, how fast it leaves, and where there is trouble."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Select, and_, case, func, or_, select

from diffuse.adapters.sql.engine import reading
from diffuse.adapters.sql.tables import QUARTER, attempt, control, delivery, lane, post
from diffuse.adapters.sql.types import EPOCH, fixed, micros
from diffuse.domain.control import EVERYTHING
from diffuse.domain.delivery import State
from diffuse.domain.posting import WITHDRAWN
from diffuse.ports import Flow, Lane, Posts

LATELY = timedelta(minutes=5)
NEWEST = 20_000
"""Attempts that the rate is taken from at most: the newest ones."""

SHORTEST = timedelta(seconds=10)
"""Seconds over which a rate is taken at least."""

_ROW = delivery.c
_POST = post.c


class SqlOverview:
    """What goes on in a database."""

    def __init__(self, engine: Engine) -> None:
        """Use a database that has been upgraded."""
        self._engine = engine

    def flows(self, now: datetime) -> Mapping[str, Flow]:
        """Return what goes on in each campaign that has deliveries."""
        with reading(self._engine) as connection:
            states, due, rates = _states(connection), _due(connection, now), _rates(connection, now)
        return {
            name: Flow(states=found, due=due.get(name, 0), rate=rates.get(name, 0.0))
            for name, found in states.items()
        }

    def posts(self) -> Sequence[Posts]:
        """Return how the posts stand, by campaign, channel and state; none that count nothing."""
        is_withdrawn = and_(_POST.state == State.SENT, _POST.withdrawn_at.is_not(None))
        state = case((is_withdrawn, WITHDRAWN), else_=_POST.state)
        which = (_POST.campaign, _POST.channel, state.label("state"))
        counted = select(*which, func.count().label("number")).group_by(*which).order_by(*which)
        with reading(self._engine) as connection:
            return tuple(Posts(**one) for one in connection.execute(counted).mappings())

    def lanes(self, now: datetime) -> Sequence[Lane]:
        """Return the lanes in trouble, by name: servers and domains, and platforms that asked us to wait."""
        row = lane.c
        resting = select(row.name, row.until, row.reason).where(row.until > now)
        with reading(self._engine) as connection:
            found = [Lane(**one) for one in connection.execute(resting).mappings()]
            found += [_platform(*one) for one in connection.execute(_waiting(now))]
        last = {one.name: one for one in found}
        return tuple(last[name] for name in sorted(last))


def _states(connection: Connection) -> dict[str, dict[State, int]]:
    grouped = select(_ROW.campaign, _ROW.state, func.count()).group_by(_ROW.campaign, _ROW.state)
    states: dict[str, dict[State, int]] = {}
    for campaign, state, number in connection.execute(grouped.order_by(_ROW.campaign, _ROW.state)):
        states.setdefault(campaign, {})[State(state)] = number
    return states


def _due(connection: Connection, now: datetime) -> dict[str, int]:
    """Count what could leave now, by campaign; nothing of those that stand still."""
    standing_still = set(connection.scalars(select(control.c.campaign)))
    if EVERYTHING in standing_still:
        return {}
    statement = select(_ROW.campaign, func.count()).where(
        _ROW.state == fixed(State.PLANNED),
        _ROW.quarter <= micros(now) // micros(EPOCH + QUARTER),
        _ROW.due_at <= now,
        _ROW.not_after > now,
    )
    rows = connection.execute(statement.group_by(_ROW.campaign))
    return {campaign: number for campaign, number in rows if campaign not in standing_still}


def _rates(connection: Connection, now: datetime) -> dict[str, float]:
    """Return how many messages left a second in the last minutes, by campaign."""
    row = attempt.c
    newest = select(row.delivery, row.state, row.at).order_by(row.id.desc()).limit(NEWEST).subquery()
    lately = newest.c.at > now - LATELY
    first = connection.scalar(select(func.min(newest.c.at)).where(lately))
    if first is None:
        return {}
    sent = (
        select(_ROW.campaign, func.count())
        .join_from(newest, delivery, _ROW.id == newest.c.delivery)
        .where(lately, newest.c.state == State.SENT)
        .group_by(_ROW.campaign)
    )
    seconds = max(now - first, SHORTEST).total_seconds()
    return {campaign: number / seconds for campaign, number in connection.execute(sent)}


def _waiting(now: datetime) -> Select[Any]:
    """Select what waits because its platform said so: posts to be published, and those to be changed."""
    planned = and_(_POST.state == State.PLANNED, _POST.attempt > 0, _POST.due_at > now)
    standing = and_(_POST.state == State.SENT, _POST.lease_token == "", _POST.lease_until > now)
    until = case((planned, _POST.due_at), else_=_POST.lease_until)
    # What waits to be published says it in the platform's words for sure: it comes last, and is shown.
    words = select(_POST.channel, until, _POST.reason).where(_POST.reason != "", or_(planned, standing))
    return words.order_by(planned, until)


def _platform(channel: str, until: datetime, reason: str) -> Lane:
    return Lane(name=f"platform:{channel}", until=until, reason=reason)
