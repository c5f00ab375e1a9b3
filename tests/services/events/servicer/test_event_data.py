import json
import math

import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from services.events.servicer.event_data import parse_data
from services.kernel.errors import InvalidArgumentError
from services.kernel.events.event import DATA_DEPTH_MAX

VALUES = st.recursive(
    st.text(max_size=5) | st.integers(-(2**60), 2**60) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def struct(content: dict) -> Struct:
    data = Struct()
    data.update(content)
    return data


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=3))
def test_data_becomes_json_with_keys_in_order(content):
    text = parse_data(struct(content), "event")
    assert json.loads(text) == json.loads(json.dumps(content), parse_int=float)
    keys = list(json.loads(text))
    assert keys == sorted(keys, key=str.encode)


def test_whole_numbers_are_integers_where_a_double_is_exact():
    data = struct({"a": 3.0, "b": 2.5, "c": float(2**53), "d": -0.0})
    assert parse_data(data, "event") == '{"a":3,"b":2.5,"c":9007199254740992.0,"d":0}'


def nested(depth: int, *, lists: bool) -> dict:
    content: dict = {}
    for _ in range(depth - 1):
        content = {"x": [content] if lists else content}
    return content


@pytest.mark.parametrize("lists", [True, False])
def test_data_is_nested_so_deep_and_no_deeper(lists):
    levels = DATA_DEPTH_MAX // 2 if lists else DATA_DEPTH_MAX
    parse_data(struct(nested(levels, lists=lists)), "event")
    with pytest.raises(InvalidArgumentError, match="deeper"):
        parse_data(struct(nested(levels + 1, lists=lists)), "event")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_does_not_have_is_refused(number):
    with pytest.raises(InvalidArgumentError) as failure:
        parse_data(struct({"x": [number]}), "events[2]")
    assert [one.field for one in failure.value.violations] == ["events[2].data"]


def test_a_value_of_no_kind_is_refused():
    data = Struct()
    data.fields["x"].Clear()
    with pytest.raises(InvalidArgumentError, match="without a kind"):
        parse_data(data, "event")
