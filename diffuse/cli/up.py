"""``diffuse up``: planner, sender and tracking service in one process, without Redis."""

import logging
import sys
from pathlib import Path

import click
import uvicorn

from diffuse.actors import Poll
from diffuse.cli.errors import open_app
from diffuse.web.app import create_app
from diffuse.web.log import json_lines
from diffuse.web.pages import Pages


@click.command()
@click.pass_obj
def up(config: Path | None) -> None:
    """Run planner, sender and tracking service until stopped (Ctrl-C or SIGTERM)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings, app = open_app(config)
    poll = Poll(app.beat, settings.poll_seconds)
    web = create_app(
        app.record, app.clock, pages=Pages(app.templates), log=json_lines(sys.stdout), base_url=settings.base_url
    )
    server = uvicorn.Server(
        uvicorn.Config(
            web, host=settings.listen_host, port=settings.listen_port, log_level="warning", access_log=False
        )
    )
    logging.getLogger(__name__).info(
        "tracking service on http://%s:%d, looking for work every %g s",
        settings.listen_host,
        settings.listen_port,
        settings.poll_seconds,
    )
    poll.start()
    try:
        server.run()
    finally:
        poll.stop()
        app.engine.dispose()

