"""A broker of hints on RabbitMQ, where that is what an organisation has."""

import logging
from typing import Never
from urllib.parse import urlsplit

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.errors import ConnectionClosed

from diffuse.errors import AuthoringError

ANSWER = 5.0
"""Seconds that RabbitMQ has for an answer."""

HEARTBEAT = 10
"""Seconds: after two or three times as long without a sign of life, a worker connects anew."""


class _Rabbit(RabbitmqBroker):
    """Connects for each hint, and tells in one line why it cannot.

    A connection kept from one hint to the next dies in between: nobody would answer its heartbeats.
    """

    def enqueue(
        self, message: dramatiq.Message[object], *, delay: int | None = None
    ) -> dramatiq.Message[object]:
        """Hand over a message; RabbitMQ has confirmed it when this returns."""
        try:
            return super().enqueue(message, delay=delay)
        except Exception as error:  # noqa: BLE001 -- pika lets errors of sockets, TLS and its own through
            _closed(error)
        finally:
            del self.connection

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> dramatiq.Consumer:
        """Receive hints; a worker tries again every three seconds when this fails."""
        try:
            return super().consume(queue_name, prefetch, timeout)
        except Exception as error:  # noqa: BLE001 -- as above; dramatiq would log a traceback each time
            _closed(error)


def rabbitmq_broker(url: str) -> RabbitmqBroker:
    """Make a broker on RabbitMQ; it connects at its first use, and each hint is confirmed."""
    try:
        # A cluster has several addresses, with semicolons between them.
        urls = url.split(";")
        for one in map(urlsplit, urls):
            if one.scheme not in {"amqp", "amqps"} or not one.hostname:
                raise ValueError  # noqa: TRY301 -- pika would take it for localhost
        broker = _Rabbit(url=urls, confirm_delivery=True)
    except (TypeError, ValueError, SyntaxError):
        # The cause is not shown: it may quote the password.
        raise AuthoringError.of(
            "rabbitmq_url is not an address", "amqp://name:password@host:5672/%2F"
        ) from None
    # pika tells each failed attempt in ten lines; whoever uses the broker tells it in one.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    for parameters in broker.parameters:
        parameters.socket_timeout = parameters.stack_timeout = ANSWER
        parameters.blocked_connection_timeout = ANSWER
        parameters.connection_attempts = 1
        parameters.heartbeat = HEARTBEAT
    return broker


def _closed(error: Exception) -> Never:
    raise ConnectionClosed(_reason(error)) from None  # type: ignore[no-untyped-call]


def _reason(error: BaseException) -> str:
    """Say in a few words why RabbitMQ cannot be used: the innermost error knows."""
    inner = next((one for one in error.args if isinstance(one, BaseException)), None)
    inner = inner or getattr(error, "exception", None)
    if inner is not None:
        return _reason(inner)
    name = type(error).__name__
    said = getattr(error, "reply_text", None) or getattr(error, "strerror", None)
    return str(said or ("no answer in time" if name.endswith("Timeout") else name))
