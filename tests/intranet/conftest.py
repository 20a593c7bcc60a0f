"""What the live tests of intranets share: each platform, installed and started once."""

from collections.abc import Iterator

import pytest

from tests.suites.platforms.live import LIVE
from tests.suites.platforms.mediawiki_server import MediaWikiRig, mediawiki_server
from tests.suites.platforms.poster import Posters, posters_loaded
from tests.suites.platforms.rig import Rig
from tests.suites.platforms.wordpress_server import WordPressRig, wordpress_server

pytest.register_assert_rewrite("tests.suites.platforms.conformance")


@pytest.fixture(scope="session", params=LIVE)
def server(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A platform that is installed and started once for all tests."""
    with LIVE[request.param]() as rig:
        yield rig


@pytest.fixture
def rig(server: Rig) -> Rig:
    """The same platform, without a post."""
    server.empty()
    return server


@pytest.fixture(scope="module")
def posters() -> Iterator[Posters]:
    """Processes that publish, and that can be killed."""
    with posters_loaded() as started:
        yield started


@pytest.fixture(scope="module")
def wordpress() -> Iterator[WordPressRig]:
    """A WordPress of its own."""
    with wordpress_server() as rig:
        yield rig


@pytest.fixture(scope="module")
def mediawiki() -> Iterator[MediaWikiRig]:
    """A MediaWiki of its own."""
    with mediawiki_server() as rig:
        yield rig
