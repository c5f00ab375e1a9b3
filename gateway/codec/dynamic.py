"""JSON of any shape: `google.protobuf.Struct`, `ListValue` and `Value`."""

import math
from typing import Any

OBJECT_FORM = "must be a JSON object"
LIST_FORM = "must be a list"


def write_struct(message: Any) -> dict[str, Any]:
    return {key: write_value(value) for key, value in message.fields.items()}


def write_list(message: Any) -> list[Any]:
    return [write_value(value) for value in message.values]


def write_value(message: Any) -> Any:
    """Return a `google.protobuf.Value` as JSON.

    Raises:
        ValueError: It is NaN or infinite.
    """
    kind = message.WhichOneof("kind")
    if kind == "struct_value":
        return write_struct(message.struct_value)
    if kind == "list_value":
        return write_list(message.list_value)
    if kind == "number_value" and not math.isfinite(message.number_value):
        raise ValueError("a Value holds NaN or an infinity")
    return None if kind in {None, "null_value"} else getattr(message, kind)


def read_struct(value: Any, message: Any) -> None:
    if not isinstance(value, dict):
        raise ValueError(OBJECT_FORM)
    fields = message.fields
    for key, item in value.items():
        read_value(item, fields[key])


def read_list(value: Any, message: Any) -> None:
    if not isinstance(value, list):
        raise ValueError(LIST_FORM)
    values = message.values
    for item in value:
        read_value(item, values.add())


def read_value(value: Any, message: Any) -> None:
    """Read any JSON into a `google.protobuf.Value`."""
    if value is None:
        message.null_value = 0
    elif isinstance(value, bool):
        message.bool_value = value
    elif isinstance(value, str):
        message.string_value = value
    elif isinstance(value, int | float):
        message.number_value = value
    elif isinstance(value, dict):
        message.struct_value.SetInParent()
        read_struct(value, message.struct_value)
    else:
        message.list_value.SetInParent()
        read_list(value, message.list_value)
