"""Public holidays."""

from datetime import date

import pytest

from diffuse.adapters.calendar import RegionCalendar
from diffuse.errors import AuthoringError


def test_quebec_keeps_the_national_holiday_and_canada_as_a_whole_does_not() -> None:
    calendar = RegionCalendar()
    assert date(2027, 6, 24) in calendar.holidays("CA-QC", [2027])
    assert date(2027, 6, 24) not in calendar.holidays("CA", [2027])


def test_a_day_off_in_lieu_is_a_holiday_too() -> None:
    assert date(2027, 12, 27) in RegionCalendar().holidays("CA-QC", [2027])


def test_only_the_years_that_are_asked_for_come_back() -> None:
    assert {day.year for day in RegionCalendar().holidays("CA-QC", range(2027, 2029))} == {2027, 2028}
    assert RegionCalendar().holidays("CA-QC", ()) == frozenset()


def test_no_region_has_no_holiday() -> None:
    assert RegionCalendar().holidays("", [2027]) == frozenset()


@pytest.mark.parametrize(
    ("region", "meant"),
    [
        ("CA-QB", "'CA-QC'"),
        ("ca-qc", "'CA-QC'"),
        ("CA-", "'CA'"),
        ("QC", None),
        ("CAN", "'CA'"),
        ("Québec", None),
    ],
)
def test_an_unknown_region_is_refused_with_the_nearest_one(region: str, meant: str | None) -> None:
    with pytest.raises(AuthoringError) as refused:
        RegionCalendar().holidays(region, [2027])
    text = str(refused.value)
    assert text.startswith(
        f"no region is called {region!r}; expected a country or a part of one, such as 'CA' or 'CA-QC'"
    )
    if meant:
        assert "did you mean" in text
