"""The tracking service over a database of sent deliveries."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from diffuse.adapters.signer import KeyedSigner
from diffuse.adapters.sql.engine import connect
from diffuse.services.record import Record
from diffuse.testing import FrozenClock
from diffuse.web.app import create_app
from diffuse.web.log import json_lines
from diffuse.web.pages import Pages
from tests.suites.web.given import (
    BASE,
    NOW,
    TEMPLATES,
    Breakable,
    Dials,
    Service,
    fill,
    publications,
)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """A database with its deliveries, made once; every test copies it."""
    file = tmp_path_factory.mktemp("filled") / "diffuse.db"
    engine = connect(f"sqlite:///{file}")
    deliveries = fill(engine)
    engine.dispose()
    return file, deliveries


@pytest.fixture
def service(tmp_path: Path, filled: tuple[Path, dict[str, int]]) -> Iterator[Service]:
    file, deliveries = filled
    copy = tmp_path / "diffuse.db"
    copy.write_bytes(file.read_bytes())
    engine = connect(f"sqlite:///{copy}")
    clock, log, hits, gauges = FrozenClock(NOW), io.StringIO(), Breakable(engine), Dials()
    signer = KeyedSigner("s" * 32, BASE, "universite.example")
    record = Record(hits=hits, publications=publications(engine), clock=clock, signer=signer)
    app = create_app(record, clock, pages=Pages(TEMPLATES), gauges=gauges, log=json_lines(log))
    with TestClient(app, BASE, raise_server_exceptions=False) as browser:
        yield Service(browser, engine, hits, gauges, clock, signer, log, deliveries)
    engine.dispose()
