from datetime import UTC, datetime

from services.events.domain.months import month_after, month_before


def test_month_arithmetic():
    december = datetime(2026, 12, 1, tzinfo=UTC)
    assert month_after(december) == datetime(2027, 1, 1, tzinfo=UTC)
    assert month_before(datetime(2027, 1, 1, tzinfo=UTC)) == december
