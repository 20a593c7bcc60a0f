"""``diffuse up``: planner, sender and tracking service in one process, without Redis."""

import logging
import threading
from pathlib import Path

import click

from diffuse.cli.tracking import address, listener, server


@click.command()
@click.pass_obj
def up(config: Path | None) -> None:
    """Run planner, sender and tracking service until stopped (Ctrl-C or SIGTERM)."""
    from diffuse.actors import Poll, Rounds, log_to_stderr, open_worker
    from diffuse.settings import Settings

    settings = Settings.load(config)
    log_to_stderr(settings.log_format)
    stop = threading.Event()
    app = open_worker(settings, stop)
    listening = listener(settings.listen_host, settings.listen_port)
    tracking = server(app, settings)
    poll = Poll(Rounds(app.beat), settings.poll_seconds, stop)
    logging.getLogger(__name__).info(
        "tracking service on http://%s, looking for work every %g s",
        address(listening),
        settings.poll_seconds,
    )
    poll.start()
    try:
        tracking.run([listening])
    finally:
        poll.stop()
        app.close()
