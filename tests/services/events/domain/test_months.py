from datetime import UTC, datetime

from services.events.domain.months import month_after, month_before, month_of, oldest_kept


def test_month_arithmetic():
    december = datetime(2026, 12, 1, tzinfo=UTC)
    assert month_after(december) == datetime(2027, 1, 1, tzinfo=UTC)
    assert month_before(datetime(2027, 1, 1, tzinfo=UTC)) == december


def test_the_month_of_a_time():
    assert month_of(datetime(2026, 3, 31, 23, 59, tzinfo=UTC)) == datetime(2026, 3, 1, tzinfo=UTC)


def test_the_oldest_month_that_is_kept():
    march = datetime(2026, 3, 1, tzinfo=UTC)
    assert oldest_kept(march, 0) == march
    assert oldest_kept(march, 3) == datetime(2025, 12, 1, tzinfo=UTC)
