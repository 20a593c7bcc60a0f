"""``diffuse serve``: the tracking service alone, beside workers that send."""

import logging
from pathlib import Path

import click

from diffuse.cli.tracking import address, listener, server


@click.command()
@click.pass_obj
def serve(config: Path | None) -> None:
    """Run the tracking service alone until stopped; workers ('dramatiq worker:broker') plan and send."""
    from diffuse import bootstrap
    from diffuse.actors import log_to_stderr, settle_down
    from diffuse.settings import Settings

    settings = Settings.load(config)
    log_to_stderr(settings.log_format)
    app = bootstrap.app(settings)
    listening = listener(settings.listen_host, settings.listen_port)
    tracking = server(app, settings)
    logging.getLogger(__name__).info("tracking service on http://%s", address(listening))
    settle_down()
    try:
        tracking.run([listening])
    finally:
        app.close()
