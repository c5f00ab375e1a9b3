"""What an exchange tells: whether both sides agree, what was refused, and who took it."""

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
from tests.differential.worlds import Exchange, Side


def same(exchange: Exchange) -> bool:
    """True if both sides agree: status, kind and content of the answer, and what arrived."""
    ours, envoy = exchange.ours, exchange.envoy
    return (
        ours.status == envoy.status
        and ours.kind == envoy.kind
        and content(ours) == content(envoy)
        and same_arrived(exchange)
    )


def content(side: Side) -> Any:
    return side.content if side.json is None else side.json


def same_arrived(exchange: Exchange) -> bool:
    return bytes_of(exchange.ours.arrived) == bytes_of(exchange.envoy.arrived)


def bytes_of(message: Message | None) -> bytes | None:
    """What two messages have in common that are equal, where NaN is equal to itself."""
    return None if message is None else message.SerializeToString(deterministic=True)


def violations(exchange: Exchange) -> dict[str, str]:
    """What the gateway refused with 400, by field."""
    if exchange.ours.status != 400 or exchange.ours.json is None:
        return {}
    for detail in exchange.ours.json["error"]["details"]:
        if detail["@type"].endswith("BadRequest"):
            return {
                each.get("field", ""): each["description"] for each in detail["fieldViolations"]
            }
    return {}


def took(side: Side) -> bool:
    return side.status == 200 and side.arrived is not None


def only_envoy_took(exchange: Exchange, description: str) -> bool:
    """True if Envoy took what the gateway refused for that reason alone."""
    found = violations(exchange)
    return (
        bool(found)
        and all(re.fullmatch(description, each) for each in found.values())
        and took(exchange.envoy)
    )


def only_we_took(exchange: Exchange, reason: str) -> bool:
    """True if the gateway took what Envoy refused with such a text."""
    text = exchange.envoy.content.decode(errors="replace")
    told = exchange.request.verb == "HEAD" or re.search(reason, text) is not None
    refused = exchange.envoy.status == 400 and not exchange.envoy.accepted
    return refused and took(exchange.ours) and told


def pairs(exchange: Exchange) -> list[tuple[str, str]]:
    return parse_qsl(exchange.request.query, keep_blank_values=True)


def texts(exchange: Exchange) -> list[str]:
    """What the query and the path give for the fields that the gateway refused."""
    found = violations(exchange)
    given = [*pairs(exchange), *exchange.variables.items()]
    return [value for name, value in given if name in found]


def unread(exchange: Exchange) -> Any:
    """The body as JSON, or None."""
    try:
        return json.loads(exchange.request.body)
    except ValueError:
        return None


def strings(message: Any, paths: list[str]) -> list[str]:
    """The fields at those paths, as text."""
    return [str(reduce(getattr, path.split("."), message)) for path in paths]


def refused_members(exchange: Exchange) -> list[Any]:
    """What the body gives for the fields that the gateway refused."""
    body = unread(exchange)
    return [member(body, name) for name in violations(exchange)]


def member(tree: Any, path: str) -> Any:
    """The value at a path such as `items[0].count`, or None."""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", "" if path == "body" else path):
        if isinstance(tree, list) and index and int(index) < len(tree):
            tree = tree[int(index)]
        else:
            tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def close(ours: Any, envoy: Any) -> bool:
    """True if JSON is equal, where numbers are as equal as single precision can tell."""
    if isinstance(ours, dict) and isinstance(envoy, dict):
        return ours.keys() == envoy.keys() and all(close(ours[k], envoy[k]) for k in ours)
    if isinstance(ours, list) and isinstance(envoy, list):
        return len(ours) == len(envoy) and all(map(close, ours, envoy))
    if isinstance(ours, float) and isinstance(envoy, (int, float)):
        return ours == envoy or struct.pack("f", ours) == struct.pack("f", envoy)
    return bool(ours == envoy)


def lowered(tree: Any) -> Any:
    """JSON with all of its strings in lower case."""
    if isinstance(tree, dict):
        return {name: lowered(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [lowered(value) for value in tree]
    return tree.lower() if isinstance(tree, str) else tree


def messages_in(message: Any) -> Iterator[Any]:
    """A message and all messages in it."""
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
