"""What Prometheus scrapes: counts and ages from the database, and nothing about any employee."""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from diffuse.domain.control import EVERYTHING
from diffuse.domain.delivery import State
from diffuse.domain.posting import STANDINGS
from diffuse.errors import DiffuseError
from diffuse.ports import Clock, Gauges, Reading
from diffuse.web.api import Refused, admit

ENDINGS = (State.SENT, State.FAILED, State.PLANNED, State.UNKNOWN)
"""How an attempt ends: each of them is shown, also when none ended so."""


class Metrics:
    """``GET /metrics`` for whoever has the token."""

    def __init__(self, gauges: Gauges, clock: Clock, token: str) -> None:
        """Take what reads the database, its clock, and the token that the scraper sends."""
        self._gauges = gauges
        self._clock = clock
        self._token = token

    @property
    def routes(self) -> list[Route]:
        """Where it is found."""
        return [Route("/metrics", self.answer, methods=["GET"])]

    async def answer(self, request: Request) -> Response:
        """Answer in Prometheus' text format; 503 while the database cannot be read."""
        try:
            admit(request, self._token)
            text = await run_in_threadpool(self._text)
        except Refused as refused:
            headers = {"WWW-Authenticate": "Bearer"}
            return PlainTextResponse(f"{refused}\n", refused.status, headers=headers)
        except DiffuseError as error:
            return PlainTextResponse(f"{error}\n", 503)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"})

    def _text(self) -> bytes:
        now = self._clock.now()
        registry = CollectorRegistry()
        registry.register(Families(self._gauges.read(now), now))
        return generate_latest(registry)


class Families(Collector):
    """A reading as metric families."""

    def __init__(self, reading: Reading, now: datetime) -> None:
        """Take the reading, and the instant from which ages count."""
        self._reading = reading
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Yield each family with its samples."""
        yield from (self._deliveries(), self._due(), self._oldest(), self._attempts(), self._leases())
        yield from (self._lanes(), self._halted(), self._stopped(), self._seen(), self._posts())

    def _deliveries(self) -> Metric:
        family = GaugeMetricFamily(
            "diffuse_deliveries", "Deliveries in a state.", labels=("campaign", "state")
        )
        for campaign, flow in self._reading.flows.items():
            for state in State:
                family.add_metric((campaign, state), flow.states.get(state, 0))
        return family

    def _due(self) -> Metric:
        family = GaugeMetricFamily(
            "diffuse_deliveries_due", "Deliveries that could leave now.", labels=("campaign",)
        )
        for campaign, flow in self._reading.flows.items():
            family.add_metric((campaign,), flow.due)
        return family

    def _oldest(self) -> Metric:
        oldest = self._reading.oldest
        return GaugeMetricFamily(
            "diffuse_oldest_due_age_seconds",
            "For how long the oldest delivery that could leave now has been due; 0 when none is.",
            value=0.0 if oldest is None else (self._now - oldest).total_seconds(),
        )

    def _attempts(self) -> Metric:
        family = CounterMetricFamily(
            "diffuse_attempts",
            "Attempts that ended in a state, what settled them later too.",
            labels=("state",),
        )
        for state, number in {**dict.fromkeys(ENDINGS, 0), **self._reading.attempts}.items():
            family.add_metric((state,), number)
        return family

    def _leases(self) -> Metric:
        return GaugeMetricFamily(
            "diffuse_leases_expired",
            "Deliveries in the hands of a worker whose time for them has run out.",
            value=self._reading.expired,
        )

    def _lanes(self) -> Metric:
        family = GaugeMetricFamily(
            "diffuse_lane_in_trouble",
            "1 while a mail server, a domain or a platform rests.",
            labels=("lane",),
        )
        for lane in self._reading.lanes:
            family.add_metric((lane,), 1)
        return family

    def _halted(self) -> Metric:
        halted = any(one.campaign == EVERYTHING for one in self._reading.stops)
        return GaugeMetricFamily("diffuse_halted", "1 while nothing leaves at all, else 0.", value=halted)

    def _stopped(self) -> Metric:
        family = GaugeMetricFamily(
            "diffuse_campaign_stopped", "1 while a campaign stands still.", labels=("campaign", "state")
        )
        for one in self._reading.stops:
            if one.campaign != EVERYTHING:
                family.add_metric((one.campaign, one.state), 1)
        return family

    def _seen(self) -> Metric:
        ticked_at = self._reading.ticked_at
        return GaugeMetricFamily(
            "diffuse_worker_last_seen_timestamp_seconds",
            "When a worker last looked at the database; 0 when none ever did.",
            value=0.0 if ticked_at is None else ticked_at.timestamp(),
        )

    def _posts(self) -> Metric:
        family = GaugeMetricFamily(
            "diffuse_posts",
            "Intranet posts in a state; sent ones stand there.",
            labels=("campaign", "channel", "state"),
        )
        counts = {(one.campaign, one.channel, one.state): one.number for one in self._reading.posts}
        for campaign, channel in dict.fromkeys(key[:2] for key in counts):
            for state in STANDINGS:
                family.add_metric((campaign, channel, state), counts.get((campaign, channel, state), 0))
        return family
