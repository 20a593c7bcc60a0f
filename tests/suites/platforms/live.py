"""The platforms that are installed and started for tests; ``make test-intranet`` runs on them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from tests.suites.platforms.mediawiki_server import mediawiki_server
from tests.suites.platforms.rig import Rig
from tests.suites.platforms.wordpress_server import wordpress_server

LIVE: Sequence[Callable[[], AbstractContextManager[Rig]]] = (wordpress_server, mediawiki_server)
"""Each installs and starts one of its own; append yours."""
