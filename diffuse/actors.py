"""What a dramatiq worker runs: the beat, on every hint and on every poll of the database."""

import logging
import threading

import dramatiq
from dramatiq.middleware import Middleware

from diffuse import bootstrap
from diffuse.adapters.dramatiq_queue import ACTOR, QUEUE
from diffuse.errors import AuthoringError, DiffuseError
from diffuse.services.beat import Beat
from diffuse.settings import Settings

_log = logging.getLogger(__name__)


class Poll(Middleware):
    """Beats at a steady pace while a worker lives, whether or not hints arrive."""

    def __init__(self, beat: Beat, seconds: float) -> None:
        """Take the beat and the pause between two of them."""
        self._beat = beat
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name="diffuse-poll", daemon=True)

    def after_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002
        """Start polling."""
        self.start()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002
        """Stop polling after the beat that is under way."""
        self.stop()

    def start(self) -> None:
        """Start polling in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the beat that is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def run(self) -> None:
        """Beat until told to stop; the first beat comes at once."""
        while True:
            beat_once(self._beat)
            if self._stop.wait(self._seconds):
                return


def beat_once(beat: Beat) -> None:
    """Do one round and say what matters; a round that fails is told, and the next one comes."""
    try:
        done = beat.run()
    except DiffuseError as error:
        _log.error("%s", error)  # noqa: TRY400 -- one readable line, no traceback
        return
    if done.planned.added or done.planned.moved or done.planned.cancelled:
        _log.info(
            "planned %d, moved %d, cancelled %d", done.planned.added, done.planned.moved, done.planned.cancelled
        )
    if done.delivered.total:
        _log.info("delivered: %s", ", ".join(f"{count} {state}" for state, count in done.delivered.ended.items()))
    if done.delivered.trouble:
        _log.warning("%s; deliveries stay planned", done.delivered.trouble)
    if done.unknown:
        _log.warning("%d deliveries of a worker that died may or may not have been sent: unknown", done.unknown)


def declare(broker: dramatiq.Broker, beat: Beat, poll_seconds: float) -> None:
    """Put the beat and its poll on a broker."""

    @dramatiq.actor(broker=broker, queue_name=QUEUE, actor_name=ACTOR, max_retries=0)
    def run() -> None:
        beat_once(beat)

    broker.add_middleware(Poll(beat, poll_seconds))


def worker_broker(settings: Settings) -> dramatiq.Broker:
    """Put together what ``dramatiq worker:broker`` runs.

    Raises:
        AuthoringError: when no ``redis_url`` is set.
    """
    broker = bootstrap.broker(settings)
    if broker is None:
        raise AuthoringError.of(
            "DIFFUSE_REDIS_URL is missing",
            "the address of Redis for 'dramatiq worker:broker' ('diffuse up' needs none)",
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    declare(broker, bootstrap.app(settings, hints=broker).beat, settings.poll_seconds)
    return broker
