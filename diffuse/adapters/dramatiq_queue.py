"""Hints through dramatiq: a message without content that says «look at the database now»."""

import logging
import threading

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import DramatiqError
from redis.backoff import NoBackoff
from redis.retry import Retry

from diffuse.errors import AuthoringError

QUEUE, ACTOR = "diffuse", "beat"
SOCKET_TIMEOUT = 5.0
"""Seconds that Redis has for an answer."""

PATIENCE = 2.0
"""Seconds that whoever gives a hint waits for it to be taken."""

MAINTENANCE_CHANCE = 100_000
"""In a million calls: how often the broker looks for messages of dead workers."""

_log = logging.getLogger(__name__)


def redis_broker(url: str) -> RedisBroker:
    """Make a broker on Redis; it connects at its first use. A hint is tried once: a poll heals a lost one."""
    try:
        client = redis.Redis.from_url(
            url,
            socket_timeout=SOCKET_TIMEOUT,
            socket_connect_timeout=SOCKET_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )
        # Connects to nothing, but refuses an option of the address that does not exist.
        client.connection_pool.connection_class(**client.connection_pool.connection_kwargs)
    except (TypeError, ValueError):
        # The cause is not shown: it may quote the password.
        raise AuthoringError.of("redis_url is not an address", "redis://host:6379/0") from None
    return RedisBroker(client=client, maintenance_chance=MAINTENANCE_CHANCE)  # type: ignore[no-untyped-call]


class DramatiqQueue:
    """Gives hints through a broker; never fails, and never waits for long."""

    def __init__(self, broker: dramatiq.Broker, *, patience: float = PATIENCE) -> None:
        """Take the broker and declare the queue on it.

        Args:
            broker: carries the hints.
            patience: seconds to wait for a hint to be taken; then it may still be taken, or not.
        """
        self._broker = broker
        self._patience = patience
        self._busy = threading.Lock()
        broker.declare_queue(QUEUE)

    def kick(self) -> None:
        """Hint that there is something to do; a broker that is away costs at most one poll."""
        if not self._busy.acquire(blocking=False):
            return  # the hint before this one is still on its way, and says the same
        # In a thread of its own: no client's timeout holds for a name server, or for all attempts together.
        hint = threading.Thread(target=self._give, name="diffuse-hint", daemon=True)
        hint.start()
        hint.join(self._patience)
        if hint.is_alive():
            _log.warning("no hint given yet (no answer); the next poll of the database does the work")

    def _give(self) -> None:
        message: dramatiq.Message[None] = dramatiq.Message(
            queue_name=QUEUE, actor_name=ACTOR, args=(), kwargs={}, options={}
        )
        try:
            self._broker.enqueue(message)
        except (redis.RedisError, DramatiqError) as error:
            _log.warning("no hint given (%s); the next poll of the database does the work", error)
        finally:
            self._busy.release()
