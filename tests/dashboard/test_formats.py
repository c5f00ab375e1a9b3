from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dashboard import formats
from dashboard.api.fields import parse_time
from dashboard.api.payments import Money


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ({"currencyCode": "XTR", "units": "100", "nanos": 0}, "100 ⭐"),
        ({"currencyCode": "XTR", "units": "12345"}, "12,345 ⭐"),
        ({"currencyCode": "JPY", "units": "1500"}, "¥1,500"),
        ({"currencyCode": "USD", "units": "12", "nanos": 340_000_000}, "12.34 USD"),
        ({"currencyCode": "USD", "units": "12", "nanos": 500_000_000}, "12.50 USD"),
        ({"currencyCode": "KWD", "units": "1", "nanos": 234_000_000}, "1.234 KWD"),
        ({"currencyCode": "USD", "units": "0", "nanos": -50_000_000}, "-0.05 USD"),
        ({}, "データなし"),
    ],
)
def test_money_is_written_in_its_own_units(amount, shown):
    assert formats.money(Money.parse(amount)) == shown


@pytest.mark.parametrize(
    ("write", "value", "shown"),
    [
        (formats.percent, 0.1234, "12.3%"),
        (formats.percent, None, "データなし"),
        (formats.percent, float("nan"), "データなし"),
        (formats.data_size, 1536, "1.5 KiB"),
        (formats.data_size, 5, "5 B"),
        (formats.data_size, None, "データなし"),
        (formats.milliseconds, 0.0042, "4.2 ms"),
        (formats.milliseconds, 1.5, "1.50 s"),
        (formats.duration, 93784, "1日2時間"),
        (formats.duration, 3600, "1時間"),
        (formats.duration, 0, "0秒"),
        (formats.age, 0.4, "たった今"),
        (formats.age, 75, "1分前"),
        (formats.age, None, "データなし"),
        (formats.integer, 1234567, "1,234,567"),
        (formats.integer, None, "データなし"),
        (formats.decimal, 0.0, "0.0"),
        (formats.decimal, 3.14159, "3.14"),
    ],
)
def test_figures(write, value, shown):
    assert write(value) == shown


def test_times_are_shown_in_the_zone_of_the_operators():
    time = parse_time("2026-01-01T15:00:00.123456789Z")
    assert time == datetime(2026, 1, 1, 15, 0, 0, 123456, UTC)
    assert formats.date_time(time, ZoneInfo("Asia/Tokyo")) == "2026/01/02 00:00:00"
    assert parse_time(None) is None
