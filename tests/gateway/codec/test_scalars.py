"""Values of scalar fields: accepted and refused."""

import math

import pytest

from gateway.codec import scalars

TAKEN = [
    (scalars.INT32, 1, 1),
    (scalars.INT32, "-2147483648", -(2**31)),
    (scalars.INT32, 1.0, 1),
    (scalars.INT32, "1e3", 1000),
    (scalars.UINT64, "18446744073709551615", 2**64 - 1),
    (scalars.read_double, "Infinity", math.inf),
    (scalars.read_double, 3, 3.0),
    (scalars.read_single, 1.5, 1.5),
    (scalars.read_boolean, True, True),
    (scalars.read_bool_key, "true", True),
    (scalars.read_bool_key, "false", False),
    (scalars.read_string, "日本", "日本"),
    (scalars.read_octets, "_-8", b"\xff\xef"),
]


@pytest.mark.parametrize(("read", "value", "expected"), TAKEN)
def test_takes(read, value, expected):
    found = read(value)
    assert (found, type(found)) == (expected, type(expected))


REFUSED = [
    (scalars.INT32, True, "must be an integer"),
    (scalars.INT32, 1.5, "must be an integer"),
    (scalars.INT32, "9" * 5000, "must be an integer"),
    (scalars.UINT32, -1, "must be an integer from 0 to 4294967295"),
    (scalars.read_double, False, "must be a number"),
    (scalars.read_double, 10**400, "must be a number"),
    (scalars.read_double, "nan", "must be a number"),
    (scalars.read_single, 1e39, "must be a number of single precision"),
    (scalars.read_boolean, 1, "must be true or false"),
    (scalars.read_bool_key, True, "must be true or false"),
    (scalars.read_string, 1, "must be a string"),
    (scalars.read_string, "\ud800", "contains an unpaired surrogate"),
    (scalars.read_octets, 1, "must be base64"),
]


@pytest.mark.parametrize(("read", "value", "problem"), REFUSED)
def test_refuses(read, value, problem):
    with pytest.raises(ValueError, match=f"^{problem}"):
        read(value)


def test_every_scalar_field_has_a_reader(kinds):
    for field in kinds.pool.FindMessageTypeByName("test.kinds.v1.Kinds").fields:
        if field.message_type is None:
            assert callable(scalars.scalar_reader(field))


def test_enums_by_name_and_number(kinds):
    fields = kinds.pool.FindMessageTypeByName("test.kinds.v1.Kinds").fields_by_name
    read = scalars.scalar_reader(fields["color"])
    assert [read(value) for value in ("COLOR_RED", 1, "1", 1.0, 123)] == [1, 1, 1, 1, 123]
    for value in ("color_red", None, True, 1.5, 2**31, []):
        with pytest.raises(ValueError, match=r"^must be one of COLOR_UNSPECIFIED"):
            read(value)
    assert scalars.scalar_reader(fields["nowhere"])(None) == 0
