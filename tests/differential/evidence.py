"""Evidence in a comparison: agreement, violations, and which side accepted the request."""

import json
import re
import struct
from collections.abc import Iterator
from functools import reduce
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl

from google.protobuf.message import Message

from gateway.routing.text_fields import FIELD_MASK
from tests.differential.worlds import GatewayComparison, Side


def same(comparison: GatewayComparison) -> bool:
    """True if both sides agree on the response and on the upstream request."""
    ours, envoy = comparison.ours, comparison.envoy
    return (
        ours.status == envoy.status
        and ours.kind == envoy.kind
        and content(ours) == content(envoy)
        and same_arrived(comparison)
    )


def content(side: Side) -> Any:
    return side.content if side.json is None else side.json


def same_arrived(comparison: GatewayComparison) -> bool:
    return bytes_of(comparison.ours.arrived) == bytes_of(comparison.envoy.arrived)


def bytes_of(message: Message | None) -> bytes | None:
    """Return a text that is the same for equal messages, with NaN equal to itself."""
    return None if message is None else message.SerializeToString(deterministic=True)


def violations(comparison: GatewayComparison) -> dict[str, str]:
    """Return the violations of the gateway's 400, by field."""
    if comparison.ours.status != 400 or comparison.ours.json is None:
        return {}
    for detail in comparison.ours.json["error"]["details"]:
        if detail["@type"].endswith("BadRequest"):
            return {
                each.get("field", ""): each["description"] for each in detail["fieldViolations"]
            }
    return {}


def took(side: Side) -> bool:
    return side.status == 200 and side.arrived is not None


def only_envoy_took(comparison: GatewayComparison, description: str) -> bool:
    """True if only Envoy accepted the request, and the gateway refused it for that reason alone."""
    found = violations(comparison)
    return (
        bool(found)
        and all(re.fullmatch(description, each) for each in found.values())
        and took(comparison.envoy)
    )


def only_we_took(comparison: GatewayComparison, reason: str) -> bool:
    """True if only the gateway accepted the request, and Envoy refused it with such a text."""
    text = comparison.envoy.content.decode(errors="replace")
    matches_reason = comparison.request.verb == "HEAD" or re.search(reason, text) is not None
    refused = comparison.envoy.status == 400 and not comparison.envoy.accepted
    return refused and took(comparison.ours) and matches_reason


def pairs(comparison: GatewayComparison) -> list[tuple[str, str]]:
    return parse_qsl(comparison.request.query, keep_blank_values=True)


def texts(comparison: GatewayComparison) -> list[str]:
    """Return the values in query and path of the fields that the gateway refused."""
    found = violations(comparison)
    given = [*pairs(comparison), *comparison.variables.items()]
    return [value for name, value in given if name in found]


def unread(comparison: GatewayComparison) -> Any:
    """Return the body as JSON, or None."""
    try:
        return json.loads(comparison.request.body)
    except ValueError:
        return None


def strings(message: Any, paths: list[str]) -> list[str]:
    """Return the fields at those paths, as text."""
    return [str(reduce(getattr, path.split("."), message)) for path in paths]


def refused_members(comparison: GatewayComparison) -> list[Any]:
    """Return the values in the body of the fields that the gateway refused."""
    body = unread(comparison)
    return [member(body, name) for name in violations(comparison)]


def member(tree: Any, path: str) -> Any:
    """Return the value at a path such as `items[0].count`, or None."""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", "" if path == "body" else path):
        if isinstance(tree, list) and index and int(index) < len(tree):
            tree = tree[int(index)]
        else:
            tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def close(ours: Any, envoy: Any) -> bool:
    """True if JSON is equal, with numbers compared in single precision."""
    if isinstance(ours, dict) and isinstance(envoy, dict):
        return ours.keys() == envoy.keys() and all(close(ours[k], envoy[k]) for k in ours)
    if isinstance(ours, list) and isinstance(envoy, list):
        return len(ours) == len(envoy) and all(map(close, ours, envoy))
    if isinstance(ours, float) and isinstance(envoy, (int, float)):
        return ours == envoy or struct.pack("f", ours) == struct.pack("f", envoy)
    return bool(ours == envoy)


def lowered(tree: Any) -> Any:
    """Return JSON with all of its strings in lower case."""
    if isinstance(tree, dict):
        return {name: lowered(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [lowered(value) for value in tree]
    return tree.lower() if isinstance(tree, str) else tree


def messages_in(message: Any) -> Iterator[Any]:
    """Yield a message and all messages nested in it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if not field.is_repeated:
            yield from messages_in(value)
        elif not field.message_type.GetOptions().map_entry:
            yield from chain.from_iterable(map(messages_in, value))
        elif field.message_type.fields_by_name["value"].message_type is not None:
            yield from chain.from_iterable(map(messages_in, value.values()))


def masks_in(message: Any) -> list[Any]:
    return [each for each in messages_in(message) if each.DESCRIPTOR.full_name == FIELD_MASK]
