"""What the tests of platforms share."""

import pytest

pytest.register_assert_rewrite("tests.suites.platforms.conformance")
