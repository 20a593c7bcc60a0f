"""The conformance suite, on strict local servers that follow the published contracts of hosted platforms."""

from collections.abc import Iterator

import pytest

from tests.suites.platforms.conformance import Conformance
from tests.suites.platforms.rig import Rig
from tests.suites.platforms.strict import STRICT

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module", params=STRICT)
def server(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A server, started once for the tests that it is needed for."""
    with STRICT[request.param]() as rig:
        yield rig


@pytest.fixture
def rig(server: Rig) -> Rig:
    """The same server, empty."""
    server.empty()
    return server


class TestConformance(Conformance):
    """Every promise, on every strict server; these answer faster than real platforms."""

    short = 0.6
    moment = 0.25
