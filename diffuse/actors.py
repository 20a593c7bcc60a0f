"""What a worker runs: the beat, on every poll of the database and, under dramatiq, on every hint."""

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from time import monotonic
from typing import TYPE_CHECKING

import dramatiq
from dramatiq.middleware import Middleware

from diffuse import bootstrap
from diffuse.adapters.log_lines import formatter
from diffuse.errors import AuthoringError, DiffuseError
from diffuse.services.beat import Beat, Round

if TYPE_CHECKING:
    from diffuse.settings import Settings

_log = logging.getLogger(__name__)


TICK = 0.5
"""Seconds between two looks at what other processes of this machine left, and at the parent."""

PATIENCE = 25.0
"""Seconds that a round has to end once the worker is told to stop."""

SWITCH = 0.0003
"""Seconds that a thread computes while others wait: a mail server's answer must not wait for a turn."""

YOUNG = 20_000
"""Objects after which garbage is looked for: messages and requests leave no cycles behind them."""

LAST = 28.0
"""Seconds after which the process ends all the same: dramatiq waits for ever for a broker that is away."""


class Rounds:
    """Beats, and says what matters in the log: a trouble once when it begins, and once when it is over."""

    def __init__(self, beat: Beat) -> None:
        """Take the beat."""
        self._beat = beat
        self._troubles: dict[str, str] = {}
        self._platforms: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    def run(self) -> None:
        """Do one round; one that fails is told, and the next one comes."""
        try:
            done = self._beat.run()
        except DiffuseError as error:
            self._tell("round", str(error))
        except Exception:  # noqa: BLE001 -- a fault in one round must not end the worker in silence
            _log.exception("this round failed by a fault of diffuse itself; the next one comes as usual")
        else:
            self._tell("round", "")
            self._report(done)

    def somebody_died(self) -> bool:
        """Tell whether a process of this machine died at work."""
        return self._beat.somebody_died()

    def _report(self, done: Round) -> None:
        planned, delivered = done.planned, done.delivered
        changed = {name: count for name, count in asdict(planned).items() if count}
        if changed:
            _log.info("plan: %s", ", ".join(f"{count} {name}" for name, count in changed.items()))
        if delivered.total:
            ended = (f"{count} {state}" for state, count in delivered.ended.items())
            _log.info("delivered: %s", ", ".join(ended))
        if delivered.trouble:
            self._tell("channel", f"{delivered.trouble}; deliveries stay planned")
        elif delivered.total:
            self._tell("channel", "")
        if done.announced.done:
            _log.info("posts: %s", ", ".join(f"{n} {what}" for what, n in done.announced.done.items()))
        for channel in {*done.announced.troubles, *self._platforms}:
            trouble = done.announced.troubles.get(channel, "")
            self._tell(f"platform {channel}", f"{channel}: {trouble}; its posts wait" if trouble else "")
        self._platforms = frozenset(done.announced.troubles)
        if done.unknown:
            _log.warning(
                "%d deliveries of a worker that died may or may not have been sent: unknown", done.unknown
            )

    def _tell(self, about: str, text: str) -> None:
        """Log a trouble that is new, or that an old one is over (an empty text)."""
        with self._lock:
            before, self._troubles[about] = self._troubles.get(about, ""), text
        if text and text != before:
            _log.warning("%s", text)
        elif before and not text:
            _log.info("this is over: %s", before)


class Poll:
    """Beats at a steady pace in a thread of its own, whether or not hints arrive.

    Between two rounds it looks every half second whether another process of this machine died at work, whose
    messages are then settled at once.
    """

    def __init__(
        self, rounds: Rounds, seconds: float, stop: threading.Event, *, parent: int | None = None
    ) -> None:
        """Take the rounds, the pause between two of them, and the event that ends them.

        With ``parent``, the number of the process that started this one, it ends as soon as that is gone.
        """
        self._rounds = rounds
        self._seconds = seconds
        self._stop = stop
        self._parent = parent
        self._thread = threading.Thread(target=self._run, name="diffuse-poll", daemon=True)
        self._watch = threading.Thread(target=self._mind_parent, name="diffuse-parent", daemon=True)

    def start(self) -> None:
        """Start the thread; its first round comes at once."""
        self._thread.start()
        if self._parent is not None:
            self._watch.start()

    def stop(self) -> None:
        """End the thread after the messages that are under way, within half a minute."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._rounds.run()
            next_round = monotonic() + self._seconds
            while (left := next_round - monotonic()) > 0 and not self._stop.wait(min(left, TICK)):
                if self._rounds.somebody_died():
                    break

    def _mind_parent(self) -> None:
        """End this process the ordinary way when nobody is left to end it."""
        while not self._stop.wait(TICK):
            if os.getppid() != self._parent:
                _log.warning("the process that started this worker is gone; it ends")
                os.kill(os.getpid(), signal.SIGTERM)
                return


class Polling(Middleware):
    """Polls while a dramatiq worker lives, and closes what it used."""

    def __init__(self, poll: Poll, close: Callable[[], None]) -> None:
        """Take the poll, and what is to be done when nothing runs any more."""
        self._poll = poll
        self._close = close
        self._giving_up = threading.Timer(LAST, _leave)
        self._giving_up.daemon = True

    def after_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002
        """Start polling."""
        self._poll.start()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002
        """Stop polling, and every round that a hint has started."""
        self._giving_up.start()
        self._poll.stop()

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002
        """Close when no thread sends any more."""
        self._giving_up.cancel()
        self._close()


def _leave() -> None:
    """End this process at once; what it has not finished is settled by another one, as after a kill."""
    _log.warning("something holds this worker up, such as a broker that is away; it ends all the same")
    logging.shutdown()
    os._exit(0)


def log_to_stderr(log_format: str) -> None:
    """Log to standard error, as ``text`` or ``json``: what diffuse does, and what libraries find wrong."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(log_format))
    # dramatiq has set its own format before it loads a worker.
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # It would tell every address, and that of a chat is a secret.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def open_worker(
    settings: "Settings", stop: threading.Event, hints: dramatiq.Broker | None = None
) -> bootstrap.App:
    """Open the installation for a process that sends until the event is set."""
    sys.setswitchinterval(SWITCH)
    app = bootstrap.app(settings, hints=hints, stop=stop)
    settle_down()
    return app


def settle_down() -> None:
    """Look for garbage among what comes from now on: what stands by now stays for good."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)


def declare(broker: dramatiq.Broker, rounds: Rounds, polling: Polling) -> None:
    """Put the rounds and their poll on a broker."""
    from diffuse.adapters.dramatiq_queue import ACTOR, QUEUE  # noqa: PLC0415 -- 'diffuse up' has no Redis

    # A round lasts as long as there is work: dramatiq would end it in the middle of a message.
    @dramatiq.actor(broker=broker, queue_name=QUEUE, actor_name=ACTOR, max_retries=0, time_limit=float("inf"))
    def run() -> None:
        rounds.run()

    broker.add_middleware(polling)


def worker_broker(settings: "Settings") -> dramatiq.Broker:
    """Put together what ``dramatiq worker:broker`` runs.

    Raises:
        AuthoringError: when neither ``redis_url`` nor ``rabbitmq_url`` is set.
    """
    log_to_stderr(settings.log_format)
    broker = bootstrap.broker(settings)
    if broker is None:
        raise AuthoringError.of(
            "DIFFUSE_REDIS_URL or DIFFUSE_RABBITMQ_URL is missing",
            "the address of Redis or RabbitMQ for 'dramatiq worker:broker' ('diffuse up' needs none)",
        )
    stop = threading.Event()
    app = open_worker(settings, stop, broker)
    rounds = Rounds(app.beat)
    poll = Poll(rounds, settings.poll_seconds, stop, parent=os.getppid())
    declare(broker, rounds, Polling(poll, app.close))
    return broker
