"""What the live tests of intranets share: each platform, installed and started once."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.suites.platforms.live import LIVE
from tests.suites.platforms.mediawiki_server import MediaWikiRig, mediawiki_server
from tests.suites.platforms.rig import Rig
from tests.suites.platforms.wordpress_server import WordPressRig, wordpress_server

pytest.register_assert_rewrite("tests.suites.platforms.conformance")


@pytest.fixture(scope="session", params=LIVE, ids=lambda start: start.__name__)
def server(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A platform that is installed and started once for all tests."""
    start: Callable[[], AbstractContextManager[Rig]] = request.param
    with start() as rig:
        yield rig


@pytest.fixture
def rig(server: Rig) -> Rig:
    """The same platform, without a post."""
    server.empty()
    return server


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
