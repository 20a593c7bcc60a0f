"""When we may send: weekdays and hours in the employee's own time zone."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from diffuse.domain.policy import refuse
from diffuse.errors import Problem, nearest

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, kw_only=True, slots=True)
class SendWindow:
    """The weekdays and the local hours, ``opens`` included and ``closes`` excluded, in which we may send."""

    days: tuple[str, ...] = WEEKDAYS[:5]
    opens: time = time(9)
    closes: time = time(17)

    def __post_init__(self) -> None:
        """Refuse a window with no open hour."""
        refuse(self.problems())

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with this window alone."""
        if not self.days:
            yield Problem(path=("days",), found="no day", expected="at least one weekday")
        yield from weekday_problems("days", self.days)
        if self.closes <= self.opens:
            yield Problem(
                path=("closes",),
                found=f"a window from {self.opens:%H:%M} to {self.closes:%H:%M}, which is never open",
                expected="an hour after 'opens' on the same day",
            )

    def sends_on(self, day: date, holidays: Collection[date] = ()) -> bool:
        """Tell whether the window opens on that local day."""
        return WEEKDAYS[day.weekday()] in self.days and day not in holidays

    def hours(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return the instants (UTC) at which the window opens and closes on a local day.

        A local hour that the clocks skip in spring is read as the first instant after the gap: a window
        that lies inside it opens and closes at the same instant. Of an hour that comes twice in autumn,
        the first one closes the window, and the last one before that opens it.
        """
        closes = instant(day, self.closes, zone)
        second = instant(day, self.opens.replace(fold=1), zone)
        return second if second < closes else instant(day, self.opens, zone), closes

    def next_day(self, day: date, holidays: Collection[date] = ()) -> date:
        """Return the first day, ``day`` itself included, on which the window opens.

        A year without one open day is refused by an AuthoringError.
        """
        for ahead in range(366):
            if self.sends_on(day + timedelta(days=ahead), holidays):
                return day + timedelta(days=ahead)
        refuse([Problem(path=("days",), found="no open day within a year", expected="fewer holidays")])
        raise AssertionError  # pragma: no cover -- refuse has raised


def weekday_problems(field: str, days: Collection[str]) -> Iterator[Problem]:
    """Name every entry of a list of weekdays that is none."""
    for place, day in enumerate(days):
        if day not in WEEKDAYS:
            yield Problem(
                path=(field, place),
                found=f"{day!r}",
                expected=f"one of {', '.join(WEEKDAYS)}",
                suggestion=nearest(day.lower(), WEEKDAYS),
            )


def instant(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) of a local hour; inside a gap, the first instant after it.

    Of an hour that comes twice it is the first, or the second one when its ``fold`` is 1.
    """
    local = datetime.combine(day, hour, tzinfo=zone)
    there = local.astimezone(UTC)
    if there.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return there
    before = local.replace(fold=0).utcoffset() or timedelta()
    after = local.replace(fold=1).utcoffset() or timedelta()
    # Inside a gap one fold carries the offset before it, the other that after it: it ends where they change.
    # Whole seconds: with fractions the search below may halve the same second for ever.
    around = there.replace(microsecond=0)
    return _change(around - abs(before - after), around + abs(before - after), zone)


def _change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """Find the instant between two others, whole seconds, at which the zone's offset changes."""
    old = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == old else (low, middle)
    return high
