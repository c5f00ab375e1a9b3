"""JSON forms of well-known types that are strings: times, durations, masks, bytes, floats."""

import base64
import binascii
import datetime as dt
import math
import re
import struct
from functools import lru_cache
from typing import Any

NANOS = 1_000_000_000
SECONDS_MIN = -62_135_596_800
SECONDS_MAX = 253_402_300_799
DURATION_SECONDS_MAX = 315_576_000_000
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
FIRST_DAY = EPOCH.date()
DAY_SECONDS = 86_400
TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)
DURATION = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s", re.ASCII)
MASK = re.compile(r"\*|[a-z0-9A-Z]+(?:\.[a-z0-9A-Z]+)*", re.ASCII)
OWN_MASK = re.compile(r"\*|\w+(?:\.\w+)*", re.ASCII)
CAPITAL = re.compile(r"[A-Z]")
SNAKE = re.compile(r"_([a-z])")
REVERSIBLE = re.compile(r"(?:[^A-Z_]|_[a-z])*", re.ASCII)

TIME_RANGE = "a Timestamp is out of range"

TIME_FORM = "must be a time such as 2026-01-31T12:00:00Z"
DURATION_FORM = "must be a duration such as 1.5s"
MASK_FORM = "must be field names such as displayName,roles"
BYTES_FORM = "must be base64"

FLOAT = struct.Struct("<f")
FLOAT_DIGITS_MAX = 9


def write_time(message: Any) -> str:
    """Return a Timestamp as RFC 3339 in UTC, with 0, 3, 6 or 9 fractional digits.

    Raises:
        ValueError: The year is not within 1 to 9999.
    """
    return format_time(message.seconds, message.nanos)


@lru_cache(maxsize=8192)
def format_time(seconds: int, nanos: int) -> str:
    """Return a time, given as seconds and nanoseconds since 1970, as RFC 3339."""
    if not (SECONDS_MIN <= seconds <= SECONDS_MAX and 0 <= nanos < NANOS):
        raise ValueError(TIME_RANGE)
    days, rest = divmod(seconds, DAY_SECONDS)
    minutes, second = divmod(rest, 60)
    clock = f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"
    return f"{format_day(days)}T{clock}{format_fraction(nanos)}Z"


@lru_cache(maxsize=1024)
def format_day(days: int) -> str:
    return (FIRST_DAY + dt.timedelta(days=days)).isoformat()


def format_fraction(nanos: int) -> str:
    if not nanos:
        return ""
    if nanos % 1000:
        return f".{nanos:09d}"
    return f".{nanos // 1000:06d}" if nanos % 1_000_000 else f".{nanos // 1_000_000:03d}"


def read_time(text: Any, message: Any) -> None:
    """Read a Timestamp from RFC 3339.

    Raises:
        ValueError: The text is no timestamp.
    """
    if not isinstance(text, str):
        raise ValueError(TIME_FORM)
    seconds, nanos = parse_time(text)
    message.seconds = seconds
    if nanos:
        message.nanos = nanos


@lru_cache(maxsize=8192)
def parse_time(text: str) -> tuple[int, int]:
    """Return the seconds since 1970 and the nanoseconds of an RFC 3339 text."""
    found = TIME.fullmatch(text)
    if found is None:
        raise ValueError(TIME_FORM)
    start, digits, zone = found.groups()
    try:
        delta = dt.datetime.fromisoformat(start + zone) - EPOCH
    except ValueError:
        raise ValueError(TIME_FORM) from None
    seconds = delta.days * 86_400 + delta.seconds
    if not SECONDS_MIN <= seconds <= SECONDS_MAX:
        raise ValueError(TIME_FORM)
    return seconds, int(digits.ljust(9, "0")) if digits else 0


def write_duration(message: Any) -> str:
    """Return a Duration as seconds.

    Raises:
        ValueError: It is longer than 10,000 years, or its signs differ.
    """
    seconds, nanos = message.seconds, message.nanos
    if abs(seconds) > DURATION_SECONDS_MAX or abs(nanos) >= NANOS or seconds * nanos < 0:
        raise ValueError("a Duration is out of range")
    sign = "-" if seconds < 0 or nanos < 0 else ""
    return f"{sign}{abs(seconds)}{format_fraction(abs(nanos))}s"


def read_duration(text: Any, message: Any) -> None:
    """Read a Duration.

    Raises:
        ValueError: The text is no duration.
    """
    found = DURATION.fullmatch(text) if isinstance(text, str) else None
    if found is None or int(found[2]) > DURATION_SECONDS_MAX:
        raise ValueError(DURATION_FORM)
    sign = -1 if found[1] else 1
    message.seconds = sign * int(found[2])
    message.nanos = sign * int((found[3] or "").ljust(9, "0"))


def write_mask(message: Any) -> str:
    """Return a FieldMask with JSON names.

    Raises:
        ValueError: A name does not survive the conversion to camelCase and back.
    """
    return ",".join(map(write_path, message.paths))


@lru_cache(maxsize=4096)
def write_path(path: str) -> str:
    if not REVERSIBLE.fullmatch(path):
        raise ValueError(f"{path!r} cannot be written as a FieldMask")
    return SNAKE.sub(lambda found: found[1].upper(), path)


def read_mask(text: Any, message: Any) -> None:
    """Read a FieldMask. The path `*` of AIP-134 means all fields.

    Raises:
        ValueError: The text is no field mask.
    """
    if not isinstance(text, str):
        raise ValueError(MASK_FORM)
    paths = text.split(",") if text else []
    if not all(map(MASK.fullmatch, paths)):
        raise ValueError(MASK_FORM)
    message.paths.extend(map(to_snake, paths))


def read_either_mask(text: str, message: Any) -> None:
    """Read a FieldMask of JSON names or contract names, as clients write it in a query.

    Raises:
        ValueError: The text is no field mask.
    """
    paths = text.split(",") if text else []
    if not all(map(OWN_MASK.fullmatch, paths)):
        raise ValueError(MASK_FORM)
    message.paths.extend(path if "_" in path else to_snake(path) for path in paths)


def to_snake(path: str) -> str:
    return CAPITAL.sub(lambda found: f"_{found[0].lower()}", path)


def write_bytes(value: bytes) -> str:
    return binascii.b2a_base64(value, newline=False).decode("ascii")


def read_bytes(text: str) -> bytes:
    """Decode base64 in either alphabet, with or without padding.

    Raises:
        ValueError: The text is not base64.
    """
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(BYTES_FORM) from None


def write_double(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def write_float(value: float) -> float | str:
    """Return a single-precision float with the fewest digits that identify it."""
    if not math.isfinite(value):
        return write_double(value)
    for digits in range(6, FLOAT_DIGITS_MAX):
        short = float(f"{value:.{digits}g}")
        if round_to_single(short) == value:
            return short
    return float(f"{value:.{FLOAT_DIGITS_MAX}g}")


def round_to_single(value: float) -> float:
    """Round to single precision."""
    try:
        return float(FLOAT.unpack(FLOAT.pack(value))[0])
    except OverflowError:
        return math.inf if value > 0 else -math.inf
