"""Months of the log, each named by its first moment in UTC."""

from datetime import UTC, datetime, timedelta


def month_of(time: datetime) -> datetime:
    return datetime(time.year, time.month, 1, tzinfo=UTC)


def month_after(month: datetime) -> datetime:
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)


def month_before(month: datetime) -> datetime:
    return month_of(month - timedelta(days=1))


def oldest_kept(month: datetime, retention_months: int) -> datetime:
    """Return the first month to keep when `month` and so many whole months before it are kept."""
    for _ in range(retention_months):
        month = month_before(month)
    return month
