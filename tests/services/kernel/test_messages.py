"""Common fields survive a round trip, and invalid ones are refused by name."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from libral.events.v1 import events_pb2
from libral.metrics.v1 import metrics_pb2
from libral.users.v1 import users_pb2

from services.kernel import messages
from services.kernel.errors import InvalidArgumentError
from services.kernel.messages import PAGE_SIZE_MAX, PageRequest

# Hypothesis takes bounds without a time zone.
TIMES = st.datetimes(
    datetime(1, 1, 2),  # noqa: DTZ001
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
)
PARSERS = {int: int, str: str}
CURSORS = st.lists(st.one_of(st.integers(), st.text()), min_size=1, max_size=3)


def list_request(**fields) -> users_pb2.ListUsersRequest:
    return users_pb2.ListUsersRequest(**fields)


def refused_field(work) -> str:
    with pytest.raises(InvalidArgumentError) as refused:
        work()
    (violation,) = refused.value.violations
    return violation.field


@given(TIMES)
def test_a_time_survives_a_round_trip(time):
    request = events_pb2.ListEventsRequest(start_time=messages.timestamp(time))
    assert messages.read_timestamp(request, "start_time") == time


def test_a_time_of_another_zone_is_written_in_utc():
    tokyo = datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    assert messages.timestamp(tokyo) == Timestamp(seconds=1767225600)
    assert messages.timestamp(None) is None


def test_times_that_are_unset_or_out_of_range():
    unset, wrong = events_pb2.ListEventsRequest(), events_pb2.ListEventsRequest()
    wrong.start_time.nanos = -1
    assert messages.read_timestamp(unset, "start_time") is None
    assert refused_field(lambda: messages.require_timestamp(unset, "start_time")) == "start_time"
    assert refused_field(lambda: messages.read_timestamp(wrong, "start_time")) == "start_time"


def test_durations():
    request = metrics_pb2.QueryMetricsRequest(step=messages.duration(7.5))
    assert messages.read_duration(request, "step") == timedelta(seconds=7.5)
    assert messages.duration(None) is None
    assert messages.read_duration(metrics_pb2.QueryMetricsRequest(), "step") is None
    request.step.seconds = 10**15
    assert refused_field(lambda: messages.read_duration(request, "step")) == "step"


def test_money_has_units_and_nanos_of_the_same_sign():
    money = messages.money(-1234, "USD")
    assert (money.currency_code, money.units, money.nanos) == ("USD", -12, -340_000_000)
    assert messages.money(250, "XTR").units == 250


def test_names():
    user_id = uuid4()
    assert messages.parse_name("modules/users", "modules") == "users"
    assert messages.parse_uuid_name(f"users/{user_id}", "users") == user_id


@pytest.mark.parametrize("name", ["", "users", "users/", "user/a", "/users/a", "users/nonsense"])
def test_a_name_of_another_form_is_refused(name):
    assert refused_field(lambda: messages.parse_uuid_name(name, "users", "user")) == "user"


@given(CURSORS, st.text())
def test_a_token_brings_its_cursor_back(cursor, query):
    token = PageRequest(list_request(query=query)).make_token(*cursor)
    following = list_request(query=query, page_token=token, page_size=7)
    assert (
        list(PageRequest(following, *(PARSERS[type(value)] for value in cursor)).cursor) == cursor
    )


def test_a_token_keeps_times_and_ids():
    time, one = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), uuid4()
    request = list_request(page_token=PageRequest(list_request()).make_token(time, one))
    assert PageRequest(request, datetime.fromisoformat, UUID).cursor == (time, one)


@given(st.text(min_size=1))
def test_no_text_but_a_token_is_taken(token):
    assert refused_field(lambda: PageRequest(list_request(page_token=token), int)) == "page_token"


@pytest.mark.parametrize("content", [{}, None, 5, [], ["x"], ["x", 1, 2]])
def test_a_token_of_another_shape_is_refused(content):
    token = base64.urlsafe_b64encode(json.dumps(content).encode()).decode()
    assert refused_field(lambda: PageRequest(list_request(page_token=token), int)) == "page_token"


@pytest.mark.parametrize("cursor", [(), (1, 2), ("nonsense",), (None,), ([],)])
def test_a_cursor_that_was_tampered_with_is_refused(cursor):
    token = PageRequest(list_request()).make_token(*cursor)
    assert refused_field(lambda: PageRequest(list_request(page_token=token), int)) == "page_token"


def test_a_token_belongs_to_its_arguments():
    token = PageRequest(list_request(query="a")).make_token(1)
    with pytest.raises(InvalidArgumentError, match="other arguments"):
        PageRequest(list_request(query="b", page_token=token), int)


def test_page_sizes_are_clamped_and_never_negative():
    assert PageRequest(list_request()).size == 50
    assert PageRequest(list_request(page_size=PAGE_SIZE_MAX + 1)).size == PAGE_SIZE_MAX
    assert refused_field(lambda: PageRequest(list_request(page_size=-1))) == "page_size"


def test_a_page_is_cut_where_a_next_one_begins():
    page = PageRequest(list_request(page_size=2), int)
    assert page.limit == 3
    assert page.split_page([1, 2], lambda last: [last]) == ([1, 2], "")
    shown, token = page.split_page([1, 2, 3], lambda last: [last])
    assert shown == [1, 2]
    assert PageRequest(list_request(page_size=2, page_token=token), int).cursor == (2,)
