"""Conversion of event data from a protobuf Struct to JSON text."""

from collections.abc import Callable
from typing import Any

import orjson
from google.protobuf.struct_pb2 import ListValue, Struct, Value

from services.kernel.errors import invalid
from services.kernel.events.event import DATA_DEPTH_MAX

EXACT_MAX = 2**53


def parse_data(data: Struct, field: str) -> str:
    """Return the data of an event as JSON with sorted keys and whole numbers as integers.

    Raises:
        InvalidArgumentError: It is nested too deep, or contains NaN or infinity.
    """
    try:
        content = struct_content(data, DATA_DEPTH_MAX)
    except ValueError as error:
        raise invalid(f"{field}.data", str(error)) from None
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode()


def struct_content(data: Struct, depth: int) -> dict[str, Any]:
    if not depth:
        raise ValueError(f"It is nested deeper than {DATA_DEPTH_MAX}.")
    return {key: value_content(value, depth) for key, value in data.fields.items()}


def value_content(value: Value, depth: int) -> Any:
    kind = value.WhichOneof("kind")
    return CONTENTS[kind](value, depth)


def number_content(value: Value, _: int) -> float | int:
    number = value.number_value
    if number - number != 0:
        raise ValueError("It contains a number that JSON cannot represent.")
    return int(number) if number.is_integer() and abs(number) < EXACT_MAX else number


def list_content(value: Value, depth: int) -> list[Any]:
    if not depth:
        raise ValueError(f"It is nested deeper than {DATA_DEPTH_MAX}.")
    values: ListValue = value.list_value
    return [value_content(one, depth - 1) for one in values.values]


def no_content(_: Value, __: int) -> Any:
    raise ValueError("It contains a value without a kind.")


CONTENTS: dict[str | None, Callable[[Value, int], Any]] = {
    "string_value": lambda value, _: value.string_value,
    "number_value": number_content,
    "bool_value": lambda value, _: value.bool_value,
    "null_value": lambda _, __: None,
    "struct_value": lambda value, depth: struct_content(value.struct_value, depth - 1),
    "list_value": list_content,
    None: no_content,
}
