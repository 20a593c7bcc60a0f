"""Rates: never a bare number, always a numerator over a denominator."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of something; its value is empty when there was nothing to count."""

    numerator: int
    denominator: int

    @property
    def value(self) -> Decimal | None:
        """The share, to four digits; None when the denominator is 0."""
        if not self.denominator:
            return None
        return (Decimal(self.numerator) / self.denominator).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)

    def __str__(self) -> str:
        """Show the share in percent with its count, or a dash."""
        return "–" if self.value is None else f"{float(self.value):.0%} ({self.numerator}/{self.denominator})"


def week_of(day: date) -> str:
    """Name the ISO week of a day, such as ``2027-W03``."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"
