"""What the live tests share: an installation for each test, and one RabbitMQ for all of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.installation import Installation, installation
from tests.live.office import Office, open_office
from tests.live.rabbitmq import RabbitMq, rabbitmq_server


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """An installation in an empty folder."""
    return installation(tmp_path)


@pytest.fixture(scope="session")
def server() -> Iterator[RabbitMq]:
    """A RabbitMQ; without the program the run fails, and says what to do."""
    with rabbitmq_server() as running:
        yield running


@pytest.fixture
def rabbitmq(server: RabbitMq) -> RabbitMq:
    """The same RabbitMQ, alive and without a queue."""
    if server.process.poll() is not None:
        server.start()
    server.forget()
    return server


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A campaign that was sent, and the service behind its links; every test takes messages of its own."""
    with open_office(installation(tmp_path_factory.mktemp("office"))) as opened:
        yield opened
