"""JSON values → the values of scalar fields, in the forms of proto3 JSON."""

import math
import re
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from gateway.codec import well_known
from gateway.codec.fields import is_null

Read = Callable[[Any], Any]

INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
INTEGER_DIGITS_MAX = 20
NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
NUMBER_FORM = "must be a number"
TEXT_FORM = "must be a string"
HALF = "contains an unpaired surrogate"


def scalar_reader(field: FieldDescriptor) -> Read:
    """Return the function that reads one value of a scalar field. It raises ValueError."""
    if field.enum_type is not None:
        return enum_reader(field.enum_type, null=is_null(field))
    return READERS[field.type]


def key_reader(field: FieldDescriptor) -> Read:
    """Return the function that reads a key of a map, which is a string in JSON."""
    return KEY_READERS.get(field.type) or READERS[field.type]


def integer_reader(low: int, high: int) -> Read:
    problem = f"must be an integer from {low} to {high}"

    def read(value: Any) -> int:
        number = value if value.__class__ is int else whole_number(value)
        if number is None or not low <= number <= high:
            raise ValueError(problem)
        return number

    return read


def whole_number(value: Any) -> int | None:
    """Read an integer written as a string or as a float. None: it is no whole number."""
    if value.__class__ is str:
        if len(value) <= INTEGER_DIGITS_MAX and INTEGER.fullmatch(value):
            return int(value)
        value = float(value) if NUMBER.fullmatch(value) else None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None


def read_double(value: Any) -> float:
    if value.__class__ is float and math.isfinite(value):
        return value
    if isinstance(value, str):
        if value in NOT_FINITE:
            return NOT_FINITE[value]
        value = float(value) if NUMBER.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(NUMBER_FORM)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(NUMBER_FORM)
    return number


def read_single(value: Any) -> float:
    number = read_double(value)
    if math.isfinite(number) and math.isinf(well_known.round_to_single(number)):
        raise ValueError("must be a number of single precision")
    return number


def read_boolean(value: Any) -> bool:
    if value is True or value is False:
        return value
    raise ValueError("must be true or false")


def read_bool_key(value: Any) -> bool:
    if value not in {"true", "false"}:
        raise ValueError("must be true or false")
    return bool(value == "true")


def read_string(value: Any) -> str:
    if value.__class__ is not str:
        raise ValueError(TEXT_FORM)
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(HALF) from None
    return value


def read_octets(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ValueError(well_known.BYTES_FORM)
    return well_known.read_bytes(value)


def enum_reader(kind: EnumDescriptor, *, null: bool) -> Read:
    numbers = {value.name: value.number for value in kind.values}
    problem = f"must be one of {', '.join(numbers)}"
    closed = kind.is_closed

    def read(value: Any) -> int:
        if value.__class__ is str and value in numbers:
            return numbers[value]
        if value is None and null:
            return 0
        number = None if isinstance(value, bool) else value
        number = number if number.__class__ is int else whole_number(number)
        known = number in kind.values_by_number if number is not None else False
        if number is None or not (known or (not closed and -(2**31) <= number < 2**31)):
            raise ValueError(problem)
        return number

    return read


INT32 = integer_reader(-(2**31), 2**31 - 1)
INT64 = integer_reader(-(2**63), 2**63 - 1)
UINT32 = integer_reader(0, 2**32 - 1)
UINT64 = integer_reader(0, 2**64 - 1)

READERS: dict[int, Read] = {
    FieldDescriptor.TYPE_DOUBLE: read_double,
    FieldDescriptor.TYPE_FLOAT: read_single,
    FieldDescriptor.TYPE_INT64: INT64,
    FieldDescriptor.TYPE_UINT64: UINT64,
    FieldDescriptor.TYPE_INT32: INT32,
    FieldDescriptor.TYPE_FIXED64: UINT64,
    FieldDescriptor.TYPE_FIXED32: UINT32,
    FieldDescriptor.TYPE_BOOL: read_boolean,
    FieldDescriptor.TYPE_STRING: read_string,
    FieldDescriptor.TYPE_BYTES: read_octets,
    FieldDescriptor.TYPE_UINT32: UINT32,
    FieldDescriptor.TYPE_SFIXED32: INT32,
    FieldDescriptor.TYPE_SFIXED64: INT64,
    FieldDescriptor.TYPE_SINT32: INT32,
    FieldDescriptor.TYPE_SINT64: INT64,
}
KEY_READERS: dict[int, Read] = {FieldDescriptor.TYPE_BOOL: read_bool_key}
