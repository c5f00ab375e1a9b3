"""Fields as text: what a path, a query or a header says, as the value of a field."""

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
FLOAT_MAX = 3.4028234663852886e38
INTEGER_DIGITS_MAX = 20

WRAPPERS = frozenset(
    f"google.protobuf.{kind}Value"
    for kind in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
)
FIELD_MASK = "google.protobuf.FieldMask"
TEXTUAL_FORMS: Mapping[str, str] = {
    "google.protobuf.Timestamp": "must be a time such as 2026-01-31T12:00:00Z",
    "google.protobuf.Duration": "must be a duration such as 1.5s",
    FIELD_MASK: "must be field names such as displayName,roles",
}
TEXTUAL = WRAPPERS | TEXTUAL_FORMS.keys()


def find_field(message: Descriptor, name: str) -> FieldDescriptor | None:
    """Finds a field by its name in the contract or in JSON."""
    # A cache of descriptors would keep the pools of sets that were replaced.
    found = message.fields_by_name.get(name)
    if found is None:
        found = next((field for field in message.fields if field.json_name == name), None)
    return found


def resolve(message: Descriptor, path: str) -> FieldDescriptor | None:
    """Finds a field by a dotted path through messages that are not repeated."""
    *parents, last = path.split(".")
    for name in parents:
        parent = find_field(message, name)
        if parent is None or parent.is_repeated or parent.message_type is None:
            return None
        message = parent.message_type
    return find_field(message, last)


def bindable(field: FieldDescriptor) -> bool:
    """Whether text can say what the field holds: all but messages without a JSON string."""
    kind = field.message_type
    return kind is None or kind.full_name in TEXTUAL


def convert(field: FieldDescriptor, text: str) -> Any:
    """Reads the value of a field from text, in the forms of proto3 JSON.

    Raises:
        ValueError: The text says no such value. The message says what would.
    """
    if field.message_type is not None:
        return convert_message(field.message_type, text)
    if field.enum_type is not None:
        return convert_enum(field.enum_type, text)
    return SCALARS[field.type](text)


def convert_message(kind: Descriptor, text: str) -> Any:
    message: Any = message_factory.GetMessageClass(kind)()
    if kind.full_name in WRAPPERS:
        message.value = convert(kind.fields_by_name["value"], text)
        return message
    if kind.full_name == FIELD_MASK and "_" in text:
        message.paths.extend(text.split(","))
        return message
    try:
        message.FromJsonString(text)
    except (ValueError, OverflowError):
        raise ValueError(TEXTUAL_FORMS[kind.full_name]) from None
    return message


def convert_enum(kind: EnumDescriptor, text: str) -> int:
    values = kind.values_by_name
    if text in values:
        return int(values[text].number)
    if INTEGER.fullmatch(text):
        number = integer(-(2**31), 2**31 - 1)(text)
        if number in kind.values_by_number or not kind.is_closed:
            return number
    raise ValueError(f"must be one of {', '.join(values)}")


def integer(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if len(text) <= INTEGER_DIGITS_MAX and INTEGER.fullmatch(text):
            number = int(text)
            if low <= number <= high:
                return number
        raise ValueError(f"must be an integer from {low} to {high}")

    return read


def read_double(text: str) -> float:
    if text in NOT_FINITE:
        return NOT_FINITE[text]
    if not NUMBER.fullmatch(text) or math.isinf(number := float(text)):
        raise ValueError("must be a number")
    return number


def read_float(text: str) -> float:
    number = read_double(text)
    if math.isfinite(number) and abs(number) > FLOAT_MAX:
        raise ValueError("must be a number of single precision")
    return number


def read_bool(text: str) -> bool:
    lowered = text.lower()
    if lowered not in {"true", "false"}:
        raise ValueError("must be true or false")
    return lowered == "true"


def read_bytes(text: str) -> bytes:
    """Reads base64 in either alphabet, with or without padding."""
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64") from None


INT32 = integer(-(2**31), 2**31 - 1)
INT64 = integer(-(2**63), 2**63 - 1)
UINT32 = integer(0, 2**32 - 1)
UINT64 = integer(0, 2**64 - 1)

SCALARS: Mapping[int, Callable[[str], Any]] = {
    FieldDescriptor.TYPE_DOUBLE: read_double,
    FieldDescriptor.TYPE_FLOAT: read_float,
    FieldDescriptor.TYPE_INT64: INT64,
    FieldDescriptor.TYPE_UINT64: UINT64,
    FieldDescriptor.TYPE_INT32: INT32,
    FieldDescriptor.TYPE_FIXED64: UINT64,
    FieldDescriptor.TYPE_FIXED32: UINT32,
    FieldDescriptor.TYPE_BOOL: read_bool,
    FieldDescriptor.TYPE_STRING: str,
    FieldDescriptor.TYPE_BYTES: read_bytes,
    FieldDescriptor.TYPE_UINT32: UINT32,
    FieldDescriptor.TYPE_SFIXED32: INT32,
    FieldDescriptor.TYPE_SFIXED64: INT64,
    FieldDescriptor.TYPE_SINT32: INT32,
    FieldDescriptor.TYPE_SINT64: INT64,
}
