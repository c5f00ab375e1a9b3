"""Protobuf ↔ JSON."""

import json
import re
from collections.abc import Iterator
from typing import Any, Protocol

import orjson
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from gateway.errors import Violation, invalid, invalid_field
from gateway.fields import find_field

DEPTH_MAX = 64
BODY = "body"
WELL_KNOWN = "google.protobuf."
FAILED = re.compile(r"Failed to parse (\S+) field: ")
TRAIL = re.compile(r"( at [\w.\[\]]+)?\.*$")


class Codec(Protocol):
    """Translates messages. One implementation serves the whole gateway."""

    def decode(self, content: bytes, message: Message, field: FieldDescriptor | None) -> None:
        """Merges JSON into a message, or into one field of it.

        Raises:
            StatusError: 400 that names what is wrong.
        """
        ...

    def encode(
        self, message: Message, field: FieldDescriptor | None, *, enum_numbers: bool = False
    ) -> bytes:
        """Writes a message, or one field of it, as JSON with its defaults."""
        ...


class JsonFormatCodec:
    """The codec that protobuf brings, made strict."""

    def __init__(self, pool: DescriptorPool) -> None:
        self._pool = pool

    def decode(self, content: bytes, message: Message, field: FieldDescriptor | None) -> None:
        value = read_json(content)
        if field is not None:
            value = {field.json_name: value}
        elif not isinstance(value, dict):
            raise invalid_field(BODY, "must be a JSON object.")
        kind: Any = message.DESCRIPTOR
        unknown = list(unknown_fields(kind, value, ""))
        if unknown:
            raise invalid([Violation(path, "is no field of this method.") for path in unknown])
        try:
            json_format.ParseDict(
                value, message, descriptor_pool=self._pool, max_recursion_depth=DEPTH_MAX
            )
        except json_format.ParseError as error:
            raise invalid([explain(error)]) from None
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError, OverflowError):
            raise invalid_field(BODY, "does not fit the request.") from None

    def encode(
        self, message: Message, field: FieldDescriptor | None, *, enum_numbers: bool = False
    ) -> bytes:
        value: Any = json_format.MessageToDict(
            message,
            always_print_fields_with_no_presence=True,
            use_integers_for_enums=enum_numbers,
            descriptor_pool=self._pool,
        )
        if field is not None:
            value = value.get(field.json_name)
        return orjson.dumps(value)


def read_json(content: bytes) -> Any:
    try:
        return json.loads(content, object_pairs_hook=unique)
    except RecursionError:
        raise invalid_field(BODY, "is nested too deep.") from None
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}"
        raise invalid_field(BODY, f"is no JSON: {error.msg}, {at}.") from None
    except UnicodeDecodeError:
        raise invalid_field(BODY, "is not UTF-8.") from None
    except ValueError as error:
        raise invalid_field(BODY, f"is no JSON: {error}.") from None


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is given twice")
    return found


def unknown_fields(message: Descriptor, value: Any, path: str, depth: int = 0) -> Iterator[str]:
    """Yields the paths of members that no field has. Well-known types have their own form."""
    if not isinstance(value, dict) or message.full_name.startswith(WELL_KNOWN):
        return
    if depth > DEPTH_MAX:
        raise invalid_field(BODY, "is nested too deep.")
    for name, member in value.items():
        field = find_field(message, name)
        if field is None:
            yield path + name
        elif field.message_type is not None:
            for place, item in items(field, member, path + name):
                kind = value_type(field)
                if kind is not None:
                    yield from unknown_fields(kind, item, f"{place}.", depth + 1)


def items(field: FieldDescriptor, value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and is_map(field):
        yield from ((f"{path}.{key}", item) for key, item in value.items())
    elif isinstance(value, list) and field.is_repeated:
        yield from ((f"{path}[{number}]", item) for number, item in enumerate(value))
    elif not field.is_repeated:
        yield path, value


def value_type(field: FieldDescriptor) -> Descriptor | None:
    kind = field.message_type
    if kind is not None and is_map(field):
        return kind.fields_by_name["value"].message_type
    return kind


def is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def explain(error: json_format.ParseError) -> Violation:
    """Reads the field and the problem out of what protobuf says."""
    text = str(error)
    names = FAILED.findall(text)
    problem = TRAIL.sub("", FAILED.sub("", text).split("\n")[0])
    return Violation(".".join(names) or BODY, f"{problem}.")
