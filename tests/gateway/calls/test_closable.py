"""Calls that the gateway ends: once, and with a status."""

import asyncio

import pytest

from gateway.calls.closable import Closable
from gateway.calls.requests import STREAM_SECONDS_MAX
from gateway.http.errors import StatusError, draining, internal


class CountingCall(Closable):
    """Counts the calls of `on_end`."""

    ends = 0

    def on_end(self) -> None:
        self.ends += 1


async def test_ends_once_with_the_first_error():
    call = CountingCall()
    call.raise_ended()
    first = draining()
    call.end(first)
    call.end(internal())
    assert (call.ended, call.ends) == (first, 1)
    with pytest.raises(StatusError) as caught:
        call.raise_ended()
    assert caught.value is first


async def test_ends_after_its_time():
    call = CountingCall()
    call.end_after(0.05, draining)
    call.end_after(0.01, internal)
    await asyncio.sleep(0.1)
    assert (call.ended.code, call.ends) == (internal().code, 1)


async def test_time_that_is_over_ends_it_at_once():
    call = CountingCall()
    call.end_after(-5.0, draining)
    await asyncio.sleep(0.01)
    assert call.ended.code == draining().code


async def test_a_reader_that_leaves_ends_it_and_its_timers():
    call = CountingCall()
    call.end_after(STREAM_SECONDS_MAX, draining)
    assert call._timers == []
    call.end_after(0.05, draining)
    call.end_by_client()
    (timer,) = call._timers
    assert timer.cancelled()
    assert call.ended.status.message == "The client closed the call."
