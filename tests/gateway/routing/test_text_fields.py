"""Text to values: every type of field, in a path or a query."""

import math

import pytest
from google.protobuf import message_factory

from gateway.routing.text_fields import convert_text, find_field, find_target, is_bindable


@pytest.fixture(scope="module")
def everything(contracts):
    return contracts.pool.FindMessageTypeByName("test.v1.Everything")


ACCEPTED = [
    ("text", "", ""),
    ("text", "日本", "日本"),
    ("small", "-2147483648", -(2**31)),
    ("small", "2147483647", 2**31 - 1),
    ("small", "-0", 0),
    ("big", "-9223372036854775808", -(2**63)),
    ("positive", "4294967295", 2**32 - 1),
    ("huge", "18446744073709551615", 2**64 - 1),
    ("flag", "true", True),
    ("flag", "False", False),
    ("flag", "TRUE", True),
    ("narrow", "1.5", 1.5),
    ("wide", "-1.5e300", -1.5e300),
    ("wide", "Infinity", math.inf),
    ("wide", "-Infinity", -math.inf),
    ("data", "_-8", b"\xff\xef"),
    ("data", "/+8=", b"\xff\xef"),
    ("data", "/+8", b"\xff\xef"),
    ("data", "", b""),
    ("color", "RED", 1),
    ("color", "2", 2),
    ("color", "7", 7),
]


@pytest.mark.parametrize(("name", "text", "value"), ACCEPTED)
def test_reads(everything, name, text, value):
    assert convert_text(find_field(everything, name), text) == value


def test_reads_not_a_number(everything):
    assert math.isnan(convert_text(find_field(everything, "wide"), "NaN"))


INT32 = "must be an integer from -2147483648 to 2147483647"
REJECTED = [
    ("small", "2147483648", INT32),
    ("small", "-2147483649", INT32),
    ("small", "", INT32),
    ("small", "1.0", INT32),
    ("small", "+1", INT32),
    ("small", " 1", INT32),
    ("small", "01", INT32),
    ("small", "0x1", INT32),
    ("small", "1_0", INT32),
    ("small", "١", INT32),  # noqa: RUF001 - a digit that is not ASCII
    ("small", "9" * 5000, INT32),
    ("big", "9223372036854775808", f"must be an integer from {-(2**63)} to {2**63 - 1}"),
    ("positive", "-1", "must be an integer from 0 to 4294967295"),
    ("huge", "18446744073709551616", f"must be an integer from 0 to {2**64 - 1}"),
    ("flag", "1", "must be true or false"),
    ("flag", "yes", "must be true or false"),
    ("flag", "", "must be true or false"),
    ("wide", "nan", "must be a number"),
    ("wide", "inf", "must be a number"),
    ("wide", "1e999", "must be a number"),
    ("wide", "1_0", "must be a number"),
    ("wide", ".5", "must be a number"),
    ("narrow", "1e39", "must be a number of single precision"),
    ("data", "a", "must be base64"),
    ("data", "a b=", "must be base64"),
    ("data", "é", "must be base64"),
    ("color", "GREEN", "must be one of COLOR_UNSPECIFIED, RED, BLUE"),
    ("color", "red", "must be one of COLOR_UNSPECIFIED, RED, BLUE"),
    ("color", "", "must be one of COLOR_UNSPECIFIED, RED, BLUE"),
    ("time", "yesterday", "must be a time such as 2026-01-31T12:00:00Z"),
    ("time", "2026-13-01T00:00:00Z", "must be a time such as 2026-01-31T12:00:00Z"),
    ("lag", "5", "must be a duration such as 1.5s"),
    ("lag", "5m", "must be a duration such as 1.5s"),
    ("maybe", "x", f"must be an integer from {-(2**63)} to {2**63 - 1}"),
]


@pytest.mark.parametrize(("name", "text", "problem"), REJECTED)
def test_rejects(everything, name, text, problem):
    with pytest.raises(ValueError, match="must be") as caught:
        convert_text(find_field(everything, name), text)
    assert str(caught.value) == problem


MESSAGES = [
    ("time", "2026-01-31T12:00:00.5+09:00", "2026-01-31T03:00:00.500Z"),
    ("lag", "1.5s", "1.500s"),
    ("mask", "displayName,roles", "displayName,roles"),
    ("mask", "display_name", "displayName"),
]


@pytest.mark.parametrize(("name", "text", "shown"), MESSAGES)
def test_reads_well_known_types(everything, name, text, shown):
    assert convert_text(find_field(everything, name), text).ToJsonString() == shown


def test_reads_wrappers(everything):
    assert convert_text(find_field(everything, "maybe"), "0").value == 0
    assert convert_text(find_field(everything, "perhaps"), "x").value == "x"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("active_5m_count", "active_5m_count"),
        ("active5mCount", "active_5m_count"),
        ("other", "renamed"),
        ("renamed", "renamed"),
        ("Text", None),
    ],
)
def test_finds_fields_by_either_name(everything, name, found):
    field = find_field(everything, name)
    assert (field.name if field else None) == found


def test_resolves_paths(everything):
    assert find_target(everything, "item.child.count").names == ("item", "child", "count")
    assert find_target(everything, "items.count") is None
    assert find_target(everything, "text.count") is None
    assert find_target(everything, "item.none") is None


@pytest.mark.parametrize(
    ("name", "can"), [("time", True), ("maybe", True), ("item", False), ("extra", False)]
)
def test_knows_which_fields_text_can_represent(everything, name, can):
    assert is_bindable(find_field(everything, name)) is can


def test_every_scalar_type_has_a_reader(everything):
    message = message_factory.GetMessageClass(everything)()
    for field in everything.fields:
        if field.message_type is None and field.enum_type is None and not field.is_repeated:
            value = {"flag": "true", "data": "AA"}.get(field.name, "1")
            setattr(message, field.name, convert_text(field, value))
