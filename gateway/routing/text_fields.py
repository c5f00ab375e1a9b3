"""Fields given as text, in a path, a query or a header."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from gateway.codec import is_map, scalars, well_known
from gateway.codec.fields import WRAPPERS, map_fields

DEPTH_MAX = 10
FIELD_MASK = "google.protobuf.FieldMask"
TEXTUAL_READERS: Mapping[str, Callable[[str, Any], None]] = {
    "google.protobuf.Timestamp": well_known.read_time,
    "google.protobuf.Duration": well_known.read_duration,
    FIELD_MASK: well_known.read_either_mask,
}
TEXTUAL = WRAPPERS | TEXTUAL_READERS.keys()
MAP_NAME = re.compile(r"([^\[\]]+)\[([^\[\]]*)\]")


@dataclass(frozen=True)
class FieldTarget:
    """A field named by text: the chain of fields that leads to it, and the key if it is a map."""

    chain: tuple[FieldDescriptor, ...]
    key: str | None

    @property
    def field(self) -> FieldDescriptor:
        return self.chain[-1]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.chain)

    @cached_property
    def is_plain_text(self) -> bool:
        """True for a top-level string field outside of oneofs: every text is valid."""
        plain = len(self.chain) == 1 and self.field.containing_oneof is None
        return plain and self.field.type == FieldDescriptor.TYPE_STRING


def find_target(message: Descriptor, text: str) -> FieldTarget | None:
    """Return the field that a name such as `item.displayName` or `labels[colour]` denotes."""
    found = MAP_NAME.fullmatch(text)
    name, key = found.groups() if found else (text, None)
    chain = resolve_path(message, name, find_field)
    if not chain or (key is not None and not is_map(chain[-1])):
        return None
    return FieldTarget(chain, key)


def resolve_path(
    message: Descriptor, path: str, find: Callable[[Descriptor, str], FieldDescriptor | None]
) -> tuple[FieldDescriptor, ...]:
    """Return the fields on a dotted path through singular messages, or an empty tuple."""
    chain: list[FieldDescriptor] = []
    for name in path.split(".", DEPTH_MAX):
        if chain:
            parent = chain[-1]
            if parent.message_type is None or parent.is_repeated:
                return ()
            message = parent.message_type
        found = find(message, name)
        if found is None:
            return ()
        chain.append(found)
    return tuple(chain)


def find_field(message: Descriptor, name: str) -> FieldDescriptor | None:
    """Return a field by its name in the contract or in JSON."""
    # Not cached: a cache of descriptors would keep replaced pools alive.
    found = message.fields_by_name.get(name)
    if found is None:
        found = next((field for field in message.fields if field.json_name == name), None)
    return found


def find_own(message: Descriptor, name: str) -> FieldDescriptor | None:
    """Return a field by its name in the contract."""
    return message.fields_by_name.get(name)


def is_bindable(field: FieldDescriptor) -> bool:
    """True if text can represent the field: all except messages without a JSON string form."""
    kind = map_fields(field)[1].message_type if is_map(field) else field.message_type
    return kind is None or kind.full_name in TEXTUAL


def convert_text(field: FieldDescriptor, text: str) -> Any:
    """Convert text to the value of a field, in the forms of proto3 JSON.

    Raises:
        ValueError: The text is no such value. The message names the expected form.
    """
    if field.message_type is not None:
        return convert_message(field.message_type, text)
    if field.enum_type is not None:
        return convert_enum(field.enum_type, text)
    return READERS[field.type](text)


def convert_message(kind: Descriptor, text: str) -> Any:
    message: Any = message_factory.GetMessageClass(kind)()
    if kind.full_name in WRAPPERS:
        message.value = convert_text(kind.fields_by_name["value"], text)
    else:
        TEXTUAL_READERS[kind.full_name](text, message)
    return message


def convert_enum(kind: EnumDescriptor, text: str) -> int:
    values = kind.values_by_name
    if text in values:
        return int(values[text].number)
    if scalars.INTEGER.fullmatch(text):
        number = read_integer(scalars.INT32)(text)
        if number in kind.values_by_number or not kind.is_closed:
            return number
    raise ValueError(f"must be one of {', '.join(values)}")


def read_integer(read: scalars.Read) -> Callable[[str], int]:
    """Return a reader that accepts digits only, where JSON also accepts `1.0` and `1e3`."""

    def read_digits(text: str) -> int:
        number: int = read(text if scalars.INTEGER.fullmatch(text) else None)
        return number

    return read_digits


def read_bool(text: str) -> bool:
    """Read true or false in any case, since generated Python clients send `True`."""
    return scalars.read_bool_key(text.lower())


READERS: Mapping[int, Callable[[str], Any]] = {
    **scalars.READERS,
    **{
        kind: read_integer(scalars.READERS[kind])
        for kind in (
            FieldDescriptor.TYPE_INT32,
            FieldDescriptor.TYPE_INT64,
            FieldDescriptor.TYPE_UINT32,
            FieldDescriptor.TYPE_UINT64,
            FieldDescriptor.TYPE_SINT32,
            FieldDescriptor.TYPE_SINT64,
            FieldDescriptor.TYPE_FIXED32,
            FieldDescriptor.TYPE_FIXED64,
            FieldDescriptor.TYPE_SFIXED32,
            FieldDescriptor.TYPE_SFIXED64,
        )
    },
    FieldDescriptor.TYPE_BOOL: read_bool,
}
