"""The strict local servers on which the conformance suite runs in ``make test``."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from tests.suites.platforms.rig import Rig
from tests.suites.platforms.sharepoint_server import sharepoint_server

STRICT: Sequence[Callable[[], AbstractContextManager[Rig]]] = (sharepoint_server,)
"""Each starts a server of its own; append yours."""
