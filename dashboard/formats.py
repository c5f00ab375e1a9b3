"""Figures, times and money as an operator reads them. No I/O."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from dashboard import text

STARS = "XTR"
YEN = "JPY"
NANOS = 10**9
MINUTE, HOUR, DAY = 60, 3600, 86400
KIBI = 1024
EXACT_MAX = 2**53
TENS, HUNDREDS = 10, 100


def parse_time(value: object) -> datetime | None:
    """Reads a Timestamp of proto3 JSON (RFC 3339)."""
    if not isinstance(value, str) or not value:
        return None
    head, dot, tail = value.removesuffix("Z").partition(".")
    fraction = f"{dot}{tail[:6]:0<6}" if dot else ""
    return datetime.fromisoformat(head + fraction).replace(tzinfo=UTC)


def parse_seconds(value: object) -> float | None:
    """Reads a Duration of proto3 JSON, such as `1.5s`."""
    if not isinstance(value, str) or not value.endswith("s"):
        return None
    return float(value[:-1])


def integer(value: object) -> str:
    """Writes a whole number, which proto3 JSON gives as a string when it has 64 bits."""
    if value is None:
        return text.NO_DATA
    return f"{int(str(value)):,}"


def decimal(value: float | None) -> str:
    """Writes a number with the digits that matter."""
    if value is None or not math.isfinite(value):
        return text.NO_DATA
    if value and abs(value) < TENS:
        return f"{value:,.2f}"
    return f"{value:,.1f}" if abs(value) < HUNDREDS else f"{value:,.0f}"


def percent(share: float | None) -> str:
    """Writes a share from 0 to 1 as per cent."""
    if share is None or not math.isfinite(share):
        return text.NO_DATA
    return f"{share * 100:.1f}%"


def data_size(value: object) -> str:
    """Writes a number of bytes in binary units."""
    if value is None:
        return text.NO_DATA
    size = float(str(value))
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(size) < KIBI or unit == "TiB":
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= KIBI
    raise AssertionError


def data_rate(value: float | None) -> str:
    return text.NO_DATA if value is None else f"{data_size(value)}/s"


def milliseconds(seconds: float | None) -> str:
    """Writes a short time span."""
    if seconds is None:
        return text.NO_DATA
    if seconds >= 1:
        return f"{seconds:,.2f} s"
    value = seconds * 1000
    return f"{value:.1f} ms" if value < TENS else f"{value:.0f} ms"


def duration(seconds: float | None) -> str:
    """Writes a time span in its two greatest units."""
    if seconds is None:
        return text.NO_DATA
    whole = max(0, int(seconds))
    parts = (
        (text.DAYS, whole // DAY),
        (text.HOURS, whole % DAY // HOUR),
        (text.MINUTES, whole % HOUR // MINUTE),
        (text.SECONDS, whole % MINUTE),
    )
    for index, (_, number) in enumerate(parts):
        if number:
            pair = parts[index : index + 2]
            return "".join(words.format(n=n) for words, n in pair if n)
    return text.SECONDS.format(n=0)


def age(seconds: float | None) -> str:
    """Says how long ago."""
    if seconds is None:
        return text.NO_DATA
    for words, unit in (
        (text.DAYS_AGO, DAY),
        (text.HOURS_AGO, HOUR),
        (text.MINUTES_AGO, MINUTE),
    ):
        if seconds >= unit:
            return words.format(n=int(seconds // unit))
    return text.JUST_NOW if seconds < 1 else text.SECONDS_AGO.format(n=int(seconds))


def clock(time: datetime | None, zone: tzinfo) -> str:
    return text.NONE if time is None else time.astimezone(zone).strftime("%H:%M:%S")


def date_time(time: datetime | None, zone: tzinfo) -> str:
    return text.NONE if time is None else time.astimezone(zone).strftime("%Y/%m/%d %H:%M:%S")


def money(amount: Mapping[str, Any] | None) -> str:
    """Writes a google.type.Money: Stars as ⭐, yen as ¥, others with their code."""
    if not amount:
        return text.NO_DATA
    currency = str(amount.get("currencyCode", ""))
    units, nanos = int(amount.get("units", 0)), int(amount.get("nanos", 0))
    sign = "-" if units < 0 or nanos < 0 else ""
    fraction = f"{abs(nanos):09d}".rstrip("0")
    if fraction:
        fraction = "." + fraction.ljust(2, "0")
    figure = f"{abs(units):,}{fraction}"
    if currency == STARS:
        return f"{sign}{figure} ⭐"
    if currency == YEN:
        return f"{sign}¥{figure}"
    return f"{sign}{figure} {currency}"


def integer_of(value: float) -> str:
    """Writes a measured count."""
    return f"{value:,.0f}"


def plain(value: Any) -> Any:
    """Gives JSON its whole numbers back: all numbers of a Struct are floating."""
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_MAX:
        return int(value)
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return value
