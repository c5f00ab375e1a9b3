"""JSON of any shape in Struct, ListValue and Value."""

import math

import pytest
from google.protobuf import json_format
from google.protobuf.struct_pb2 import ListValue, Struct, Value

from gateway.codec.dynamic import (
    read_list,
    read_struct,
    read_value,
    write_list,
    write_struct,
    write_value,
)

VALUES = [None, True, False, 0.0, -1.5, "", "日本", [], {}, [None, [1.0]], {"a": {"b": [None]}}]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_written_as_it_was_read(value):
    message = Value()
    read_value(value, message)
    assert write_value(message) == value
    assert message == json_format.ParseDict(value, Value())


def test_structs_and_lists():
    struct, values = Struct(), ListValue()
    read_struct({"a": VALUES}, struct)
    read_list(VALUES, values)
    assert (write_struct(struct), write_list(values)) == ({"a": VALUES}, VALUES)


@pytest.mark.parametrize("value", [None, 1, "x", []])
def test_a_struct_is_an_object(value):
    with pytest.raises(ValueError, match=r"^must be a JSON object$"):
        read_struct(value, Struct())


@pytest.mark.parametrize("value", [None, 1, "x", {}])
def test_a_list_is_a_list(value):
    with pytest.raises(ValueError, match=r"^must be a list$"):
        read_list(value, ListValue())


def test_an_unset_value_is_null_and_no_number_is_infinite():
    assert write_value(Value()) is None
    for number in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match="a Value holds NaN or an infinity"):
            write_value(Value(number_value=number))
