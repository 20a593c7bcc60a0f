"""An installation for each test."""

from pathlib import Path

import pytest

from tests.acceptance.installation import Installation, installation


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """An installation in an empty folder: SQLite, no Redis, a mail server that does not run yet."""
    return installation(tmp_path)
