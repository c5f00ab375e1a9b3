"""Formatting of numbers, times, money and enum values for operators. No I/O."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from dashboard import text
from dashboard.api.payments import Money

STARS = "XTR"
YEN = "JPY"
MINUTE, HOUR, DAY = 60, 3600, 86400
KIBI = 1024
EXACT_MAX = 2**53
TENS, HUNDREDS = 10, 100


def enum(names: Mapping[str, str], value: str) -> str:
    """Return the Japanese name of an enum value, or 不明 for an unknown value."""
    return names.get(value, text.common.UNKNOWN)


def integer(value: int | None) -> str:
    """Format a whole number."""
    return text.common.NO_DATA if value is None else f"{value:,}"


def count(value: int | None) -> str:
    """Format a number of items, such as 3件."""
    return text.common.NO_DATA if value is None else text.common.COUNT.format(count=integer(value))


def decimal(value: float | None) -> str:
    """Format a number with about three significant digits."""
    if value is None or not math.isfinite(value):
        return text.common.NO_DATA
    if value and abs(value) < TENS:
        return f"{value:,.2f}"
    return f"{value:,.1f}" if abs(value) < HUNDREDS else f"{value:,.0f}"


def percent(share: float | None) -> str:
    """Format a share from 0 to 1 as a percentage."""
    if share is None or not math.isfinite(share):
        return text.common.NO_DATA
    return f"{share * 100:.1f}%"


def data_size(size: float | None) -> str:
    """Format a number of bytes with binary units."""
    if size is None:
        return text.common.NO_DATA
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(size) < KIBI or unit == "TiB":
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= KIBI
    raise AssertionError


def data_rate(value: float | None) -> str:
    return text.common.NO_DATA if value is None else f"{data_size(value)}/s"


def milliseconds(seconds: float | None) -> str:
    """Format a short time span."""
    if seconds is None:
        return text.common.NO_DATA
    if seconds >= 1:
        return f"{seconds:,.2f} s"
    value = seconds * 1000
    return f"{value:.1f} ms" if value < TENS else f"{value:.0f} ms"


def duration(seconds: float | None) -> str:
    """Format a time span in seconds with its two largest units."""
    if seconds is None:
        return text.common.NO_DATA
    whole = max(0, int(seconds))
    parts = (
        (text.common.DAYS, whole // DAY),
        (text.common.HOURS, whole % DAY // HOUR),
        (text.common.MINUTES, whole % HOUR // MINUTE),
        (text.common.SECONDS, whole % MINUTE),
    )
    for index, (_, number) in enumerate(parts):
        if number:
            pair = parts[index : index + 2]
            return "".join(words.format(n=n) for words, n in pair if n)
    return text.common.SECONDS.format(n=0)


def age(seconds: float | None) -> str:
    """Format an age in seconds."""
    if seconds is None:
        return text.common.NO_DATA
    for words, unit in (
        (text.common.DAYS_AGO, DAY),
        (text.common.HOURS_AGO, HOUR),
        (text.common.MINUTES_AGO, MINUTE),
    ):
        if seconds >= unit:
            return words.format(n=int(seconds // unit))
    return text.common.JUST_NOW if seconds < 1 else text.common.SECONDS_AGO.format(n=int(seconds))


def seconds_since(time: datetime | None) -> float | None:
    """Return the seconds since a time, or 0 if it is in the future."""
    return None if time is None else max(0.0, (datetime.now(UTC) - time).total_seconds())


def age_of(time: datetime | None) -> str:
    """Format the time elapsed since a time."""
    return age(seconds_since(time))


def clock(time: datetime | None, zone: tzinfo) -> str:
    return text.common.NONE if time is None else time.astimezone(zone).strftime("%H:%M:%S")


def date_time(time: datetime | None, zone: tzinfo) -> str:
    return text.common.NONE if time is None else time.astimezone(zone).strftime("%Y/%m/%d %H:%M:%S")


def money(amount: Money | None) -> str:
    """Format an amount: Stars with ⭐, yen with ¥, other currencies with their code."""
    if amount is None:
        return text.common.NO_DATA
    sign = "-" if amount.units < 0 or amount.nanos < 0 else ""
    fraction = f"{abs(amount.nanos):09d}".rstrip("0")
    if fraction:
        fraction = "." + fraction.ljust(2, "0")
    figure = f"{abs(amount.units):,}{fraction}"
    if amount.currency_code == STARS:
        return f"{sign}{figure} ⭐"
    if amount.currency_code == YEN:
        return f"{sign}¥{figure}"
    return f"{sign}{figure} {amount.currency_code}"


def rounded(value: float) -> str:
    """Format a measured value as an integer."""
    return f"{value:,.0f}"


def plain_numbers(value: Any) -> Any:
    """Return JSON with integral floats as integers, because a Struct has only floats."""
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_MAX:
        return int(value)
    if isinstance(value, list):
        return [plain_numbers(one) for one in value]
    if isinstance(value, dict):
        return {name: plain_numbers(one) for name, one in value.items()}
    return value
