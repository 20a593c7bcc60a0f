"""Hints through dramatiq, on a broker in memory; Redis itself is met in the suites."""

import logging

import dramatiq
import pytest
import redis
from dramatiq.brokers.stub import StubBroker

from diffuse.adapters.clock import SystemClock
from diffuse.adapters.dramatiq_queue import ACTOR, QUEUE, DramatiqQueue, redis_broker
from diffuse.adapters.no_queue import NoQueue
from diffuse.errors import AuthoringError


class DeafBroker(StubBroker):
    """A broker that cannot be reached."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def enqueue(
        self, message: dramatiq.Message[object], *, delay: int | None = None
    ) -> dramatiq.Message[object]:
        raise self.error


def test_a_hint_is_a_message_without_content_for_the_beat() -> None:
    broker = StubBroker()
    queue = DramatiqQueue(broker)
    queue.kick()
    queue.kick()
    hints = [dramatiq.Message.decode(data) for data in broker.queues[QUEUE].queue]
    assert [(hint.actor_name, hint.args, hint.kwargs) for hint in hints] == [(ACTOR, (), {})] * 2


@pytest.mark.parametrize(
    "error",
    [
        redis.ConnectionError("Error 111 connecting to 127.0.0.1:6379. Connection refused."),
        redis.TimeoutError("Timeout connecting to server"),
        dramatiq.errors.ConnectionClosed("closed"),  # type: ignore[no-untyped-call]
    ],
)
def test_a_broker_that_is_away_costs_a_warning_and_nothing_else(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        DramatiqQueue(DeafBroker(error)).kick()
    assert caplog.messages == [f"no hint given ({error}); the next poll of the database does the work"]


def test_a_broker_on_redis_connects_at_its_first_use_and_tries_a_hint_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Nothing listens on port 1.
    DramatiqQueue(redis_broker("redis://:hush-hush@127.0.0.1:1/0")).kick()
    (said,) = caplog.messages
    assert said.startswith("no hint given (")
    assert "hush-hush" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "http://:hush-hush@localhost",
        "redis://:hush-hush@localhost:port/0",
        "redis://:hush-hush@localhost/0?socket_timeouts=5",
        "redis://:hush-hush@localhost/0?socket_timeout=five",
        "",
    ],
)
def test_an_address_that_redis_cannot_use_is_refused_at_start_without_its_password(url: str) -> None:
    with pytest.raises(AuthoringError) as refused:
        redis_broker(url)
    assert str(refused.value) == "redis_url is not an address; expected redis://host:6379/0"
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_an_installation_without_redis_gives_no_hints() -> None:
    NoQueue().kick()


def test_the_clock_of_the_machine_tells_aware_instants_in_utc() -> None:
    first, second = SystemClock().now(), SystemClock().now()
    assert str(first.tzinfo) == "UTC"
    assert first <= second
