"""The servers that the benchmark of tracking asks: ours, ours without any database, and a plain design.

``python benchmarks/tracking_server.py KIND --database URL --folder FOLDER`` prints its port and serves until
it is told to stop. ``diffuse`` is the tracking service as ``diffuse serve`` runs it; ``without`` is the same
server, whose requests are read, checked and logged, and go nowhere; ``each`` writes one row with one full
sync for each hit, and judges nothing.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from delivery_database import settings
from sqlalchemy import insert

from diffuse import bootstrap
from diffuse.actors import settle_down
from diffuse.adapters.clock import SystemClock
from diffuse.adapters.sql import tables
from diffuse.adapters.sql.engine import connect, writing
from diffuse.cli.tracking import listener, server
from diffuse.ports import Signer
from diffuse.services.record import Asked, NotOurs, Record


class Without(Record):
    """Reads the links, and keeps nothing."""

    def __init__(self, signer: Signer) -> None:
        """Take what reads links."""
        self._signer = signer

    def take(self, asked: Sequence[Asked]) -> Sequence[str | NotOurs]:
        """Answer at once."""
        return [""] * len(asked)

    def catch_up(self) -> bool:
        """Owe nothing."""
        return False


class Each(Without):
    """Writes one row for each request, in a transaction of its own."""

    def __init__(self, signer: Signer, database: str) -> None:
        """Open the database."""
        super().__init__(signer)
        self._engine = connect(database)

    def take(self, asked: Sequence[Asked]) -> Sequence[str | NotOurs]:
        """Write a row for each."""
        for one in asked:
            self._write(one)
        return super().take(asked)

    def _write(self, one: Asked) -> None:
        now = datetime.now(UTC)
        row = {
            "delivery": one.links.delivery,
            "what": one.what,
            "at": now,
            "day": now.date(),
            "number": one.links.number,
            "links": 0,
            "method": one.visit.method,
            "agent": one.visit.agent,
            "prefetch": one.visit.prefetch,
            "network": one.visit.network,
            "detail": "",
        }
        with writing(self._engine) as connection:
            connection.execute(insert(tables.hit).values(row))


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("diffuse", "without", "each"))
    parser.add_argument("--database", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    given = settings(options.database, options.folder)
    app = bootstrap.app(given, clock=SystemClock())
    signer = app.record._signer  # noqa: SLF001 -- a benchmark may look inside
    if options.kind == "without":
        app = replace(app, record=Without(signer))
    elif options.kind == "each":
        app = replace(app, record=Each(signer, options.database))
    listening = listener("127.0.0.1", 0)
    print(listening.getsockname()[1], flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # each hit is logged, and nobody reads it
    tracking = server(app, given)
    settle_down()
    tracking.run([listening])
    app.close()


if __name__ == "__main__":
    main()
