"""The platforms that are installed and started for tests; ``make test-intranet`` runs on them."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from tests.suites.platforms.mediawiki_server import mediawiki_server
from tests.suites.platforms.plone_server import plone_server
from tests.suites.platforms.rig import Rig
from tests.suites.platforms.wordpress_server import wordpress_server

LIVE: Mapping[str, Callable[[], AbstractContextManager[Rig]]] = {
    "wordpress": wordpress_server,
    "mediawiki": mediawiki_server,
    "plone": plone_server,
}
"""Each installs and starts one of its own; append yours."""
