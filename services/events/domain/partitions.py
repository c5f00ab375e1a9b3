"""Monthly partitions of the log, each identified by the start of its month in UTC."""

from datetime import UTC, datetime, timedelta


def month_start(time: datetime) -> datetime:
    return datetime(time.year, time.month, 1, tzinfo=UTC)


def next_month(month: datetime) -> datetime:
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)


def previous_month(month: datetime) -> datetime:
    return month_start(month - timedelta(days=1))


def oldest_retained_month(month: datetime, retention_months: int) -> datetime:
    """Return the oldest month to keep, `retention_months` before `month`."""
    for _ in range(retention_months):
        month = previous_month(month)
    return month
