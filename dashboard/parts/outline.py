"""JSON as readable text, whole or with its long texts cut."""

import json
from typing import Any

from dashboard import text
from dashboard.formats import plain

VALUE_LENGTH_MAX = 300
LENGTH_MAX = 8_000


def whole(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False, indent=2)


def outline(value: Any) -> str:
    """Format a value with its long texts cut, and cut the result if it is still long."""
    return cut(whole(shorten(value)), LENGTH_MAX)


def shorten(value: Any) -> Any:
    if isinstance(value, str):
        return cut(value, VALUE_LENGTH_MAX)
    if isinstance(value, list):
        return [shorten(one) for one in value]
    if isinstance(value, dict):
        return {cut(name, VALUE_LENGTH_MAX): shorten(one) for name, one in value.items()}
    return value


def cut(value: str, length: int) -> str:
    left = len(value) - length
    return value if left <= 0 else value[:length] + text.events.CUT.format(count=f"{left:,}")
