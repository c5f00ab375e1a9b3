"""Amounts in minor units become whole units and nanos."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.money import EXPONENTS, to_units


@pytest.mark.parametrize(
    ("amount", "currency", "units", "nanos"),
    [
        (100, "XTR", 100, 0),
        (1200, "JPY", 1200, 0),
        (1999, "USD", 19, 990_000_000),
        (1, "USD", 0, 10_000_000),
        (12345, "KWD", 12, 345_000_000),
        (-1999, "USD", -19, -990_000_000),
    ],
)
def test_units_follow_the_currency(amount, currency, units, nanos):
    assert to_units(amount, currency) == (units, nanos)


@given(st.integers(-(10**15), 10**15), st.sampled_from(sorted(EXPONENTS)))
def test_money_round_trips(amount, currency):
    units, nanos = to_units(amount, currency)
    scale = 10 ** EXPONENTS[currency]
    assert units * scale + nanos * scale // 10**9 == amount
