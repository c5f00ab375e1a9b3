"""Events that the log accepts, and fields that it refuses by name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.events.event import (
    DATA_BYTES_MAX,
    DATA_DEPTH_MAX,
    TEXT_LENGTH_MAX,
    Category,
    NewEvent,
    event_violations,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def fields_of(event_type: str = "user.created", data: Any = None, **texts: str) -> list[str]:
    event = NewEvent(event_type, Category.USER, data=data or {})
    return [one.field for one in event_violations(event, texts)]


@given(st.dictionaries(st.text("ab", max_size=3), JSON, max_size=3))
def test_json_is_accepted(data):
    assert fields_of(data=data) == []


@pytest.mark.parametrize("event_type", ["", "user", "User.created", "user.", ".created", "a b.c"])
def test_types_are_words_with_dots(event_type):
    assert fields_of(event_type) == ["event.type"]


def test_texts_are_bounded():
    assert fields_of(subject="x" * TEXT_LENGTH_MAX) == []
    assert fields_of(subject="x" * (TEXT_LENGTH_MAX + 1)) == ["event.subject"]
    assert fields_of(actor="a\0") == ["event.actor"]


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else 1


@pytest.mark.parametrize(
    "value",
    [
        "a\0b",
        {"a\0": 1},
        2**1023,
        float("nan"),
        "\ud800",
        object(),
        "x" * DATA_BYTES_MAX,
        nested(DATA_DEPTH_MAX),
    ],
    ids=["nul", "nul-in-a-key", "number", "nan", "surrogate", "object", "size", "depth"],
)
def test_data_that_could_never_leave_the_outbox(value):
    assert fields_of(data={"value": value}) == ["event.data"]


def test_the_bounds_of_data_are_inclusive():
    assert fields_of(data={"value": nested(DATA_DEPTH_MAX - 1)}) == []
    frame = len('{"v":""}')
    assert fields_of(data={"v": "x" * (DATA_BYTES_MAX - frame)}) == []
