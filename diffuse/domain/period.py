"""Lengths of time as people write them: ``2 days``, ``3 weeks``, ``6 months``."""

import re
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from diffuse.errors import AuthoringError

Days = NDArray[np.datetime64]
"""A column of calendar days, ``datetime64[D]``; ``NaT`` means that there is none."""

NEVER = np.datetime64("NaT", "D")
"""No day."""

_WRITTEN = re.compile(r"([0-9]{1,4}) (day|week|month|year)s?")
_UNITS = {"day": ("days", 1), "week": ("days", 7), "month": ("months", 1), "year": ("months", 12)}
LONGEST = 9999
"""The most days, or months, that can be written."""

EXPECTED = "a length such as '2 days', '3 weeks' or '6 months'"


@dataclass(frozen=True, slots=True)
class Period:
    """A number of calendar months or of days; a month later keeps the day, or takes the month's last one."""

    days: int = 0
    months: int = 0

    def __post_init__(self) -> None:
        """Refuse what nothing writes: negative and endless lengths, and months mixed with days."""
        if self.days < 0 or self.months < 0:
            raise AuthoringError.of(f"a negative length ({self.days} days, {self.months} months)", EXPECTED)
        if self.days and self.months:
            raise AuthoringError.of(f"a length of {self.months} months and {self.days} days", EXPECTED)
        if max(self.days, self.months) > LONGEST:
            raise AuthoringError.of(f"'{self}' is too long", f"at most {LONGEST} days or months")

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read ``2 days``, ``1 week``, ``6 months`` or ``1 year``.

        Raises:
            AuthoringError: for anything else, ``2d`` and ``1.5 days`` included.
        """
        match = _WRITTEN.fullmatch(text.strip())
        if match is None:
            raise AuthoringError.of(f"{text!r} is not a length of time", EXPECTED)
        amount = int(match[1])
        field, times = _UNITS[match[2]]
        if amount * times > LONGEST:
            raise AuthoringError.of(f"{text!r} is too long", f"at most {LONGEST} days or months")
        return cls(**{field: amount * times})

    def __str__(self) -> str:
        """Write the length so that ``parse`` reads an equal one (weeks come back as days)."""
        amount, unit = (self.months, "month") if self.months else (self.days, "day")
        return f"{amount} {unit}{'' if amount == 1 else 's'}"

    @property
    def about(self) -> float:
        """The length in days, a month counted as 30.4375 days: for comparing, never for dates."""
        return self.days + 30.4375 * self.months

    def after(self, day: date) -> date:
        """Return the day that lies this long after ``day``."""
        moved: date = self.after_each(np.array([day], dtype="datetime64[D]"))[0].item()
        return moved

    def after_each(self, days: Days, *, times: int = 1) -> Days:
        """Return the days that lie this long, so many times over, after each of ``days``; NaT stays NaT."""
        if not self.months:
            return days + np.timedelta64(self.days * times, "D")
        month = days.astype("datetime64[M]")
        target = month + np.timedelta64(self.months * times, "M")
        last = (target + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
        same = target.astype("datetime64[D]") + (days - month.astype("datetime64[D]"))
        moved: Days = np.minimum(same, last)
        return moved
