"""Rates: a numerator over a denominator."""

from decimal import Decimal

import pytest

from diffuse.domain.measures import Rate


@pytest.mark.parametrize(
    ("rate", "value", "text"),
    [
        (Rate(1, 3), "0.3333", "33% (1/3)"),
        (Rate(2, 3), "0.6667", "67% (2/3)"),
        (Rate(0, 5), "0.0000", "0% (0/5)"),
        (Rate(5, 5), "1.0000", "100% (5/5)"),
        (Rate(1, 20_000), "0.0000", "0% (1/20000)"),
        (Rate(3, 20_000), "0.0002", "0% (3/20000)"),
    ],
)
def test_a_rate_has_four_digits_and_shows_its_counts(rate: Rate, value: str, text: str) -> None:
    assert str(rate.value) == value
    assert str(rate) == text


def test_nothing_to_count_is_no_rate() -> None:
    assert Rate(0, 0).value is None
    assert str(Rate(0, 0)) == "–"


def test_a_value_is_exact_and_not_a_float() -> None:
    assert Rate(1, 8).value == Decimal("0.125")
