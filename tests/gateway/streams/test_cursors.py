"""Where a request resumes a stream."""

import pytest

from gateway.http.errors import StatusError
from gateway.streams.cursors import read_resume_cursor, set_resume_cursor


@pytest.fixture
def watch(chat_contracts):
    (method,) = [m for m in chat_contracts.methods if m.full_name == "chat.v1.ChatService.Watch"]
    return method


@pytest.fixture
def state(chat_contracts):
    (method,) = [m for m in chat_contracts.methods if m.full_name == "chat.v1.ChatService.State"]
    return method


@pytest.mark.parametrize(("after", "cursor"), [(0, 0), (7, 7), (-1, None)])
def test_reads_the_cursor_of_a_request(watch, after, cursor):
    request = watch.request_class()
    request.after = after
    assert read_resume_cursor(watch, request) == cursor


def test_a_stream_without_numbers_begins_at_the_start(state):
    assert read_resume_cursor(state, state.request_class()) == 0


def test_resumes_after_the_last_cursor(watch):
    request = watch.request_class()
    set_resume_cursor(watch, request, "12", "last-event-id")
    assert request.after == 12


def test_refuses_an_invalid_cursor(watch):
    with pytest.raises(StatusError) as caught:
        set_resume_cursor(watch, watch.request_class(), "x", "last-event-id")
    assert [each.field for each in caught.value.violations] == ["last-event-id"]


def test_a_stream_that_cannot_be_resumed_ignores_the_cursor(state):
    request = state.request_class()
    set_resume_cursor(state, request, "12", "last-event-id")
    assert request == state.request_class()
