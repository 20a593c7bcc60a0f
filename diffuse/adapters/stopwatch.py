"""Counts seconds that no change of the clock can shift."""

import time

_KIND = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""On Linux the one that goes on while the machine sleeps: waking up is no jump of the clock."""


def stopwatch() -> float:
    """Return seconds since some beginning."""
    return time.clock_gettime(_KIND)
