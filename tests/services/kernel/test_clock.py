"""Ids are UUIDs of version 7, in the order of time."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.kernel.clock import FixedClock, SystemClock, new_id

# Hypothesis takes bounds without a time zone.
TIMES = st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001
    datetime(9999, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(TIMES)
def test_an_id_is_of_version_7_and_holds_the_millisecond(time):
    one = new_id(FixedClock(time))
    assert (one.version, one.variant) == (7, "specified in RFC 4122")
    assert one.int >> 80 == int(time.timestamp() * 1000)


@given(TIMES, st.integers(1, 10**6))
def test_ids_sort_by_time(time, milliseconds):
    clock = FixedClock(time)
    first = new_id(clock)
    clock.time += timedelta(milliseconds=milliseconds + 1)
    assert first < new_id(clock)


def test_ids_of_one_moment_differ():
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert len({new_id(clock) for _ in range(1000)}) == 1000


def test_the_clock_of_the_machine_is_in_utc():
    assert SystemClock().now().utcoffset() == timedelta(0)
