from datetime import UTC, datetime

from services.events.domain.partitions import (
    month_start,
    next_month,
    oldest_retained_month,
    previous_month,
)


def test_month_arithmetic():
    december = datetime(2026, 12, 1, tzinfo=UTC)
    assert next_month(december) == datetime(2027, 1, 1, tzinfo=UTC)
    assert previous_month(datetime(2027, 1, 1, tzinfo=UTC)) == december


def test_the_month_of_a_time():
    assert month_start(datetime(2026, 3, 31, 23, 59, tzinfo=UTC)) == datetime(
        2026, 3, 1, tzinfo=UTC
    )


def test_the_oldest_month_that_is_kept():
    march = datetime(2026, 3, 1, tzinfo=UTC)
    assert oldest_retained_month(march, 0) == march
    assert oldest_retained_month(march, 3) == datetime(2025, 12, 1, tzinfo=UTC)
