"""``diffuse up``: planner, sender and tracking service in one process, without Redis."""

import logging
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diffuse.errors import AuthoringError

if TYPE_CHECKING:
    import uvicorn

    from diffuse.bootstrap import App
    from diffuse.settings import Settings

PATIENCE = 5
"""Seconds that a request under way has when the service stops."""


@click.command()
@click.pass_obj
def up(config: Path | None) -> None:
    """Run planner, sender and tracking service until stopped (Ctrl-C or SIGTERM)."""
    from diffuse.actors import Poll, Rounds, log_plainly, open_worker
    from diffuse.settings import Settings

    log_plainly()
    stop = threading.Event()
    settings = Settings.load(config)
    app = open_worker(settings, stop)
    listener = _listener(settings.listen_host, settings.listen_port)
    server = _server(app, settings)
    _heed_signals(server)
    poll = Poll(Rounds(app.beat), settings.poll_seconds, stop)
    logging.getLogger(__name__).info(
        "tracking service on http://%s, looking for work every %g s",
        _address(listener),
        settings.poll_seconds,
    )
    poll.start()
    try:
        server.run([listener])
    finally:
        poll.stop()
        app.close()


def _listener(host: str, port: int) -> socket.socket:
    """Take the address before anything is sent: links must lead somewhere."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's algorithm on and each answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise AuthoringError.of(
            f"the tracking service cannot listen on {host}:{port}: {error.strerror}",
            "listen_host to be an address of this machine, and listen_port one that no other program uses",
        ) from error
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _server(app: "App", settings: "Settings") -> "uvicorn.Server":
    import uvicorn

    from diffuse.web.app import create_app
    from diffuse.web.log import json_lines
    from diffuse.web.pages import Pages

    web = create_app(
        app.record,
        app.clock,
        pages=Pages(app.templates),
        log=json_lines(sys.stdout),
        base_url=settings.base_url,
    )
    return uvicorn.Server(
        uvicorn.Config(web, log_level="warning", access_log=False, timeout_graceful_shutdown=PATIENCE)
    )


def _heed_signals(server: "uvicorn.Server") -> None:
    """End the service, not the process: uvicorn raises the signal again after it has stopped."""

    def leave(*_: object) -> None:
        server.should_exit = True

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
