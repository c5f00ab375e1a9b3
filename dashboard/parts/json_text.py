"""JSON as readable text, complete or shortened."""

import json
from typing import Any

from dashboard import text
from dashboard.formats import plain_numbers

VALUE_LENGTH_MAX = 300
LENGTH_MAX = 8_000


def pretty_json(value: Any) -> str:
    return json.dumps(plain_numbers(value), ensure_ascii=False, indent=2)


def shortened_json(value: Any) -> str:
    """Format a value with long texts shortened, and shorten the result if it is still long."""
    return cut_text(pretty_json(shorten(value)), LENGTH_MAX)


def shorten(value: Any) -> Any:
    if isinstance(value, str):
        return cut_text(value, VALUE_LENGTH_MAX)
    if isinstance(value, list):
        return [shorten(one) for one in value]
    if isinstance(value, dict):
        return {cut_text(name, VALUE_LENGTH_MAX): shorten(one) for name, one in value.items()}
    return value


def cut_text(value: str, length: int) -> str:
    left = len(value) - length
    return value if left <= 0 else value[:length] + text.events.CUT.format(count=f"{left:,}")
