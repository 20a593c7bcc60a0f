"""What the tests of platforms share."""

from collections.abc import Iterator

import pytest

from tests.suites.platforms.poster import Posters, posters_loaded

pytest.register_assert_rewrite("tests.suites.platforms.conformance")


@pytest.fixture(scope="module")
def posters() -> Iterator[Posters]:
    """Processes that publish, and that can be killed."""
    with posters_loaded() as started:
        yield started
