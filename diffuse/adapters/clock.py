"""The machine's clock."""

from datetime import UTC, datetime


class SystemClock:
    """Tells the time of the machine."""

    def now(self) -> datetime:
        """Return the instant, in UTC and aware."""
        return datetime.now(UTC)
