"""Operate: what an operator may do with campaigns and deliveries, and what they see of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from diffuse.domain.campaign import Campaign
from diffuse.domain.condition import Condition, condition
from diffuse.domain.control import EVERYTHING, Standstill, Stop
from diffuse.domain.delivery import State
from diffuse.domain.posting import Posting
from diffuse.errors import AuthoringError, nearest
from diffuse.ports import (
    Clock,
    Control,
    Flow,
    Lane,
    Overview,
    Postings,
    Posts,
    Publications,
    Queue,
    Settled,
    Waiting,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What an operator sees of a campaign.

    Attributes:
        why: why it stands still, in words.
        left: how long the due ones take at the rate of the last minutes; None when nothing is due, or moves.
    """

    campaign: str
    condition: Condition
    why: str
    flow: Flow
    left: timedelta | None


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """What an operator sees: why everything is halted (or None), campaigns, posts, lanes in trouble."""

    halted: Stop | None
    lines: Sequence[Line]
    lanes: Sequence[Lane]
    posts: Sequence[Posts]


class Operate:
    """Carries out what operators decide."""

    def __init__(  # noqa: PLR0913 -- one collaborator each
        self,
        *,
        clock: Clock,
        control: Control,
        overview: Overview,
        publications: Publications,
        postings: Postings,
        queue: Queue,
    ) -> None:
        """Take the collaborators."""
        self._postings = postings
        self._clock = clock
        self._control = control
        self._overview = overview
        self._publications = publications
        self._queue = queue

    def pause(self, campaign: str, reason: str) -> int:
        """Stop a campaign for a while; return how many deliveries are held.

        Raises:
            AuthoringError: for a campaign that is not known, or is cancelled.
        """
        self._known(campaign)
        self._refuse_cancelled(campaign)
        return self._control.pause(campaign, reason, self._clock.now())

    def resume(self, campaign: str) -> int:
        """End a pause; return how many deliveries are planned again.

        Raises:
            AuthoringError: for a campaign that is not known, or is cancelled.
        """
        self._known(campaign)
        self._refuse_cancelled(campaign)
        count = self._control.resume(campaign, self._clock.now())
        self._queue.kick()
        return count

    def cancel(self, campaign: str, reason: str) -> int:
        """Stop a campaign until it is launched again; return how many deliveries are cancelled.

        Raises:
            AuthoringError: for a campaign that is not known.
        """
        self._known(campaign)
        return self._control.cancel(campaign, reason, self._clock.now())

    def confirm(self) -> Stop | None:
        """Let everything go on after a halt; return what stood still, or None."""
        stop = self._control.confirm(self._clock.now())
        self._queue.kick()
        return stop

    def waiting(self, state: State, campaign: str | None, limit: int) -> Sequence[Waiting]:
        """Return deliveries in a state, by id.

        Raises:
            AuthoringError: for a campaign that is not known.
        """
        if campaign is not None:
            self._known(campaign)
        return self._control.waiting(state, campaign, limit=limit)

    def settle(self, ids: Collection[int], state: State, by: str) -> Settled:
        """Settle deliveries of unknown fate: sent, or planned again because they were not accepted."""
        done = self._control.settle(ids, state, by, self._clock.now())
        self._queue.kick()
        return done

    def retry(self, campaign: str, by: str) -> int:
        """Plan again what failed of a campaign, and only that; return how many.

        Raises:
            AuthoringError: for a campaign that is not known, or is cancelled.
        """
        self._known(campaign)
        self._refuse_cancelled(campaign)
        count = self._control.retry(campaign, by, self._clock.now())
        self._queue.kick()
        return count

    def posts(self, standing: str | None, campaign: str | None) -> Sequence[Posting]:
        """Return posts by number: those that stand so, and of a campaign, where one is named.

        Raises:
            AuthoringError: for a campaign that is not known.
        """
        if campaign is not None:
            self._known(campaign)
        return [
            one
            for one in self._postings.all()
            if campaign in (None, one.campaign) and standing in (None, one.standing)
        ]

    def settle_posts(self, ids: Collection[int], state: State, by: str) -> Settled:
        """Settle posts of unknown fate: sent, or planned again because they are not there."""
        done = self._postings.settle(ids, state, by, self._clock.now())
        self._queue.kick()
        return done

    def retry_posts(self, campaign: str, by: str) -> int:
        """Plan again the posts of a campaign that failed; return how many.

        Raises:
            AuthoringError: for a campaign that is not known, or is cancelled.
        """
        self._known(campaign)
        self._refuse_cancelled(campaign)
        count = self._postings.retry(campaign, by, self._clock.now())
        self._queue.kick()
        return count

    def view(self) -> View:
        """Return what an operator sees."""
        now = self._clock.now()
        stops = {one.campaign: one for one in self._control.stops()}
        flow = self._overview.flows(now)
        lines = [
            _line(one.campaign, flow.get(one.campaign.id, Flow(states={})), stops, now.date())
            for one in self._publications.running()
        ]
        return View(
            halted=stops.get(EVERYTHING),
            lines=lines,
            lanes=self._overview.lanes(now),
            posts=self._overview.posts(),
        )

    def _known(self, campaign: str) -> None:
        names = [one.campaign.id for one in self._publications.running()]
        if campaign not in names:
            raise AuthoringError.of(
                f"no campaign {campaign!r} was launched",
                f"one of {', '.join(names)}" if names else "a campaign that was launched",
                suggestion=nearest(campaign, names),
            )

    def _refuse_cancelled(self, campaign: str) -> None:
        for stop in self._control.stops():
            if (stop.campaign, stop.state) == (campaign, Standstill.CANCELLED):
                raise AuthoringError.of(
                    f"the campaign {campaign!r} is cancelled",
                    "that it is launched again first: diffuse launch",
                )


def _line(campaign: Campaign, flow: Flow, stops: Mapping[str, Stop], today: date) -> Line:
    stop = stops.get(campaign.id)
    left = timedelta(seconds=flow.due / flow.rate) if flow.due and flow.rate else None
    return Line(
        campaign=campaign.id,
        condition=condition(campaign, flow.states, stop, today),
        why=stop.reason if stop else "",
        flow=flow,
        left=left,
    )
