from datetime import UTC, datetime

import pytest

from dashboard.api import fields


def test_a_missing_field_is_none_or_empty():
    for found in ({}, {"x": None}):
        assert fields.read_string(found, "x") == ""
        assert fields.read_integer(found, "x") is None
        assert fields.read_number(found, "x") is None
        assert fields.read_flag(found, "x") is False
        assert fields.read_strings(found, "x") == ()
        assert fields.read_time(found, "x") is None
        assert fields.read_seconds(found, "x") is None
        assert fields.read_message(found, "x") == {}
        assert fields.read_messages(found, "x") == ()


def test_whole_numbers_of_64_bits_come_as_strings():
    assert fields.read_integer({"x": "9007199254740993"}, "x") == 9007199254740993
    assert fields.read_integer({"x": 0}, "x") == 0


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("2026-01-01T15:00:00Z", datetime(2026, 1, 1, 15, tzinfo=UTC)),
        ("2026-01-01T15:00:00.5Z", datetime(2026, 1, 1, 15, 0, 0, 500_000, UTC)),
        ("2026-01-01T15:00:00.123456789Z", datetime(2026, 1, 1, 15, 0, 0, 123_456, UTC)),
        ("", None),
        (7, None),
    ],
)
def test_times_are_read_to_the_microsecond(value, time):
    assert fields.parse_time(value) == time


def test_durations_are_seconds():
    assert fields.parse_seconds("1.5s") == 1.5
    assert fields.parse_seconds("1.5") is None
