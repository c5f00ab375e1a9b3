"""Readers of single fields of a JSON object in proto3 JSON.

Each takes the object and the name of the field. A missing or null field gives None, or the empty
value for strings, lists, objects and flags.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


def parse_time(value: object) -> datetime | None:
    """Parse a Timestamp of proto3 JSON (RFC 3339, UTC)."""
    if not isinstance(value, str) or not value:
        return None
    head, dot, tail = value.removesuffix("Z").partition(".")
    fraction = f"{dot}{tail[:6]:0<6}" if dot else ""
    return datetime.fromisoformat(head + fraction).replace(tzinfo=UTC)


def parse_seconds(value: object) -> float | None:
    """Parse a Duration of proto3 JSON, such as `1.5s`."""
    if not isinstance(value, str) or not value.endswith("s"):
        return None
    return float(value[:-1])


def read_string(found: Json, name: str) -> str:
    return str(found.get(name) or "")


def read_integer(found: Json, name: str) -> int | None:
    """Return an integer. proto3 JSON writes 64-bit integers as strings."""
    value = found.get(name)
    return None if value is None else int(value)


def read_number(found: Json, name: str) -> float | None:
    value = found.get(name)
    return None if value is None else float(value)


def read_flag(found: Json, name: str) -> bool:
    return bool(found.get(name))


def read_strings(found: Json, name: str) -> tuple[str, ...]:
    return tuple(str(value) for value in found.get(name) or ())


def read_time(found: Json, name: str) -> datetime | None:
    return parse_time(found.get(name))


def read_seconds(found: Json, name: str) -> float | None:
    return parse_seconds(found.get(name))


def read_message(found: Json, name: str) -> Json:
    """Return an object, or an empty one if it is missing."""
    return found.get(name) or {}


def read_messages(found: Json, name: str) -> Sequence[Json]:
    """Return a list of objects, or an empty one if it is missing."""
    return found.get(name) or ()
