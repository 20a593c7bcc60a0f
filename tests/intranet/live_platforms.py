"""The conformance suite on real platforms, and what is particular to each of them."""

from tests.suites.platforms.conformance import Conformance


class TestConformance(Conformance):
    """Every promise, on every live platform."""
