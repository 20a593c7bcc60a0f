"""The strict local servers on which the conformance suite runs in ``make test``."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial

from tests.suites.platforms.chat_servers import CHATS, chat_server
from tests.suites.platforms.mediawiki_double import mediawiki_double
from tests.suites.platforms.rig import Rig
from tests.suites.platforms.sharepoint_server import sharepoint_server
from tests.suites.platforms.webhook_server import webhook_server
from tests.suites.platforms.wordpress_double import wordpress_double

STRICT: Mapping[str, Callable[[], AbstractContextManager[Rig]]] = {
    "sharepoint": sharepoint_server,
    "webhook": webhook_server,
    "wordpress (double)": wordpress_double,
    "mediawiki (double)": mediawiki_double,
    **{name: partial(chat_server, contract) for name, contract in CHATS.items()},
}
"""Each starts a server of its own; append yours."""
