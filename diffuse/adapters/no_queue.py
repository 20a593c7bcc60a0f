"""The queue of an installation without Redis."""


class NoQueue:
    """Gives no hints: whoever polls the database finds the work."""

    def kick(self) -> None:
        """Do nothing."""
