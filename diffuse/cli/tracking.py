"""The tracking service of a command: its socket, its server, and how it ends."""

import signal
import socket
import sys
from typing import TYPE_CHECKING

from diffuse.errors import AuthoringError

if TYPE_CHECKING:
    import uvicorn
    from starlette.routing import Route

    from diffuse.bootstrap import App
    from diffuse.settings import Settings
    from diffuse.web.pages import Pages

PATIENCE = 5
"""Seconds that a request under way has when the service stops."""


def listener(host: str, port: int) -> socket.socket:
    """Take the address before anything is sent: links must lead somewhere."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's algorithm on and each answer waits 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise AuthoringError.of(
            f"the tracking service cannot listen on {host}:{port}: {error.strerror}",
            "listen_host to be an address of this machine, and listen_port one that no other program uses",
        ) from error
    return listening


def address(listening: socket.socket) -> str:
    """Write where a socket listens."""
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def server(app: "App", settings: "Settings") -> "uvicorn.Server":
    """Build the tracking service; SIGTERM and Ctrl-C end it."""
    import uvicorn

    from diffuse.adapters.clock import SystemClock
    from diffuse.web.app import create_app
    from diffuse.web.intranet import Intranet
    from diffuse.web.log import json_lines
    from diffuse.web.pages import Pages

    token, pages = settings.api_token.get_secret_value(), Pages(app.templates)
    web = create_app(
        app.record,
        SystemClock(),  # the database's own would keep each answer waiting, and fail with it
        pages=pages,
        gauges=app.gauges,
        log=json_lines(sys.stdout),
        base_url=settings.base_url,
        mine=app.mine,
        api=_for_other_systems(app, pages, token) if token else (),
        trusted_proxies=settings.trusted_proxies,
        intranet=Intranet(
            meet=app.meet,
            owed=app.owed,
            identify=app.identify,
            signer=app.signer,
            clock=SystemClock(),
            provider=app.provider,
            identity_header=settings.identity_header,
            magic_links=settings.magic_links,
            feeds=app.feeds,
            widget_origins=settings.widget_origins,
        ),
    )
    # Without a configuration of its own, uvicorn writes its lines as diffuse does.
    options = uvicorn.Config(
        web,
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # it believes whoever is on this machine; trusted_proxies says who is
        timeout_graceful_shutdown=PATIENCE,
    )
    running = uvicorn.Server(options)
    _heed_signals(running)
    return running


def _for_other_systems(app: "App", pages: "Pages", token: str) -> "list[Route]":
    """Return what the token opens."""
    from diffuse.web.api import AbsencesApi
    from diffuse.web.metrics import Metrics
    from diffuse.web.pending_api import PendingApi

    return [
        *AbsencesApi(app.succeed, token).routes,
        *PendingApi(app.identify, app.owed, pages, token).routes,
        *Metrics(app.gauges, app.clock, token).routes,
    ]


def _heed_signals(running: "uvicorn.Server") -> None:
    """End the service, not the process: uvicorn raises the signal again after it has stopped."""

    def leave(*_: object) -> None:
        running.should_exit = True

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
