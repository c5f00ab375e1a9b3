"""Properties of fields."""

import pytest

from gateway.codec.fields import WRAPPERS, is_map, is_null, map_fields


@pytest.fixture
def fields(kinds):
    return kinds.pool.FindMessageTypeByName("test.kinds.v1.Kinds").fields_by_name


def test_maps(fields):
    maps = {name for name, field in fields.items() if is_map(field)}
    assert {"by_string", "by_int32", "kinds_by_string"} <= maps
    assert not maps & {"children", "child", "int32s", "a_string", "color"}
    key, value = map_fields(fields["by_int32"])
    assert (key.name, value.name, key.number) == ("key", "value", 1)


def test_null_is_one_enum(fields):
    assert {name for name, field in fields.items() if is_null(field)} >= {"nowhere"}
    assert not is_null(fields["color"])
    assert not is_null(fields["a_string"])


def test_wrappers():
    assert len(WRAPPERS) == 9
    assert "google.protobuf.StringValue" in WRAPPERS
    assert "google.protobuf.Value" not in WRAPPERS
