"""Hints through dramatiq, on a broker in memory; Redis and RabbitMQ themselves are met elsewhere."""

import logging
import threading

import dramatiq
import pytest
import redis
from dramatiq.brokers.stub import StubBroker

from diffuse.adapters.clock import SystemClock
from diffuse.adapters.dramatiq_queue import ACTOR, QUEUE, DramatiqQueue, redis_broker
from diffuse.adapters.no_queue import NoQueue
from diffuse.adapters.rabbitmq_broker import ANSWER, HEARTBEAT, rabbitmq_broker
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


class StuckBroker(StubBroker):
    """A broker that takes a hint only when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()
        self.asked, self.taken = 0, threading.Semaphore(0)

    def enqueue(
        self, message: dramatiq.Message[object], *, delay: int | None = None
    ) -> dramatiq.Message[object]:
        self.asked += 1
        assert self.let_go.wait(60)
        self.taken.release()
        return message


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


def test_a_broker_that_does_not_answer_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    broker = StuckBroker()
    queue = DramatiqQueue(broker, patience=0.01)
    queue.kick()
    assert caplog.messages == ["no hint given yet (no answer); the next poll of the database does the work"]
    queue.kick()
    queue.kick()
    assert (broker.asked, len(caplog.messages)) == (1, 1)
    broker.let_go.set()
    assert broker.taken.acquire(timeout=60)


def test_a_hint_after_one_that_was_stuck_is_given_again() -> None:
    broker = StuckBroker()
    queue = DramatiqQueue(broker, patience=0.01)
    queue.kick()
    broker.let_go.set()
    assert queue._busy.acquire(timeout=60)
    queue._busy.release()
    queue.kick()
    assert broker.asked == 2


def test_a_hint_that_fails_does_not_stop_the_next_one(caplog: pytest.LogCaptureFixture) -> None:
    queue = DramatiqQueue(DeafBroker(redis.ConnectionError("refused")))
    queue.kick()
    queue.kick()
    assert len(caplog.messages) == 2


@pytest.mark.parametrize(
    "broker",
    # Nothing listens on port 1.
    [
        redis_broker("redis://:hush-hush@127.0.0.1:1/0"),
        rabbitmq_broker("amqp://diffuse:hush-hush@127.0.0.1:1/%2F"),
        rabbitmq_broker("amqps://diffuse:hush-hush@127.0.0.1:1/%2F"),
        rabbitmq_broker("amqp://a:hush-hush@127.0.0.1:1/%2F;amqp://b:hush-hush@127.0.0.1:1/%2F"),
    ],
    ids=["redis", "rabbitmq", "rabbitmq over TLS", "rabbitmq cluster"],
)
def test_a_broker_connects_at_its_first_use_and_says_in_one_line_why_it_cannot(
    broker: dramatiq.Broker, caplog: pytest.LogCaptureFixture
) -> None:
    DramatiqQueue(broker).kick()
    (said,) = caplog.messages
    assert said.startswith("no hint given (")
    assert "refused" in said
    assert "hush-hush" not in caplog.text


def test_a_worker_without_rabbitmq_is_told_so_in_a_few_words() -> None:
    with pytest.raises(dramatiq.errors.ConnectionClosed) as closed:
        rabbitmq_broker("amqp://diffuse:hush-hush@127.0.0.1:1/%2F").consume(QUEUE)
    assert str(closed.value) == "Connection refused"


def test_rabbitmq_confirms_each_hint_and_nothing_waits_for_it_for_long() -> None:
    broker = rabbitmq_broker("amqp://diffuse:hush-hush@localhost/%2F?heartbeat=600&connection_attempts=9")
    assert broker.confirm_delivery
    (set_to,) = broker.parameters
    assert (set_to.socket_timeout, set_to.stack_timeout, set_to.blocked_connection_timeout) == (ANSWER,) * 3
    assert (set_to.heartbeat, set_to.connection_attempts) == (HEARTBEAT, 1)


@pytest.mark.parametrize(
    "url",
    [
        "localhost:5672",
        "http://:hush-hush@localhost",
        "redis://localhost",
        "amqp://",
        "amqp://diffuse:hush-hush@",
        "amqp://:5672",
        "amqp://diffuse:hush-hush@localhost:port/%2F",
        "amqp://diffuse:hush-hush@localhost/%2F?heartbeats=5",
        "amqp://diffuse:hush-hush@localhost/%2F?heartbeat=five",
        "amqps://diffuse:hush-hush@localhost/%2F?ssl_options=(",
        "amqp://diffuse:hush-hush@one;http://two",
        "amqp://diffuse:hush-hush@one;",
        "",
    ],
)
def test_an_address_that_rabbitmq_cannot_use_is_refused_at_start_without_its_password(url: str) -> None:
    with pytest.raises(AuthoringError) as refused:
        rabbitmq_broker(url)
    said = "rabbitmq_url is not an address; expected amqp://name:password@host:5672/%2F"
    assert str(refused.value) == said
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


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
