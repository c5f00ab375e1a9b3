"""JSON text → values, without duplicate members, NaN or excessive nesting."""

import json
import re
from typing import Any, NoReturn

import orjson

from gateway.http.errors import StatusError, invalid_field

BODY = "body"
DEPTH_MAX = 100
SPACED_COLON = re.compile(rb'"\s+:')


def read_json(content: bytes) -> Any:
    """Parse JSON.

    Raises:
        StatusError: 400 with the problem and its position.
    """
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return read_strictly(content)
    # orjson drops all but the last of duplicate members. Every member has one `":`, so equal counts
    # prove that none was dropped.
    if content.count(b'":') == count_members(value, DEPTH_MAX) and not SPACED_COLON.search(content):
        return value
    return read_strictly(content)


def count_members(value: Any, levels: int) -> int:
    """Return the number of members of all objects.

    Raises:
        StatusError: 400, the value is nested deeper than `levels`.
    """
    if value.__class__ not in CONTAINERS:
        return 0
    if not levels:
        raise too_deep()
    inner = value if value.__class__ is list else value.values()
    own = 0 if value.__class__ is list else len(value)
    return own + sum([count_members(x, levels - 1) for x in inner if x.__class__ in CONTAINERS])


CONTAINERS = frozenset({dict, list})


def read_strictly(content: bytes) -> Any:
    """Parse JSON with errors that name the position of a syntax error or the duplicate member."""
    try:
        value = json.loads(
            content.decode(), object_pairs_hook=unique_members, parse_constant=refuse_constant
        )
    except RecursionError:
        raise too_deep() from None
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}"
        raise invalid_field(BODY, f"is not JSON: {error.msg}, {at}.") from None
    except UnicodeDecodeError:
        raise invalid_field(BODY, "is not UTF-8.") from None
    except ValueError as error:
        raise invalid_field(BODY, f"is not JSON: {error}.") from None
    count_members(value, DEPTH_MAX)
    return value


def too_deep() -> StatusError:
    return invalid_field(BODY, "is nested too deep.")


def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is given twice")
    return found


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number: write it as a string")
